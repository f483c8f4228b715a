#include "analysis/async/async_census.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "analysis/async/lost_calls.h"
#include "analysis/async/module_evaluations.h"
#include "analysis/leaks/live_objects.h"
#include "heap/views/functions.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 12;
constexpr uint64_t kMostRequests = 1 << 20;
constexpr int kMostParents = 12;  // from a resolve function to what holds it

class Collector {
 public:
  Collector(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel, AsyncCensus* census)
      : reader_(*reader), graph_(graph), cancel_(cancel), census_(*census) {}

  void Run() {
    const bool done = CollectPromises() && CollectCalls() && CollectResolvers() && LinkMicrotasks() &&
                      LinkReactions() && LinkCalls() && LinkModules() && LinkLost() && FindHolders();
    census_.interrupted = !done || cancel_.Cancelled();
  }

 private:
  uint64_t Tagged(ObjectId node) const { return graph_.index().AddressOf(node) + 1; }
  bool Poll() { return ++polled_ % kPoll != 0 || !cancel_.Cancelled(); }

  template <typename Wanted>
  std::vector<ObjectId> OfShapes(const Wanted& wanted) {
    return LiveObjects(graph_, wanted, cancel_);
  }

  bool CollectPromises() {
    const auto is_promise = [&](const LiveShape& shape) { return TypeName(shape) == "JS_PROMISE_TYPE"; };
    for (const LiveShape& shape : graph_.shapes().shapes()) {
      if (is_promise(shape)) census_.garbage_promises += shape.garbage_count;
    }
    for (const ObjectId node : OfShapes(is_promise)) {
      if (!Poll()) return false;
      const std::optional<PromiseView> view = ReadPromise(reader_, Tagged(node));
      if (!view) continue;
      census_.promises.push_back(
          {.node = node, .state = view->state, .has_handler = view->has_handler, .value = view->value});
    }
    return !cancel_.Cancelled();
  }

  bool CollectCalls() {
    for (const ObjectId node : OfShapes([&](const LiveShape& shape) { return IsGeneratorType(TypeName(shape)); })) {
      if (!Poll()) return false;
      const std::optional<SuspendedView> view = ReadSuspended(reader_, Tagged(node));
      if (!view) continue;
      if (view->promise != 0) {
        // A call that runs settles its promise as well.
        if (AsyncPromise* promise = PendingAt(view->promise)) {
          promise->source = PromiseSource::kAsyncFunction;
          promise->function = view->function;
        }
      }
      if (view->state != GeneratorState::kSuspended) continue;
      census_.calls.push_back({.node = node, .view = *view, .position = PositionOf(*view)});
    }
    return !cancel_.Cancelled();
  }

  // Functions of V8's own that settle a promise.
  bool CollectResolvers() {
    const auto is_function = [&](const LiveShape& shape) {
      return shape.map.category == Category::kClosure && TypeName(shape) != "JS_BOUND_FUNCTION_TYPE";
    };
    for (const ObjectId node : OfShapes(is_function)) {
      if (!Poll()) return false;
      const uint64_t function = Tagged(node);
      if (!IsNative(function)) continue;
      const NativeClosure closure = ReadNativeClosure(reader_, function);
      if (AsyncPromise* promise = PendingAt(closure.promise); promise != nullptr) {
        if (closure.combinator) {
          promise->source = PromiseSource::kCombinator;
        } else if (promise->resolver == kNoObject) {
          promise->resolver = node;
        } else {
          const bool nearer = Distance(node) < Distance(promise->resolver);
          other_resolvers_[IndexOf(promise)] = nearer ? std::exchange(promise->resolver, node) : node;
        }
      }
    }
    return !cancel_.Cancelled();
  }

  bool LinkMicrotasks() {
    const RootGroupState& state = graph_.roots().group(RootGroup::kMicrotasks);
    census_.microtasks_known = state.found;
    for (const Root& root : graph_.roots().roots) {
      if (root.group != RootGroup::kMicrotasks) continue;
      if (!Poll()) return false;
      const std::optional<MicrotaskView> view = ReadMicrotask(reader_, root.object);
      if (!view) continue;
      QueuedMicrotask task{.task = root.object, .view = *view};
      if (const uint64_t generator = GeneratorOf(view->function); generator != 0) {
        MarkOfAwait(view->promise);
        task.generator = census_.CallAt(graph_, generator);
        if (task.generator != kNoEntry) {
          census_.calls[task.generator].ready = true;
          census_.calls[task.generator].continuation = view->continuation;
        }
      } else if (AsyncPromise* promise = PendingAt(view->promise)) {
        promise->source = PromiseSource::kMicrotask;
        promise->function = view->function;
      }
      census_.microtasks.push_back(task);
    }
    return true;
  }

