#include "node/memory_scan.h"

#include <algorithm>

#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr size_t kBlockBytes = 8 << 20;

const FileMapping* MappingAt(const Memory& memory, Address address) {
  auto mappings = memory.FileMappings();
  auto next = std::ranges::upper_bound(mappings, address, {}, &FileMapping::start);
  if (next == mappings.begin()) return nullptr;
  const FileMapping& mapping = *std::prev(next);
  return address < mapping.end ? &mapping : nullptr;
}

bool HoldsStack(const Memory& memory, const Region& region) {
  return std::ranges::any_of(memory.Threads(),
                             [&](const ThreadState& t) { return region.contains(t.reg(Register::kRsp)); });
}

// [start, end) without the excluded ranges, which are sorted.
std::vector<AddressRange> Subtract(Address start, Address end, std::span<const AddressRange> excluded) {
  std::vector<AddressRange> parts;
  auto it = std::ranges::lower_bound(excluded, start, {}, &AddressRange::first);
  if (it != excluded.begin()) --it;
  for (; it != excluded.end() && it->first < end; ++it) {
    if (it->second <= start) continue;
    if (it->first > start) parts.emplace_back(start, it->first);
    start = std::max(start, it->second);
    if (start >= end) return parts;
  }
  if (start < end) parts.emplace_back(start, end);
  return parts;
}

// Sorted and merged, so that a search by start meets every range that matters.
std::vector<AddressRange> Normalize(std::span<const AddressRange> ranges) {
  std::vector<AddressRange> sorted(ranges.begin(), ranges.end());
  std::ranges::sort(sorted);
  std::vector<AddressRange> merged;
  for (const AddressRange& range : sorted) {
    if (range.first >= range.second) continue;
    if (!merged.empty() && range.first <= merged.back().second) {
      merged.back().second = std::max(merged.back().second, range.second);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

}  // namespace

Block::Block(const Memory& memory, Address start, size_t size) : start_(start) {
  const Region* region = memory.RegionAt(start);
  if (region == nullptr || start >= region->present_end) return;
  size = std::min<uint64_t>(size, region->present_end - start);
  bytes_ = memory.View(start, size);
  if (!bytes_.empty()) return;
  copy_.resize(size);
  copy_.resize(memory.Read(start, copy_));
  bytes_ = copy_;
}

bool ScanMemory(const Memory& memory, ScanArea area, std::span<const AddressRange> excluded, size_t budget,
                size_t overlap, const std::function<bool(const Block&)>& visit) {
  const std::vector<AddressRange> holes = Normalize(excluded);
  Address static_end = 0;  // end of the last writable mapping of a file
  for (const Region& region : memory.Regions()) {
    const bool of_file = MappingAt(memory, region.start) != nullptr;
    const bool bss = !of_file && static_end != 0 && region.start == static_end;
    if (of_file && region.writable) static_end = region.end;
    if (!region.writable || !region.readable || region.present_end <= region.start) continue;
    const bool is_static = of_file || bss;
    if (is_static != (area == ScanArea::kStaticData)) continue;
    if (!is_static && HoldsStack(memory, region)) continue;
    for (const auto& [start, end] : Subtract(region.start, region.present_end, holes)) {
      for (Address at = start; at < end;) {
        if (budget == 0) return false;
        Block block(memory, at, std::min<uint64_t>({kBlockBytes, end - at, budget}));
        if (block.bytes().empty()) break;
        if (visit(block)) return true;
        budget -= std::min(budget, block.bytes().size());
        if (block.end() >= end || block.bytes().size() <= overlap) break;
        at = block.end() - overlap;
      }
    }
  }
  return false;
}

std::string ReadText(const Memory& memory, Address address, size_t limit, bool* whole) {
  std::string text;
  char chunk[256];
  if (whole != nullptr) *whole = false;
  while (text.size() < limit) {
    size_t want = std::min(sizeof(chunk), limit - text.size());
    size_t got = memory.Read(address + text.size(), std::as_writable_bytes(std::span(chunk, want)));
    if (got == 0) break;
    if (const void* nul = std::memchr(chunk, 0, got)) {
      text.append(chunk, static_cast<const char*>(nul) - chunk);
      if (whole != nullptr) *whole = true;
      break;
    }
    text.append(chunk, got);
    if (got < want) break;
  }
  return text;
}

std::optional<std::string> ReadLiteral(const Memory& memory, const ImageReader& image, Address address) {
  // One byte more in front: a pointer into the middle of a longer text is no literal.
  char buffer[kNodeLimits.max_literal_bytes + 1];
  auto bytes = std::as_writable_bytes(std::span(buffer));
  if (address == 0) return std::nullopt;
  size_t got = memory.Read(address - 1, bytes);
  if (got < sizeof(buffer) && image) got = std::max(got, image(address - 1, bytes));
  if (got < 4 || buffer[0] != 0) return std::nullopt;
  size_t length = 0;
  while (length + 1 < got && buffer[length + 1] >= ' ' && buffer[length + 1] <= '~') ++length;
  if (length < 2 || length + 1 >= got || buffer[length + 1] != 0) return std::nullopt;
  return std::string(buffer + 1, length);
}

bool InReadOnlyImage(const Memory& memory, Address address) {
  if (MappingAt(memory, address) == nullptr) return false;
  const Region* region = memory.RegionAt(address);
  return region == nullptr || !region->writable;
}

}  // namespace corewalk
