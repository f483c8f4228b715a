#include "node/signal_origin.h"

#include <algorithm>
#include <optional>

#include "heap/stack_frames.h"
#include "node/memory_scan.h"

namespace corewalk {
namespace {

constexpr int kSigBus = 7, kSigSegv = 11;
constexpr int kFromKill = 0, kFromSigqueue = -1, kFromTkill = -6, kFromKernel = 128;  // si_code

// struct rt_sigframe: the return address, then a ucontext, then the siginfo_t.
constexpr uint64_t kFrameStackPointer = 8 + 160, kFramePc = 8 + 168, kFrameInfo = 8 + 304;
constexpr uint64_t kInfoCode = 8, kInfoAddress = 16;
constexpr uint64_t kMostSaved = 16 << 10;  // the frame and the processor's state

// A signal frame does not fit here any more, with what AVX-512 adds.
constexpr uint64_t kNoRoom = 8 << 10;
// The main thread's stack grows as it is used, so that its pointer may always be near its end; this is as far as it grows on
// most machines (8 MB), less what the arguments take.
constexpr uint64_t kMostStack = 7 << 20;
constexpr uint64_t kMostBelow = 1 << 20;  // where a frame that did not fit may have been written

struct Info {
  int code = 0;
  int sender = 0;
  Address address = 0;
};

// The handler raises the signal anew while it is blocked: the process dies as soon as the handler has returned, at the very
// place where it was interrupted. What the kernel wrote for the handler then lies just below the stack pointer; where that
// had left its own stack, in whatever is mapped there.
std::optional<Info> HandledSignal(const Memory& memory, const ThreadState& thread, int signal) {
  const Address sp = thread.reg(Register::kRsp), begin = (std::max(sp, kMostSaved) - kMostSaved) & ~Address{7};
  for (const Region& region : memory.Regions()) {
    const Address from = std::max(begin, region.start), to = std::min(sp, region.present_end);
    if (from >= to) continue;
    const Block stack(memory, from, to - from);
    for (Address at = stack.start(); stack.Has(at, kFrameInfo + 32); at += 8) {
      const Address info = at + kFrameInfo;
      if (*stack.Word(info) != static_cast<uint64_t>(signal)) continue;  // with si_errno, which is 0
      if (*stack.Word(at + kFrameStackPointer) != sp || *stack.Word(at + kFramePc) != thread.reg(Register::kRip)) continue;
      Info found{.code = static_cast<int>(static_cast<uint32_t>(*stack.Word(info + kInfoCode)))};
      if (found.code > 0) found.address = *stack.Word(info + kInfoAddress);
      if (found.code <= 0) found.sender = static_cast<int>(static_cast<uint32_t>(*stack.Word(info + kInfoAddress)));
      return found;
    }
  }
  return std::nullopt;
}

bool StackIsFull(const Memory& memory, const ThreadState& thread, bool main, Address fault) {
  const Address sp = thread.reg(Register::kRsp);
  const Region* stack = StackRegion(memory, sp);
  if (stack == nullptr || !stack->writable) return false;
  if (fault != 0) return fault < stack->start && stack->start - fault <= kMostBelow && sp < stack->start + kNoRoom;
  if (sp < stack->start) return true;
  return sp - stack->start < kNoRoom && (!main || stack->end - stack->start >= kMostStack);
}

}  // namespace

SignalOrigin FindSignalOrigin(const Memory& memory) {
  using From = SignalOrigin::From;
  SignalOrigin origin;
  const ProcessInfo& process = memory.Process();
  if (process.signal == 0 || !process.signal_code_known || memory.Threads().empty()) return origin;
  const ThreadState& thread = memory.Threads()[0];
  const bool access = process.signal == kSigSegv || process.signal == kSigBus;
  Info info{.code = process.signal_code, .sender = process.sender_pid, .address = process.fault_address};
  if (access && info.code == kFromTkill && info.sender == process.pid) {
    const std::optional<Info> handled = HandledSignal(memory, thread, process.signal);
    if (handled) info = *handled;
  }
  if (info.code > 0) {
    origin.from = From::kFault;
    if (access) origin.fault_address = info.address;
    // A signal for which there is no room on the stack cannot be handled: the kernel says so without an address.
    const bool placed = info.code != kFromKernel && info.address != 0;
    origin.stack_overflow = process.signal == kSigSegv && StackIsFull(memory, thread, thread.tid == process.pid, placed ? info.address : 0);
    return origin;
  }
  origin.sender = std::max(info.sender, 0);
  origin.itself = origin.sender != 0 && origin.sender == process.pid;
  if (info.code == kFromTkill && origin.itself) {
    origin.from = From::kRaised;
  } else if (info.code == kFromKill || info.code == kFromSigqueue || info.code == kFromTkill) {
    origin.from = From::kSent;
  }
  return origin;
}

}  // namespace corewalk
