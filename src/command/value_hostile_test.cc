// Objects of every kind with one word damaged, inspected to depth 3 without limits: it must end soon, allocate little, and
// say that something is wrong whenever a pointer that the answer needs leads nowhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
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

// Bytes in one allocation, the text of the answer among them.
constexpr size_t kMostMemory = 8 << 20;
#ifdef __SANITIZE_ADDRESS__
constexpr double kMostSeconds = 5;  // of CPU time
#else
constexpr double kMostSeconds = 1;
#endif

struct Answer {
  std::string json;
  std::string text;
};

Answer Inspect(FakeObjects& heap, uint64_t object) {
  NameResolver names(heap.memory(), heap.layout());
  HeapReader reader(heap.memory(), heap.layout(), &names);
  const InspectOptions options{.depth = 3, .string_length = 0, .array_length = 0, .property_count = 0, .values = 1 << 14, .source = true};
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
        const std::clock_t begin = std::clock();
        const Answer answer = Inspect(heap, object);
        const double taken = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
        const auto where = [&] { return victim.type + "+" + std::to_string(at) + " := " + damage.name; };
        EXPECT_LT(taken, kMostSeconds) << where();
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

class ValueTest : public ::testing::TestWithParam<V8Version> {
 protected:
  std::string Json(uint64_t object) {
    const std::clock_t begin = std::clock();
    const Answer answer = Inspect(heap_, object);
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, kMostSeconds);
    damaged_ = Says(answer);
    text_ = answer.text;
    return answer.json;
  }
  bool Has(uint64_t object, const std::string& part) {
    const std::string json = Json(object);
    const bool found = json.find(part) != std::string::npos;
    if (!found) ADD_FAILURE() << part << "\n" << json;
    return found;
  }

  FakeObjects heap_{GetParam()};
  bool damaged_ = false;
  std::string text_;
};

TEST_P(ValueTest, WholeObjects) {
  using namespace testing::zoo;
  EXPECT_TRUE(Has(FastObject(heap_), R"({"key":"ratio","value":{"type":"number","value":1.5)"));
  EXPECT_NE(text_.find(".ratio=1.500000"), std::string::npos) << text_;
  EXPECT_TRUE(Has(FastObject(heap_), R"("key":"tag","symbol":true,"value":{"type":"boolean","value":true},"enumerable":false})"));
  EXPECT_TRUE(Has(JSMap(heap_), R"("size":2,"entries":[[{"type":"string","value":"k")"));
  EXPECT_TRUE(Has(Date(heap_), R"("time":1700000000000,"iso":"2023-11-14T22:13:20.000Z")"));
  EXPECT_TRUE(Has(RegExp(heap_), R"("source":"a+b","flags":"gi")"));
  EXPECT_TRUE(Has(PendingPromise(heap_), R"("state":"pending","has_handler":true)"));
  EXPECT_TRUE(Has(RejectedPromise(heap_), R"("state":"rejected")"));
  EXPECT_TRUE(Has(Proxy(heap_), R"("revoked":false)"));
  EXPECT_TRUE(Has(Wrapper(heap_), R"("value":{"type":"bigint","value":"5")"));
  EXPECT_TRUE(Has(Rope(heap_), R"("value":"left and middle outside","length":23,"representation":"cons")"));
  EXPECT_TRUE(Has(BigInt(heap_), R"("value":"-36893488147419103231")"));
  EXPECT_TRUE(Has(Buffer(heap_), R"("bytes":"6279746573206f66206974")"));
  EXPECT_TRUE(Has(Context(heap_), R"({"key":"second","value":{"type":"string","value":"two")"));
  EXPECT_TRUE(Has(ScriptFunction(heap_), R"("script":"/app.js","line":2,"column":3)"));
  EXPECT_TRUE(Has(Generator(heap_), R"("state":"suspended")"));
  EXPECT_TRUE(Has(Namespace(heap_), R"("exports":[{"key":"answer","value":{"type":"number","value":42}}])"));
  EXPECT_TRUE(Has(heap_.BigInt({}, false), R"("type":"bigint","value":"0")"));
}

TEST_P(ValueTest, CyclesEnd) {
  const uint64_t store = heap_.Array({0, 0});
  const uint64_t array = heap_.JSArray(3, store, heap_.Smi(2));
  heap_.Set(store, 16, array);
  EXPECT_TRUE(Has(array, "\"seen\""));
  EXPECT_FALSE(damaged_);

  const uint64_t rope = heap_.IndirectString(41, 1000, 0, 0);
  heap_.Set(rope, 16, rope);
  heap_.Set(rope, 24, rope);
  Json(rope);
  EXPECT_TRUE(damaged_);

  const uint64_t reaction = heap_.Reaction(heap_.undefined(), heap_.undefined(), heap_.undefined(), 0);
  heap_.Set(reaction, ObjectField::kReactionNext, reaction);
  Json(heap_.JSObject("JS_PROMISE_TYPE", {reaction, heap_.Smi(0)}));
  EXPECT_TRUE(damaged_);

  const uint64_t object = heap_.Object({});
  heap_.Set(heap_.Get(object, 0), map_offsets::kPrototype, object);
  Json(object);

  const uint64_t context = testing::zoo::Context(heap_);
  heap_.Set(context, 24, context);
  Json(heap_.Function("f", context));

  const uint64_t table = heap_.OrderedTable(true, {});
  heap_.Obsolete(table, table, {});
  Json(heap_.JSObject("JS_MAP_TYPE", {table}));
  EXPECT_TRUE(damaged_);
}

INSTANTIATE_TEST_SUITE_P(Lines, ValueTest, ::testing::ValuesIn(kTestedLines), [](const auto& info) {
  return "V8_" + std::to_string(info.param.major) + "_" + std::to_string(info.param.minor);
});

INSTANTIATE_TEST_SUITE_P(Zoo, HostileTest, ::testing::Combine(::testing::ValuesIn(kTestedLines), ::testing::ValuesIn(kZoo)),
                         [](const auto& info) {
                           const V8Version& version = std::get<0>(info.param);
                           return "V8_" + std::to_string(version.major) + "_" + std::to_string(version.minor) + "_" +
                                  std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace corewalk
