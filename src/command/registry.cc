#include "command/registry.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"

namespace corewalk {

// The one list of commands: each line names a factory that the command's file defines. To add a command, add its file
// to CMakeLists.txt, a declaration here and a line in BuiltinCommands().
std::unique_ptr<Command> MakeSummaryCommand();
std::unique_ptr<Command> MakeNodeInfoCommand();
std::unique_ptr<Command> MakeHandlesCommand();
std::unique_ptr<Command> MakeRequestsCommand();
std::unique_ptr<Command> MakeActiveHandlesCommand();
std::unique_ptr<Command> MakeActiveRequestsCommand();
std::unique_ptr<Command> MakeStackCommand();
std::unique_ptr<Command> MakeHeapCommand();
std::unique_ptr<Command> MakeIsolatesCommand();
std::unique_ptr<Command> MakeIsolateCommand();
std::unique_ptr<Command> MakeHistogramCommand();
std::unique_ptr<Command> MakeInstancesCommand();
std::unique_ptr<Command> MakeWhatisCommand();
std::unique_ptr<Command> MakeRefsCommand();
std::unique_ptr<Command> MakeFindCommand();
std::unique_ptr<Command> MakeFindReferencesCommand();
std::unique_ptr<Command> MakeInspectCommand();
std::unique_ptr<Command> MakePrintCommand();
std::unique_ptr<Command> MakePathCommand();
std::unique_ptr<Command> MakeRetainersCommand();
std::unique_ptr<Command> MakeDominatorsCommand();
std::unique_ptr<Command> MakeRetainedCommand();
std::unique_ptr<Command> MakeWhatIfCommand();
std::unique_ptr<Command> MakeRootsCommand();
std::unique_ptr<Command> MakeCollectionsCommand();
std::unique_ptr<Command> MakeStringsCommand();
std::unique_ptr<Command> MakeWasteCommand();
std::unique_ptr<Command> MakeBuffersCommand();
std::unique_ptr<Command> MakeMemoryCommand();
std::unique_ptr<Command> MakeListenersCommand();
std::unique_ptr<Command> MakeTimersCommand();
std::unique_ptr<Command> MakePromisesCommand();
std::unique_ptr<Command> MakeAsyncCommand();
std::unique_ptr<Command> MakeModulesCommand();
std::unique_ptr<Command> MakeWorkersCommand();
std::unique_ptr<Command> MakeGcCommand();
std::unique_ptr<Command> MakeClosuresCommand();
std::unique_ptr<Command> MakeLeaksCommand();
std::unique_ptr<Command> MakeFunctionsCommand();
std::unique_ptr<Command> MakeClosureCommand();
std::unique_ptr<Command> MakeScriptsCommand();
std::unique_ptr<Command> MakeSourceCommand();
std::unique_ptr<Command> MakeFindObjectsCommand();
std::unique_ptr<Command> MakeFindInstancesCommand();
std::unique_ptr<Command> MakeLayoutCommand();
std::unique_ptr<Command> MakeMemoryCheckCommand();
std::unique_ptr<Command> MakeSettingsCommand();
std::unique_ptr<Command> MakeHelpCommand();
std::unique_ptr<Command> MakeVersionCommand();

Registry BuiltinCommands() {
  Registry registry;
  registry.Add(MakeSummaryCommand());
  registry.Add(MakeNodeInfoCommand());
  registry.Add(MakeHandlesCommand());
  registry.Add(MakeRequestsCommand());
  registry.Add(MakeActiveHandlesCommand());
  registry.Add(MakeActiveRequestsCommand());
  registry.Add(MakeStackCommand());
  registry.Add(MakeHeapCommand());
  registry.Add(MakeIsolatesCommand());
  registry.Add(MakeIsolateCommand());
  registry.Add(MakeLeaksCommand());
  registry.Add(MakeHistogramCommand());
  registry.Add(MakeInstancesCommand());
  registry.Add(MakeWhatisCommand());
  registry.Add(MakeRefsCommand());
  registry.Add(MakeFindCommand());
  registry.Add(MakeInspectCommand());
  registry.Add(MakePrintCommand());
  registry.Add(MakePathCommand());
  registry.Add(MakeRetainersCommand());
  registry.Add(MakeDominatorsCommand());
  registry.Add(MakeRetainedCommand());
  registry.Add(MakeWhatIfCommand());
  registry.Add(MakeRootsCommand());
  registry.Add(MakeCollectionsCommand());
  registry.Add(MakeStringsCommand());
  registry.Add(MakeWasteCommand());
  registry.Add(MakeBuffersCommand());
  registry.Add(MakeMemoryCommand());
  registry.Add(MakeListenersCommand());
  registry.Add(MakeTimersCommand());
  registry.Add(MakePromisesCommand());
  registry.Add(MakeAsyncCommand());
  registry.Add(MakeModulesCommand());
  registry.Add(MakeWorkersCommand());
  registry.Add(MakeGcCommand());
  registry.Add(MakeClosuresCommand());
  registry.Add(MakeFunctionsCommand());
  registry.Add(MakeClosureCommand());
  registry.Add(MakeScriptsCommand());
  registry.Add(MakeSourceCommand());
  registry.Add(MakeFindObjectsCommand());
  registry.Add(MakeFindInstancesCommand());
  registry.Add(MakeFindReferencesCommand());
  registry.Add(MakeLayoutCommand());
  registry.Add(MakeMemoryCheckCommand());
  registry.Add(MakeSettingsCommand());
  registry.Add(MakeHelpCommand());
  registry.Add(MakeVersionCommand());
  return registry;
}

Result<const Command*> Registry::Find(std::string_view word) const {
  std::vector<const Command*> begins;
  std::vector<std::string> names;
  for (const auto& command : commands_) {
    std::vector<std::string> own = {command->info().name};
    own.insert(own.end(), command->info().aliases.begin(), command->info().aliases.end());
    bool is_beginning = false;
    for (const std::string& name : own) {
      if (name == word) return command.get();
      is_beginning |= name.starts_with(word);
      names.push_back(name);
    }
    if (is_beginning && !word.empty()) begins.push_back(command.get());
  }
  if (begins.size() == 1) return begins[0];
  const std::string shown = Sanitize(word, {.max_code_points = 80});
  if (begins.size() > 1) {
    std::string list;
    for (const Command* command : begins) list += (list.empty() ? "" : ", ") + command->info().name;
    return Fail(ErrorCode::kUsage, fmt::format("ambiguous command '{}': {}", shown, list));
  }
  const std::string meant = Closest(word, names);
  return Fail(ErrorCode::kUsage, meant.empty() ? fmt::format("unknown command '{}' (see 'help')", shown)
                                               : fmt::format("unknown command '{}', did you mean '{}'?", shown, meant));
}

}  // namespace corewalk
