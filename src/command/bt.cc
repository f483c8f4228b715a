// bt: the JavaScript stack, with the frames of V8 and C++ around it, in llnode's format.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/js_allocation.h"
#include "analysis/js_death.h"
#include "analysis/js_stack.h"
#include "analysis/workers/worker_census.h"
#include "base/text_sanitize.h"
#include "command/death_text.h"
#include "command/frame_text.h"
#include "command/function_text.h"
#include "command/target.h"
#include "command/value_json.h"
#include "command/value_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultFrames = 200;
constexpr uint64_t kStringLength = 60;  // UTF-16 units of a string in text
constexpr uint64_t kShownLine = 160;    // UTF-16 units of a source line
constexpr size_t kShownValueLines = 16; // of one value of --args
constexpr size_t kShownAsync = 32;      // callers that wait
constexpr size_t kLongestPeriod = 8;    // functions that recurse through each other
constexpr size_t kShownOfRun = 4;       // frames in front of what is folded, and at least as many are folded

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
                     "Below the frames stand the async functions that wait for what runs, as V8's own stacks have them behind\n"
                     "`at async`; they are no frames. Of a recursion the frames in the middle are left out in text, unless\n"
                     "--no-fold or -n 0 is given.\n"
                     "\n"
                     "V8's own functions that were inlined (Array.prototype.forEach in optimized code) are not shown, only what\n"
                     "they called. At an out-of-memory crash the first line names the function that was allocating and what for, at an\n"
                     "exception that ended the process (--abort-on-uncaught-exception) that exception.\n"
                     "\n"
                     "JSON: threads[] of {tid, main, worker of {thread_id, name}, isolate, signal, running_javascript, cut, native_cut, frames[],\n"
                     "frames_omitted, async_callers[] of {function, function_address, script, line, column, generator} or {combinator,\n"
                     "index}, async_callers_omitted}; a frame has kind\n"
                     "(javascript, builtin, api, entry, construct_entry, exit, construct, internal, adaptor, regexp, wasm, native,\n"
                     "unknown), tier, inlined, deoptimizes_on_return, pc, fp, function, function_address, script, eval_origin of\n"
                     "{function, script, line, column}, line, column, in_loop, place_unsure, positions_unrecorded, function_line,\n"
                     "function_column, context, this, arguments[], symbol, module, offset; out_of_memory of\n"
                     "{operation, interrupted, function, builtin}; exception of {kind, message, location, address, in_listener}.",
                 .example = "bt\nbt 5\nbt --args -n 3\nbt --all-threads --json",
                 .options = {{.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kString,
                              .value_name = "N",
                              .help = "frames to print of each thread, 0 = all (default 200); the same as the word N"},
                             {.name = "all-threads", .letter = 'a', .help = "every thread, not only the one that the process died in"},
                             {.name = "no-fold", .help = "every frame of a recursion"},
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
    const Workers workers = options.all_threads ? WorkersOf(context) : Workers();
    context.out.BeginDocument("bt", TargetCard(session));
    if (context.out.is_text()) {
      if (!stacks.threads.empty() && !TellException(context, reader, stacks.threads.front()))
        TellAllocation(context, reader, values.closed(), stacks.threads.front());
      for (const JsThread& thread : stacks.threads) TellThread(context, reader, values, thread, workers, *limit);
    } else {
      TellJson(context, reader, values, stacks, workers, *limit);
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
    // A place in optimized code that keeps none for what only allocates is none to show.
    const bool somewhere = found->function->position.line == 0 || found->function->unsure;
    std::string line = std::string("Out of memory: ") + (found->interrupted == false ? "allocating " : "running ") + (somewhere ? "somewhere " : "") + "in " +
                       FrameText(*found->function, inspector, false) + operation;
    if (found->builtin != nullptr) line += (found->interrupted == false ? ", for " : ", in its call of ") + FrameText(*found->builtin, inspector, true);
    if (found->interrupted == true) line += ", stopped there for a collection that found no memory";
    context.out.AddTextLine(line);
    if (!somewhere) TellSourceLine(context.out, reader, *found->function);
  }

  // The process ran out of memory all the same where that is certain.
  static std::optional<DeathText> ExceptionOf(CommandContext& context, HeapReader& reader, const JsThread& thread) {
    const std::optional<JsDeath> death = FindJsDeath(context.session, reader, thread);
    if (!death || AllocationOf(context, thread)) return std::nullopt;
    return TextOf(reader, *death);
  }

  static bool TellException(CommandContext& context, HeapReader& reader, const JsThread& thread) {
    const std::optional<DeathText> exception = ExceptionOf(context, reader, thread);
    if (exception) context.out.AddTextLine(exception->Line());
    return exception.has_value();
  }

  // Which worker runs an isolate, by the isolate's number, as the main thread's heap has it.
  using Workers = std::map<int, StartedWorker>;
  static Workers WorkersOf(CommandContext& context) {
    Workers workers;
    const std::span<const IsolateHeap> isolates = context.session.model().isolates();
    if (isolates.size() < 2) return workers;
    const Result<HeapGraph*> graph = context.session.Graph(0, Session::GraphNeed::kLiveness, context.cancel, context.progress);
    if (!graph || (*graph)->options().marks_only || !(*graph)->EnsureShapes(context.cancel, context.progress)) return workers;
    std::vector<Address> addresses;
    for (const IsolateHeap& isolate : isolates) addresses.push_back(isolate.isolate);
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    for (StartedWorker& worker : FindThreads(&reader, **graph, addresses, context.cancel).workers) {
      for (size_t i = 1; i < addresses.size(); ++i) {
        if (worker.native.isolate == addresses[i]) workers[static_cast<int>(i)] = std::move(worker);
      }
    }
    return workers;
  }

  // How many frames from `at` on repeat themselves, and after how many; a run too short to fold is none.
  struct FrameRun {
    size_t frames = 0, period = 0;
  };
  static FrameRun RunAt(const std::vector<JsFrame>& frames, size_t at) {
    const auto same = [&](size_t a, size_t b) {
      const JsFrame &left = frames[a], &right = frames[b];
      return left.kind == right.kind && left.function.shared == right.function.shared && left.symbol == right.symbol && left.module == right.module;
    };
    for (size_t period = 1; period <= kLongestPeriod; ++period) {
      size_t end = at + period;
      while (end < frames.size() && same(end - period, end)) ++end;
      if (end - at >= 2 * kShownOfRun + 2 * period) return {end - at, period};
    }
    return {};
  }

  static void TellThread(CommandContext& context, HeapReader& reader, FrameValues& values, const JsThread& thread, const Workers& workers,
                         size_t limit) {
    Reporter& out = context.out;
    std::string head = fmt::format(" * thread {}", thread.tid);
    if (thread.tid == context.session.process().pid) head += " (main)";
    if (const auto worker = workers.find(thread.isolate); worker != workers.end()) {
      head += worker->second.thread_id ? fmt::format(" (worker {}", *worker->second.thread_id) : " (worker";
      if (!worker->second.name.empty()) head += fmt::format(" \"{}\"", Sanitize(UntrustedText(worker->second.name), {.max_code_points = 60}));
      head += ")";
    }
    if (thread.isolate >= 0) head += fmt::format(", isolate {}", thread.isolate);
    if (thread.signal != 0) head += fmt::format(", stopped by signal {}", thread.signal);
    out.AddTextLine(head);
    const bool fold = limit != 0 && !context.args.Has("no-fold");
    size_t shown = 0, at = 0, run_end = 0;
    for (; at < thread.frames.size(); ++at) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      if (fold && at >= run_end) {
        if (const FrameRun run = RunAt(thread.frames, at); run.frames != 0) {
          run_end = at + run.frames;
          const size_t first = (kShownOfRun + run.period - 1) / run.period * run.period;
          for (size_t i = 0; i < first && shown < limit; ++i, ++shown, ++at) TellFrame(context, reader, values, thread, at);
          if (shown >= limit) break;
          // The last round stays, so that it can be seen what began it.
          const size_t folded = run.frames - first - run.period;
          out.AddTextLine(run.period == 1 ? fmt::format("    [{} more frames of the same function]", FormatCount(folded))
                                          : fmt::format("    [{} more frames of the same {} functions]", FormatCount(folded), run.period));
          at += folded;
        }
      }
      TellFrame(context, reader, values, thread, at);
      ++shown;
    }
    at = std::min(at, thread.frames.size());
    if (at < thread.frames.size()) out.AddTextLine(fmt::format("    ... {} more (use -n 0 for all)", thread.frames.size() - at));
    size_t callers = 0;
    for (const AsyncCaller& caller : thread.async_callers) {
      if (callers++ == kShownAsync && limit != 0) break;
      out.AddTextLine("    at async " + AsyncText(caller) + " [awaiting]");
    }
    if (limit != 0 && thread.async_callers.size() > kShownAsync)
      out.AddTextLine(fmt::format("    ... {} more that wait (use -n 0 for all)", thread.async_callers.size() - kShownAsync));
  }

  static void TellFrame(CommandContext& context, HeapReader& reader, FrameValues& values, const JsThread& thread, size_t number) {
    const JsFrame& frame = thread.frames[number];
    const std::string pc = frame.pc == 0 ? std::string(18, ' ') : fmt::format("0x{:016x}", frame.pc);
    context.out.AddTextLine(fmt::format("  {} frame #{}: {} {}", number == 0 ? '*' : ' ', number, pc,
                                        FrameText(frame, values.closed(), !context.args.Has("args"))));
    if (context.args.Has("args")) TellArguments(context.out, values, frame, number);
    if (context.args.Has("source")) TellSourceLine(context.out, reader, frame);
  }

  static std::string AsyncText(const AsyncCaller& caller) {
    if (!caller.combinator.empty()) return std::string(caller.combinator) + (caller.index < 0 ? "" : fmt::format(" (index {})", caller.index));
    FunctionView at = caller.function;
    if (caller.position.line != 0) {
      at.line = caller.position.line;
      at.column = caller.position.column;
    }
    return fmt::format("{} {} fn=0x{:016x}", Sanitize(UntrustedText(NameOrAnonymous(at, true))), Sanitize(UntrustedText(PlaceOf(at))), at.function);
  }

  static std::string AsyncJson(const AsyncCaller& caller) {
    if (!caller.combinator.empty())
      return fmt::format("{{\"combinator\":\"{}\",\"index\":{}}}", caller.combinator, caller.index < 0 ? "null" : std::to_string(caller.index));
    const auto position = [](int value) { return value == 0 ? std::string("null") : std::to_string(value); };
    return fmt::format("{{\"function\":\"{}\",\"function_address\":\"0x{:x}\",\"script\":{},\"line\":{},\"column\":{},\"generator\":\"0x{:x}\"}}",
                       JsonEscapeExact(caller.function.name), Untag(caller.function.function),
                       caller.function.script == 0 ? "null" : fmt::format("\"{}\"", JsonEscapeExact(caller.function.script_name)),
                       position(caller.position.line), position(caller.position.column), Untag(caller.object));
  }

  static void TellValue(Reporter& out, const std::string& name, const std::string& value) {
    std::string text = "        " + name + " = ";
    size_t lines = 1;
    for (const char c : value) {
      lines += c == '\n';
      if (lines <= kShownValueLines) text += c == '\n' ? std::string("\n        ") : std::string(1, c);
    }
    if (lines > kShownValueLines) text += fmt::format("\n            ... {} more lines (`inspect` tells all)", lines - kShownValueLines);
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
    const bool cut = begin > line.begin;
    if (cut) shown = "..." + shown;
    if (line.end > begin + kShownLine) shown += "...";
    out.AddTextLine(fmt::format("{:>10} {}", frame.position.line != 0 ? frame.position.line : frame.function.line, Sanitize(UntrustedText(shown))));
    if (frame.offset < 0) return;
    out.AddTextLine(std::string(11 + (cut ? 3 : 0) + (static_cast<uint64_t>(at) - begin), ' ') + "^");
  }

  static std::string WorkerJson(const Workers& workers, int isolate) {
    const auto worker = workers.find(isolate);
    if (worker == workers.end()) return "null";
    const StartedWorker& found = worker->second;
    return fmt::format("{{\"thread_id\":{},\"name\":{}}}", found.thread_id ? std::to_string(*found.thread_id) : "null",
                       found.name.empty() ? "null" : fmt::format("\"{}\"", JsonEscapeExact(found.name)));
  }

  static size_t IndexOf(const JsStacks& stacks, const JsFrame* frame) {
    return static_cast<size_t>(frame - stacks.threads.front().frames.data());
  }

  static void TellJson(CommandContext& context, HeapReader& reader, FrameValues& values, const JsStacks& stacks, const Workers& workers, size_t limit) {
    std::string json;
    for (const JsThread& thread : stacks.threads) {
      json += fmt::format("{}{{\"tid\":{},\"main\":{},\"worker\":{},\"isolate\":{},\"signal\":{},\"running_javascript\":{},\"cut\":{},\"native_cut\":{},\"frames\":[", json.empty() ? "\n" : ",\n",
                          thread.tid, thread.tid == context.session.process().pid, WorkerJson(workers, thread.isolate), thread.isolate < 0 ? "null" : std::to_string(thread.isolate),
                          thread.signal == 0 ? "null" : std::to_string(thread.signal), thread.running, thread.cut, thread.native_cut);
      size_t shown = 0;
      for (const JsFrame& frame : thread.frames) {
        if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
        json += (shown == 0 ? "\n" : ",\n") + FrameJson(frame, shown, values);
        ++shown;
      }
      const size_t callers = limit == 0 ? thread.async_callers.size() : std::min(thread.async_callers.size(), kShownAsync);
      std::string waiting;
      for (size_t i = 0; i < callers; ++i) waiting += (i == 0 ? "" : ",") + AsyncJson(thread.async_callers[i]);
      json += fmt::format("],\"frames_omitted\":{},\"async_callers\":[{}],\"async_callers_omitted\":{}}}", thread.frames.size() - shown, waiting,
                          thread.async_callers.size() - callers);
    }
    if (const std::optional<JsAllocation> found = stacks.threads.empty() ? std::nullopt : AllocationOf(context, stacks.threads.front())) {
      context.out.AddJson("out_of_memory",
                          fmt::format("{{\"operation\":{},\"interrupted\":{},\"function\":{},\"builtin\":{}}}",
                                      found->operation.empty() ? "null" : fmt::format("\"{}\"", JsonEscapeExact(found->operation)),
                                      !found->interrupted ? "null" : *found->interrupted ? "true" : "false",
                                      found->function == nullptr ? "null" : FrameJson(*found->function, IndexOf(stacks, found->function), values),
                                      found->builtin == nullptr ? "null" : FrameJson(*found->builtin, IndexOf(stacks, found->builtin), values)));
    }
    if (const std::optional<DeathText> found = stacks.threads.empty() ? std::nullopt : ExceptionOf(context, reader, stacks.threads.front())) {
      const auto text = [](const std::string& value) { return value.empty() ? "null" : fmt::format("\"{}\"", JsonEscapeExact(value)); };
      context.out.AddJson("exception", fmt::format("{{\"kind\":\"{}\",\"message\":{},\"location\":{},\"address\":{},\"in_listener\":{}}}", found->kind,
                                                   text(found->message), text(found->location),
                                                   found->thrown == 0 ? "null" : fmt::format("\"0x{:x}\"", found->thrown), found->in_listener));
    }
    context.out.AddJson("threads", "[" + json + (json.empty() ? "]" : "\n]"));
  }
};

}  // namespace

std::unique_ptr<Command> MakeStackCommand() {
  return std::make_unique<StackCommand>();
}

}  // namespace corewalk
