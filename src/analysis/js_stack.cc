#include "analysis/js_stack.h"

#include <algorithm>
#include <utility>

#include "analysis/js_frame_reader.h"
#include "heap/isolate_words.h"
#include "node/native_modules.h"

namespace corewalk {
namespace {

constexpr size_t kMostThreads = 1 << 12;
constexpr size_t kPollFrames = 256;
constexpr Address kNoEnd = ~Address{0};

struct IsolateOnThread {
  int isolate = -1;
  IsolateWords words;
  StackWords stack;
  JavaScriptFrames frames;
};

// Which isolate runs on a thread: the one that is known to, else the one whose exit frames are on its stack.
IsolateOnThread FindIsolate(const Session& session, const ThreadState& thread, std::span<const IsolateWords> isolates) {
  IsolateOnThread found;
  const Memory& memory = session.memory();
  found.stack = ReadStack(memory, thread);
  for (const bool known : {true, false}) {
    for (size_t i = 0; i < isolates.size() && found.isolate < 0; ++i) {
      const IsolateHeap& heap = session.model().isolates()[i];
      if (known ? heap.thread_id != thread.tid : heap.thread_id != 0) continue;
      JavaScriptFrames frames = FindJavaScriptFrames(memory, thread, found.stack, isolates[i].words);
      if (!known && !frames.of_isolate) continue;
      found.isolate = heap.number;
      found.words = isolates[i];
      found.frames = std::move(frames);
    }
  }
  return found;
}

// The C++ frames from `registers` on, up to code of JavaScript or up to the stack address `until`. True when code of
// JavaScript was reached; `registers` are those of its frame then.
bool AddNative(NativeModules& modules, JsFrameReader& frames, UnwindRegisters* registers, bool returns, Address until,
               JsThread* thread) {
  for (size_t i = 0; i < kMostNative && registers->sp() < until; ++i, returns = true) {
    if (frames.IsJavaScriptCode(registers->pc())) return true;
    JsFrame frame;
    frame.kind = FrameKind::kNative;
    frame.pc = registers->pc();
    frame.fp = registers->sp();
    if (std::optional<NativeModules::Place> place = modules.At(frame.pc, returns)) {
      frame.symbol = std::move(place->symbol);
      frame.symbol_offset = place->offset;
      frame.module = std::move(place->module);
    }
    thread->frames.push_back(std::move(frame));
    if (!modules.Step(returns, registers)) return false;
    if (i + 1 < kMostNative) continue;
    thread->native_cut = true;
    thread->cut |= until == kNoEnd;  // whatever lies below
  }
  return false;
}

// Those of the caller of JavaScript, as an entry frame keeps them (Builtins::Generate_JSEntry, x64: the callee-saved
// registers are pushed behind the frame's type and a word for the context).
UnwindRegisters CallerOfEntry(const StackWords& stack, Address fp) {
  constexpr size_t kFirstSaved = 12, kLastSaved = 15;
  UnwindRegisters registers;
  for (size_t reg = kFirstSaved; reg <= kLastSaved; ++reg) registers.values[reg] = stack.At(fp - 24 - 8 * (reg - kFirstSaved));
  registers.values[UnwindRegisters::kRbx] = stack.At(fp - 56);
  registers.values[UnwindRegisters::kRbp] = stack.At(fp);
  registers.values[UnwindRegisters::kRsp] = fp + 16;
  registers.values[UnwindRegisters::kPc] = stack.At(fp + 8);
  return registers;
}

// An exit frame goes on behind its call of C++: that pushed the return address below the stack pointer that the frame keeps.
void SetExitPc(const StackWords& stack, JsFrameReader& reader, std::span<JsFrame> frames) {
  for (JsFrame& frame : frames) {
    if (frame.pc != 0 || frame.inlined) continue;
    const Address sp = stack.At(frame.fp - 16), pc = stack.Contains(sp - 8) ? stack.At(sp - 8) : 0;
    if (sp < frame.fp && reader.IsJavaScriptCode(pc)) frame.pc = pc;
  }
}

void AddThread(IsolateOnThread& on, const ThreadState& state, NativeModules& modules, JsFrameReader& frames, const Cancel& cancel,
               JsThread* thread) {
  std::vector<StackFrame>& own = on.frames.frames;
  UnwindRegisters registers = UnwindRegisters::Of(state);
  if (!frames.IsJavaScriptCode(registers.pc())) {
    const bool exited = !own.empty() && !on.frames.running;
    const bool reached = AddNative(modules, frames, &registers, false, exited ? own.front().fp : kNoEnd, thread);
    if (reached && !exited) {
      // JavaScript called C++ without leaving a frame of its own.
      const Address fp = registers.values[UnwindRegisters::kRbp];
      const auto first = std::ranges::find_if(own, [&](const StackFrame& frame) { return frame.fp >= fp; });
      own.erase(own.begin(), first);
      if (!own.empty() && own.front().fp == fp) own.front() = {.fp = fp, .pc = registers.pc()};
      thread->running = false;
    } else if (!exited && !own.empty() && !own.front().returns) {
      // What the frame pointer leads through before code of JavaScript is C++ that was just told.
      const auto first = std::ranges::find_if(own, [&](const StackFrame& frame) { return frames.IsJavaScriptCode(frame.pc); });
      own.erase(own.begin(), first);
    }
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (i % kPollFrames == 0 && cancel.Cancelled()) return;
    const size_t first = thread->frames.size();
    frames.Add(own[i], i + 1 < own.size() ? &own[i + 1] : nullptr, &thread->frames);
    SetExitPc(on.stack, frames, std::span(thread->frames).subspan(first));
    if (!IsEntryMarker(on.stack.At(own[i].fp - 8))) continue;
    registers = CallerOfEntry(on.stack, own[i].fp);
    AddNative(modules, frames, &registers, true, i + 1 < own.size() ? own[i + 1].fp : kNoEnd, thread);
  }
}

}  // namespace

std::string_view FrameKindName(FrameKind kind) {
  static constexpr std::string_view kNames[] = {"javascript", "builtin", "api",     "entry",  "construct_entry", "exit",   "construct",
                                                "internal",   "adaptor", "regexp", "wasm",   "native",          "unknown"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view FrameTierName(FrameTier tier) {
  static constexpr std::string_view kNames[] = {"", "interpreted", "baseline", "Maglev", "TurboFan", "optimized"};
  return kNames[static_cast<size_t>(tier)];
}

JsStacks ReadJsStacks(Session& session, HeapReader& reader, const JsStackOptions& options, const Cancel& cancel) {
  JsStacks result;
  const BinaryFacts* binary = session.binary();
  const std::shared_ptr<const CodeSymbols> symbols = binary == nullptr ? nullptr : CodeSymbols::Open(*binary);
  result.names_known = symbols != nullptr;
  BytecodeSizes sizes = symbols == nullptr ? BytecodeSizes() : symbols->Bytecodes();
  if (!sizes.known()) sizes = BytecodeSizesOf(session.layout().version);
  CodeFinder code(session.model(), reader, binary, std::move(sizes));
  const FrameMarkers markers(binary, session.layout().version);
  JsFrameReader frames(reader, code, markers, symbols.get());
  NativeModules modules(session.memory(), session.modules(), binary, symbols);

  std::vector<IsolateWords> isolates;
  for (const IsolateHeap& isolate : session.model().isolates()) isolates.push_back(ReadIsolateWords(session.memory(), isolate));
  const std::span<const ThreadState> threads = session.memory().Threads();
  for (size_t i = 0; i < std::min(threads.size(), kMostThreads) && !cancel.Cancelled(); ++i) {
    const ThreadState& state = threads[i];
    IsolateOnThread on = FindIsolate(session, state, isolates);
    if (!options.all_threads && (options.isolate >= 0 ? on.isolate != options.isolate : on.isolate < 0)) continue;
    // A core tells the signal that ended the process of every thread; the first one got it.
    const int signal = i == 0 || session.memory().Process().signal == 0 ? state.signal : 0;
    JsThread thread{.tid = state.tid, .signal = signal, .isolate = on.isolate, .running = on.frames.running, .cut = on.frames.cut, .frames = {}};
    frames.SetThread(&on.stack, FindBuiltinEntries(session.memory(), on.words), &state);
    AddThread(on, state, modules, frames, cancel, &thread);
    if (!on.frames.frames.empty()) thread.async_callers = FindAsyncCallers(reader, on.words.words);
    result.threads.push_back(std::move(thread));
    if (!options.all_threads) break;
  }
  result.missing_files = modules.missing();
  return result;
}

}  // namespace corewalk
