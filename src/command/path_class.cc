#include "command/path_class.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "analysis/path_tree.h"
#include "analysis/paths.h"
#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "heap/views/slots.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kAlike = 3;       // so many of one class have lines of their own
constexpr uint64_t kBigPart = 20;  // and those with more than one in so many of all targets
constexpr size_t kMostParts = 8;   // one behind the other
constexpr size_t kPollChildren = 4096;

// A line of the tree.
struct Line {
  uint32_t index = PathTree::kNone;  // of the node, or of the first of several
  std::vector<ObjectId> way;         // from the line above: its node, parts of it, this node
  uint64_t depth = 0;
  uint64_t targets = 0;
  uint64_t alike = 1;   // so many nodes stand in this line
  uint64_t script = 0;  // of the line above, see WayText
};

class Teller {
 public:
  Teller(CommandContext& context, HeapReader* reader, const HeapGraph& graph, const PathTree& tree)
      : context_(context), reader_(*reader), graph_(graph), tree_(tree), namer_(reader), text_(reader, graph) {}

  // The lines left out.
  uint64_t Tell(uint64_t limit) {
    uint64_t shown = 0, omitted = 0;
    std::vector<Line> open;
    AddLines(tree_.roots(), Line{}, 0, &open);
    while (!open.empty() && !context_.cancel.Cancelled()) {
      const Line line = std::move(open.back());
      open.pop_back();
      if (limit != 0 && shown >= limit) {
        ++omitted;
        continue;
      }
      ++shown;
      text_.set_script(line.script);
      TellLine(line);
      if (line.alike > 1) continue;
      Line below = line;
      below.script = text_.script();
      AddLines(tree_.ChildrenOf(line.index), below, line.depth + 1, &open);
    }
    return omitted;
  }

