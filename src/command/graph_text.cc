#include "command/graph_text.h"

#include <fmt/format.h>

#include "analysis/class_members.h"
#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "heap/scope_info.h"
#include "heap/tagged.h"
#include "heap/views/collections.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"

namespace corewalk {

Card LivenessCard(const HeapGraph& graph) {
  uint64_t live = 0, live_bytes = 0, maybe = 0, maybe_bytes = 0, garbage = 0, garbage_bytes = 0, external = 0;
  for (const LiveShape& shape : graph.shapes().shapes()) {
    live += shape.live_count, live_bytes += shape.live_bytes;
    maybe += shape.maybe_count, maybe_bytes += shape.maybe_bytes;
    garbage += shape.garbage_count, garbage_bytes += shape.garbage_bytes;
  }
  for (size_t i = 0; i < graph.external().size(); ++i) {
    if (graph.IsLive(static_cast<ObjectId>(graph.object_count() + i))) external += graph.external()[i].bytes;
  }
  return {.key = "liveness",
          .fields = {{"live_count", "", Count{live}},
                     {"live_bytes", "Live", Bytes{live_bytes}},
                     {"maybe_live_count", "", Count{maybe}},
                     {"maybe_live_bytes", "of it only by looks", Bytes{maybe_bytes}},
                     {"external_bytes", "outside the heap",
                      graph.options().marks_only ? Cell(std::string("not known")) : Cell(Bytes{external})},
                     {"garbage_count", "", Count{garbage}},
                     {"garbage_bytes", "Garbage", Bytes{garbage_bytes}}}};
}

Result<int> ChosenSingleIsolate(const CommandContext& context) {
  const Result<int> isolate = ChosenIsolate(context);
  if (!isolate || *isolate >= 0) return isolate;
  if (context.session.model().isolates().size() == 1) return 0;
  return Fail(ErrorCode::kUsage, "the graph is that of one isolate: choose it with --isolate N");
}

Result<HeapGraph*> GraphFor(CommandContext& context, Session::GraphNeed need) {
  const Result<int> isolate = ChosenSingleIsolate(context);
  if (!isolate) return std::unexpected(isolate.error());
  return context.session.Graph(*isolate, need, context.cancel, context.progress);
}

Result<HeapGraph*> GraphWithShapes(CommandContext& context) {
  Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kPaths);
  if (!built) return built;
  if (const Result<void> shapes = (*built)->EnsureShapes(context.cancel, context.progress); !shapes)
    return std::unexpected(shapes.error());
  return built;
}

Completeness GraphCompleteness(const CommandContext& context, const HeapGraph& graph) {
  Completeness completeness = StartCompleteness(context);
  graph.Describe(&completeness);
  completeness.interrupted |= context.cancel.Cancelled();
  return completeness;
}

Result<std::vector<ObjectId>> NodesAt(CommandContext& context, const HeapGraph& graph, bool live_only) {
  std::vector<ObjectId> nodes;
  for (const std::string& word : context.args.words()) {
    const Result<uint64_t> address = ParseAddress(word);
    if (!address) return std::unexpected(address.error());
    const ObjectId node = graph.index().At(*address);
    if (node == kNoObject) {
      const Page* page = context.session.model().index().At(*address);
      if (page != nullptr && page->space == SpaceKind::kReadOnly)
        return Fail(ErrorCode::kNotFound, fmt::format("{:#x} is in read-only space: nothing holds or frees it", *address),
                    *address);
      if (page != nullptr && page->descriptor.heap != graph.index().model().isolates()[graph.index().isolate()].heap)
        return Fail(ErrorCode::kNotFound,
                    fmt::format("{:#x} is in another isolate than {}: choose it with --isolate", *address,
                                graph.index().isolate()),
                    *address);
      return Fail(ErrorCode::kNotFound,
                  fmt::format("there is no object at {:#x} (see whatis){}", *address,
                              context.session.memory().Gaps().truncated ? "; the core is cut, and it may lie in what is missing" : ""),
                  *address);
    }
    if (live_only && !graph.IsLive(node)) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("the object at {:#x} is garbage: no root reaches it (refs tells who refers to it)", *address),
                  *address);
    }
    nodes.push_back(node);
  }
  return nodes;
}

