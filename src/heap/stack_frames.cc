#include "heap/stack_frames.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kRedZone = 128;              // bytes below the stack pointer that x86-64 code may use
constexpr uint64_t kMostStackBytes = 64 << 20;  // of one thread
constexpr size_t kMostFrames = 1 << 20;         // and entries, against damaged stacks

constexpr uint64_t kConstructEntryMarker = 4, kLastMarker = 2 * 64;
// An entry frame keeps the exit frame below it, if JavaScript was entered from C++ that JavaScript had called, in one
// of these words under its fp (EntryFrameConstants::kNextExitFrameFPOffset; behind the callee's saved registers).
constexpr size_t kEntryWords = 16;

// Where the stack that `sp` points into ends.
Address StackEnd(const Memory& memory, const ThreadState& thread, Address sp) {
  const Region* region = StackRegion(memory, sp);
  if (region == nullptr) return sp;
  Address end = region->present_end;
  // glibc keeps the thread's own struct at the top of the stack it allocates; another mapping may follow at once.
  const Address fs_base = thread.reg(Register::kFsBase);
  if (fs_base > sp && fs_base < end) end = fs_base;
  return std::min(end, sp + kMostStackBytes);
}

class Chain {
 public:
  explicit Chain(const StackWords& stack) : stack_(stack) {}

  struct Found {
    std::vector<JavaScriptFrames::Range> ranges;
    std::vector<StackFrame> frames;
    bool cut = false;
  };

  // The caller's fp; 0 when there is none further up the stack.
  Address CallerOf(Address fp) const {
    const Address caller = stack_.At(fp);
    return caller > fp && stack_.Contains(caller) && stack_.Contains(caller - 8) ? caller : 0;
  }
  bool IsExitFrame(Address fp) const {
    if (!stack_.Contains(fp) || !stack_.Contains(fp - 16) || !stack_.Contains(fp + 8)) return false;
    const uint64_t marker = stack_.At(fp - 8), sp = stack_.At(fp - 16);
    return (marker & 1) == 0 && marker > kConstructEntryMarker && marker <= kLastMarker && stack_.Contains(sp) &&
           sp < fp && CallerOf(fp) != 0;
  }

  // From a frame whose lowest word is at `begin` up to the entry frame, and on where JavaScript called what entered it.
  // Nothing when the first stretch leads to no entry frame, unless `partly`.
  Found Follow(Address begin, StackFrame first, bool partly) const {
    Found found;
    StackFrame frame = first;
    for (size_t steps = 0; steps < kMostFrames; ++steps) {
      found.frames.push_back(frame);
      const Address fp = CallerOf(frame.fp);
      if (fp == 0) {
        found.cut = true;
        if (found.ranges.empty() && !partly) return {};
        if (begin < frame.fp && partly) found.ranges.push_back({begin, frame.fp});
        return found;
      }
      frame = {.fp = fp, .pc = stack_.At(frame.fp + 8)};
      if (!IsEntryMarker(stack_.At(fp - 8))) continue;
      found.ranges.push_back({begin, fp});
      found.frames.push_back(frame);
      const Address next = NextExit(fp);
      if (next == 0) return found;
      begin = next;
      frame = {.fp = next};
    }
    found.cut = true;
    return found;
  }

 private:
  Address NextExit(Address entry) const {
    for (size_t i = kEntryWords; i >= 2; --i) {
      const Address saved = stack_.At(entry - 8 * i);
      if (saved > entry && IsExitFrame(saved)) return saved;
    }
    return 0;
  }

  const StackWords& stack_;
};

JavaScriptFrames Told(Chain::Found found, bool of_isolate, bool running) {
  return {std::move(found.ranges), std::move(found.frames), of_isolate, running, found.cut};
}

bool IsExecutable(const Memory& memory, Address address) {
  const Region* region = memory.RegionAt(address);
  return region != nullptr && region->executable;
}

// The frame of JavaScript that called a C function without an exit frame: the Isolate keeps its fp and, in the next word,
// where it goes on (src/execution/isolate-data.h).
std::optional<StackFrame> FastCall(const Memory& memory, const StackWords& stack, const Chain& chain,
                                   std::span<const uint64_t> isolate) {
  for (size_t i = 0; i < isolate.size(); ++i) {
    if (!stack.Contains(isolate[i]) || chain.CallerOf(isolate[i]) == 0 || chain.IsExitFrame(isolate[i])) continue;
    for (const size_t neighbour : {i - 1, i + 1}) {
      if (neighbour < isolate.size() && !stack.Contains(isolate[neighbour]) && IsExecutable(memory, isolate[neighbour]))
        return StackFrame{.fp = isolate[i], .pc = isolate[neighbour]};
    }
  }
  return std::nullopt;
}

}  // namespace

const Region* StackRegion(const Memory& memory, Address sp) {
  constexpr uint64_t kMostBelow = 1 << 20;  // what Linux keeps free below a stack (stack_guard_gap, mm/mmap.c)
  const Region* region = memory.RegionAt(sp);
  if (region != nullptr && region->writable) return region;  // a guard page is not
  const std::span<const Region> regions = memory.Regions();
  auto above = std::ranges::upper_bound(regions, sp, {}, &Region::start);
  while (above != regions.end() && !above->writable && above->start - sp <= kMostBelow) ++above;
  if (above == regions.end() || above->start - sp > kMostBelow || above->present_end == above->start) return region;
  return &*above;
}

StackWords ReadStack(const Memory& memory, const ThreadState& thread) {
  const Address sp = thread.reg(Register::kRsp);
  StackWords stack{.start = (sp - kRedZone) & ~Address{7}, .words = {}};
  if (const Region* region = StackRegion(memory, sp)) stack.start = std::max(stack.start, region->start);
  const Address end = StackEnd(memory, thread, std::max(stack.start, sp & ~Address{7}));
  stack.words = ReadWords(memory, stack.start, end > stack.start ? (end - stack.start) / 8 : 0);
  return stack;
}

JavaScriptFrames FindJavaScriptFrames(const Memory& memory, const ThreadState& thread, const StackWords& stack,
                                      std::span<const uint64_t> isolate) {
  const Chain chain(stack);
  const Address fp = thread.reg(Register::kRbp);
  Chain::Found running;
  if (stack.Contains(fp))
    running = chain.Follow(stack.start, {.fp = fp, .pc = thread.reg(Register::kRip), .returns = false}, false);
  if (const std::optional<StackFrame> caller = FastCall(memory, stack, chain, isolate)) {
    Chain::Found fast = chain.Follow(stack.start, *caller, false);
    if (!fast.ranges.empty() && (running.ranges.empty() || fast.ranges.front().end <= running.ranges.front().end))
      running = std::move(fast);
  }
  for (const bool partly : {false, true}) {
    for (const uint64_t word : isolate) {
      if (!chain.IsExitFrame(word)) continue;
      Chain::Found frames = chain.Follow(word, {.fp = word}, partly);
      if (frames.ranges.empty()) continue;
      // JavaScript that ran below an exit frame was entered from there, which its entry frame has kept. A frame of C++ in
      // which a local variable reads like the mark of an entry frame leads no further.
      const bool older = running.ranges.size() > 1 && running.ranges.front().end < word;
      return Told(older ? std::move(running) : std::move(frames), true, older);
    }
    if (!running.ranges.empty()) break;
  }
  return Told(std::move(running), false, true);
}

}  // namespace corewalk
