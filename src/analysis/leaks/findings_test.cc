#include "analysis/leaks/findings.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace corewalk {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;

bool Has(const std::vector<Finding>& findings, FindingKind kind) {
  return std::ranges::find(findings, kind, &Finding::kind) != findings.end();
}

Verdict Of(uint64_t live, uint64_t garbage, uint64_t external = 0) {
  Verdict verdict;
  verdict.totals = {.live_bytes = live, .external_bytes = external, .garbage_bytes = garbage};
  verdict.native_contexts = 1;
  return verdict;
}

TEST(Findings, AQuietHeapHasNone) {
  EXPECT_TRUE(FindFindings(Of(50 * kMegabyte, kMegabyte), {}).empty());
}

TEST(Findings, Garbage) {
  EXPECT_TRUE(Has(FindFindings(Of(30 * kMegabyte, 40 * kMegabyte), {}), FindingKind::kGarbage));
  EXPECT_FALSE(Has(FindFindings(Of(30 * kMegabyte, 10 * kMegabyte), {}), FindingKind::kGarbage))
      << "a quarter is usual";
  EXPECT_FALSE(Has(FindFindings(Of(3 * kMegabyte, 5 * kMegabyte), {}), FindingKind::kGarbage))
      << "as much as new space holds";
}

TEST(Findings, TheLimitIsTooSmallOnlyWhenNothingStandsOut) {
  const FindingFacts facts{.out_of_memory = true, .limit = 100 * kMegabyte};
  Verdict verdict = Of(95 * kMegabyte, kMegabyte);
  EXPECT_TRUE(Has(FindFindings(verdict, facts), FindingKind::kLimitTooSmall));
  EXPECT_FALSE(
      Has(FindFindings(verdict, {.out_of_memory = false, .limit = 100 * kMegabyte}), FindingKind::kLimitTooSmall));
  EXPECT_FALSE(Has(FindFindings(Of(40 * kMegabyte, kMegabyte), facts), FindingKind::kLimitTooSmall))
      << "it was not full";
  verdict.suspects.push_back({});
  EXPECT_FALSE(Has(FindFindings(verdict, facts), FindingKind::kLimitTooSmall));
}

TEST(Findings, FarFromTheLimit) {
  const FindingFacts facts{.limit = 4096 * kMegabyte};
  Verdict verdict = Of(20 * kMegabyte, kMegabyte);
  EXPECT_FALSE(Has(FindFindings(verdict, facts), FindingKind::kFarFromLimit)) << "nobody is accused";
  verdict.suspects.push_back({});
  EXPECT_TRUE(Has(FindFindings(verdict, facts), FindingKind::kFarFromLimit));
  EXPECT_FALSE(Has(FindFindings(verdict, {.limit = 100 * kMegabyte}), FindingKind::kFarFromLimit));
  EXPECT_FALSE(Has(FindFindings(verdict, {}), FindingKind::kFarFromLimit)) << "the limit is unknown";
  EXPECT_FALSE(Has(FindFindings(verdict, {.out_of_memory = true, .limit = 4096 * kMegabyte}), FindingKind::kFarFromLimit));
}

TEST(Findings, MemoryOutsideOfTheHeap) {
  EXPECT_TRUE(Has(FindFindings(Of(20 * kMegabyte, 0, 90 * kMegabyte), {}), FindingKind::kExternal));
  EXPECT_FALSE(Has(FindFindings(Of(20 * kMegabyte, 0, 18 * kMegabyte), {}), FindingKind::kExternal));
}

TEST(Findings, OneHugeObject) {
  Verdict verdict = Of(100 * kMegabyte, 0);
  verdict.suspects.push_back(
      {.kind = SuspectKind::kObject, .nodes = {1}, .retained_bytes = 80 * kMegabyte, .share = 0.8});
  EXPECT_TRUE(Has(FindFindings(verdict, {}), FindingKind::kOneObject));
  verdict.suspects[0].kind = SuspectKind::kCollection;
  EXPECT_FALSE(Has(FindFindings(verdict, {}), FindingKind::kOneObject));
}

TEST(Findings, ContextsAndIsolates) {
  Verdict verdict = Of(100 * kMegabyte, 0);
  verdict.native_contexts = 61;
  const std::vector<Finding> findings = FindFindings(verdict, {.isolate_bytes = std::vector<uint64_t>(12, kMegabyte)});
  ASSERT_TRUE(Has(findings, FindingKind::kContexts));
  EXPECT_EQ(std::ranges::find(findings, FindingKind::kContexts, &Finding::kind)->count, 60u)
      << "one is the program's own";
  EXPECT_TRUE(Has(findings, FindingKind::kIsolates));
}

TEST(Findings, AWorkerWithALargerHeapIsNamed) {
  const std::vector<Finding> findings =
      FindFindings(Of(10 * kMegabyte, 0), {.isolate_bytes = {20 * kMegabyte, kMegabyte, 30 * kMegabyte}});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, FindingKind::kLargerIsolate);
  EXPECT_EQ(findings[0].count, 2u);
  EXPECT_EQ(findings[0].bytes, 30 * kMegabyte);
  EXPECT_TRUE(FindFindings(Of(10 * kMegabyte, 0), {.isolate = 2, .isolate_bytes = {kMegabyte, kMegabyte, 2 * kMegabyte}}).empty());
}

}  // namespace
}  // namespace corewalk
