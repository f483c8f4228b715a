// Objects of every kind with one word damaged, inspected to depth 3 without limits: it must end soon, allocate little, and
// say that something is wrong whenever a pointer that the answer needs leads nowhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <new>

#include "analysis/inspect.h"
#include "command/value_json.h"
#include "command/value_text.h"
#include "heap/testing/fake_zoo.h"

namespace {
size_t largest_allocation = 0;
}

// The largest single allocation is what a damaged length would show in.
[[gnu::noinline]] void* operator new(size_t size) {
  largest_allocation = std::max(largest_allocation, size);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t size, const std::nothrow_t&) noexcept {
  largest_allocation = std::max(largest_allocation, size);
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace corewalk {
namespace {

using testing::FakeObjects;
using testing::kTestedLines;
using testing::kZoo;
using testing::ZooAnimal;

constexpr size_t kMostMemory = 4 << 20;  // bytes in one allocation; the heap has 32 KB

struct Answer {
  std::string json;
  std::string text;
};

Answer Inspect(FakeObjects& heap, uint64_t object) {
  NameResolver names(heap.memory(), heap.layout());
  HeapReader reader(heap.memory(), heap.layout(), &names);
  const InspectOptions options{.depth = 3, .string_length = 0, .array_length = 0, .property_count = 0, .source = true};
  const Cancel cancel;
  const Inspected value = Inspector(reader, options, cancel).Inspect(object);
  return {ValueJson(value), ValueText(value)};
}

bool Says(const Answer& answer) {
  return answer.json.find("\"damaged\":true") != std::string::npos || answer.json.find("\"unreadable\"") != std::string::npos ||
         answer.json.find("\"bytes_missing\"") != std::string::npos || answer.json.find("\"word\":") != std::string::npos;
}

struct Damage {
  const char* name;
  uint64_t word;
  bool dangling;  // leads nowhere, whatever it stands for
};

using Case = std::tuple<V8Version, ZooAnimal>;
class HostileTest : public ::testing::TestWithParam<Case> {};

TEST_P(HostileTest, EveryWord) {
  const auto& [version, animal] = GetParam();
  FakeObjects heap(version);
  const uint64_t object = animal.make(heap);
  if (object == 0) GTEST_SKIP() << "not in this line";
  const Answer whole = Inspect(heap, object);
  EXPECT_FALSE(Says(whole)) << whole.json;
  const uint64_t a_string = heap.String("wrong kind"), an_array = heap.Array({heap.Smi(1)});
  std::vector<FakeObjects::Made> made(heap.made().begin(), heap.made().end());
  made.insert(made.end(), heap.singletons().begin(), heap.singletons().end());
  for (const FakeObjects::Made& victim : made) {
    const bool is_table = victim.type == "FIXED_ARRAY_TYPE" || victim.type.find("HASH_") != std::string::npos ||
                          victim.type.find("DICTIONARY") != std::string::npos;
    for (uint64_t at = 0; at < 8 * victim.words; at += 8) {
      const uint64_t before = heap.Get(victim.object, at);
      const bool pointer = IsStrongPointer(before) && heap.memory().ReadWord(Untag(before)).has_value();
      const Damage damages[] = {
          {"0", 0, false},
          {"-1", ~uint64_t{0}, true},
          {"huge", uint64_t{0x7fffffff} << 32, false},
          {"Smi -1", FakeObjects::Smi(-1), false},
          {"itself", victim.object, false},
          {"unmapped", FakeObjects::kNoMemory, true},
          {"wrong kind", victim.type == "string" || heap.Get(before, 0) == heap.Get(a_string, 0) ? an_array : a_string, false},
      };
      for (const Damage& damage : damages) {
        heap.Set(victim.object, at, damage.word);
        largest_allocation = 0;
        const auto begin = std::chrono::steady_clock::now();
        const Answer answer = Inspect(heap, object);
        const auto taken = std::chrono::steady_clock::now() - begin;
        const auto where = [&] { return victim.type + "+" + std::to_string(at) + " := " + damage.name; };
        EXPECT_LT(taken, std::chrono::seconds(1)) << where();
        EXPECT_LT(largest_allocation, kMostMemory) << where();
        // Any value may stand where a value stood, but not what leads nowhere. A length and a Map are no values.
        const bool wrong = (pointer && damage.dangling) || (at == 0 && pointer) || (is_table && at == 8 && !IsSmi(damage.word));
        EXPECT_TRUE(!wrong || answer.json == whole.json || Says(answer)) << where() << "\n" << whole.json << "\n" << answer.json;
      }
      heap.Set(victim.object, at, before);
    }
  }
  EXPECT_EQ(Inspect(heap, object).json, whole.json);
}

INSTANTIATE_TEST_SUITE_P(Zoo, HostileTest, ::testing::Combine(::testing::ValuesIn(kTestedLines), ::testing::ValuesIn(kZoo)),
                         [](const auto& info) {
                           const V8Version& version = std::get<0>(info.param);
                           return "V8_" + std::to_string(version.major) + "_" + std::to_string(version.minor) + "_" +
                                  std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace corewalk
