#include "heap/size_calibration.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "heap/object_size.h"
#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kMaxPages = 160;          // pages looked at in all
constexpr size_t kMaxSamplesOfKind = 256;  // distinct lengths; 1000 identical builtins must not decide
constexpr size_t kEnoughSamples = 3;
constexpr size_t kMaxAreaBytes = 1 << 20;

struct Votes {
  std::set<std::vector<uint64_t>> seen;  // the sizes all candidates gave: one vote for each different outcome
  std::vector<uint32_t> hits;
};

bool InRange(const SizeRuleCandidate& candidate, const V8Version& version) {
  if (!version.known()) return false;
  const V8Version line{version.major, version.minor};
  return line >= V8Version{candidate.first.major, candidate.first.minor} &&
         line <= V8Version{candidate.last.major, candidate.last.minor};
}

// The header that the binary exports, for the two kinds where it does.
bool MatchesBinary(const Layout& layout, const SizeRuleCandidate& candidate) {
  const LayoutConstant id = candidate.kind == SizeKind::kDescriptorArray ? LayoutConstant::kDescriptorArrayHeader
                            : candidate.kind == SizeKind::kBytecodeArray ? LayoutConstant::kBytecodeArrayHeader
                                                                         : LayoutConstant::kCount;
  return id != LayoutConstant::kCount && layout[id].source == LayoutSource::kBinary &&
         layout[id].value == candidate.rule.header;
}

class Calibrator {
 public:
  Calibrator(const Memory& memory, const Layout& layout) : memory_(memory), maps_(memory, layout) {
    for (size_t kind = 0; kind < votes_.size(); ++kind) {
      votes_[kind].hits.resize(SizeRuleCandidates(static_cast<SizeKind>(kind)).size());
    }
  }