Result<std::vector<ObjectId>> LiveObjectsOfClass(CommandContext& context, HeapGraph* graph, const std::string& wanted) {
  const auto none = [&] {
    return Fail(ErrorCode::kNotFound, fmt::format("there is no live object of a class '{}' (see histogram --live)",
                                                  Sanitize(UntrustedText(wanted), {.max_code_points = 80})));
  };
  if (graph->options().marks_only) {
    Result<std::vector<ObjectId>> found = ClassMembers(graph->index(), graph->live(), wanted,
                                                       context.session.options().threads, context.cancel, context.progress);
    if (found && found->empty()) return none();
    return found;
  }
  if (const Result<void> shapes = graph->EnsureShapes(context.cancel, context.progress); !shapes)
    return std::unexpected(shapes.error());
  const std::span<const LiveShape> shapes = graph->shapes().shapes();
  std::vector<bool> is_wanted(shapes.size());
  uint64_t count = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    // Read-only objects are no part of the graph.
    is_wanted[i] = shapes[i].live_count > 0 && shapes[i].space != SpaceKind::kReadOnly &&
                   ShapeClass(context.session.names(), shapes[i]) == wanted;
    if (is_wanted[i]) count += shapes[i].live_count;
  }
  if (count == 0) return none();
  std::vector<ObjectId> nodes;
  nodes.reserve(count);
  for (ObjectId id = 0; id < graph->object_count(); ++id) {
    if (id % (1 << 20) == 0 && context.cancel.Cancelled()) break;
    if (graph->IsLive(id) && is_wanted[graph->shapes().ShapeOf(id)]) nodes.push_back(id);
  }
  return nodes;
}

std::string NodeText(HeapReader& reader, const HeapGraph& graph, ObjectId node) {
  if (!graph.IsObject(node)) return "external memory";
  const uint64_t tagged = graph.index().AddressOf(node) + 1;
  const MapInfo* found = reader.MapOf(tagged);
  if (found == nullptr) return "(unreadable)";
  const MapInfo map = *found;
  if (map.category == Category::kClosure) {
    const std::optional<FunctionView> view = ReadFunction(reader, tagged);
    const std::string place = view ? PlaceOf(*view) : "";
    return OwnerText(reader, Untag(tagged)) + (place.empty() ? "" : " " + Sanitize(UntrustedText(place)));
  }
  if (map.category == Category::kContext) {
    const std::optional<ContextView> view = ReadContext(reader, tagged);
    std::string text = OwnerText(reader, Untag(tagged));
    if (view && !view->function_name.empty()) text += " of " + Sanitize(UntrustedText(view->function_name), {.max_code_points = 80});
    return text;
  }
  const std::string_view type = reader.TypeOf(tagged);
  if (type == "JS_MAP_TYPE" || type == "JS_SET_TYPE") {
    if (const std::optional<TableView> table = TableOf(reader, tagged))
      return fmt::format("{}({})", OwnerText(reader, Untag(tagged)), table->size);
  }
  return BriefValue(reader, tagged);
}

std::string WayText::Next(ObjectId node) {
  std::string text = NodeText(reader_, graph_, node);
  const uint64_t tagged = graph_.IsObject(node) ? graph_.index().AddressOf(node) + 1 : 0;
  const MapInfo* map = tagged != 0 ? reader_.MapOf(tagged) : nullptr;
  if (map == nullptr || (map->category != Category::kContext && map->category != Category::kClosure)) {
    script_ = 0;
    return text;
  }
  if (map->category == Category::kClosure) {
    const std::optional<FunctionView> function = ReadFunction(reader_, tagged);
    script_ = function ? function->script : 0;
    return text;
  }
  const std::optional<ContextView> view = script_ != 0 ? ReadContext(reader_, tagged) : std::nullopt;
  const ScriptView* script = view && view->scope_info != 0 ? ReadScript(reader_, script_) : nullptr;
  if (script == nullptr) return text;
  const std::optional<ScopeInfoParts> parts = LocateScopeInfo(reader_.memory(), reader_.layout(), view->scope_info);
  const std::optional<uint64_t> start = parts && parts->positions != 0 ? reader_.Word(parts->positions) : std::nullopt;
  const SourcePosition at = start && IsSmi(*start) ? PositionIn(reader_, script_, SmiValue(*start)) : SourcePosition();
  if (view->function_name.empty()) text += " of";
  text += " " + Sanitize(UntrustedText(script->name.empty() ? "(unnamed script)" : script->name));
  if (at.line != 0) text += fmt::format(":{}:{}", at.line, at.column);
  return text;
}

std::string NodeClass(HeapReader& reader, const HeapGraph& graph, ObjectId node) {
  return graph.IsObject(node) ? reader.ClassOf(graph.index().AddressOf(node) + 1) : "(external)";
}

std::string ShapeClass(NameResolver& names, const LiveShape& shape) {
  return shape.own_name ? names.ClassNameOf(shape.map, shape.sample) : names.ClassName(shape.map, shape.sample);
}

Address NodeAddress(const HeapGraph& graph, ObjectId node) {
  return graph.IsObject(node) ? graph.index().AddressOf(node) : graph.external()[node - graph.object_count()].address;
}

std::string RootName(const HeapGraph& graph, uint32_t root) {
  const Root& found = graph.roots().roots[root];
  const std::string& label = graph.roots().labels[found.label];
  return std::string(RootGroupName(found.group)) + (label.empty() ? "" : " " + Sanitize(UntrustedText(label)));
}

}  // namespace corewalk
