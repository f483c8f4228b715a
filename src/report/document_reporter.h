// What dispatch needs of a renderer beyond the Reporter that commands see: to know whether anything was told yet, and
// to end the document in any state, also in the middle of a table after a failure.
#pragma once

#include "base/error.h"
#include "report/reporter.h"

namespace corewalk {

class DocumentReporter : public Reporter {
 public:
  // True from the first thing told on.
  virtual bool begun() const = 0;
  // Ends what is still open and flushes. `error` is the failure of the command, null when it went well. Once, last; a
  // no-op for what EndDocument has ended already. The text renderer leaves the error to the face's error stream.
  virtual void Finish(const Error* error) = 0;
};

}  // namespace corewalk
