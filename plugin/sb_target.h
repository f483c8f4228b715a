// From the debugger's selected target to an opened session. A core that lies on this machine is read from its file,
// which is exact about what is missing; anything else through LLDB. Sessions are kept per process and stop.
#pragma once

#include <lldb/API/LLDB.h>

#include <map>
#include <memory>

#include "base/cancel.h"
#include "base/error.h"
#include "command/command.h"
#include "session/session.h"

namespace corewalk {

class SbSessions {
 public:
  struct Entry {
    uint32_t stop_id = 0;
    OpenOptions options;
    std::unique_ptr<Session> session;
    CommandMemory memory;
  };

  // The session over the selected target. Opened when the process is new or has run since, and again when `options` are
  // others than those it was opened with; without `options_given` an open session stays as it is. Errors: kNotFound
  // when there is no process, and those of opening.
  Result<Entry*> Open(lldb::SBDebugger& debugger, OpenOptions options, bool options_given, const Cancel& cancel);

 private:
  void DropGone(lldb::SBDebugger& debugger);

  std::map<uint32_t, Entry> entries_;  // by SBProcess::GetUniqueID()
};

}  // namespace corewalk
