// bt: the JavaScript stack, with the frames of V8 and C++ around it, in llnode's format.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/js_allocation.h"
#include "analysis/js_stack.h"
#include "base/text_sanitize.h"
#include "command/frame_text.h"
#include "command/target.h"
#include "command/value_text.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultFrames = 200;
constexpr uint64_t kStringLength = 60;  // UTF-16 units of a string in text
constexpr uint64_t kShownLine = 160;    // UTF-16 units of a source line

class StackCommand final : public Command {
 public:
  StackCommand()
      : Command({.name = "bt",
                 .aliases = {"jsstack"},
                 .debugger_names = {"jsstack"},
                 .group = "Process",
                 .summary = "the JavaScript stack: functions, where they are, their arguments",
                 .usage = "[OPTION...] [N]",
                 .description =
                     "Prints the stack of the thread that the process died in (or of the one that runs the isolate of --isolate),\n"
                     "the newest frame first, in llnode's format: address, function, receiver and arguments as they were passed,\n"
                     "file:line:column of where the frame is, the function's address. In brackets: whether the code is interpreted,\n"
                     "baseline, Maglev's or TurboFan's, and `inlined` for a function that was compiled into its caller; what is\n"
                     "known of that is its place, not its arguments; `deoptimized on return` for code that V8 has thrown away while\n"
                     "the frame waits; `somewhere in the loop that begins there` and `somewhere in the function` where Maglev's code\n"
                     "keeps no exact place; `or elsewhere in the function` where optimized code called what only allocates, of which V8\n"
                     "keeps no sure place; `eval at` for the call of eval() or\n"
                     "new Function() that made the function. [builtin] is V8's own, [native] a function that C++ made.\n"
                     "\n"
                     "<entry> and <entry_construct> are the frames by which C++ enters JavaScript, <exit> one by which JavaScript\n"
                     "leaves for C++, <internal>, <constructor>, <adaptor>, <builtin: NAME> are V8's own pieces in between.\n"
                     "<wasm> is a function of WebAssembly, whose name is not known, <js-to-wasm> and <wasm-to-js> what stands between\n"
                     "it and JavaScript, with the index of the function where that is known. C++\n"
                     "frames are followed by the unwind tables of the executable and libraries; for a library that is not on this\n"
                     "machine as the process had it they end there, which is said. The names of V8's builtins need an executable\n"
                     "that is not stripped.\n"
                     "\n"
                     "At an out-of-memory crash the first line names the function that was allocating and what for.\n"
                     "\n"
                     "JSON: threads[] of {tid, isolate, signal, running_javascript, cut, native_cut, frames[], frames_omitted}; a frame has kind\n"
                     "(javascript, builtin, api, entry, construct_entry, exit, construct, internal, adaptor, regexp, wasm, native,\n"
                     "unknown), tier, inlined, deoptimizes_on_return, pc, fp, function, function_address, script, eval_origin of\n"
                     "{function, script, line, column}, line, column, in_loop, place_unsure, positions_unrecorded, function_line,\n"
                     "function_column, context, this, arguments[], symbol, module, offset; out_of_memory of\n"
                     "{operation, function, builtin}.",
                 .example = "bt\nbt 5\nbt --args -n 3\nbt --all-threads --json",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kString,
                              .value_name = "N",
                              .help = "frames to print of each thread, 0 = all (default 200); the same as the word N"},
                             {.name = "all-threads", .letter = 'a', .help = "every thread, not only the one that the process died in"},
                             {.name = "args", .help = "receiver, arguments and context one a line, objects opened where they are met first"},
                             {.name = "source", .letter = 's', .help = "the line of source that each frame is at"}},
                 .min_words = 0,
                 .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<size_t> limit = Limit(context.args);
    if (!limit) return std::unexpected(limit.error());
    Session& session = context.session;
    JsStackOptions options{.all_threads = context.args.Has("all-threads") || context.isolate.all};
    if (context.isolate.number) {
      const Result<int> isolate = ChosenIsolate(context);
      if (!isolate) return std::unexpected(isolate.error());
      options.isolate = *isolate;
    }
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    const JsStacks stacks = ReadJsStacks(session, reader, options, context.cancel);

