#include "memory/residency.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "memory/used_pages.h"

namespace corewalk {
namespace {

constexpr uint64_t kPage = 4096;

bool IsZero(const std::byte* page) {
  std::array<uint64_t, kPage / 8> words;
  std::memcpy(words.data(), page, kPage);
  uint64_t any = 0;
  for (const uint64_t word : words) any |= word;
  return any == 0;
}

// Mappings of files whose pages are in a core for other reasons than that they were resident; by rising address,
// disjoint.
std::vector<std::pair<Address, Address>> ReadOnlyFiles(const Memory& memory) {
  std::vector<const FileMapping*> mappings;
  for (const FileMapping& mapping : memory.FileMappings()) {
    if (mapping.start < mapping.end) mappings.push_back(&mapping);
  }
  std::ranges::stable_sort(mappings, {}, &FileMapping::start);
  const auto is_writable = [&](Address address) {
    const Region* region = memory.RegionAt(address);
    return region != nullptr && region->writable;
  };
  std::vector<std::pair<Address, Address>> files;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const FileMapping& mapping = *mappings[i];
    if (is_writable(mapping.start)) continue;
    // Data that the loader wrote and then protected (PT_GNU_RELRO) stand right in front of the writable data.
    if (i + 1 < mappings.size() && mappings[i + 1]->start == mapping.end && mappings[i + 1]->path == mapping.path &&
        is_writable(mapping.end)) {
      continue;
    }
    const Address start = files.empty() ? mapping.start : std::max(mapping.start, files.back().second);
    if (start < mapping.end) files.emplace_back(start, mapping.end);
  }
  return files;
}

// Gives `add` the parts of rising, disjoint [start, end) that are in none of `excluded`.
class Outside {
 public:
  explicit Outside(std::vector<std::pair<Address, Address>> excluded) : excluded_(std::move(excluded)) {}
  template <typename Add>
  void Each(Address start, Address end, const Add& add) const {
    auto next = std::ranges::upper_bound(excluded_, start, {}, &std::pair<Address, Address>::second);
    for (; start < end; ++next) {
      const Address stop = next == excluded_.end() ? end : std::min(end, next->first);
      if (stop > start) add(start, stop);
      if (next == excluded_.end()) return;
      start = std::max(start, next->second);
    }
  }

 private:
  std::vector<std::pair<Address, Address>> excluded_;
};

}  // namespace

uint64_t Residency::Below(Address address) const {
  const auto after = std::ranges::upper_bound(ranges_, address, {}, &Range::start);
  if (after == ranges_.begin()) return 0;
  const Range& range = *std::prev(after);
  return range.before + std::min(address, range.end) - range.start;
}

void Residency::Add(Address start, Address end) {
  if (end <= start) return;
  if (!ranges_.empty() && start < ranges_.back().end) return;  // sources are sorted; what is not would count twice
  if (!ranges_.empty() && start == ranges_.back().end) {
    ranges_.back().end = end;
    return;
  }
  ranges_.push_back({start, end, total()});
}

Residency Residency::Find(const Memory& memory, const Cancel& cancel, const ProgressFunction& progress) {
  constexpr size_t kWindow = 4 << 20;
  Residency result;
  const auto* teller = dynamic_cast<const TellsUsedPages*>(&memory);
  const UsedPages used = teller != nullptr ? teller->FindUsedPages() : UsedPages();
  result.swapped_ = used.swapped_bytes;
  if (used.source != UsedPages::Source::kUnknown) {
    result.source_ = used.source == UsedPages::Source::kPagemap ? Source::kPagemap : Source::kFileHoles;
    result.ranges_.reserve(used.ranges.size());
    const Outside outside(result.source_ == Source::kPagemap ? std::vector<std::pair<Address, Address>>()
                                                             : ReadOnlyFiles(memory));
    for (const auto& [start, end] : used.ranges)
      outside.Each(start, end, [&](Address from, Address to) { result.Add(from, to); });
    return result;
  }
  const Outside outside(ReadOnlyFiles(memory));
  result.source_ = Source::kZeroPages;
  std::vector<std::pair<Address, Address>> present;
  uint64_t total = 0, done = 0;
  for (const Region& region : memory.Regions()) {
    outside.Each(region.start, region.present_end, [&](Address start, Address end) {
      present.emplace_back(start, end);
      total += end - start;
    });
  }
  std::vector<std::byte> buffer;
  for (const auto& [start, end] : present) {
    for (Address at = start; at < end;) {
      if (cancel.Cancelled()) return result;
      if (progress) progress("looking for touched pages", done, total);
      const size_t wanted = std::min<uint64_t>(kWindow, end - at);
      std::span<const std::byte> bytes = memory.View(at, wanted);
      if (bytes.empty()) {
        buffer.resize(wanted);
        bytes = std::span<const std::byte>(buffer).first(memory.Read(at, buffer));
      }
      for (size_t offset = 0; offset + kPage <= bytes.size(); offset += kPage) {
        if (!IsZero(bytes.data() + offset)) result.Add(at + offset, at + offset + kPage);
      }
      const size_t rest = bytes.size() % kPage;
      if (rest != 0 && std::ranges::any_of(bytes.last(rest), [](std::byte b) { return b != std::byte{0}; }))
        result.Add(at + bytes.size() - rest, at + bytes.size());
      // What cannot be read is not there; on with the next page.
      const uint64_t step = bytes.size() == wanted ? wanted : bytes.size() / kPage * kPage + kPage;
      at += step, done += step;
    }
  }
  return result;
}

}  // namespace corewalk
