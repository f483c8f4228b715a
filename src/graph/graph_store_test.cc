#include "graph/graph_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/testing/test_file.h"
#include "graph/testing/random_heap.h"

namespace corewalk {
namespace {

namespace fs = std::filesystem;
using testing::RandomHeap;

class GraphStoreTest : public ::testing::Test {
 protected:
  GraphStoreTest() : heap_(7) {}

  std::unique_ptr<HeapGraph> Build() {
    EXPECT_TRUE(heap_.graph.model != nullptr || heap_.graph.Number());
    auto built = HeapGraph::Build(*heap_.graph.model, &heap_.graph.heap.binary(), {.threads = 2}, cancel_, {});
    EXPECT_TRUE(built) << built.error().message;
    return std::move(*built);
  }
  void Save(const HeapGraph& graph) {
    auto writer = SectionFileWriter::Create(path_, kGraphFormat, "");
    ASSERT_TRUE(writer);
    EXPECT_TRUE(GraphStore::Save(graph, &*writer, cancel_, {}));
    ASSERT_TRUE(writer->Commit());
  }
  Result<std::unique_ptr<HeapGraph>> Load(const HeapModel* model = nullptr) {
    auto file = SectionFile::Open(path_, kGraphFormat);
    if (!file) return std::unexpected(file.error());
    return GraphStore::Load(*file, model != nullptr ? *model : *heap_.graph.model, {.threads = 2}, cancel_, {});
  }
  static void ExpectSame(const HeapGraph& a, const HeapGraph& b) {
    ASSERT_EQ(a.node_count(), b.node_count());
    ASSERT_EQ(a.object_count(), b.object_count());
    for (ObjectId node = 0; node < a.node_count(); ++node) {
      ASSERT_EQ(a.LivenessOf(node), b.LivenessOf(node)) << node;
      ASSERT_EQ(a.ParentOf(node), b.ParentOf(node)) << node;
      if (a.IsObject(node)) {
        ASSERT_EQ(a.index().AddressOf(node), b.index().AddressOf(node)) << node;
      }
      if (a.has_retained() && b.has_retained()) {
        ASSERT_EQ(a.RetainedOf(node), b.RetainedOf(node)) << node;
        ASSERT_EQ(a.DominatorOf(node), b.DominatorOf(node)) << node;
      }
    }
    ASSERT_EQ(a.roots().roots.size(), b.roots().roots.size());
    ASSERT_EQ(a.roots().labels, b.roots().labels);
    ASSERT_TRUE(std::ranges::equal(a.root_nodes(), b.root_nodes()));
  }
  static std::vector<std::vector<ObjectId>> EdgesOf(const HeapGraph& graph) {
    std::vector<std::vector<ObjectId>> edges(graph.node_count());
    for (ObjectId node = 0; node < graph.node_count(); ++node)
      graph.references()->ForEach(node, [&](ObjectId to) { edges[node].push_back(to); });
    return edges;
  }

