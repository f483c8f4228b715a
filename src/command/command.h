// A command: what it is called, which options it takes, what it does. One file per command; it makes a CommandInfo and
// implements Run(), and registry.cc names its factory. Parsing, help, --json, -o, colours, errors and exceptions are
// the business of dispatch.cc, so that a command only asks the session and tells the reporter.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "command/options.h"
#include "report/reporter.h"

namespace corewalk {

class Session;
class Registry;

struct CommandInfo {
  std::string name;                              // "histogram"
  std::vector<std::string> aliases = {};         // other names, also unique beginnings of them
  std::vector<std::string> debugger_names = {};  // names at LLDB's top level (llnode's habit), taken when free there
  std::string group;                             // heading in the list of commands: "Heap"
  std::string summary;                           // one line, no full stop
  std::string usage;                     // what follows the name: "[OPTION...] TYPE"; "" = made from the options
  std::string description;               // the long help: paragraphs, ready to print
  std::string example;                   // lines of an example session; may be empty
  std::vector<OptionSpec> options = {};  // its own; the common ones are added by dispatch
  size_t min_words = 0;                  // positional words
  size_t max_words = 0;
};

// Which isolate a command is about: --isolate, else what `isolate select` chose.
struct IsolateChoice {
  bool all = false;
  std::optional<uint32_t> number;  // nothing and not all: the main isolate
};

// What one command leaves for the next over the same session (findjsinstances pages on when repeated). Lost with the
// session. Keys begin with the command's name.
struct CommandMemory {
  std::map<std::string, uint64_t> numbers;
  std::map<std::string, std::string> texts;
};

// Choices of the user that outlive a session; a face keeps one.
struct FaceSettings {
  std::string color = "auto";  // auto, always, never
  IsolateChoice isolate;
  int tree_padding = 2;  // columns per level in trees, 1..10
};

// What every command gets.
struct PlainContext {
  const Registry& registry;
  const Arguments& args;
  Reporter& out;
  const Cancel& cancel;
  const ProgressFunction& progress;  // always callable
  FaceSettings& settings;
  std::string_view invocation;  // what stands before a command word: "corewalk", "v8"
  std::string_view face_help;   // usage lines and options of the face, for `help`
  // A word that is no address: an expression, which a debugger can evaluate to a tagged word.
  const std::function<Result<uint64_t>(const std::string& expression)>& evaluate;
  // What the program ends with when all went well; a command sets it to tell a script what it found.
  int& exit_status;
};

// What a command about a target gets.
struct CommandContext : PlainContext {
  Session& session;
  CommandMemory& memory_of_face;
  IsolateChoice isolate;
};

class Command {
 public:
  explicit Command(CommandInfo info) : info_(std::move(info)) {}
  virtual ~Command() = default;
  const CommandInfo& info() const { return info_; }

  // Tells its answer to context.out. An error may come before or after something was told; an interruption is no error
  // but an answer with Completeness::interrupted. kUsage errors give exit status 2, others 1.
  virtual Result<void> Run(CommandContext& context) const = 0;

 private:
  CommandInfo info_;
};

// A command that needs no target (help, version).
class PlainCommand : public Command {
 public:
  using Command::Command;
  virtual Result<void> RunPlain(PlainContext& context) const = 0;
  Result<void> Run(CommandContext& context) const final { return RunPlain(context); }
};

}  // namespace corewalk
