#include "command/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <optional>

#include "base/output_file.h"
#include "base/scratch_space.h"
#include "base/text_sanitize.h"
#include "command/help.h"
#include "report/json_reporter.h"
#include "report/text_reporter.h"

namespace corewalk {
namespace {

std::vector<OptionSpec> AllOptions(const Face& face, const Command* command) {
  // The command's own come first: where a letter stands twice, they win.
  std::vector<OptionSpec> specs;
  if (command != nullptr) specs = command->info().options;
  const auto common = CommonOptions();
  specs.insert(specs.end(), common.begin(), common.end());
  const auto own = face.options();
  specs.insert(specs.end(), own.begin(), own.end());
  return specs;
}

// For errors that come before the options are parsed.
bool HasWord(std::span<const std::string> words, std::string_view wanted) {
  for (const std::string& word : words) {
    if (word == "--") return false;
    if (word == wanted) return true;
  }
  return false;
}

void TellError(Face& face, const Error& error) {
  face.HideProgress();
  std::string line = "error: " + error.message;
  // The parser does not know under what name the commands are called here.
  constexpr std::string_view kSeeHelp = "(see 'help";
  if (const size_t at = line.rfind(kSeeHelp); error.code == ErrorCode::kUsage && at != std::string::npos) {
    line.insert(at + kSeeHelp.size() - 4, std::string(face.invocation()) + " ");
  }
  if (error.address != 0 && error.message.find("0x") == std::string::npos) {
    line += fmt::format(" (at 0x{:x})", error.address);
  }
  face.WriteError(line + "\n");
}

int ExitOf(const Error& error) {
  return error.code == ErrorCode::kUsage ? kExitUsage : kExitFailure;
}

// A failure before a command has run.
int TellFailure(Face& face, bool json, std::string_view command, const Error& error) {
  if (json) {
    OutputSink sink([&](std::string_view text) { return face.WriteOut(text); });
    face.HideProgress();
    JsonReporter(&sink, command).Finish(&error);
  } else {
    TellError(face, error);
  }
  return ExitOf(error);
}

// Why the output could not be written; a closed pipe is not worth a word.
int TellWriteFailure(Face& face) {
  const std::string reason = face.output_error();
  if (!reason.empty()) TellError(face, {ErrorCode::kUnreadable, "cannot write the output: " + reason});
  return kExitFailure;
}

Result<IsolateChoice> ChosenIsolate(const Arguments& args, const FaceSettings& settings) {
  if (!args.Has("isolate")) return settings.isolate;
  const std::string text = args.Text("isolate");
  if (text == "all") return IsolateChoice{.all = true};
  const auto number = ParseUnsigned(text);
  if (!number || *number > 0xffffffffu) {
    return Fail(ErrorCode::kUsage, fmt::format("option '--isolate' wants a number or 'all', not '{}'",
                                               Sanitize(text, {.max_code_points = 80})));
  }
  return IsolateChoice{.number = static_cast<uint32_t>(*number)};
}

Result<void> CheckWordCount(const CommandInfo& info, const Arguments& args) {
  const size_t count = args.words().size();
  if (count < info.min_words) {
    return Fail(ErrorCode::kUsage, fmt::format("'{}' needs more arguments (usage: {})", info.name, UsageLine(info)));
  }
  if (count > info.max_words) {
    return Fail(ErrorCode::kUsage,
                fmt::format("'{}' does not know what to do with '{}' (usage: {})", info.name,
                            Sanitize(args.words()[info.max_words], {.max_code_points = 80}), UsageLine(info)));
  }
  return {};
}

TextOptions TextOptionsOf(const Face& face, const FaceSettings& settings, const Arguments& args, bool to_file) {
  TextOptions options;
  const std::string color = args.Text("color", settings.color);
  options.color = color == "always" || (color == "auto" && !to_file && face.color_wanted());
  options.unicode = face.unicode();
  options.width = static_cast<int>(args.Integer("width", to_file ? 0 : face.width()));
  return options;
}

// Runs the command; an exception becomes an error, so that the document is still ended as it must be.
Result<void> RunGuarded(const Command& command, Face& face, PlainContext& plain, const IsolateChoice& isolate) {
  try {
    if (const auto* without_target = dynamic_cast<const PlainCommand*>(&command)) {
      return without_target->RunPlain(plain);
    }
    auto session = face.OpenSession(plain.args);
    if (!session) return std::unexpected(session.error());
    CommandContext context{plain, **session, face.memory(), isolate};
    const ScratchScope scratch((*session)->scratch());
    return command.Run(context);
  } catch (const std::bad_alloc&) {
    return Fail(ErrorCode::kNoMemory, plain.args.Has("scratch") ? "out of memory, or no room left in the scratch folder"
                                                                : "out of memory");
  } catch (const std::exception& e) {
    return Fail(ErrorCode::kInternal,
                "internal error: " + Sanitize(std::string_view(e.what()), {.max_code_points = 200}));
  } catch (...) {
    return Fail(ErrorCode::kInternal, "internal error: unknown exception");
  }
}

int RunParsed(Face& face, const Registry& registry, const Command& command, const Arguments& args) {
  const CommandInfo& info = command.info();
  const bool json = args.Has("json");
  if (auto fits = CheckWordCount(info, args); !fits) return TellFailure(face, json, info.name, fits.error());
  const auto isolate = ChosenIsolate(args, face.settings());
  if (!isolate) return TellFailure(face, json, info.name, isolate.error());

  std::optional<OutputFile> file;
  if (args.Has("output")) {
    auto created = OutputFile::Create(args.Text("output"));
    if (!created) return TellFailure(face, json, info.name, created.error());
    file.emplace(std::move(*created));
  }
  OutputSink sink([&](std::string_view text) {
    face.HideProgress();
    const bool taken = file ? file->Write(text) : face.WriteOut(text);
    if (!taken) face.cancel().Request();  // no use in working on
    return taken;
  });
  std::unique_ptr<DocumentReporter> reporter;
  if (json) {
    reporter = std::make_unique<JsonReporter>(&sink, info.name);
  } else {
    reporter = std::make_unique<TextReporter>(&sink, TextOptionsOf(face, face.settings(), args, file.has_value()));
  }

  ProgressFunction progress = face.progress();
  if (!progress) progress = [](const char*, uint64_t, uint64_t) {};
  const std::function<Result<uint64_t>(const std::string&)> evaluate = [&face](const std::string& expression) {
    return face.Evaluate(expression);
  };
  int exit_status = kExitOk;
  PlainContext context{registry,          args,        *reporter, face.cancel(), progress, face.settings(),
                       face.invocation(), face.help(), evaluate,  exit_status};
  const Result<void> result = RunGuarded(command, face, context, *isolate);
  face.HideProgress();

  if (!result) {
    Error error = result.error();
    if (error.code == ErrorCode::kInterrupted && !reporter->begun())
      error.message += "; no part of the answer was known by then";
    // A file is written whole or not at all, so a failure is told on the error stream and the file is dropped.
    if (json && !file) {
      reporter->Finish(&error);
    } else {
      reporter->Finish(nullptr);
      TellError(face, error);
    }
    return ExitOf(error);
  }
  reporter->Finish(nullptr);
  if (file) {
    if (auto written = file->Commit(); !written) return TellFailure(face, false, info.name, written.error());
    return exit_status;
  }
  return sink.failed() ? TellWriteFailure(face) : exit_status;
}

int RunUnguarded(Face& face, const Registry& registry, std::span<const std::string> words) {
  face.cancel().Reset();
  const bool json = HasWord(words, "--json");
  const auto position = CountLeadingOptions(AllOptions(face, nullptr), words);
  if (!position) return TellFailure(face, json, "", position.error());
  if (*position == words.size()) {
    if (!HasWord(words, "--help") && !HasWord(words, "-h")) {
      // Who has given a target knows the program and needs one line, not the list.
      if (json || !words.empty()) {
        return TellFailure(face, json, "",
                           {ErrorCode::kUsage, "no command given; 'leaks' tells what fills the heap, 'summary' what "
                                               "died and why, 'help' lists all commands"});
      }
      face.WriteError(CommandList(registry, face.help(), face.invocation()));
      TellError(face, {ErrorCode::kUsage, "no command given"});
      return kExitUsage;
    }
    return face.WriteOut(CommandList(registry, face.help(), face.invocation())) ? kExitOk : TellWriteFailure(face);
  }
  const auto command = registry.Find(words[*position]);
  if (!command) return TellFailure(face, json, Sanitize(words[*position], {.max_code_points = 80}), command.error());
  const CommandInfo& info = (*command)->info();

  std::vector<std::string> rest(words.begin(), words.begin() + static_cast<ptrdiff_t>(*position));
  rest.insert(rest.end(), words.begin() + static_cast<ptrdiff_t>(*position) + 1, words.end());
  const auto args = ParseArguments(AllOptions(face, *command), rest, info.name);
  if (args ? args->Has("help") : HasWord(rest, "--help")) {
    return face.WriteOut(CommandHelp(info, face.invocation(), face.help())) ? kExitOk : TellWriteFailure(face);
  }
  if (!args) return TellFailure(face, json, info.name, args.error());
  return RunParsed(face, registry, **command, *args);
}

}  // namespace

std::span<const OptionSpec> CommonOptions() {
  static const std::vector<OptionSpec> kOptions = {
      {.name = "help", .letter = 'h', .help = "explain the command"},
      {.name = "json", .help = "one JSON object in place of text"},
      {.name = "output",
       .letter = 'o',
       .kind = OptionKind::kString,
       .value_name = "FILE",
       .help = "write to FILE (mode 0600; whole or not at all)"},
      {.name = "isolate",
       .kind = OptionKind::kString,
       .value_name = "N|all",
       .help = "which isolate: 0 is the main thread's; all = every one (not of the graph)"},
      {.name = "color",
       .kind = OptionKind::kChoice,
       .value_name = "WHEN",
       .help = "auto, always or never",
       .choices = {"auto", "always", "never"}},
      {.name = "width",
       .kind = OptionKind::kInteger,
       .value_name = "N",
       .help = "columns of the output; 0 = unlimited",
       .minimum = 0,
       .maximum = 10000},
  };
  return kOptions;
}

int RunCommand(Face& face, const Registry& registry, std::span<const std::string> words) noexcept {
  // Commands have their own catch; this one is for the parsing and telling around them.
  try {
    try {
      return RunUnguarded(face, registry, words);
    } catch (const std::bad_alloc&) {
      face.WriteError("error: out of memory\n");
    } catch (const std::exception&) {
      face.WriteError("error: internal error\n");
    } catch (...) {
      face.WriteError("error: internal error\n");
    }
  } catch (...) {
    // Not even the message could be written.
  }
  return kExitFailure;
}

}  // namespace corewalk
