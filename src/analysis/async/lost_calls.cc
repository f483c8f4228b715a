#include "analysis/async/lost_calls.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "analysis/leaks/live_objects.h"
#include "heap/views/functions.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 12;
constexpr size_t kMostHandedOn = 256;  // promises behind a call's own: then(), Promise.all

class Finder {
 public:
  Finder(HeapReader* reader, const HeapGraph& graph, const AsyncCensus& census, const Cancel& cancel)
      : reader_(*reader), graph_(graph), census_(census), cancel_(cancel) {}

  std::vector<LostCall> Run() {
    const auto may_await = [&](const LiveShape& shape) {
      const std::string_view type = reader_.layout().types.at(shape.map.instance_type).name;
      return type == "JS_ASYNC_FUNCTION_OBJECT_TYPE" || type == "JS_ASYNC_GENERATOR_OBJECT_TYPE";
    };
    for (const ObjectId node : GarbageObjects(graph_, may_await, cancel_)) {
      if (++polled_ % kPoll == 0 && cancel_.Cancelled()) break;
      const std::optional<SuspendedView> view = ReadSuspended(reader_, graph_.index().AddressOf(node) + 1);
      if (!view || !IsLost(*view)) continue;
      const uint64_t promise = PromiseOfCall(reader_, *view);
      lost_.push_back({.call = {.node = node,
                                .view = *view,
                                .position = PositionOf(*view),
                                .promise = census_.PromiseAt(graph_, promise)},
                       .promise = promise});
    }
    for (uint32_t i = 0; i < lost_.size(); ++i) {
      if (++polled_ % kPoll == 0 && cancel_.Cancelled()) break;
      LinkWaiters(i);
    }
    return std::move(lost_);
  }

 private:
  bool IsLost(const SuspendedView& view) {
    if (view.state != GeneratorState::kSuspended || !LooksLikePointer(view.function)) return false;
    if (view.kind == GeneratorKind::kAsyncGenerator && !view.awaiting) return false;
    const MapInfo* function = reader_.MapOf(view.function);
    if (function == nullptr || function->category != Category::kClosure || ScriptOf(reader_, view.shared) == 0)
      return false;
    const std::optional<PromiseView> promise = ReadPromise(reader_, PromiseOfCall(reader_, view));
    return promise && promise->state == PromiseState::kPending;
  }

  // Those that await the call's promise, also by way of promises that hand on.
  void LinkWaiters(uint32_t index) {
    std::vector<uint64_t> open = {lost_[index].promise};
    std::unordered_set<uint64_t> seen(open.begin(), open.end());
    for (size_t at = 0; at < open.size() && at < kMostHandedOn; ++at) {
      const std::optional<PromiseView> promise = ReadPromise(reader_, open[at]);
      if (!promise) continue;
      ForEachReaction(reader_, *promise, [&](const ReactionView& reaction) {
        const uint64_t shared = LooksLikePointer(reaction.fulfill)
                                    ? reader_.Field(reaction.fulfill, ObjectField::kFunctionShared).value_or(0)
                                    : 0;
        const NativeClosure closure = shared != 0 && ScriptOf(reader_, shared) == 0
                                          ? ReadNativeClosure(reader_, reaction.fulfill)
                                          : NativeClosure();
        if (closure.generator != 0) {
          const ObjectId node = graph_.index().At(closure.generator);
          const auto waiter =
              std::ranges::lower_bound(lost_, node, {}, [](const LostCall& lost) { return lost.call.node; });
          if (node != kNoObject && waiter != lost_.end() && waiter->call.node == node) waiter->awaits = index;
        } else if (const uint64_t next = closure.promise != 0 ? closure.promise : reaction.promise;
                   next != 0 && seen.insert(next).second) {
          open.push_back(next);
        }
        return open.size() < kMostHandedOn && (++polled_ % kPoll != 0 || !cancel_.Cancelled());
      });
    }
  }

  int64_t PositionOf(const SuspendedView& view) {
    auto [known, is_new] = positions_.try_emplace({view.shared, view.bytecode}, -1);
    if (is_new) known->second = SuspendedPosition(reader_, view);
    return known->second;
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  const AsyncCensus& census_;
  const Cancel& cancel_;
  size_t polled_ = 0;
  std::vector<LostCall> lost_;
  std::map<std::pair<uint64_t, int64_t>, int64_t> positions_;
};

}  // namespace

std::vector<LostCall> FindLostCalls(HeapReader* reader, const HeapGraph& graph, const AsyncCensus& census,
                                    const Cancel& cancel) {
  return Finder(reader, graph, census, cancel).Run();
}

}  // namespace corewalk
