#include "graph/roots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "heap/testing/fake_heap.h"

namespace corewalk {
namespace {

using testing::FakeHeap;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Structs of V8's around the fake heap, as 9.4 to 14.6 have them.
class RootsTest : public ::testing::Test {
 protected:
  static constexpr Address kPointers = FakeHeap::kHeap + 0x2000;  // words of the Isolate behind the Heap
  static constexpr Address kNative = 0x30000000;                  // malloc's
  static constexpr Address kConstants = 0x40000000;               // of the executable

  RootsTest() {
    heap_.memory().AddZeros(kNative, 0x40000);
    heap_.memory().AddZeros(kConstants, 0x1000, FakeMemory::kRead);
    for (uint64_t& object : objects_) object = heap_.NewArray(1, {heap_.Smi(1)});
  }

  void Put(Address address, std::initializer_list<uint64_t> words) {
    for (const uint64_t word : words) heap_.memory().Put(address, word), address += 8;
  }
  // A block of malloc's.
  Address Malloc(uint64_t bytes) {
    next_ = (next_ + 15) & ~Address{15};
    const uint64_t chunk = std::max<uint64_t>(32, (bytes + 8 + 15) & ~uint64_t{15});
    heap_.memory().Put(next_ + 8, chunk | 1);
    const Address block = next_ + 16;
    next_ += chunk;
    return block;
  }
  // The next word of the Isolate.
  void Hang(Address pointer) { heap_.memory().Put(kPointers + 8 * hung_++, pointer); }

  Address NewHandleBlock(Address next) {
    const Address block = Malloc(256 * 32 + 40);
    for (uint64_t i = 0; i < 256; ++i) Put(block + 32 * i, {0, i << 16});
    Put(block + 256 * 32, {next});
    return block;
  }
  void SetNode(Address block, uint64_t i, uint64_t object, uint64_t state) {
    Put(block + 32 * i, {object, i << 16 | state << 24});
  }
  void HangGlobalHandles(Address first_block) {
    const Address handles = Malloc(0x98), space = Malloc(0x28);
    Put(handles, {FakeHeap::kIsolate, space});
    Put(space, {handles, first_block});
    Hang(handles);
  }

  Roots Collect() {
    heap_.Seal();
    Result<std::unique_ptr<HeapModel>> model = HeapModel::Build({.memory = &heap_.memory(),
                                                                 .binary = &heap_.binary(),
                                                                 .version = heap_.version(),
                                                                 .version_source = LayoutSource::kBinary,
                                                                 .hide_tables = true},
                                                                Cancel());
    EXPECT_TRUE(model.has_value()) << model.error().message;
    if (!model) return {};
    model_ = std::move(*model);
    return CollectRoots(*model_, model_->isolates()[0], &heap_.binary(), Cancel());
  }
  static std::vector<uint64_t> Of(const Roots& roots, RootGroup group, RootStrength strength) {
    std::vector<uint64_t> objects;
    for (const Root& root : roots.roots) {
      if (root.group == group && root.strength == strength) objects.push_back(root.object);
    }
    return objects;
  }
  static std::string LabelOf(const Roots& roots, uint64_t object) {
    for (const Root& root : roots.roots) {
      if (root.object == object) return roots.labels[root.label];
    }
    return "not a root";
  }