  bool LinkReactions() {
    for (uint32_t i = 0; i < census_.promises.size(); ++i) {
      if (!Poll()) return false;
      if (census_.promises[i].state != PromiseState::kPending) continue;
      const PromiseView view{.promise = Tagged(census_.promises[i].node),
                             .state = PromiseState::kPending,
                             .has_handler = census_.promises[i].has_handler,
                             .value = census_.promises[i].value};
      const bool whole = ForEachReaction(reader_, view, [&](const ReactionView& reaction) {
        LinkReaction(i, reaction);
        return Poll();
      });
      census_.damaged += !whole;
    }
    return !cancel_.Cancelled();
  }

  void LinkReaction(uint32_t index, const ReactionView& reaction) {
    AsyncPromise& promise = census_.promises[index];
    ++promise.reactions;
    const NativeClosure closure =
        IsNative(reaction.fulfill) ? ReadNativeClosure(reader_, reaction.fulfill) : NativeClosure();
    if (closure.generator != 0) {
      ++promise.awaiting;
      MarkOfAwait(reaction.promise);
      const uint32_t call = census_.CallAt(graph_, closure.generator);
      if (call == kNoEntry) return;
      census_.calls[call].awaits = index;
      census_.calls[call].continuation = reaction.continuation;
      promise.waiter = call;
      return;
    }
    if (closure.promise != 0) {
      if (AsyncPromise* target = PendingAt(closure.promise)) {
        target->source = closure.combinator ? PromiseSource::kCombinator : PromiseSource::kFollows;
        target->upstream = index;
        promise.downstream = IndexOf(target);
      }
      return;
    }
    AsyncPromise* derived = PendingAt(reaction.promise);
    if (derived == nullptr || derived == &promise) return;
    derived->source = PromiseSource::kThen;
    derived->upstream = index;
    derived->function = HandlerOf(reaction);
    promise.downstream = IndexOf(derived);
  }

  void MarkOfAwait(uint64_t tagged) {
    AsyncPromise* promise = PendingAt(tagged);
    if (promise == nullptr || promise->of_await) return;
    promise->of_await = true;
    ++census_.of_awaits;
  }

  uint64_t HandlerOf(const ReactionView& reaction) {
    for (const uint64_t handler : {reaction.fulfill, reaction.reject}) {
      const MapInfo* map = LooksLikePointer(handler) ? reader_.MapOf(handler) : nullptr;
      if (map != nullptr && map->category == Category::kClosure) return handler;
    }
    return 0;
  }

  bool LinkCalls() {
    for (uint32_t i = 0; i < census_.calls.size(); ++i) {
      if (!Poll()) return false;
      SuspendedCall& call = census_.calls[i];
      if (call.view.promise != 0) {
        call.promise = census_.PromiseAt(graph_, call.view.promise);
        if (AsyncPromise* promise = PendingAt(call.view.promise)) promise->generator = i;
      }
      uint64_t request = call.view.requests, landmark = 0;
      for (uint64_t count = 0; count < kMostRequests && reader_.IsType(request, "ASYNC_GENERATOR_REQUEST_TYPE");
           ++count) {
        if (request == landmark) break;
        if ((count & (count - 1)) == 0) landmark = request;
        const uint64_t promised = reader_.Field(request, kRequestPromise).value_or(0);
        if (AsyncPromise* promise = PendingAt(promised)) {
          promise->source = PromiseSource::kAsyncGenerator;
          promise->generator = i;
          promise->function = call.view.function;
          if (call.promise == kNoEntry) call.promise = IndexOf(promise);
        }
        request = reader_.Field(request, kRequestNext).value_or(0);
      }
    }
    return true;
  }

  bool LinkModules() {
    for (const ModuleEvaluation& module : FindModuleEvaluations(&reader_, graph_, cancel_)) {
      AsyncPromise* promise = PendingAt(module.promise);
      if (promise == nullptr) continue;
      promise->source = PromiseSource::kModule;
      promise->holder = module.module;
      const uint32_t call = census_.CallAt(graph_, module.awaiting);
      if (call == kNoEntry || census_.calls[call].promise == kNoEntry) continue;
      promise->upstream = census_.calls[call].promise;
      // Before V8's own then(), which tells the module.
      census_.promises[promise->upstream].downstream = IndexOf(promise);
    }
    return !cancel_.Cancelled();
  }

