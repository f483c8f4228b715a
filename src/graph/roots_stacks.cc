// Stacks. What V8 itself takes for roots is in the frames of JavaScript: from the frame in which JavaScript was left
// for C++ (an exit frame) up to the one in which it was entered. The words of these frames are roots. Those of C++
// frames are none: what C++ code holds over a collection, it holds by handles; threads that only help the collector
// leave addresses of any object on their stacks. Where no frames of JavaScript could be followed, every word of every
// stack may be one.
#include <algorithm>
#include <optional>
#include <span>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr uint64_t kRedZone = 128;              // bytes below the stack pointer that x86-64 code may use
constexpr uint64_t kMostStackBytes = 64 << 20;  // of one thread
constexpr size_t kMostFrames = 1 << 20;         // and entries, against damaged stacks

// Frames on x64 (src/execution/frame-constants.h): [fp] the caller's fp, [fp + 8] the return address, [fp - 8] a
// context, which is a tagged pointer, or twice the frame's type. The types of entry frames are 1 and 2 in every version
// (src/execution/frames.h, STACK_FRAME_TYPE_LIST). An exit frame has at [fp - 16] the stack pointer with which it
// called C++.
constexpr uint64_t kEntryMarker = 2, kConstructEntryMarker = 4, kLastMarker = 2 * 64;
// An entry frame keeps the exit frame below it, if JavaScript was entered from C++ that JavaScript had called, in one
// of these words under its fp (EntryFrameConstants::kNextExitFrameFPOffset; behind the callee's saved registers).
constexpr size_t kEntryWords = 16;

// Where the stack that `sp` points into ends.
Address StackEnd(const Memory& memory, const ThreadState& thread, Address sp) {
  const Region* region = memory.RegionAt(sp);
  if (region == nullptr) return sp;
  Address end = region->present_end;
  // glibc keeps the thread's own struct at the top of the stack it allocates; another mapping may follow at once.
  const Address fs_base = thread.reg(Register::kFsBase);
  if (fs_base > sp && fs_base < end) end = fs_base;
  return std::min(end, sp + kMostStackBytes);
}

class Stack {
 public:
  Stack(Address start, std::span<const uint64_t> words) : start_(start), words_(words) {}

  struct Range {
    Address begin, end;
  };
  struct Frames {
    std::vector<Range> ranges;  // the newest first
    bool of_isolate = false;    // the Isolate itself names them
    bool running = false;       // JavaScript was not left: registers belong to the newest frame
  };
  // The frames of JavaScript. `isolate` are the words of the Isolate: one of them is the newest exit frame
  // (ThreadLocalTop::c_entry_fp_). When there is none, JavaScript may be running: then `fp` is in one of its frames.
  // Versions that do not clear c_entry_fp when JavaScript is entered again leave an older exit frame there.
  Frames JavaScriptFrames(std::span<const uint64_t> isolate, Address fp) const {
    std::vector<Range> running = Contains(fp) ? Follow(start_, fp) : std::vector<Range>();
    for (const uint64_t word : isolate) {
      if (!IsExitFrame(word)) continue;
      std::vector<Range> frames = Follow(word, word);
      if (frames.empty()) continue;
      const bool older = !running.empty() && running.front().end < word;
      return {older ? std::move(running) : std::move(frames), true, older};
    }
    return {std::move(running), false, true};
  }

 private:
  bool Contains(Address at) const { return at >= start_ && at - start_ < 8 * words_.size() && (at & 7) == 0; }
  uint64_t At(Address at) const { return Contains(at) ? words_[(at - start_) / 8] : 0; }
  // The caller's fp; 0 when there is none further up the stack.
  Address CallerOf(Address fp) const {
    const Address caller = At(fp);
    return caller > fp && Contains(caller) && Contains(caller - 8) ? caller : 0;
  }
  bool IsExitFrame(Address fp) const {
    if (!Contains(fp) || !Contains(fp - 16) || !Contains(fp + 8)) return false;
    const uint64_t marker = At(fp - 8), sp = At(fp - 16);
    return (marker & 1) == 0 && marker > kConstructEntryMarker && marker <= kLastMarker && Contains(sp) && sp < fp &&
           CallerOf(fp) != 0;
  }
  bool IsEntryFrame(Address fp) const {
    const uint64_t marker = At(fp - 8);
    return marker == kEntryMarker || marker == kConstructEntryMarker;
  }

