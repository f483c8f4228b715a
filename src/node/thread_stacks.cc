#include "node/thread_stacks.h"

#include <algorithm>
#include <array>
#include <optional>

#include "heap/stack_frames.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMostStack = uint64_t{1} << 32;

// The block of a thread as struct pthread says; guard and stack.
std::optional<ThreadStack> FromThreadPointer(const Memory& memory, Address thread_pointer, Address stack_pointer) {
  constexpr Address kFirst = 0x200, kLast = 0xa00;  // of struct pthread; 0x690 in glibc 2.36
  std::array<uint64_t, (kLast - kFirst) / 8> words;
  const size_t read = memory.Read(thread_pointer + kFirst, std::as_writable_bytes(std::span(words))) / 8;
  for (size_t i = 0; i + 1 < read; ++i) {
    const uint64_t block = words[i], size = words[i + 1];
    if (block % kPage != 0 || size % kPage != 0 || size < 4 * kPage || size > kMostStack) continue;
    if (stack_pointer < block || stack_pointer >= block + size) continue;
    if (thread_pointer < block || thread_pointer > block + size) continue;
    ThreadStack stack{.start = block, .end = block + size, .guard_start = block};
    const uint64_t guard = i + 2 < read ? words[i + 2] : 0;
    if (guard % kPage == 0 && guard < size && block + guard <= stack_pointer) stack.start = block + guard;
    return stack;
  }
  return std::nullopt;
}

// Whether another thread's stack is in the same mapping.
bool IsShared(std::span<const ThreadState> threads, const Region& region, int tid) {
  return std::ranges::any_of(
      threads, [&](const ThreadState& t) { return t.tid != tid && region.contains(t.reg(Register::kRsp)); });
}

}  // namespace

std::vector<ThreadStack> FindThreadStacks(const Memory& memory) {
  constexpr uint64_t kMostGuessed = 64 << 20;
  std::vector<ThreadStack> stacks;
  const std::span<const ThreadState> threads = memory.Threads();
  for (size_t i = 0; i < std::min(threads.size(), kNodeLimits.max_threads); ++i) {
    const ThreadState& thread = threads[i];
    const Address pointer = thread.reg(Register::kRsp), thread_pointer = thread.reg(Register::kFsBase);
    const Region* region = StackRegion(memory, pointer);
    if (region == nullptr) continue;
    ThreadStack stack{.start = region->start, .end = region->end, .guard_start = region->start};
    const bool is_main = thread.tid == memory.Process().pid;
    if (const auto told = is_main ? std::nullopt : FromThreadPointer(memory, thread_pointer, pointer)) {
      stack = *told;
    } else if (!is_main && (region->size() > kMostGuessed || IsShared(threads, *region, thread.tid))) {
      continue;
    }
    stack.tid = thread.tid;
    stack.is_main = is_main;
    stack.pointer = pointer;
    stacks.push_back(stack);
  }
  std::ranges::stable_sort(stacks, {}, &ThreadStack::start);
  const auto repeated = std::ranges::unique(stacks, {}, &ThreadStack::start);
  stacks.erase(repeated.begin(), repeated.end());
  return stacks;
}

}  // namespace corewalk