  bool LinkLost() {
    census_.lost = FindLostCalls(&reader_, graph_, census_, cancel_);
    for (uint32_t i = 0; i < census_.lost.size(); ++i) {
      const SuspendedCall& call = census_.lost[i].call;
      if (call.promise == kNoEntry || census_.promises[call.promise].state != PromiseState::kPending) continue;
      AsyncPromise& promise = census_.promises[call.promise];
      promise.source = PromiseSource::kLost;
      promise.lost = i;
      promise.function = call.view.function;
    }
    return !cancel_.Cancelled();
  }

  // What holds the resolve functions of promises whose source nothing else told.
  bool FindHolders() {
    for (AsyncPromise& promise : census_.promises) {
      if (!Poll()) return false;
      if (promise.state != PromiseState::kPending || promise.source != PromiseSource::kNone || promise.of_await) continue;
      const bool resolvable = promise.resolver != kNoObject;
      FindHolder(&promise, resolvable ? promise.resolver : promise.node, resolvable);
      // A word left on a stack may hold one of the two functions, and hides who holds the other one.
      const auto other = other_resolvers_.find(IndexOf(&promise));
      if (promise.source == PromiseSource::kProgram && promise.holder == kNoObject && other != other_resolvers_.end()) {
        FindHolder(&promise, other->second, true);
        if (promise.holder != kNoObject) promise.resolver = other->second;
      }
      if (promise.source == PromiseSource::kNobody ||
          (promise.source == PromiseSource::kProgram && promise.holder == kNoObject)) {
        for (const uint32_t root : graph_.RootsOf(resolvable ? promise.resolver : promise.node)) {
          if (graph_.roots().roots[root].group != RootGroup::kGlobalHandles) continue;
          promise.source = PromiseSource::kNative;
          promise.root = root;
          break;
        }
      }
    }
    return true;
  }

  // Who holds the promise, or the function that settles it, on the shortest way from a root.
  void FindHolder(AsyncPromise* promise, ObjectId at, bool resolvable) {
    promise->source = resolvable ? PromiseSource::kProgram : PromiseSource::kNobody;
    promise->listener = kNoObject;
    ObjectId first = kNoObject;
    for (int i = 0; i < kMostParents; ++i) {
      const ObjectId parent = graph_.ParentOf(at);
      if (parent == kNoObject || !graph_.IsObject(parent)) break;
      const std::string& name = ClassOf(parent);
      if (name == "Timeout" || name == "Immediate") {
        promise->source = name == "Timeout" ? PromiseSource::kTimer : PromiseSource::kImmediate;
        promise->holder = parent;
        return;
      }
      // Promises are held by many; only what works for C++ settles them.
      if (IsOwner(name) && (resolvable || IsNativeRequest(name))) {
        promise->source = PromiseSource::kHeldBy;
        promise->holder = parent;
        return;
      }
      if (!resolvable && !IsStore(parent)) break;
      if (first == kNoObject) first = parent;
      if (graph_.shapes().shapes()[graph_.shapes().ShapeOf(parent)].map.category == Category::kClosure)
        promise->listener = parent;
      at = parent;
    }
    if (promise->source == PromiseSource::kProgram) promise->holder = first;
  }

  // A class that tells more than the shapes that every program is made of.
  bool IsOwner(const std::string& name) const {
    if (name.empty() || name[0] == '(' || name.starts_with("system / ") || name.starts_with("global ")) return false;
    static const std::unordered_set<std::string> kPlain = {"Object",        "Array",          "Map",
                                                           "Set",           "WeakMap",        "WeakSet",
                                                           "Function",      "Promise",        "Generator",
                                                           "Module",        "process",        "global",
                                                           "AsyncFunction", "AsyncGenerator", "GeneratorFunction",
                                                           "Arguments",     "WeakRef",        "Window",
                                                           "globalThis",    "Global",
                                                           // Node.js's queues: of events.on(), for one
                                                           "FixedQueue",    "FixedCircularBuffer"};
    return !kPlain.contains(name);
  }
  // An object of Node.js's C++ side: requests have a promise that C++ settles (FSReqPromise, ...).
  bool IsNativeRequest(const std::string& name) const {
    return name.ends_with("Wrap") || name.starts_with("FSReq") || name.ends_with("Req") || name.ends_with("Job") ||
           name.ends_with("Handle") || name.ends_with("Worker");
  }
  bool IsStore(ObjectId node) {
    const MapInfo* map = reader_.MapOf(Tagged(node));
    return map != nullptr && !reader_.layout().types.IsJSReceiver(map->instance_type) &&
           !reader_.layout().types.IsContext(map->instance_type);
  }
  const std::string& ClassOf(ObjectId node) {
    const uint32_t shape = graph_.shapes().ShapeOf(node);
    auto [known, is_new] = classes_.try_emplace(shape);
    if (is_new) known->second = reader_.ClassOf(Tagged(node));
    return known->second;
  }

