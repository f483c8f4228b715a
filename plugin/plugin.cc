// The LLDB plugin: registers every command of the registry as a subcommand of `v8` (of `corewalk` when another plugin
// has taken that name), and some under llnode's top-level names. Commands run in dispatch.cc, which catches exceptions;
// what is caught here is a failure of the few lines around it, since an exception that leaves a plugin ends LLDB.
//
// liblldb is not linked: its symbols are found in the debugger that loads the plugin, so one file serves every version.
#include <lldb/API/LLDB.h>

#include <memory>
#include <string>
#include <vector>

#include "command/dispatch.h"
#include "command/help.h"
#include "sb_face.h"
#include "sb_optional.h"

namespace lldb {
[[gnu::visibility("default")]] bool PluginInitialize(lldb::SBDebugger debugger);
}

namespace corewalk {
namespace {

struct Plugin {
  Registry registry = BuiltinCommands();
  PluginState state;
};

class SbCommand final : public lldb::SBCommandPluginInterface {
 public:
  SbCommand(std::shared_ptr<Plugin> plugin, std::string name) : plugin_(std::move(plugin)), name_(std::move(name)) {}

  bool DoExecute(lldb::SBDebugger debugger, char** words, lldb::SBCommandReturnObject& result) override {
    try {
      std::vector<std::string> line = {name_};
      for (; words != nullptr && *words != nullptr; ++words) line.emplace_back(*words);
      SbFace face(&plugin_->state, debugger, &result);
      const int status = RunCommand(face, plugin_->registry, line);
      face.End(status);
      return status == kExitOk;
    } catch (...) {
      result.SetError("internal error");
      return false;
    }
  }

 private:
  std::shared_ptr<Plugin> plugin_;
  std::string name_;
};

bool IsFree(lldb::SBCommandInterpreter& interpreter, const char* name) {
  if (interpreter.CommandExists(name) || interpreter.AliasExists(name)) return false;
  if (OptionalUserCommandExists != nullptr) return !OptionalUserCommandExists(&interpreter, name);
  // Older LLDBs tell only through their help whether a plugin or script has taken the name.
  lldb::SBCommandReturnObject result;
  interpreter.HandleCommand(("help " + std::string(name)).c_str(), result, false);
  return !result.Succeeded();
}

bool RegisterCommands(lldb::SBDebugger& debugger) {
  lldb::SBCommandInterpreter interpreter = debugger.GetCommandInterpreter();
  auto plugin = std::make_shared<Plugin>();
  PluginState& state = plugin->state;
  for (const char* name : {"v8", "corewalk"}) {
    if (state.prefix.empty() && IsFree(interpreter, name)) state.prefix = name;
  }
  if (state.prefix.empty()) return true;  // loaded before; what is there stays
  state.help =
      "Usage: " + state.prefix + " COMMAND [OPTION...] [WORD...]\n\nOpening the target:\n" + OptionLines(state.options);

  lldb::SBCommand group =
      interpreter.AddMultiwordCommand(state.prefix.c_str(), "Looks into the heap of a Node.js process (corewalk).");
  if (!group.IsValid()) return false;
  for (const auto& command : plugin->registry.commands()) {
    const CommandInfo& info = command->info();
    const std::string syntax = state.prefix + " " + UsageLine(info);
    const std::string help = info.summary + " (options: " + state.prefix + " help " + info.name + ")";
    std::vector<std::string> names = {info.name};
    names.insert(names.end(), info.aliases.begin(), info.aliases.end());
    // LLDB owns the command objects from here on.
    for (const std::string& name : names) {
      group.AddCommand(name.c_str(), new SbCommand(plugin, info.name), help.c_str(), syntax.c_str());
    }
    for (const std::string& name : info.debugger_names) {
      if (!IsFree(interpreter, name.c_str())) continue;
      interpreter.AddCommand(name.c_str(), new SbCommand(plugin, info.name), help.c_str(), syntax.c_str());
    }
  }
  return true;
}

}  // namespace
}  // namespace corewalk

bool lldb::PluginInitialize(lldb::SBDebugger debugger) {
  try {
    return corewalk::RegisterCommands(debugger);
  } catch (...) {
    return false;
  }
}