 private:
  // Appends the children of a node, the one with most targets last. Parts of an object (the array of an Array) are no
  // lines: what they lead to is. Of a class that occurs more than three times, those with few targets are one line.
  void AddLines(std::span<const uint32_t> children, const Line& above, uint64_t depth, std::vector<Line>* open) {
    struct Child {
      uint32_t index, class_number, part;
    };
    std::vector<Child> found;
    std::vector<std::vector<ObjectId>> ways(1);  // to each part; the first is the line above itself
    if (above.index != PathTree::kNone) ways[0].push_back(tree_[above.index].id);
    std::vector<std::pair<std::span<const uint32_t>, uint32_t>> parts = {{children, 0}};
    std::map<uint32_t, uint64_t> of_class;
    size_t looked = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      const auto [inside, part] = parts[i];
      for (const uint32_t child : inside) {
        if (++looked % kPollChildren == 0 && context_.cancel.Cancelled()) return;
        const PathTree::Node& node = tree_[child];
        if (depth > 0 && !node.is_target && ways[part].size() <= kMostParts && IsPart(node.id)) {
          ways.push_back(ways[part]);
          ways.back().push_back(node.id);
          parts.emplace_back(tree_.ChildrenOf(child), static_cast<uint32_t>(ways.size() - 1));
          continue;
        }
        found.push_back({child, ClassNumber(node.id), part});
        ++of_class[found.back().class_number];
      }
    }
    std::vector<Line> lines;
    std::map<uint32_t, Line> groups;
    for (const Child& child : found) {
      const PathTree::Node& node = tree_[child.index];
      if (of_class[child.class_number] <= kAlike || uint64_t{node.targets} * kBigPart > tree_.targets()) {
        lines.push_back({child.index, ways[child.part], depth, node.targets, 1, above.script});
        lines.back().way.push_back(node.id);
        continue;
      }
      Line& group = groups[child.class_number];
      if (group.index == PathTree::kNone) group = {.index = child.index, .depth = depth, .alike = 0};
      group.targets += node.targets;
      ++group.alike;
    }
    for (auto& [number, group] : groups) lines.push_back(std::move(group));
    std::ranges::stable_sort(lines, {}, &Line::targets);
    open->insert(open->end(), std::make_move_iterator(lines.begin()), std::make_move_iterator(lines.end()));
  }

  void TellLine(const Line& line) {
    const ObjectId node = tree_[line.index].id;
    const bool one = line.alike == 1;
    std::string through;
    if (one && line.way.size() > 1) {
      through = StepText(reader_, DescribePath(&reader_, graph_, line.way).back().through);
    } else if (one) {
      const std::vector<uint32_t> roots = graph_.RootsOf(node);
      through = roots.empty() ? "(root)" : RootName(graph_, roots.front());
    }
    const std::string class_name = NodeClass(reader_, graph_, node);
    const std::string value =
        one ? text_.Next(node) : fmt::format("{} x {}", FormatCount(line.alike), Sanitize(UntrustedText(class_name)));
    const Cell cells[] = {
        Count{line.targets},
        Count{line.depth},
        std::string(2 * std::min<uint64_t>(line.depth, 40), ' ') + through + (through.empty() ? "" : ": ") + value,
        one ? Cell(through) : Cell(Absent{}),
        Count{line.alike},
        value,
        UntrustedText(class_name),
        one ? Cell(HexAddress{NodeAddress(graph_, node)}) : Cell(Absent{})};
    context_.out.AddRow(cells);
  }

  // Per shape, so that a class is looked up once per Map.
  uint32_t ClassNumber(ObjectId node) {
    if (!graph_.IsObject(node)) return PathTree::kNone;
    const uint32_t shape = graph_.shapes().ShapeOf(node);
    if (shape >= class_of_shape_.size()) class_of_shape_.resize(shape + 1, PathTree::kNone);
    if (class_of_shape_[shape] == PathTree::kNone) {
      const std::string name = ShapeClass(context_.session.names(), graph_.shapes().shapes()[shape]);
      class_of_shape_[shape] =
          class_numbers_.try_emplace(name, static_cast<uint32_t>(class_numbers_.size())).first->second;
    }
    return class_of_shape_[shape];
  }

  bool IsPart(ObjectId node) {
    if (!graph_.IsObject(node)) return false;
    const uint32_t shape = graph_.shapes().ShapeOf(node);
    if (shape >= is_part_.size()) is_part_.resize(shape + 1);
    if (!is_part_[shape]) is_part_[shape] = namer_.IsStore(graph_.index().AddressOf(node) + 1);
    return *is_part_[shape];
  }

  CommandContext& context_;
  HeapReader& reader_;
  const HeapGraph& graph_;
  const PathTree& tree_;
  SlotNamer namer_;
  WayText text_;
  std::vector<uint32_t> class_of_shape_;
  std::map<std::string, uint32_t> class_numbers_;
  std::vector<std::optional<bool>> is_part_;  // by shape
};

}  // namespace

Result<void> TellPathsOfClass(CommandContext& context, HeapReader* reader, HeapGraph* graph, const std::string& wanted,
                              uint64_t limit) {
  const Result<std::vector<ObjectId>> targets = LiveObjectsOfClass(context, graph, wanted);
  if (!targets) return std::unexpected(targets.error());
  const PathTree tree(*graph, *targets, context.cancel);
  context.out.BeginDocument("path", TargetCard(context.session));
  context.out.AddCard({.key = "class",
                       .fields = {{"name", "Class", UntrustedText(wanted)},
                                  {"live_count", "Live objects", Count{targets->size()}},
                                  {"not_shown", "", Count{targets->size() - tree.targets()}}}});
  context.out.BeginTable({.columns = {{"count", "Count"},
                                      {"depth", ""},
                                      {"", "Way from the root", Align::kLeft},
                                      {"reference", ""},
                                      {"alike", ""},
                                      {"value", ""},
                                      {"class_name", ""},
                                      {"address", "Address"}}});
  const uint64_t omitted = Teller(context, reader, *graph, tree).Tell(limit);
  context.out.EndTable({.omitted = omitted});
  context.out.EndDocument(GraphCompleteness(context, *graph));
  return {};
}

}  // namespace corewalk