  FakeHeap heap_;
  std::unique_ptr<HeapModel> model_;
  std::array<uint64_t, 8> objects_;
  Address next_ = kNative;
  size_t hung_ = 0;
};

TEST_F(RootsTest, EveryGroupHasAName) {
  for (size_t i = 0; i < static_cast<size_t>(RootGroup::kCount); ++i)
    EXPECT_FALSE(RootGroupName(static_cast<RootGroup>(i)).empty()) << i;
}

TEST_F(RootsTest, TheRootsTableWithItsNames) {
  const Roots roots = Collect();
  const auto strong = Of(roots, RootGroup::kStrongRootList, RootStrength::kStrong);
  // Four arrays on pages that are not read-only; all else of the table is.
  EXPECT_THAT(strong, ::testing::Contains(heap_.root("array_on_page_1")));
  EXPECT_THAT(strong, ::testing::Not(::testing::Contains(heap_.root("meta_map"))));
  EXPECT_EQ(LabelOf(roots, heap_.root("array_on_page_1")), "array_on_page_1");
  EXPECT_EQ(roots.group(RootGroup::kStrongRootList).count, strong.size());
  for (const RootGroup missing : {RootGroup::kGlobalHandles, RootGroup::kEternalHandles, RootGroup::kHandleScopes}) {
    EXPECT_FALSE(roots.group(missing).found);
    EXPECT_NE(roots.group(missing).problem, "");
  }
}

TEST_F(RootsTest, GlobalHandlesByState) {
  const Address second = NewHandleBlock(0);
  const Address first = NewHandleBlock(second);
  SetNode(first, 0, objects_[0], 1);
  SetNode(first, 1, objects_[1], 0);  // free
  SetNode(first, 255, objects_[2], 2);
  SetNode(second, 7, objects_[3], 1 | 0x10);      // other flags
  SetNode(second, 8, heap_.root("meta_map"), 1);  // read-only: needs no root
  SetNode(second, 9, 0x1234567, 1);
  HangGlobalHandles(first);
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kGlobalHandles, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[3]));
  EXPECT_THAT(Of(roots, RootGroup::kGlobalHandles, RootStrength::kWeak), UnorderedElementsAre(objects_[2]));
  EXPECT_TRUE(roots.group(RootGroup::kGlobalHandles).found);
  EXPECT_EQ(roots.group(RootGroup::kGlobalHandles).weak, 1u);
  EXPECT_EQ(roots.group(RootGroup::kGlobalHandles).problem, "");
}

TEST_F(RootsTest, OwnersOfGlobalHandles) {
  heap_.binary().node_vtables = {{0x40000100, 0x40000200, "node::TCPWrap"},
                                 {0x40000300, 0x40000340, "node::Environment"}};
  const Address block = NewHandleBlock(0);
  for (uint64_t i = 0; i < 4; ++i) SetNode(block, i, objects_[i], 1);
  HangGlobalHandles(block);
  Put(Malloc(64), {0x40000110, block});  // right behind the vtable, as in node::BaseObject
  const Address environment = Malloc(0x200);
  Put(environment, {0x40000310});
  Put(environment + 0x1f0, {block + 32});
  Put(Malloc(64), {0x40000308, 1, 2, block + 64});  // the first words of a vtable are no methods
  Put(Malloc(64), {0x40000110});
  Put(Malloc(64), {1, 2, block + 96});  // another block of malloc's
  const Roots roots = Collect();
  EXPECT_EQ(LabelOf(roots, objects_[0]), "Node / TCPWrap");
  EXPECT_EQ(LabelOf(roots, objects_[1]), "Node / Environment");
  EXPECT_EQ(LabelOf(roots, objects_[2]), "");
  EXPECT_EQ(LabelOf(roots, objects_[3]), "");
}

TEST_F(RootsTest, BrokenListsOfHandlesEnd) {
  const Address first = NewHandleBlock(0);
  Put(first + 256 * 32, {first});  // a loop
  SetNode(first, 3, objects_[0], 1);
  HangGlobalHandles(first);
  EXPECT_THAT(Of(Collect(), RootGroup::kGlobalHandles, RootStrength::kStrong), UnorderedElementsAre(objects_[0]));
  Put(first + 256 * 32, {0x123});
  EXPECT_NE(Collect().group(RootGroup::kGlobalHandles).problem, "");
  Put(first + 32 * 9, {objects_[0], 8 << 16 | 1 << 24});  // a node with another's number: no block of handles
  EXPECT_THAT(Of(Collect(), RootGroup::kGlobalHandles, RootStrength::kStrong), IsEmpty());
}

TEST_F(RootsTest, EternalHandlesAndScopes) {
  const Address eternal = Malloc(64), blocks = Malloc(8), block = Malloc(256 * 8);
  Put(eternal, {3, blocks, blocks + 8, blocks + 8});
  Put(blocks, {block});
  Put(block, {objects_[0], heap_.root("meta_map"), objects_[1], objects_[2]});  // the fourth is not in use
  Hang(eternal);
  const Address scopes = Malloc(0xa0), list = Malloc(16), full = Malloc(1022 * 8), last = Malloc(1022 * 8);
  const Address contexts = Malloc(16);
  Put(scopes, {FakeHeap::kIsolate, list, 2, 2, contexts, 2, 1});
  Put(list, {full, last});
  Put(contexts, {objects_[6]});
  Put(full + 1021 * 8, {objects_[3]});
  Put(last, {objects_[4], objects_[5]});  // the second is behind the end
  Hang(scopes);
  Hang(last + 8);
  Hang(last + 1022 * 8);
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kEternalHandles, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[1]));
  EXPECT_THAT(Of(roots, RootGroup::kHandleScopes, RootStrength::kStrong),
              UnorderedElementsAre(objects_[3], objects_[4], objects_[6]));
}

