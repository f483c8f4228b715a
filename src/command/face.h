// A face: where commands are typed and answers are seen. The CLI and the LLDB plugin implement it; dispatch.cc does the
// rest. Its functions are called from one thread, but for the Cancel and the progress function, which workers may call.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "command/command.h"
#include "session/session.h"

namespace corewalk {

class Face {
 public:
  virtual ~Face() = default;

  // False once nobody takes the output any more; then output_error() says why ("" = a closed pipe, not worth a word).
  virtual bool WriteOut(std::string_view text) = 0;
  virtual std::string output_error() const { return ""; }
  virtual void WriteError(std::string_view text) = 0;

  virtual bool color_wanted() const = 0;  // for --color auto: a terminal that wants colours
  virtual bool unicode() const = 0;       // block characters can be shown
  virtual int width() const = 0;          // columns; 0 = unlimited (no terminal)

  virtual Cancel& cancel() = 0;
  virtual ProgressFunction progress() = 0;
  virtual void HideProgress() = 0;  // before anything else is written

  // Options that the face adds to every command (-c CORE, --force, ...).
  virtual std::span<const OptionSpec> options() const = 0;
  // The session over the target that `args` name; opened when needed, and again when the options differ.
  virtual Result<Session*> OpenSession(const Arguments& args) = 0;
  // What the debugger makes of an expression (a register, a C++ expression): a tagged word.
  virtual Result<uint64_t> Evaluate(const std::string& expression);
  virtual CommandMemory& memory() = 0;  // belongs to the session opened last
  virtual FaceSettings& settings() = 0;

  virtual std::string_view invocation() const = 0;  // "corewalk", "v8"
  virtual std::string_view help() const = 0;        // usage lines of the face
};

// The options about opening that both faces add to every command: -e NODE, --force, --threads, --index, --scratch,
// --memory, --hide-tables.
std::vector<OptionSpec> OpenOptionSpecs();
OpenOptions OpenOptionsFrom(const Arguments& args);
// One of them is given that an open session cannot take over.
bool AsksForOtherSession(const Arguments& args);
// Those of them that can change while a session is open; what is not given stays as in `resources`.
GraphResources GraphResourcesFrom(const Arguments& args, GraphResources resources);

// NO_COLOR is set and not empty, or TERM is "dumb".
bool EnvironmentForbidsColor();
// LC_ALL, LC_CTYPE or LANG (the first that is set) names UTF-8.
bool LocaleIsUtf8();

}  // namespace corewalk
