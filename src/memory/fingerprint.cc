#include "memory/fingerprint.h"

#include <algorithm>
#include <array>

#include "base/hash_bytes.h"

namespace corewalk {
namespace {

constexpr uint64_t kSamples = 256;
constexpr size_t kSampleBytes = 4096;

}  // namespace

uint64_t ContentFingerprint(const Memory& memory) {
  std::vector<uint64_t> words;
  uint64_t present = 0;
  for (const Region& region : memory.Regions()) {
    const uint64_t flags = region.readable + 2 * region.writable + 4 * region.executable;
    words.insert(words.end(), {region.start, region.end, region.present_end, flags});
    present += region.present_end - region.start;
  }
  for (const ThreadState& thread : memory.Threads()) {
    words.push_back(static_cast<uint64_t>(thread.tid));
    words.insert(words.end(), thread.registers.begin(), thread.registers.end());
  }
  memory.Advise(AccessPattern::kRandom);
  std::array<std::byte, kSampleBytes> sample;
  const uint64_t distance = std::max<uint64_t>(present / kSamples / kSampleBytes * kSampleBytes, kSampleBytes);
  uint64_t next = 0;  // bytes of present memory in front of the next sample
  uint64_t before = 0;
  for (const Region& region : memory.Regions()) {
    const uint64_t size = region.present_end - region.start;
    for (; next < before + size; next += distance) {
      const size_t read = memory.Read(region.start + (next - before), sample);
      words.push_back(HashBytes(std::span(sample).first(read)));
    }
    before += size;
  }
  memory.Advise(AccessPattern::kNormal);
  return HashBytes(std::as_bytes(std::span(words)));
}

}  // namespace corewalk