TEST_F(RootsTest, HandlesOfCompilerThreads) {
  const Address owner = Malloc(0x30), one = Malloc(0x48), two = Malloc(0x48), vector = Malloc(16);
  const Address full = Malloc(1022 * 8), last = Malloc(1022 * 8), other_vector = Malloc(16), other = Malloc(1022 * 8);
  Put(owner, {FakeHeap::kIsolate, 0, 0, 0, one});
  Put(one, {FakeHeap::kIsolate, vector, vector + 16, vector + 16, last + 8, last + 1022 * 8, 0, two});
  Put(two, {FakeHeap::kIsolate, other_vector, other_vector + 8, other_vector + 8, other + 8, other + 1022 * 8, one, 0});
  Put(vector, {full, last});
  Put(other_vector, {other});
  Put(full + 8 * 1021, {objects_[0]});
  Put(last, {objects_[1], objects_[2]});
  Put(other, {objects_[3]});
  Hang(owner);
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kHandleScopes, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[1], objects_[3]));
  EXPECT_EQ(LabelOf(roots, objects_[0]), "compiler thread");
}

TEST_F(RootsTest, DeferredHandlesOfOlderVersions) {
  const Address deferred = Malloc(0x40), vector = Malloc(16), newest = Malloc(1022 * 8), full = Malloc(1022 * 8);
  Put(deferred, {vector, vector + 16, vector + 16, 0, 0, newest + 8, FakeHeap::kIsolate});
  Put(vector, {newest, full});
  Put(newest, {objects_[0], objects_[1]});
  Put(full + 8 * 1021, {objects_[2]});
  Hang(deferred);
  EXPECT_THAT(Of(Collect(), RootGroup::kHandleScopes, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[2]));
}

TEST_F(RootsTest, MicrotasksOfAllQueues) {
  const Address one = Malloc(0x78), two = Malloc(0x78), ring = Malloc(64), other = Malloc(64);
  Put(one, {0x40000010, 2, 8, 7, ring, 100, two, two});
  Put(two, {0x40000010, 1, 8, 0, other, 5, one, one});
  Put(ring, {objects_[0], objects_[3]});  // the queue wraps around; the second is done
  Put(ring + 56, {objects_[1]});
  Put(other, {objects_[2]});
  Hang(one);
  EXPECT_THAT(Of(Collect(), RootGroup::kMicrotasks, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[1], objects_[2]));
}

TEST_F(RootsTest, CachesOfTheIsolate) {
  const Address cache = Malloc(8 * 32);
  for (uint64_t i = 0; i < 32; ++i) Put(cache + 8 * i, {objects_[i % 2]});
  Hang(cache), Hang(cache + 8 * 32), Hang(cache + 8 * 32);
  const Address one_table = Malloc(0x58), ages = Malloc(16);
  const uint64_t undefined = heap_.root("undefined_value");
  Put(one_table, {FakeHeap::kIsolate, FakeHeap::kIsolate, 2, ages, FakeHeap::kIsolate, undefined, FakeHeap::kIsolate});
  Put(ages, {undefined, undefined});
  Hang(one_table);
  const Roots roots = Collect();
  EXPECT_EQ(roots.group(RootGroup::kStartupCaches).count, 32u);
  EXPECT_TRUE(roots.group(RootGroup::kCompilationCache).found);
}

TEST_F(RootsTest, RegisteredRanges) {
  const Address entry = Malloc(40), next = Malloc(40), range = Malloc(32), more = Malloc(16);
  Put(entry, {kConstants + 8, range, range + 24, 0, next});
  Put(next, {kConstants + 8, more, more + 8, entry, 0});
  Put(range, {objects_[0], 0, objects_[1]});
  Put(more, {objects_[2]});
  // The same with a label that can be written is something else.
  const Address like = Malloc(40), its = Malloc(16);
  Put(like, {kNative, its, its + 8, 0, 0});
  Put(its, {objects_[3]});
  Hang(like);
  Hang(entry);
  EXPECT_THAT(Of(Collect(), RootGroup::kStrongRoots, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[1], objects_[2]));
}

