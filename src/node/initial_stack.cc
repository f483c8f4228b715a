#include "node/initial_stack.h"

#include <algorithm>

#include "node/memory_scan.h"
#include "node/node_limits.h"

namespace corewalk {
namespace {

// AT_* of the kernel's uapi/linux/auxvec.h.
constexpr uint64_t kAtRandom = 25;
constexpr uint64_t kMaxAuxType = 255;
constexpr int kMaxAuxEntries = 64;
constexpr Address kLowestPointer = 4096;

// Address of the first auxv entry, 0 when not found: the pair {AT_RANDOM, its value} marks the vector.
Address FindAuxv(const Memory& memory, Address hint, uint64_t random) {
  const Region* region = memory.RegionAt(hint);
  if (region == nullptr) return 0;
  // The vector lies below the 16 random bytes, with nothing but alignment between.
  constexpr uint64_t kWindow = 64 << 10;
  Address from = hint - std::min<uint64_t>(hint - region->start, kWindow);
  Block block(memory, (from + 7) & ~uint64_t{7}, hint - from);
  if (block.bytes().size() < 16) return 0;
  for (Address at = (block.end() - 16) & ~uint64_t{7}; at >= block.start() && at <= block.end(); at -= 8) {
    if (block.Word(at) != kAtRandom || block.Word(at + 8) != random) continue;
    for (int i = 0; i < kMaxAuxEntries; ++i) {
      // Before the first entry stands envp's NULL, and before that a pointer or another NULL.
      std::optional<uint64_t> type = memory.ReadWord(at - 16);
      if (!type || *type == 0 || *type > kMaxAuxType) return at;
      at -= 16;
    }
    return 0;
  }
  return 0;
}

}  // namespace

bool InitialStack::IsText(const Memory& memory, Address word) const {
  const Region* region = memory.RegionAt(auxv);
  return region != nullptr && word > auxv && region->contains(word);
}

std::optional<InitialStack> FindInitialStack(const Memory& memory) {
  std::optional<uint64_t> random = memory.Process().Auxv(kAtRandom);
  if (!random) return std::nullopt;
  InitialStack stack;
  stack.auxv = FindAuxv(memory, *random, *random);
  const Region* region = memory.RegionAt(*random);
  if (stack.auxv == 0 || region == nullptr) return std::nullopt;
  const uint64_t below = std::min<uint64_t>((stack.auxv - region->start) / 8, kNodeLimits.max_initial_stack_words);
  const Block block(memory, stack.auxv - below * 8, below * 8);
  if (block.bytes().size() != below * 8 || below < 3) return std::nullopt;
  if (block.Word(stack.auxv - 8) != 0u) return std::nullopt;

  // Downwards: pointers and NULLs, until the first word that is neither: argc.
  Address argc_at = stack.auxv - 16;
  std::optional<uint64_t> word;
  while ((word = block.Word(argc_at)) && (*word == 0 || *word >= kLowestPointer)) argc_at -= 8;
  if (!word) return std::nullopt;
  const uint64_t argc = *word;
  const Address argv_end = argc_at + 8 + 8 * argc;
  if (argv_end >= stack.auxv || block.Word(argv_end) != 0u) return std::nullopt;
  for (Address at = argc_at + 8; at < argv_end; at += 8) {
    const Address pointer = block.Word(at).value_or(0);
    if (!stack.IsText(memory, pointer)) return std::nullopt;
    stack.argv.push_back(pointer);
  }
  stack.envp_array = argv_end + 8;
  for (Address at = stack.envp_array; at < stack.auxv; at += 8) {
    const Address pointer = block.Word(at).value_or(0);
    if (pointer == 0) break;
    stack.envp.push_back(pointer);
  }
  return stack;
}

}  // namespace corewalk
