#include "heap/object_size.h"

#include <gtest/gtest.h>

#include <random>

#include "layout/size_rule.h"
#include "memory/fake_memory.h"

namespace corewalk {
namespace {

// The first words of an object in a roomy area.
struct Words {
  std::vector<uint64_t> words = std::vector<uint64_t>(1 << 12);
  Words& Set(size_t offset, uint64_t value) { return words[offset / 8] = value, *this; }
  Words& Smi(size_t offset, int32_t value) { return Set(offset, uint64_t{static_cast<uint32_t>(value)} << 32); }
  Words& Int(size_t offset, uint32_t value) {
    std::memcpy(reinterpret_cast<char*>(words.data()) + offset, &value, 4);
    return *this;
  }
};

SizeRule Rule(SizeKind kind, std::string_view name) {
  for (const SizeRuleCandidate& candidate : SizeRuleCandidates(kind)) {
    if (candidate.name == name) return candidate.rule;
  }
  ADD_FAILURE() << "no rule " << name;
  return {};
}

uint64_t Size(SizeKind kind, std::string_view name, const Words& words, uint8_t map_byte_9 = 0) {
  const FakeMemory memory;
  MapInfo map;
  map.in_object_start = map_byte_9;
  return SizeByRule(Rule(kind, name), map, std::as_bytes(std::span(words.words)), memory);
}

TEST(ObjectSize, OneExamplePerFormula) {
  EXPECT_EQ(Size(SizeKind::kArray, "16+8n", Words().Smi(8, 5)), 56u);
  EXPECT_EQ(Size(SizeKind::kArray, "16+8n", Words()), 16u);
  EXPECT_EQ(Size(SizeKind::kByteArray, "16+n", Words().Smi(8, 5)), 24u);
  EXPECT_EQ(Size(SizeKind::kSeqOneByteString, "16+n", Words().Int(12, 9)), 32u);
  EXPECT_EQ(Size(SizeKind::kSeqTwoByteString, "16+2n", Words().Int(12, 9)), 40u);
  EXPECT_EQ(Size(SizeKind::kBigInt, "16+8n", Words().Int(8, 2 * 3 + 1)), 40u);     // bit 0 is the sign
  EXPECT_EQ(Size(SizeKind::kContext, "16+8n", Words().Smi(8, 4 | 1 << 30)), 48u);  // bit 30 is a flag in 7.9
  EXPECT_EQ(Size(SizeKind::kPropertyArray, "16+8n", Words().Smi(8, 0x12340 << 10 | 3)), 40u);  // and a hash
  EXPECT_EQ(Size(SizeKind::kDescriptorArray, "24+24n", Words().Set(8, 2)), 72u);
  EXPECT_EQ(Size(SizeKind::kFreeSpace, "bytes", Words().Smi(8, 48)), 48u);
  EXPECT_EQ(Size(SizeKind::kFreeSpace, "words", Words().Smi(8, 6)), 48u);
  EXPECT_EQ(Size(SizeKind::kBytecodeArray, "54+n", Words().Smi(8, 3)), 64u);
  EXPECT_EQ(Size(SizeKind::kFeedbackVector, "48+8n@32", Words().Int(32, 2)), 64u);
  EXPECT_EQ(Size(SizeKind::kFeedbackMetadata, "16+4*ceil(n/6)", Words().Int(8, 7)), 24u);
  EXPECT_EQ(Size(SizeKind::kFeedbackMetadata, "16+4*ceil(n/6)+2m", Words().Int(8, 7).Int(12, 3)), 32u);
  EXPECT_EQ(Size(SizeKind::kPreparseData, "16+n+8m", Words().Int(8, 3).Int(12, 2)), 40u);
  EXPECT_EQ(Size(SizeKind::kFixedTypedArray4, "32+4n", Words().Smi(8, 3)), 32u);  // outside the heap
  EXPECT_EQ(Size(SizeKind::kFixedTypedArray4, "32+4n", Words().Smi(8, 3).Set(16, 1)), 48u);
  EXPECT_EQ(Size(SizeKind::kCode, "32|64+r8(n)", Words().Int(40, 33)), 128u);
  EXPECT_EQ(Size(SizeKind::kCode, "64|128+n+m", Words().Int(40, 60).Int(44, 5)), 256u);
  EXPECT_EQ(Size(SizeKind::kInstructionStream, "64|32+n", Words().Int(24, 33)), 128u);
  EXPECT_EQ(Size(SizeKind::kDoubleStringCache, "16+16n", Words().Int(8, 2)), 48u);
  EXPECT_EQ(Size(SizeKind::kWasmStruct, "map byte 9", Words(), 4), 32u);
  EXPECT_EQ(Size(SizeKind::kWasmArray, "20+esize*n", Words().Int(16, 3), 4), 32u);
  EXPECT_EQ(Size(SizeKind::kUnknown, "to the next map", Words()), 0u);
}

TEST(ObjectSize, ScopeInfo) {
  // Two locals, a function variable and an outer scope.
  const uint32_t flags = 1 << 12 | 1 << 22 | 4;
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 10.1-11.8", Words().Smi(8, flags).Smi(24, 2)), 8u * (4 + 4 + 2 + 2 + 1));
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 12.9+", Words().Set(8, flags).Smi(24, 2)), 8u * (4 + 2 + 4 + 2 + 1));
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 14.6+", Words().Set(8, flags).Smi(24, 2)), 8u * (4 + 2 + 4 + 2 + 1 + 1));
  // 75 names and more live in a hash table.
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 12.9+", Words().Smi(24, 80)), 8u * (4 + 2 + 1 + 80));
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 12.9+", Words().Smi(24, -1)), 0u);
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 12.9+", Words().Smi(24, 0x7fffffff)), 0u);
  EXPECT_EQ(Size(SizeKind::kScopeInfo, "fields 12.9+", Words().Set(8, 5).Smi(48, -1)), 0u);
}

TEST(ObjectSize, BodyInCode) {
  FakeMemory memory;
  memory.AddZeros(0x20000, 128);
  memory.Put(0x20000 + 56, uint32_t{100});
  memory.Put(0x20000 + 60, uint32_t{20});
  const SizeRule rule = Rule(SizeKind::kInstructionStream, "64|16+code");
  const auto size = [&](uint64_t code) {
    return SizeByRule(rule, MapInfo{}, std::as_bytes(std::span(Words().Set(8, code).words)), memory);
  };
  EXPECT_EQ(size(0x20001), 192u);
  for (uint64_t code : {uint64_t{0}, uint64_t{0x20000}, uint64_t{0x90001}, ~uint64_t{0}}) EXPECT_EQ(size(code), 0u);
  memory.Put(0x20000 + 56, uint32_t{0xffffffff});
  EXPECT_EQ(size(0x20001), 0u);
}

TEST(ObjectSize, NotMoreThanThereIs) {
  const Words words = Words().Smi(8, 5);
  const auto bytes = std::as_bytes(std::span(words.words));
  const FakeMemory memory;
  const SizeRule rule = Rule(SizeKind::kArray, "16+8n");
  EXPECT_EQ(SizeByRule(rule, MapInfo{}, bytes.first(56), memory), 56u);
  EXPECT_EQ(SizeByRule(rule, MapInfo{}, bytes.first(48), memory), 0u);
  EXPECT_EQ(SizeByRule(rule, MapInfo{}, bytes.first(8), memory), 0u);
  EXPECT_EQ(SizeByRule(rule, MapInfo{}, {}, memory), 0u);
  EXPECT_EQ(SizeByHead(rule, MapInfo{}, bytes.first(16), 56, memory), 56u);
  EXPECT_EQ(SizeByHead(rule, MapInfo{}, bytes.first(16), 48, memory), 0u);
}

// Whatever the words: 0, or a multiple of 8 that fits.
TEST(ObjectSize, EveryRuleSurvivesHostileWords) {
  std::mt19937_64 random(7);
  const uint64_t interesting[] = {
      0,          1,          ~uint64_t{0},      uint64_t{0x7fffffff} << 32, uint64_t{0xffffffff} << 32,
      0x7fffffff, 0xffffffff, uint64_t{1} << 63, 0x7fffffff7fffffff};
  const FakeMemory memory;
  for (size_t kind = 0; kind < static_cast<size_t>(SizeKind::kCount); ++kind) {
    for (const SizeRuleCandidate& candidate : SizeRuleCandidates(static_cast<SizeKind>(kind))) {
      for (int i = 0; i < 3000; ++i) {
        std::vector<uint64_t> words(random() % 40);
        for (uint64_t& word : words) word = random() % 2 ? interesting[random() % std::size(interesting)] : random();
        MapInfo map;
        map.in_object_start = static_cast<uint8_t>(random());
        const auto bytes = std::as_bytes(std::span(words));
        const uint64_t size = SizeByRule(candidate.rule, map, bytes, memory);
        EXPECT_TRUE(size == 0 || (size >= 8 && size % 8 == 0 && size <= bytes.size())) << candidate.name << " " << size;
      }
    }
  }
}

}  // namespace
}  // namespace corewalk