  // Steps on the shortest way from a root; the nearer holder tells more of who settles it.
  int Distance(ObjectId node) const {
    int steps = 0;
    for (ObjectId at = node; at != kNoObject && steps < kMostParents; ++steps) at = graph_.ParentOf(at);
    return steps;
  }

  std::string_view TypeName(const LiveShape& shape) const {
    return reader_.layout().types.at(shape.map.instance_type).name;
  }

  bool IsNative(uint64_t function) {
    if (!LooksLikePointer(function)) return false;
    const uint64_t shared = reader_.Field(function, ObjectField::kFunctionShared).value_or(0);
    auto [known, is_new] = native_.try_emplace(shared, false);
    if (is_new) {
      const MapInfo* map = reader_.MapOf(shared);
      known->second = map != nullptr && reader_.layout().types.IsSharedFunctionInfo(map->instance_type) &&
                      ScriptOf(reader_, shared) == 0;
    }
    return known->second;
  }
  uint64_t GeneratorOf(uint64_t function) {
    return IsNative(function) ? ReadNativeClosure(reader_, function).generator : 0;
  }

  int64_t PositionOf(const SuspendedView& view) {
    auto [known, is_new] = positions_.try_emplace({view.shared, view.bytecode}, -1);
    if (is_new) known->second = SuspendedPosition(reader_, view);
    return known->second;
  }

  AsyncPromise* PendingAt(uint64_t tagged) {
    const uint32_t index = census_.PromiseAt(graph_, tagged);
    if (index == kNoEntry || census_.promises[index].state != PromiseState::kPending) return nullptr;
    return &census_.promises[index];
  }
  uint32_t IndexOf(const AsyncPromise* promise) const {
    return static_cast<uint32_t>(promise - census_.promises.data());
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
  AsyncCensus& census_;
  size_t polled_ = 0;
  std::unordered_map<uint32_t, ObjectId> other_resolvers_;  // by promise: the farther one of the two functions
  std::unordered_map<uint64_t, bool> native_;          // by SharedFunctionInfo: no JavaScript of a script
  std::unordered_map<uint32_t, std::string> classes_;  // by shape
  std::map<std::pair<uint64_t, int64_t>, int64_t> positions_;
};

template <typename Entry>
uint32_t EntryAt(const HeapGraph& graph, const std::vector<Entry>& entries, uint64_t tagged) {
  if (!LooksLikePointer(tagged)) return kNoEntry;
  const ObjectId node = graph.index().At(tagged);
  if (node == kNoObject) return kNoEntry;
  const auto at = std::ranges::lower_bound(entries, node, {}, &Entry::node);
  return at != entries.end() && at->node == node ? static_cast<uint32_t>(at - entries.begin()) : kNoEntry;
}

}  // namespace

uint32_t AsyncCensus::PromiseAt(const HeapGraph& graph, uint64_t tagged) const {
  return EntryAt(graph, promises, tagged);
}
uint32_t AsyncCensus::CallAt(const HeapGraph& graph, uint64_t tagged) const {
  return EntryAt(graph, calls, tagged);
}

AsyncCensus FindAsyncWork(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel) {
  AsyncCensus census;
  Collector(reader, graph, cancel, &census).Run();
  return census;
}

std::vector<AwaitStep> WaitersOf(const AsyncCensus& census, uint32_t call) {
  std::vector<AwaitStep> steps;
  std::unordered_set<uint32_t> seen;
  uint32_t promise = census.calls[call].promise;
  while (promise != kNoEntry && steps.size() < kMostAwaitSteps && seen.insert(promise).second) {
    const AsyncPromise& at = census.promises[promise];
    if (at.waiter != kNoEntry) {
      steps.push_back({.call = at.waiter});
      promise = census.calls[at.waiter].promise;
    } else {
      if (at.downstream == kNoEntry) break;
      promise = at.downstream;
      steps.push_back({.promise = promise});
    }
  }
  return steps;
}

uint32_t UltimateSource(const AsyncCensus& census, uint32_t promise) {
  std::unordered_set<uint32_t> seen;
  while (promise != kNoEntry && seen.size() < 4096 && seen.insert(promise).second) {
    const AsyncPromise& at = census.promises[promise];
    uint32_t next = at.upstream;
    if (at.source == PromiseSource::kAsyncFunction || at.source == PromiseSource::kAsyncGenerator)
      next = at.generator == kNoEntry ? kNoEntry : census.calls[at.generator].awaits;
    if (next == kNoEntry) break;
    promise = next;
  }
  return promise;
}

}  // namespace corewalk