    FrameValues values(reader, kStringLength, context.args.Has("args"), context.cancel);
    context.out.BeginDocument("bt", TargetCard(session));
    if (context.out.is_text()) {
      if (!stacks.threads.empty()) TellAllocation(context, reader, values.closed(), stacks.threads.front());
      for (const JsThread& thread : stacks.threads) TellThread(context, reader, values, thread, *limit);
    } else {
      TellJson(context, values, stacks, *limit);
    }
    Completeness completeness = session.completeness();
    completeness.interrupted |= context.cancel.Cancelled();
    for (const JsThread& thread : stacks.threads) {
      if (thread.cut)
        completeness.notes.push_back(fmt::format("the stack of thread {} could not be followed to its end", thread.tid));
      if (thread.native_cut)
        completeness.notes.push_back(fmt::format("C++ recurses on thread {}: of each run of C++ frames the first {} are told", thread.tid, kMostNative));
    }
    if (!stacks.names_known) completeness.notes.push_back("no executable: V8's builtins and C++ functions have no names");
    for (const std::string& file : stacks.missing_files)
      completeness.notes.push_back(fmt::format("C++ frames in {} are not followed: that file is not on this machine as the process had it", Sanitize(UntrustedText(file))));
    for (const JsThread& thread : stacks.threads) {
      const bool any = std::ranges::any_of(thread.frames, [](const JsFrame& f) { return f.kind == FrameKind::kEntry || f.kind == FrameKind::kConstructEntry; });
      if (thread.isolate >= 0 && !any && !thread.cut) context.out.AddNote(fmt::format("thread {} was not executing JavaScript", thread.tid));
    }
    if (stacks.threads.empty()) context.out.AddNote("no thread runs an isolate, or their stacks are not in the core");
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  // llnode's word: -1 is all, other negative numbers are an error. 0 = all here.
  static Result<size_t> Limit(const Arguments& args) {
    std::string text = args.words().empty() ? args.Text("limit") : args.words()[0];
    if (text.empty()) return static_cast<size_t>(kDefaultFrames);
    const std::optional<int64_t> number = ParseInteger(text);
    if (!number || *number < -1) return Fail(ErrorCode::kUsage, "Invalid number of frames");
    return *number < 0 ? 0 : static_cast<size_t>(*number);
  }

  // Whether it died of that is only asked where it died of what Node.js and V8 give up with.
  static std::optional<JsAllocation> AllocationOf(CommandContext& context, const JsThread& thread) {
    constexpr int kIll = 4, kTrap = 5, kAbort = 6;
    if (thread.signal != kIll && thread.signal != kTrap && thread.signal != kAbort) return std::nullopt;
    if (std::optional<JsAllocation> found = FindAllocation(thread, false)) return found;
    const bool named = std::ranges::any_of(thread.frames, [](const JsFrame& f) { return f.kind == FrameKind::kNative && f.symbol.starts_with("_ZN"); });
    if (named || context.session.process().fatal.kind != FatalKind::kOutOfMemory) return std::nullopt;
    return FindAllocation(thread, true);
  }

  static void TellAllocation(CommandContext& context, HeapReader& reader, Inspector& inspector, const JsThread& thread) {
    const std::optional<JsAllocation> found = AllocationOf(context, thread);
    if (!found) return;
    const std::string operation = found->operation.empty() ? "" : " (" + Demangled(found->operation) + ")";
    if (found->function == nullptr) {
      context.out.AddTextLine("Out of memory: not in JavaScript" + operation);
      return;
    }
    const bool somewhere = found->function->position.line == 0 || found->function->unsure;
    std::string line = std::string("Out of memory: allocating ") + (somewhere ? "somewhere " : "") + "in " + FrameText(*found->function, inspector, false) + operation;
    if (found->builtin != nullptr) line += ", for " + FrameText(*found->builtin, inspector, true);
    context.out.AddTextLine(line);
    if (!somewhere) TellSourceLine(context.out, reader, *found->function);
  }

