#include "analysis/leaks/pinned.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "heap/views/bound_functions.h"
#include "heap/views/contexts.h"

namespace corewalk {
namespace {

constexpr int kMostLevels = 8;   // of contexts
constexpr int kMostBound = 100;  // bound functions inside one another
constexpr size_t kPollFunctions = 1 << 12;
constexpr uint64_t kContextLengthMask = 0x3fffffff;  // bit 30 is a flag in 7.9

class PinFinder {
 public:
  PinFinder(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel)
      : reader_(*reader), graph_(graph), cancel_(cancel) {}

  ClosurePins Find(std::span<const uint64_t> functions) {
    std::vector<uint64_t> level;
    std::unordered_set<uint64_t> seen;
    for (size_t i = 0; i < functions.size(); ++i) {
      if (i % kPollFunctions == kPollFunctions - 1 && cancel_.Cancelled()) break;
      uint64_t function = functions[i];
      Remember(function);
      for (int depth = 0; depth < kMostBound && IsBoundFunction(reader_, function); ++depth) {
        AddBound(function);
        function = reader_.Field(function, kBoundTarget).value_or(0);
      }
      const MapInfo* map = reader_.MapOf(function);
      if (map == nullptr || map->category != Category::kClosure) continue;
      const uint64_t context = reader_.Field(function, ObjectField::kFunctionContext).value_or(0);
      if (seen.insert(context).second) level.push_back(context);
    }
    for (int depth = 0; depth < kMostLevels && !level.empty() && !cancel_.Cancelled(); ++depth) {
      std::vector<uint64_t> outer;
      const bool many = level.size() > 1;
      size_t looked_at = 0;
      for (const uint64_t context : level) {
        if (++looked_at % kPollFunctions == 0 && cancel_.Cancelled()) break;
        const ObjectId node = graph_.index().At(context);
        if (node == kNoObject || !IsFunctionContext(context) || !(many || IsOurs(node))) continue;
        AddContext(context, node);
        ours_.insert(node);
        const uint64_t previous = reader_.ArrayElement(context, 1).value_or(0);
        if (!IsSmi(previous) && seen.insert(previous).second) outer.push_back(previous);
      }
      level = std::move(outer);
    }
    std::vector<PinnedVariable> variables;
    for (auto& [key, variable] : variables_) variables.push_back(std::move(variable));
    std::ranges::stable_sort(variables, [](const PinnedVariable& a, const PinnedVariable& b) {
      return std::tie(b.retained, b.largest_retained, b.count) < std::tie(a.retained, a.largest_retained, a.count);
    });
    pinned_.variables = std::move(variables);
    return std::move(pinned_);
  }

 private:
  // The contexts of scripts, modules and realms belong to the program as a whole.
  bool IsFunctionContext(uint64_t context) {
    const MapInfo* map = reader_.MapOf(context);
    if (map == nullptr || !reader_.layout().types.IsContext(map->instance_type) ||
        reader_.layout().types.IsNativeContext(map->instance_type))
      return false;
    const std::string_view type = reader_.TypeOf(context);
    return !type.starts_with("SCRIPT_CONTEXT") && !type.starts_with("MODULE_CONTEXT");
  }

  void Remember(uint64_t function) {
    const ObjectId node = graph_.index().At(function);
    if (node == kNoObject) return;
    ours_.insert(node);
    const ObjectId dominator = graph_.DominatorOf(node);
    constexpr size_t kMostHolders = 1 << 10;
    if (dominator < graph_.node_count() && holders_.size() < kMostHolders) holders_.insert(dominator);
  }
  // Whether the context goes when the functions go, or when that goes which holds them.
  bool IsOurs(ObjectId node) const {
    const ObjectId dominator = graph_.DominatorOf(node);
    return ours_.contains(dominator) || holders_.contains(dominator);
  }

  void AddBound(uint64_t function) {
    const ObjectId node = graph_.index().At(function);
    const std::pair<const char*, int> fields[] = {{"this", kBoundThis}, {"arguments", kBoundArguments}};
    for (const auto& [name, offset] : fields) {
      const uint64_t value = reader_.Field(function, offset).value_or(0);
      PinnedVariable& variable = variables_[{0, static_cast<uint32_t>(offset)}];
      if (variable.name.empty()) variable = {.name = name, .bound = true};
      AddValue(value, node, kNoObject, &variable);
    }
  }

  void AddContext(uint64_t context, ObjectId node) {
    const uint64_t scope_info = reader_.ArrayElement(context, 0).value_or(0);
    auto [known, is_new] = scopes_.try_emplace(scope_info);
    if (is_new) known->second = VariablesOfScope(reader_, scope_info);
    const uint64_t length = static_cast<uint64_t>(SmiValue(reader_.Field(context, 8).value_or(0))) & kContextLengthMask;
    ++pinned_.contexts;
    pinned_.context_bytes += 16 + 8 * length;
    for (uint32_t i = 0; i < known->second.size(); ++i) {
      const ScopeVariable& scope_variable = known->second[i];
      if (scope_variable.slot >= length) continue;
      const uint64_t word = reader_.ArrayElement(context, scope_variable.slot).value_or(0);
      const HeapReader::SlotValue value = reader_.ThroughCell(word);
      if (value.raw_double || IsSmi(value.value)) continue;
      const ObjectId cell = value.cell == 0 ? kNoObject : graph_.index().At(value.cell);
      PinnedVariable* variable = nullptr;
      const auto at = variables_.find({scope_info, i});
      if (at != variables_.end()) variable = &at->second;
      PinnedVariable fresh{.name = scope_variable.name, .scope_info = scope_info};
      AddValue(value.value, node, cell, variable != nullptr ? variable : &fresh);
      if (variable == nullptr && fresh.count > 0) variables_.emplace(std::pair(scope_info, i), std::move(fresh));
    }
  }

  void AddValue(uint64_t value, ObjectId holder, ObjectId cell, PinnedVariable* variable) {
    const ObjectId node = IsSmi(value) ? kNoObject : graph_.index().At(value);
    if (node == kNoObject || graph_.DominatorOf(node) == kNoObject) return;
    ++variable->count;
    const uint64_t retained = graph_.RetainedOf(node);
    const ObjectId dominator = graph_.DominatorOf(node);
    if (dominator == holder || (cell != kNoObject && dominator == cell)) variable->retained += retained;
    if (variable->largest == kNoObject || retained > variable->largest_retained) {
      variable->largest = node;
      variable->largest_retained = retained;
    }
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
  ClosurePins pinned_;
  std::unordered_set<ObjectId> ours_, holders_;
  std::unordered_map<uint64_t, std::vector<ScopeVariable>> scopes_;
  std::map<std::pair<uint64_t, uint32_t>, PinnedVariable> variables_;
};

}  // namespace

uint64_t TargetOfBound(HeapReader* reader, uint64_t function) {
  for (int depth = 0; depth < kMostBound && reader->IsType(function, "JS_BOUND_FUNCTION_TYPE"); ++depth)
    function = reader->Field(function, kBoundTarget).value_or(0);
  const MapInfo* map = reader->MapOf(function);
  return map != nullptr && map->category == Category::kClosure && !reader->IsType(function, "JS_BOUND_FUNCTION_TYPE")
             ? function
             : 0;
}

ClosurePins FindClosurePins(HeapReader* reader, const HeapGraph& graph, std::span<const uint64_t> functions,
                  const Cancel& cancel) {
  return PinFinder(reader, graph, cancel).Find(functions);
}

}  // namespace corewalk