  void LookAt(const Page& page) {
    const Address start = page.descriptor.area_start;
    const size_t wanted = std::min<uint64_t>(page.descriptor.area_end - start, kMaxAreaBytes);
    std::span<const std::byte> bytes = memory_.View(start, wanted);
    if (bytes.empty()) {
      buffer_.resize(wanted);
      bytes = std::span<const std::byte>(buffer_.data(), memory_.Read(start, buffer_));
    }
    const size_t size = bytes.size() & ~size_t{7};
    bytes = bytes.first(size);
    const bool whole = size == page.descriptor.area_end - start;
    for (uint64_t at = 0; at + 8 <= size;) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + at, 8);
      const MapCache::Slot* slot = maps_.Find(word);
      if (slot == nullptr) {
        at = NextMap(bytes, at + 8);
        continue;
      }
      at += slot->fixed_size ? slot->fixed_size : Judge(maps_.info(*slot), bytes.subspan(at), whole);
    }
  }

  void Choose(Layout* layout) const {
    for (size_t kind = 1; kind < votes_.size(); ++kind) {
      const std::span<const SizeRuleCandidate> candidates = SizeRuleCandidates(static_cast<SizeKind>(kind));
      if (candidates.empty()) continue;
      const Votes& votes = votes_[kind];
      SizeRuleChoice choice;
      choice.samples = static_cast<uint32_t>(votes.seen.size());
      const uint32_t most = std::ranges::max(votes.hits);
      // Among the rules with the most hits: the binary's, then the one seen in this V8 line, then the most usual.
      size_t best = 0;
      int best_rank = -1;
      for (size_t i = 0; i < candidates.size(); ++i) {
        if (votes.hits[i] != most) continue;
        const int rank = 2 * MatchesBinary(*layout, candidates[i]) + InRange(candidates[i], layout->version);
        if (rank > best_rank) best = i, best_rank = rank;
      }
      choice.hits = most;
      if (choice.samples >= kEnoughSamples && 2 * most < choice.samples) {
        // Nothing fits: let objects end where the next one starts (checked by the walk), and say so.
        choice.source = LayoutSource::kAssumed;
      } else {
        choice.rule = candidates[best].rule;
        choice.name = candidates[best].name;
        choice.source = most > 0         ? LayoutSource::kCalibrated
                        : best_rank >= 2 ? LayoutSource::kBinary
                        : best_rank >= 1 ? LayoutSource::kTable
                                         : LayoutSource::kAssumed;
      }
      layout->rules[kind] = choice;
    }
  }

 private:
  uint64_t NextMap(std::span<const std::byte> bytes, uint64_t at) {
    for (; at + 8 <= bytes.size(); at += 8) {
      uint64_t word;
      std::memcpy(&word, bytes.data() + at, 8);
      if (maps_.IsValidMapWord(word)) break;
    }
    return at;
  }

  bool EndsWell(std::span<const std::byte> bytes, uint64_t size, bool whole) {
    if (size == bytes.size()) return whole;
    if (size + 8 > bytes.size()) return false;
    uint64_t next;
    std::memcpy(&next, bytes.data() + size, 8);
    return maps_.IsValidMapWord(next);
  }

  // Votes on the object at the start of `bytes` and returns how far to go on.
  uint64_t Judge(const MapInfo& map, std::span<const std::byte> bytes, bool whole) {
    const std::span<const SizeRuleCandidate> candidates = SizeRuleCandidates(map.size_kind);
    Votes& votes = votes_[static_cast<size_t>(map.size_kind)];
    std::vector<uint64_t>& sizes = sizes_;  // kept: this is called once per object
    sizes.clear();
    for (const SizeRuleCandidate& candidate : candidates) {
      const uint64_t size = SizeByRule(candidate.rule, map, bytes, memory_);
      sizes.push_back(size != 0 && EndsWell(bytes, size, whole) ? size : 0);
    }
    // Where the rules agree nothing is decided; where none leads anywhere the object may be stale.
    const bool any = std::ranges::any_of(sizes, [](uint64_t s) { return s != 0; });
    if (any && votes.seen.size() < kMaxSamplesOfKind && votes.seen.insert(sizes).second) {
      // "To the next map" (no formula) gets no vote of its own: it is what remains when no formula fits.
      for (size_t i = 0; i < sizes.size(); ++i) votes.hits[i] += sizes[i] != 0;
    }
    // Go on with the rule that has proved itself most so far.
    uint64_t step = 0;
    uint32_t trust = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      if (sizes[i] != 0 && (step == 0 || votes.hits[i] > trust)) step = sizes[i], trust = votes.hits[i];
    }
    return step != 0 ? step : NextMap(bytes, 8);
  }

  const Memory& memory_;
  MapCache maps_;
  std::vector<std::byte> buffer_;
  std::vector<uint64_t> sizes_;
  std::array<Votes, static_cast<size_t>(SizeKind::kCount)> votes_;
};

}  // namespace

void CalibrateSizes(const Memory& memory, std::span<const Page* const> pages, Layout* layout, const Cancel& cancel) {
  // A few pages of every space tell more than many of one.
  std::map<std::pair<Address, SpaceKind>, std::vector<const Page*>> by_space;
  for (const Page* page : pages) {
    if (page->space == SpaceKind::kNew) continue;  // holds stale objects behind the allocation top
    by_space[{page->descriptor.owner, page->space}].push_back(page);
  }
  Calibrator calibrator(memory, *layout);
  size_t looked_at = 0;
  for (size_t round = 0; looked_at < kMaxPages; ++round) {
    bool any = false;
    for (const auto& [space, list] : by_space) {
      if (round >= list.size() || looked_at >= kMaxPages) continue;
      if (cancel.Cancelled()) break;
      // First, last, and then evenly from the middle: the oldest pages hold the builtins, the newest the application.
      const size_t at = round == 0 ? 0 : round == 1 ? list.size() - 1 : (round * 7919) % list.size();
      calibrator.LookAt(*list[at]);
      ++looked_at;
      any = true;
    }
    if (!any) break;
  }
  calibrator.Choose(layout);
}

}  // namespace corewalk
