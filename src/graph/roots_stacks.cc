// Stacks. What V8 itself takes for roots is in the frames of JavaScript: from the frame in which JavaScript was left for C++
// (an exit frame) up to the one in which it was entered. The words of these frames are roots; those of C++ frames
// and of registers only may be references (what C++ code holds, it holds by handles).
#include <algorithm>
#include <optional>
#include <span>

#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr uint64_t kRedZone = 128;              // bytes below the stack pointer that x86-64 code may use
constexpr uint64_t kMostStackBytes = 64 << 20;  // of one thread
constexpr size_t kMostFrames = 1 << 20;         // and entries, against damaged stacks

// Frames on x64 (src/execution/frame-constants.h): [fp] the caller's fp, [fp + 8] the return address, [fp - 8] a context,
// which is a tagged pointer, or twice the frame's type. The types of entry frames are 1 and 2 in every version
// (src/execution/frames.h, STACK_FRAME_TYPE_LIST). An exit frame has at [fp - 16] the stack pointer with which it called C++.
constexpr uint64_t kEntryMarker = 2, kConstructEntryMarker = 4, kLastMarker = 2 * 64;
// An entry frame keeps the exit frame below it, if JavaScript was entered from C++ that JavaScript had called, in one of
// these words under its fp (EntryFrameConstants::kNextExitFrameFPOffset; behind the callee's saved registers).
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
  // The frames of JavaScript, the newest first. `isolate` are the words of the Isolate: one of them is the newest exit
  // frame (ThreadLocalTop::c_entry_fp_). When there is none, JavaScript may be running: then `fp` is in one of its frames.
  std::vector<Range> JavaScriptFrames(std::span<const uint64_t> isolate, Address fp) const {
    for (const uint64_t word : isolate) {
      if (!IsExitFrame(word)) continue;
      if (std::vector<Range> frames = Follow(word, word); !frames.empty()) return frames;
    }
    return Contains(fp) ? Follow(start_, fp) : std::vector<Range>();
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
  state.conservative = true;
  state.found = !builder->memory().Threads().empty();
  if (!state.found) state.problem = "the target has no threads";
  size_t unreadable = 0;
  for (const ThreadState& thread : builder->memory().Threads()) {
    if (builder->cancel().Cancelled()) return;
    const uint32_t label = builder->Label("thread " + std::to_string(thread.tid));
    for (const uint64_t word : thread.registers) builder->Add(0, word, RootGroup::kStacks, RootStrength::kMaybe, label);
    const Address sp = (thread.reg(Register::kRsp) - kRedZone) & ~Address{7};
    const Address end = StackEnd(builder->memory(), thread, sp);
    const std::vector<uint64_t> words = ReadWords(builder->memory(), sp, end > sp ? (end - sp) / 8 : 0);
    if (words.empty()) ++unreadable;
    const std::vector<Stack::Range> frames =
        Stack(sp, words).JavaScriptFrames(builder->words().words, thread.reg(Register::kRbp));
    const uint32_t frames_label = frames.empty() ? label : builder->Label("JavaScript frames of thread " + std::to_string(thread.tid));
    size_t at = 0;
    const auto add_up_to = [&](Address to, RootStrength strength, uint32_t with) {
      const size_t until = std::min<size_t>(words.size(), to > sp ? (to - sp) / 8 : 0);
      for (; at < until; ++at) {
        if (at % (1 << 16) == 0 && builder->cancel().Cancelled()) return;
        builder->Add(sp + 8 * at, words[at], RootGroup::kStacks, strength, with);
      }
    };
    for (const Stack::Range& range : frames) {
      add_up_to(range.begin, RootStrength::kMaybe, label);
      add_up_to(range.end, RootStrength::kStrong, frames_label);
    }
    add_up_to(end, RootStrength::kMaybe, label);
  }
  if (unreadable > 0) state.problem = "stacks of " + std::to_string(unreadable) + " threads cannot be read";
}

}  // namespace corewalk
