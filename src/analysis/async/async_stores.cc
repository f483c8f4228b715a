#include "analysis/async/async_stores.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/closures.h"
#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/objects_with.h"
#include "heap/views/collections.h"
#include "heap/views/properties.h"
#include "heap/views/property_finder.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 12;

class Collector {
 public:
  Collector(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel, AsyncStores* out)
      : reader_(*reader), graph_(graph), cancel_(cancel), out_(*out) {}

  void Run() {
    CollectInstances();
    CollectResources();
    CollectFrames();
    for (const auto& [instance, index] : index_) {
      AsyncStoreUse& use = out_.instances[index];
      use.stores = stores_[index].size();
    }
    std::ranges::stable_sort(out_.instances, std::greater<>(), &AsyncStoreUse::carried);
    out_.interrupted = cancel_.Cancelled();
  }

 private:
  uint64_t Tagged(ObjectId node) const { return graph_.index().AddressOf(node) + 1; }
  bool Poll() { return ++polled_ % kPoll != 0 || !cancel_.Cancelled(); }

  size_t IndexOf(uint64_t instance) {
    const auto [known, is_new] = index_.try_emplace(instance, out_.instances.size());
    if (is_new) {
      AsyncStoreUse use{.instance = instance};
      const uint64_t name = OwnValue(reader_, instance, "#name");
      if (reader_.IsString(name)) use.name = reader_.ShortText(name, 200);
      out_.instances.push_back(std::move(use));
      stores_.emplace_back();
    }
    return known->second;
  }

  void Count(size_t index, uint64_t store, ObjectId carrier, const std::string& class_name, uint64_t count = 1) {
    AsyncStoreUse& use = out_.instances[index];
    use.carried += count;
    use.by_class[class_name] += count;
    if (LooksLikePointer(store)) stores_[index].insert(store);
    if (use.sample == 0) use.sample = store, use.sample_carrier = carrier;
  }

  void CollectInstances() {
    PropertyFinder symbol(&reader_, "kResourceStore");
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &symbol, cancel_)) {
      const MapInfo* found = reader_.MapOf(Tagged(node));
      if (found == nullptr) continue;
      const MapInfo map = *found;
      const std::optional<OwnProperty> property = symbol.Find(map, Untag(Tagged(node)));
      if (!property || !property->readable || property->raw_double || !reader_.IsType(property->value, "SYMBOL_TYPE") ||
          ReadKey(reader_, property->key).symbol)
        continue;
      symbols_[property->value] = IndexOf(Tagged(node));
    }
  }

  // Whatever has a property under one of the symbols.
  void CollectResources() {
    if (symbols_.empty()) return;
    PropertyFinder carried(&reader_, "kResourceStore");
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &carried, cancel_)) {
      if (!Poll()) return;
      ForEachProperty(reader_, Tagged(node), [&](const OwnProperty& property) {
        const auto symbol = symbols_.find(property.key);
        if (symbol == symbols_.end() || !property.readable || property.accessor) return true;
        if (LooksLikePointer(property.value) && reader_.IsUndefined(property.value)) return true;
        Count(symbol->second, property.value, node, ClassOf(node));
        return true;
      });
    }
  }

  void CollectFrames() {
    std::vector<ObjectId> frames = LiveObjects(
        graph_,
        [&](const LiveShape& shape) {
          return reader_.layout().types.at(shape.map.instance_type).name == "JS_MAP_TYPE" &&
                 reader_.ClassOf(shape.sample + 1).ends_with("AsyncContextFrame");
        },
        cancel_);
    out_.frames = frames.size();
    if (frames.empty()) return;
    // Who holds each frame: objects by class, and C++.
    NodeSet wanted(graph_.node_count());
    for (const ObjectId node : frames) wanted.Add(node);
    std::unordered_map<ObjectId, std::map<std::string, uint64_t>> holders;
    std::unordered_map<ObjectId, ObjectId> sample;
    if (graph_.references() != nullptr) {
      ForEachReferenceTo(graph_, wanted, cancel_, [&](ObjectId from, ObjectId to) {
        if (!graph_.IsLive(from) || !graph_.IsObject(from)) return;
        ++holders[to][ClassOf(from)];
        sample[to] = from;
      });
    } else {
      out_.holders_known = false;
    }
    for (const ObjectId node : frames) {
      if (!Poll()) return;
      for (const uint32_t root : graph_.RootsOf(node)) {
        const Root& at = graph_.roots().roots[root];
        if (at.group == RootGroup::kGlobalHandles) ++holders[node]["(C++) " + graph_.roots().labels[at.label]];
      }
      ForEachEntry(reader_, Tagged(node), [&](uint64_t key, uint64_t value, Address) {
        if (!LooksLikePointer(key)) return true;
        const size_t index = IndexOf(key);
        out_.instances[index].frames = true;
        if (LooksLikePointer(value) && reader_.IsUndefined(value)) return true;
        for (const auto& [name, count] : holders[node]) Count(index, value, sample[node], name, count);
        return true;
      });
    }
  }

  std::string ClassOf(ObjectId node) {
    const uint32_t shape = graph_.shapes().ShapeOf(node);
    auto [known, is_new] = classes_.try_emplace(shape);
    if (is_new) known->second = reader_.ClassOf(Tagged(node));
    return known->second;
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
  AsyncStores& out_;
  size_t polled_ = 0;
  std::unordered_map<uint64_t, size_t> index_;    // by AsyncLocalStorage
  std::unordered_map<uint64_t, size_t> symbols_;  // by its symbol
  std::vector<std::unordered_set<uint64_t>> stores_;
  std::unordered_map<uint32_t, std::string> classes_;
};

}  // namespace

AsyncStores FindAsyncStores(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  AsyncStores stores;
  Collector(reader, graph, cancel, &stores).Run();
  return stores;
}

}  // namespace corewalk