  std::vector<Range> Follow(Address begin, Address fp) const {
    std::vector<Range> ranges;
    for (size_t steps = 0; steps < kMostFrames; ++steps) {
      fp = CallerOf(fp);
      if (fp == 0) return {};  // no chain of frames
      if (!IsEntryFrame(fp)) continue;
      ranges.push_back({begin, fp});
      Address next = 0;
      for (size_t i = kEntryWords; i >= 2 && next == 0; --i) {
        const Address saved = At(fp - 8 * i);
        if (saved > fp && IsExitFrame(saved)) next = saved;
      }
      if (next == 0) return ranges;
      begin = fp = next;
    }
    return ranges;
  }

  Address start_;
  std::span<const uint64_t> words_;
};

}  // namespace

void CollectStacks(RootsBuilder* builder) {
  RootGroupState& state = builder->state(RootGroup::kStacks);
  const std::span<const ThreadState> threads = builder->memory().Threads();
  state.found = !threads.empty();
  if (!state.found) state.problem = "the target has no threads";
  struct Read {
    Address sp;
    std::vector<uint64_t> words;
    Stack::Frames frames;
  };
  std::vector<Read> stacks;
  size_t unreadable = 0;
  const int own = builder->isolate().thread_id;
  bool followed = false;  // frames of the isolate's thread
  for (const ThreadState& thread : threads) {
    if (builder->cancel().Cancelled()) return;
    Read& stack = stacks.emplace_back();
    stack.sp = (thread.reg(Register::kRsp) - kRedZone) & ~Address{7};
    const Address end = StackEnd(builder->memory(), thread, stack.sp);
    stack.words = ReadWords(builder->memory(), stack.sp, end > stack.sp ? (end - stack.sp) / 8 : 0);
    if (stack.words.empty()) ++unreadable;
    stack.frames = Stack(stack.sp, stack.words).JavaScriptFrames(builder->words().words, thread.reg(Register::kRbp));
    followed |= !stack.frames.ranges.empty() && (stack.frames.of_isolate || thread.tid == own);
  }
  state.conservative = !followed;
  // Helper threads may carry a worker's isolate; the main isolate's thread is known for sure.
  const bool only_own = followed || (own != 0 && own == builder->memory().Process().pid);
  for (size_t i = 0; i < stacks.size(); ++i) {
    if (builder->cancel().Cancelled()) return;
    const auto& [sp, words, frames] = stacks[i];
    const ThreadState& thread = threads[i];
    const std::string name = "thread " + std::to_string(thread.tid);
    const auto add = [&](Address from, Address to, RootStrength strength, uint32_t label) {
      const size_t until = std::min<size_t>(words.size(), to > sp ? (to - sp) / 8 : 0);
      for (size_t at = from > sp ? (from - sp) / 8 : 0; at < until; ++at) {
        if (at % (1 << 16) == 0 && builder->cancel().Cancelled()) return;
        builder->Add(sp + 8 * at, words[at], RootGroup::kStacks, strength, label);
      }
    };
    const bool its = frames.of_isolate || thread.tid == own;
    if (only_own && !its) continue;
    if (!frames.ranges.empty()) {
      const uint32_t label = builder->Label("JavaScript frames of " + name);
      for (const Stack::Range& range : frames.ranges) add(range.begin, range.end, RootStrength::kStrong, label);
    }
    if (followed && !(frames.running && !frames.ranges.empty())) continue;
    const uint32_t label = builder->Label(name);
    for (const uint64_t word : thread.registers) builder->Add(0, word, RootGroup::kStacks, RootStrength::kMaybe, label);
    if (!followed) add(sp, ~Address{0}, RootStrength::kMaybe, label);
  }
  if (unreadable > 0) state.problem = "stacks of " + std::to_string(unreadable) + " threads cannot be read";
}

}  // namespace corewalk