  RandomHeap heap_;
  testing::TestFile file_;
  const std::string& path_ = file_.path();
  Cancel cancel_;
};

TEST_F(GraphStoreTest, WhatIsSavedIsLoaded) {
  const std::unique_ptr<HeapGraph> graph = Build();
  ASSERT_TRUE(graph->EnsureRetained(cancel_, {}));
  Save(*graph);
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_TRUE((*loaded)->has_retained() && (*loaded)->has_shapes() && (*loaded)->has_ways());
  ExpectSame(*graph, **loaded);
  for (ObjectId id = 0; id < graph->object_count(); ++id) {
    const LiveShape& a = graph->shapes().shapes()[graph->shapes().ShapeOf(id)];
    const LiveShape& b = (*loaded)->shapes().shapes()[(*loaded)->shapes().ShapeOf(id)];
    ASSERT_EQ(a.map.word, b.map.word);
    ASSERT_EQ(a.live_bytes, b.live_bytes);
  }
  ASSERT_EQ((*loaded)->references(), nullptr);
  ASSERT_TRUE((*loaded)->EnsureReferences(cancel_, {}));
  EXPECT_EQ(EdgesOf(*graph), EdgesOf(**loaded));
  ASSERT_EQ(graph->references()->ephemerons().size(), (*loaded)->references()->ephemerons().size());
}

TEST_F(GraphStoreTest, AnIndexWithLessIsAddedTo) {
  const std::unique_ptr<HeapGraph> graph = Build();
  ASSERT_TRUE(graph->EnsureShapes(cancel_, {}));
  Save(*graph);
  ASSERT_TRUE(graph->EnsureRetained(cancel_, {}));
  auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_FALSE((*loaded)->has_retained());
  ASSERT_TRUE((*loaded)->EnsureReferences(cancel_, {}));
  ASSERT_TRUE((*loaded)->EnsureRetained(cancel_, {}));
  ExpectSame(*graph, **loaded);
  // The file that it stands in is written over meanwhile.
  Save(**loaded);
  const auto again = Load();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE((*again)->has_retained());
  ExpectSame(*graph, **again);
}

TEST_F(GraphStoreTest, ADamagedFileIsRefusedOrRight) {
  const std::unique_ptr<HeapGraph> graph = Build();
  ASSERT_TRUE(graph->EnsureRetained(cancel_, {}));
  Save(*graph);
  const std::string whole = file_.Content();
  size_t refused = 0, tried = 0;
  for (int i = 0; i < 400; ++i) {
    std::string changed = whole;
    changed[heap_.Below(whole.size())] ^= static_cast<char>(1 << heap_.Below(8));
    file_.Replace(changed);
    auto loaded = Load();
    ++tried;
    if (!loaded || !(*loaded)->EnsureReferences(cancel_, {})) {
      ++refused;
      continue;
    }
    // The bit was in the room between sections.
    ExpectSame(*graph, **loaded);
    EXPECT_EQ(EdgesOf(*graph), EdgesOf(**loaded));
  }
  EXPECT_GT(refused, tried / 4);
}

// A file whose hashes are right, but not what it says.
TEST_F(GraphStoreTest, AHostileFileLeadsNowhere) {
  const std::unique_ptr<HeapGraph> graph = Build();
  ASSERT_TRUE(graph->EnsureRetained(cancel_, {}));
  Save(*graph);
  static constexpr const char* kWords[] = {"parents", "dominators", "references", "first reference", "ephemerons", "order"};
  const auto file = SectionFile::Open(path_, kGraphFormat);
  ASSERT_TRUE(file);
  for (const char* damaged : kWords) {
    if (!(*file)->Has(damaged)) continue;
    const std::string other = path_ + "-hostile";
    auto writer = SectionFileWriter::Create(other, kGraphFormat, "");
    ASSERT_TRUE(writer);
    // All sections as they are, but one value.
    for (const std::string& name : (*file)->Names()) {
      const auto bytes = (*file)->Bytes(name);
      ASSERT_TRUE(bytes);
      std::vector<std::byte> copy(bytes->bytes.begin(), bytes->bytes.end());
      if (name == damaged && copy.size() >= 4) {
        const uint32_t far = 0x7ffffff0;
        std::memcpy(copy.data() + copy.size() / 8 * 4, &far, 4);
      }
      ASSERT_TRUE(writer->AddBytes(name, copy, bytes->count, bytes->element_bytes, cancel_, {}));
    }
    ASSERT_TRUE(writer->Commit());
    const auto opened = SectionFile::Open(other, kGraphFormat);
    ASSERT_TRUE(opened);
    auto loaded = GraphStore::Load(*opened, *heap_.graph.model, {.threads = 1}, cancel_, {});
    const Result<void> references = loaded ? (*loaded)->EnsureReferences(cancel_, {}) : std::unexpected(loaded.error());
    EXPECT_FALSE(references) << damaged;
    if (!references) {
      EXPECT_EQ(references.error().code, ErrorCode::kBadFormat) << damaged;
    }
  }
}

TEST_F(GraphStoreTest, AnotherHeapsFileIsRefused) {
  const std::unique_ptr<HeapGraph> graph = Build();
  Save(*graph);
  RandomHeap other(7);
  other.graph.heap.AddPage(testing::FakeHeap::kOldSpace);
  ASSERT_TRUE(other.graph.Number());
  const auto loaded = Load(other.graph.model.get());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kBadFormat);
}

}  // namespace
}  // namespace corewalk