  static void TellThread(CommandContext& context, HeapReader& reader, FrameValues& values, const JsThread& thread, size_t limit) {
    Reporter& out = context.out;
    std::string head = fmt::format(" * thread {}", thread.tid);
    if (thread.isolate >= 0) head += fmt::format(", isolate {}", thread.isolate);
    if (thread.signal != 0) head += fmt::format(", stopped by signal {}", thread.signal);
    out.AddTextLine(head);
    size_t shown = 0;
    for (const JsFrame& frame : thread.frames) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      out.AddTextLine(fmt::format("  {} frame #{}: 0x{:016x} {}", shown == 0 ? '*' : ' ', shown, frame.pc,
                                  FrameText(frame, values.closed(), !context.args.Has("args"))));
      if (context.args.Has("args")) TellArguments(out, values, frame, shown);
      ++shown;
      if (context.args.Has("source")) TellSourceLine(out, reader, frame);
    }
    if (shown < thread.frames.size()) out.AddTextLine(fmt::format("    ... {} more (use -n 0 for all)", thread.frames.size() - shown));
  }

  static void TellValue(Reporter& out, const std::string& name, const std::string& value) {
    std::string text = "        " + name + " = ";
    for (const char c : value) text += c == '\n' ? std::string("\n        ") : std::string(1, c);
    AddValueLines(text, &out);
  }

  static void TellArguments(Reporter& out, FrameValues& values, const JsFrame& frame, size_t number) {
    const auto text = [&](uint64_t word) {
      const FrameValues::Value shown = values.Show(word, number);
      return shown.shown_at ? fmt::format("{} (shown at frame #{})", ShortValueText(shown.value), *shown.shown_at) : ValueText(shown.value);
    };
    if (frame.receiver) TellValue(out, "this", text(*frame.receiver));
    for (size_t i = 0; i < frame.arguments.size(); ++i) TellValue(out, fmt::format("arguments[{}]", i), text(frame.arguments[i]));
    if (frame.context != 0) TellValue(out, "context", ShortValueText(values.closed().Inspect(frame.context)));
  }

  static void TellSourceLine(Reporter& out, HeapReader& reader, const JsFrame& frame) {
    const int64_t at = frame.offset >= 0 ? frame.offset : frame.function.start;
    const ScriptView* script = frame.function.script == 0 ? nullptr : ReadScript(reader, frame.function.script);
    if (script == nullptr || script->source == 0 || at < 0) return;
    const LineRange line = LineAt(reader, script->script, at);
    // Of a very long line the part around the place.
    uint64_t begin = line.begin;
    if (static_cast<uint64_t>(at) > begin + kShownLine / 2) begin = static_cast<uint64_t>(at) - kShownLine / 2;
    if (line.end <= line.begin + kShownLine) begin = line.begin;
    const std::optional<StringText> text = reader.TextRange(script->source, begin, std::min(line.end, begin + kShownLine));
    if (!text) return;
    std::string shown = text->text;
    while (!shown.empty() && (shown.back() == '\n' || shown.back() == '\r')) shown.pop_back();
    for (char& c : shown) c = c == '\t' ? ' ' : c;
    out.AddTextLine(fmt::format("{:>10} {}", frame.position.line != 0 ? frame.position.line : frame.function.line, Sanitize(UntrustedText(shown))));
    if (frame.offset < 0) return;
    out.AddTextLine(std::string(11 + (static_cast<uint64_t>(at) - begin), ' ') + "^");
  }

  static size_t IndexOf(const JsStacks& stacks, const JsFrame* frame) {
    return static_cast<size_t>(frame - stacks.threads.front().frames.data());
  }

  static void TellJson(CommandContext& context, FrameValues& values, const JsStacks& stacks, size_t limit) {
    std::string json;
    for (const JsThread& thread : stacks.threads) {
      json += fmt::format("{}{{\"tid\":{},\"isolate\":{},\"signal\":{},\"running_javascript\":{},\"cut\":{},\"native_cut\":{},\"frames\":[", json.empty() ? "\n" : ",\n",
                          thread.tid, thread.isolate < 0 ? "null" : std::to_string(thread.isolate),
                          thread.signal == 0 ? "null" : std::to_string(thread.signal), thread.running, thread.cut, thread.native_cut);
      size_t shown = 0;
      for (const JsFrame& frame : thread.frames) {
        if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
        json += (shown == 0 ? "\n" : ",\n") + FrameJson(frame, shown, values);
        ++shown;
      }
      json += fmt::format("],\"frames_omitted\":{}}}", thread.frames.size() - shown);
    }
    if (const std::optional<JsAllocation> found = stacks.threads.empty() ? std::nullopt : AllocationOf(context, stacks.threads.front())) {
      context.out.AddJson("out_of_memory",
                          fmt::format("{{\"operation\":{},\"function\":{},\"builtin\":{}}}",
                                      found->operation.empty() ? "null" : fmt::format("\"{}\"", JsonEscapeExact(found->operation)),
                                      found->function == nullptr ? "null" : FrameJson(*found->function, IndexOf(stacks, found->function), values),
                                      found->builtin == nullptr ? "null" : FrameJson(*found->builtin, IndexOf(stacks, found->builtin), values)));
    }
    context.out.AddJson("threads", "[" + json + (json.empty() ? "]" : "\n]"));
  }
};

}  // namespace

std::unique_ptr<Command> MakeStackCommand() {
  return std::make_unique<StackCommand>();
}

}  // namespace corewalk