TEST_F(RootsTest, TracedHandlesAreWeak) {
  const Address block = Malloc(8 * 9 + 256 * 16);
  for (uint64_t i = 0; i < 256; ++i) Put(block + 72 + 16 * i, {0, i << 16});
  Put(block + 72 + 16 * 5, {objects_[0], uint64_t{1} << 32 | 5 << 16});
  Put(block + 72 + 16 * 6, {objects_[1], 6 << 16});  // not in use
  Hang(block);
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kTracedHandles, RootStrength::kWeak), UnorderedElementsAre(objects_[0]));
  EXPECT_THAT(Of(roots, RootGroup::kTracedHandles, RootStrength::kStrong), IsEmpty());
}

TEST_F(RootsTest, WordsOfTheIsolateAndOfItsHeap) {
  Put(FakeHeap::kHeap + 0x600, {objects_[0]});  // a weak list of the Heap
  Hang(objects_[1]);
  const Address child = Malloc(32);
  Put(child, {FakeHeap::kIsolate, 5, objects_[2]});
  Hang(child);
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kHeapLists, RootStrength::kWeak), UnorderedElementsAre(objects_[0]));
  EXPECT_THAT(Of(roots, RootGroup::kIsolate, RootStrength::kStrong), UnorderedElementsAre(objects_[1]));
  EXPECT_THAT(Of(roots, RootGroup::kIsolate, RootStrength::kMaybe), UnorderedElementsAre(objects_[2]));
}

TEST_F(RootsTest, StacksFromTheStackPointerOn) {
  heap_.memory().AddZeros(0x70000000, 0x2000);
  Put(0x70000800, {objects_[0]});  // below the red zone: dead
  Put(0x70000fc0, {objects_[1]});  // in the red zone
  Put(0x70001008, {objects_[2], objects_[2] + 8, objects_[2] | 2});
  Put(0x70001f00, {objects_[3]});  // behind the thread's own struct
  ThreadState thread{.tid = 77};
  thread.registers[static_cast<size_t>(Register::kRsp)] = 0x70001000;
  thread.registers[static_cast<size_t>(Register::kFsBase)] = 0x70001e00;
  thread.registers[static_cast<size_t>(Register::kRbx)] = objects_[4];
  heap_.memory().SetThreads({thread});
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kMaybe),
              UnorderedElementsAre(objects_[1], objects_[2], objects_[4]));
  EXPECT_EQ(LabelOf(roots, objects_[1]), "thread 77");
  EXPECT_TRUE(roots.group(RootGroup::kStacks).conservative);
}

// An exit frame, two frames of JavaScript, an entry frame; C++; an older exit frame and its entry.
TEST_F(RootsTest, FramesOfJavaScriptAreRoots) {
  constexpr Address kStack = 0x70000000;
  heap_.memory().AddZeros(kStack, 0x2000);
  const auto frame = [&](Address fp, Address caller, uint64_t marker) {
    Put(fp, {caller, 0x40000010});
    Put(fp - 8, {marker});
  };
  Put(kStack + 0x180, {objects_[0]});  // C++
  frame(kStack + 0x200, kStack + 0x280, 6);
  Put(kStack + 0x1f0, {kStack + 0x1c0});  // the stack pointer of the exit frame
  Put(kStack + 0x210, {objects_[1]});     // an argument
  frame(kStack + 0x280, kStack + 0x300, objects_[2]);
  frame(kStack + 0x300, 0, 2);
  Put(kStack + 0x300, {kStack + 0x3f0, 0x40000010});  // its caller is C++
  Put(kStack + 0x2c0, {kStack + 0x400});              // the exit frame below
  Put(kStack + 0x3e0, {objects_[3]});                 // C++
  frame(kStack + 0x400, kStack + 0x480, 6);
  Put(kStack + 0x3f0, {kStack + 0x3c0});
  Put(kStack + 0x440, {objects_[4]});
  frame(kStack + 0x480, 0, 4);
  Hang(kStack + 0x300);  // js_entry_sp
  Hang(kStack + 0x200);  // c_entry_fp
  ThreadState thread{.tid = 77};
  thread.registers[static_cast<size_t>(Register::kRsp)] = kStack + 0x100;
  heap_.memory().SetThreads({thread});
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kStrong),
              UnorderedElementsAre(objects_[1], objects_[2], objects_[4]));
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kMaybe), IsEmpty());  // C++ holds by handles
  EXPECT_FALSE(roots.group(RootGroup::kStacks).conservative);
  EXPECT_EQ(LabelOf(roots, objects_[1]), "JavaScript frames of thread 77");
}

