// What speaks for it that something is work in progress: only what runs holds it.
#include <algorithm>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/excuse_finder.h"
#include "analysis/leaks/frame_variables.h"
#include "analysis/leaks/live_objects.h"
#include "heap/views/contexts.h"

namespace corewalk {

// Below an object that nothing but running functions holds, or the callback that is to go on with it (setImmediate): a
// parser at work, a compiler between two stages. Asked only where the shortest way begins there, because looking for
// holders costs a pass over all references.
bool ExcuseFinder::OnlyOnStacks(const Holder& holder) {
  constexpr int kMostOwners = 6;
  if (holder.path.empty()) return false;
  const std::vector<uint32_t> roots = graph_.RootsOf(holder.path.front().node);
  const bool from_stack = !roots.empty() && AreOfStacks(roots);
  if (!from_stack && !GoesThroughImmediate(holder)) return false;
  Holder above = holder;
  for (int i = 0; i < kMostOwners && graph_.IsObject(above.holder_node); ++i) {
    if (above.kind != HolderKind::kProperty && above.kind != HolderKind::kElement && above.kind != HolderKind::kEntry) break;
    above = holders_.Find(above.holder_node);
  }
  // Where parts refer to each other, owners lead in a circle; what dominates them all does not.
  if (above.kind == HolderKind::kProperty || above.kind == HolderKind::kElement || above.kind == HolderKind::kEntry) {
    constexpr int kMostSteps = 100'000;
    ObjectId top = holder.holder_node;
    for (int i = 0; i < kMostSteps && graph_.IsObject(top) && graph_.IsObject(graph_.DominatorOf(top)); ++i) top = graph_.DominatorOf(top);
    above = holders_.Find(top);
  }
  if (above.kind == HolderKind::kClosure) return GoesThroughImmediate(above);
  if (from_stack && IsClassOfModule(holder.path.front().node, roots)) return false;
  return above.kind == HolderKind::kStack || !IsHeldOtherwise(holder);
}

bool ExcuseFinder::AreOfStacks(std::span<const uint32_t> roots) const {
  return std::ranges::all_of(roots, [this](uint32_t root) { return graph_.roots().roots[root].group == RootGroup::kStacks; });
}

// By more than stacks, callbacks of setImmediate and the variables of running functions: by a variable of a module, say,
// even when its functions are running. One more way over all references, once, where the shortest way does not say so.
bool ExcuseFinder::IsHeldOtherwise(const Holder& holder) {
  const auto is_module = [this](const PathStep& step) { return graph_.IsObject(step.node) && OuterContextOf(step.node) == step.node; };
  if (!graph_.IsObject(holder.holder_node) || std::ranges::any_of(holder.path, is_module)) return true;
  if (!held_otherwise_) {
    held_otherwise_.emplace();
    std::vector<ObjectId> roots;
    for (const ObjectId node : graph_.root_nodes()) {
      const std::vector<uint32_t> all = graph_.RootsOf(node);
      if (!AreOfStacks(all) || IsClassOfModule(node, all)) {
        roots.push_back(node);
      } else if (const ObjectId context = graph_.IsObject(node) ? OuterContextOf(node) : kNoObject; context != kNoObject) {
        roots.push_back(context);
      }
    }
    const auto is_immediate = [this](const LiveShape& shape) {
      return shape.map.category == Category::kObject && reader_.names().ClassName(shape.map, shape.sample) == "Immediate";
    };
    const std::vector<ObjectId> gone = LiveObjects(graph_, is_immediate, cancel_);
    if (Result<NodeSet> reached = graph_.ReachedFrom(roots, gone, cancel_, {})) held_otherwise_ = std::move(*reached);
  }
  return held_otherwise_->empty() || held_otherwise_->Has(holder.holder_node);
}

// Of a context or a function: the outermost context of variables, which is a module's own where that has a context.
// Contexts of other functions are named after them.
ObjectId ExcuseFinder::OuterContextOf(ObjectId node) {
  constexpr int kMostOuter = 64;
  uint64_t at = graph_.index().AddressOf(node) + 1;
  if (const std::optional<FunctionView> function = ReadFunction(reader_, at)) at = function->context;
  std::optional<ContextView> context = ReadContext(reader_, at);
  for (int i = 0; context && i < kMostOuter; ++i) {
    std::optional<ContextView> outer = context->previous == 0 ? std::nullopt : ReadContext(reader_, context->previous);
    if (!outer || outer->variables.empty()) break;
    context = std::move(outer);
  }
  if (!context || context->variables.empty() || !context->function_name.empty()) return kNoObject;
  return graph_.index().At(context->context);
}

bool ExcuseFinder::GoesThroughImmediate(const Holder& holder) {
  return std::ranges::any_of(holder.path, [this](const PathStep& step) {
    return graph_.IsObject(step.node) && ClassOfNode(reader_.names(), graph_, step.node) == "Immediate";
  });
}

// A class that a module's own code declares, and no function of it refers to, lies in a register of the module's frame
// while that runs, or after an await goes on. It is no less the module's than one that has a place in its scope.
bool ExcuseFinder::IsClassOfModule(ObjectId node, std::span<const uint32_t> roots) {
  const MapInfo* const map = graph_.IsObject(node) ? reader_.MapOf(graph_.index().AddressOf(node) + 1) : nullptr;
  if (map == nullptr || map->category != Category::kClosure) return false;
  return std::ranges::any_of(roots, [this](uint32_t root) {
    const std::optional<FunctionView> function = FunctionOfSlot(reader_, graph_.roots().roots[root].slot);
    return function && function->script != 0 && holders_.sources().IsUserScript(function->script) && IsModuleCode(reader_, *function);
  });
}

}  // namespace corewalk
