#include "analysis/leaks/findings.h"

#include <algorithm>

namespace corewalk {
namespace {

constexpr uint64_t kLeastGarbage = 8 << 20;  // bytes; so much is normal between two collections of the young generation
constexpr double kMuchGarbage = 0.4;         // of the heap
constexpr uint64_t kLeastExternal = 16 << 20;  // bytes
constexpr double kMostOfTheHeap = 0.5;
constexpr double kNearlyFull = 0.85;  // of the limit
constexpr double kFarFromFull = 0.1;
constexpr uint64_t kManyContexts = 8;
constexpr uint64_t kManyIsolates = 8;

double ShareOf(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string_view FindingName(FindingKind kind) {
  static constexpr std::string_view kNames[] = {"garbage",    "limit_too_small", "far_from_limit", "external",
                                                "one_object", "contexts",        "isolates", "larger_isolate"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<Finding> FindFindings(const Verdict& verdict, const FindingFacts& facts) {
  std::vector<Finding> findings;
  const HeapTotals& totals = verdict.totals;
  const double garbage_share = ShareOf(totals.garbage_bytes, totals.live_bytes + totals.garbage_bytes);
  const bool much_garbage = totals.garbage_bytes >= kLeastGarbage && garbage_share >= kMuchGarbage;
  if (much_garbage)
    findings.push_back({.kind = FindingKind::kGarbage, .bytes = totals.garbage_bytes, .share = garbage_share});
  if (facts.out_of_memory && verdict.suspects.empty() && !much_garbage) {
    const double filled = facts.limit ? ShareOf(totals.live_bytes, *facts.limit) : 1;
    if (filled >= kNearlyFull)
      findings.push_back({.kind = FindingKind::kLimitTooSmall,
                          .bytes = totals.live_bytes,
                          .share = filled,
                          .limit = facts.limit.value_or(0)});
  }
  if (!facts.out_of_memory && !verdict.suspects.empty() && facts.limit && ShareOf(totals.live_bytes, *facts.limit) < kFarFromFull)
    findings.push_back({.kind = FindingKind::kFarFromLimit,
                        .bytes = totals.live_bytes,
                        .share = ShareOf(totals.live_bytes, *facts.limit),
                        .limit = *facts.limit});
  if (totals.external_bytes >= kLeastExternal && totals.external_bytes > totals.live_bytes) {
    findings.push_back({.kind = FindingKind::kExternal,
                        .bytes = totals.external_bytes,
                        .share = ShareOf(totals.external_bytes, totals.all_live())});
  }
  if (!verdict.suspects.empty()) {
    const Suspect& first = verdict.suspects[0];
    const bool one =
        first.kind == SuspectKind::kObject || (first.kind == SuspectKind::kStrings && first.nodes.size() == 1);
    if (one && first.share >= kMostOfTheHeap)
      findings.push_back(
          {.kind = FindingKind::kOneObject, .count = 1, .bytes = first.retained_bytes, .share = first.share});
  }
  // One is the program's own.
  if (verdict.native_contexts > kManyContexts)
    findings.push_back({.kind = FindingKind::kContexts,
                        .count = verdict.native_contexts - 1,
                        .bytes = verdict.context_bytes,
                        .share = ShareOf(verdict.context_bytes, totals.all_live())});
  const std::vector<uint64_t>& heaps = facts.isolate_bytes;
  if (heaps.size() >= kManyIsolates) findings.push_back({.kind = FindingKind::kIsolates, .count = heaps.size()});
  const auto largest = std::ranges::max_element(heaps);
  if (facts.isolate < heaps.size() && *largest > heaps[facts.isolate]) {
    findings.push_back({.kind = FindingKind::kLargerIsolate,
                        .count = static_cast<uint64_t>(largest - heaps.begin()),
                        .bytes = *largest});
  }
  return findings;
}

}  // namespace corewalk
