#include "command/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "command/dispatch.h"

namespace corewalk {
namespace {

std::string OptionName(const OptionSpec& option) {
  std::string name =
      option.letter != 0 ? fmt::format("-{}, --{}", option.letter, option.name) : fmt::format("    --{}", option.name);
  if (option.kind != OptionKind::kFlag) name += " " + (option.value_name.empty() ? "VALUE" : option.value_name);
  return name;
}

// Tells a ready text line by line.
void TellText(Reporter& out, std::string_view text) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    out.AddTextLine(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

class HelpCommand final : public PlainCommand {
 public:
  HelpCommand()
      : PlainCommand({.name = "help",
                      .group = "General",
                      .summary = "lists the commands, or explains one",
                      .usage = "[COMMAND]",
                      .description = "Without a word: all commands, one line each. With the name of a command: what it "
                                     "prints, its\noptions and an example.",
                      .max_words = 1}) {}

  Result<void> RunPlain(PlainContext& context) const override {
    context.out.BeginDocument("help", {});
    if (!context.args.words().empty()) {
      const auto command = context.registry.Find(context.args.words()[0]);
      if (!command) return std::unexpected(command.error());
      const CommandInfo& info = (*command)->info();
      TellText(context.out, CommandHelp(info, context.invocation, context.face_help));
      if (!context.out.is_text()) TellCommands(context.out, {&info});
    } else {
      TellText(context.out, CommandList(context.registry, context.face_help, context.invocation));
      std::vector<const CommandInfo*> all;
      for (const auto& command : context.registry.commands()) all.push_back(&command->info());
      if (!context.out.is_text()) TellCommands(context.out, all);
    }
    context.out.EndDocument({});
    return {};
  }

 private:
  static void TellCommands(Reporter& out, const std::vector<const CommandInfo*>& commands) {
    out.BeginTable({.key = "commands",
                    .columns = {{"name", "Name"},
                                {"group", "Group"},
                                {"usage", "Usage"},
                                {"summary", "Summary"},
                                {"description", "Description"}}});
    for (const CommandInfo* info : commands) {
      const Cell row[] = {info->name, info->group, UsageLine(*info), info->summary, info->description};
      out.AddRow(row);
    }
    out.EndTable({});
  }
};

class VersionCommand final : public PlainCommand {
 public:
  VersionCommand()
      : PlainCommand({.name = "version",
                      .group = "General",
                      .summary = "prints the version of corewalk",
                      .description = "Prints the version of corewalk and the Node.js versions it is made for."}) {}

  Result<void> RunPlain(PlainContext& context) const override {
    context.out.BeginDocument("version", {});
    context.out.AddTextLine(fmt::format("corewalk {}, for Node.js 12 to 26 on Linux x86-64", Version()));
    if (!context.out.is_text()) {
      context.out.AddCard({.fields = {{"version", "Version", std::string(Version())},
                                      {"node_versions", "Node.js", std::string("12 to 26")}}});
    }
    context.out.EndDocument({});
    return {};
  }
};

}  // namespace

std::string_view Version() {
  return COREWALK_VERSION;
}

std::string UsageLine(const CommandInfo& info) {
  std::string usage = info.usage;
  if (usage.empty() && !info.options.empty()) usage = "[OPTION...]";
  return usage.empty() ? info.name : info.name + " " + usage;
}

std::string OptionLines(std::span<const OptionSpec> options) {
  size_t width = 0;
  for (const OptionSpec& option : options) width = std::max(width, OptionName(option).size());
  std::string text;
  for (const OptionSpec& option : options)
    text += fmt::format("  {:<{}}  {}\n", OptionName(option), width, option.help);
  return text;
}

std::string CommandList(const Registry& registry, std::string_view face_help, std::string_view invocation) {
  std::string text =
      fmt::format("corewalk {} shows what the heap of a Node.js process is made of.\n\n{}", Version(), face_help);
  std::vector<std::string> groups;
  size_t width = 0;
  for (const auto& command : registry.commands()) {
    const CommandInfo& info = command->info();
    if (std::find(groups.begin(), groups.end(), info.group) == groups.end()) groups.push_back(info.group);
    width = std::max(width, info.name.size());
  }
  for (const std::string& group : groups) {
    text += fmt::format("\n{}:\n", group);
    for (const auto& command : registry.commands()) {
      const CommandInfo& info = command->info();
      if (info.group == group) text += fmt::format("  {:<{}}  {}\n", info.name, width, info.summary);
    }
  }
  text += "\nEvery command takes:\n" + OptionLines(CommonOptions());
  text += fmt::format("\n'{} help COMMAND' explains one. A unique beginning of a name is enough.\n", invocation);
  return text;
}

std::string CommandHelp(const CommandInfo& info, std::string_view invocation, std::string_view face_help) {
  std::string text = fmt::format("{} - {}\n\nUsage: {} {}\n", info.name, info.summary, invocation, UsageLine(info));
  if (!info.aliases.empty()) text += fmt::format("Also called: {}\n", fmt::join(info.aliases, ", "));
  if (!info.description.empty()) text += "\n" + info.description + "\n";
  if (!info.options.empty()) text += "\nOptions:\n" + OptionLines(info.options);
  text += "\nEvery command takes:\n" + OptionLines(CommonOptions());
  if (!face_help.empty()) text += fmt::format("\n{}", face_help);
  if (!info.example.empty()) text += "\nExample:\n" + info.example + "\n";
  return text;
}

std::unique_ptr<Command> MakeHelpCommand() {
  return std::make_unique<HelpCommand>();
}
std::unique_ptr<Command> MakeVersionCommand() {
  return std::make_unique<VersionCommand>();
}

}  // namespace corewalk