// JavaScript runs in an inner entry while the Isolate still names the exit frame of the outer one; a thread that helps
// the collector has an address on its stack.
TEST_F(RootsTest, RunningJavaScriptHasRegisters) {
  constexpr Address kStack = 0x70000000, kHelper = 0x71000000;
  heap_.memory().AddZeros(kStack, 0x2000);
  heap_.memory().AddZeros(kHelper, 0x1000);
  const auto frame = [&](Address fp, Address caller, uint64_t marker) {
    Put(fp, {caller, 0x40000010});
    Put(fp - 8, {marker});
  };
  Put(kStack + 0x180, {objects_[0]});
  frame(kStack + 0x200, kStack + 0x300, objects_[1]);
  frame(kStack + 0x300, kStack + 0x3f0, 2);
  Put(kStack + 0x2c0, {kStack + 0x400});
  Put(kStack + 0x3e0, {objects_[3]});  // C++
  frame(kStack + 0x400, kStack + 0x480, 6);
  Put(kStack + 0x3f0, {kStack + 0x3c0});
  Put(kStack + 0x440, {objects_[4]});
  frame(kStack + 0x480, kStack + 0x1f00, 4);
  Hang(kStack + 0x400);  // c_entry_fp
  ThreadState thread{.tid = 77}, helper{.tid = 78};
  thread.registers[static_cast<size_t>(Register::kRsp)] = kStack + 0x180 + 0x80;
  thread.registers[static_cast<size_t>(Register::kRbp)] = kStack + 0x200;
  thread.registers[static_cast<size_t>(Register::kRbx)] = objects_[2];
  Put(kHelper + 0x100, {objects_[3]});
  helper.registers[static_cast<size_t>(Register::kRsp)] = kHelper + 0x100;
  heap_.memory().SetThreads({helper, thread});
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kStrong),
              UnorderedElementsAre(objects_[0], objects_[1], objects_[4]));
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kMaybe), UnorderedElementsAre(objects_[2]));
}

TEST_F(RootsTest, AStackWhoseFramesLeadNowhereIsGuessed) {
  constexpr Address kStack = 0x70000000;
  heap_.memory().AddZeros(kStack, 0x2000);
  Put(kStack + 0x1f0, {kStack + 0x1c0, 6, kStack + 0x280, 0x40000010});
  Put(kStack + 0x280, {kStack + 0x200});  // back to the first
  Put(kStack + 0x300, {objects_[0]});
  Hang(kStack + 0x200);
  ThreadState thread{.tid = 77};
  thread.registers[static_cast<size_t>(Register::kRsp)] = kStack + 0x100;
  thread.registers[static_cast<size_t>(Register::kRbp)] = kStack + 0x1ffc;
  heap_.memory().SetThreads({thread});
  const Roots roots = Collect();
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kStrong), IsEmpty());
  EXPECT_THAT(Of(roots, RootGroup::kStacks, RootStrength::kMaybe), UnorderedElementsAre(objects_[0]));
}

TEST_F(RootsTest, WordsThatNativeCodeMayHold) {
  Put(kNative + 0x3f000, {objects_[1], objects_[0], objects_[0] + 1, objects_[1], heap_.root("meta_map")});
  Collect();
  const std::vector<uint64_t> words = MaybeHeldByNative(*model_, model_->isolates()[0], Cancel());
  EXPECT_THAT(words, ::testing::Contains(objects_[0]));
  EXPECT_TRUE(std::ranges::is_sorted(words));
  EXPECT_EQ(std::ranges::adjacent_find(words), words.end());
  EXPECT_THAT(words, ::testing::Not(::testing::Contains(heap_.root("meta_map"))));
  EXPECT_THAT(words, ::testing::Not(::testing::Contains(objects_[0] + 1)));
}

TEST_F(RootsTest, CancelledWorkSaysSo) {
  Collect();
  Cancel cancel;
  cancel.Request();
  EXPECT_TRUE(CollectRoots(*model_, model_->isolates()[0], nullptr, cancel).interrupted);
}

}  // namespace
}  // namespace corewalk
