// findrefs: llnode's command, with llnode's flags and lines, so that eyes and scripts that know it keep working. What
// llnode does not know of, entries of Maps and Sets, bears the same form: "0x…: Map.<Value>=0x…".
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analysis/referrers.h"
#include "base/text_sanitize.h"
#include "command/target.h"
#include "heap/string_search.h"
#include "heap/tagged.h"
#include "heap/views/property_finder.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostLines = 1 << 20;
constexpr size_t kMostNodes = 20'000;  // of a tree
constexpr int kMostLevels = 256;

struct Line {
  uint64_t holder = 0;  // tagged
  std::string type;     // raw
  std::string field;    // ".prop", "[3]", raw
  uint64_t value = 0;   // tagged
  std::string text;     // of a string that was searched for, raw
  bool has_text = false;
  bool is_element = false;
  bool is_context = false;

  std::string Text() const {
    std::string line = fmt::format("{}{:x}: {}{}=0x{:x}", has_text && is_element ? "" : "0x", holder,
                                   Sanitize(UntrustedText(type)), Sanitize(UntrustedText(field)), value);
    if (has_text) line += " '" + Sanitize(UntrustedText(text)) + "'";
    return line;
  }
};

// llnode's name of a type of holder.
std::string TypeName(HeapReader& reader, uint64_t holder) {
  const MapInfo* found = reader.MapOf(holder);
  if (found == nullptr) return "";
  const MapInfo map = *found;
  if (reader.layout().types.IsString(map.instance_type)) return "(String)";
  if (map.category == Category::kContext) return "Context";
  std::string name = reader.names().ClassNameOf(map, Untag(holder));
  if (name == "Array" && reader.layout().types.at(map.instance_type).name == "JS_ARRAY_TYPE") return "(Array)";
  if (name == "Object" && !IsStrongPointer(map.constructor)) return "(Object)";
  return name;
}

// The field as llnode writes it; "" for references that it does not tell.
std::string FieldText(HeapReader& reader, const Referrer& row) {
  if (row.path.size() != 1) return "";
  const SlotName& name = row.path.front();
  switch (name.kind) {
    case SlotKind::kProperty:
      return name.symbol ? ".Symbol('" + name.text + "')" : "." + name.text;
    case SlotKind::kVariable:
      return "." + name.text;
    case SlotKind::kElement: {
      const MapInfo* map = reader.MapOf(row.owner + 1);
      const bool object = map != nullptr && reader.layout().types.IsJSReceiver(map->instance_type);
      return object ? fmt::format("[{}]", name.index) : "";
    }
    case SlotKind::kKey:
    case SlotKind::kMember:
      return row.owner != row.holder ? ".<Key>" : "";
    case SlotKind::kEntry:
      return row.owner != row.holder ? ".<Value>" : "";
    case SlotKind::kField:
      break;
  }
  if (!reader.IsString(row.owner + 1)) return "";
  if (name.label == "(first)") return ".<First>";
  if (name.label == "(second)") return ".<Second>";
  if (name.label == "(parent)") return ".<Parent>";
  return name.label == "(actual)" ? ".<Actual>" : "";
}

class FindReferencesCommand final : public Command {
 public:
  FindReferencesCommand()
      : Command({.name = "findrefs",
                 .group = "llnode",
                 .summary = "references to a value, by property name, or to a text, in llnode's format",
                 .usage = "[-r] [-v EXPRESSION | -n NAME | -s STRING]",
                 .description =
                     "-v (default) prints who refers to a value, -n every object with a property of that name, -s references\n"
                     "to strings of exactly this text. -r goes on with who refers to those, as a tree; its indent is set by\n"
                     "'settings set tree-padding N'. refs tells more: roots, engine objects, weak references.",
                 .example = "findrefs 0x2b8f1c0d1b49\nfindrefs -r -v 0x2b8f1c0d1b49\nfindrefs -n callback\nfindrefs -s 'My Text'",
                 .options = {{.name = "value", .letter = 'v', .help = "who refers to the value (default)"},
                             {.name = "name", .letter = 'n', .help = "objects with a property of this name"},
                             {.name = "string", .letter = 's', .help = "who refers to strings of this text"},
                             {.name = "recursive", .letter = 'r', .help = "and who refers to those"}},
                 .min_words = 0,
                 .max_words = 64}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    const Arguments& args = context.args;
    Result<HeapWalkOptions> walk = WalkOptionsFor(context);
    if (!walk) return std::unexpected(walk.error());
    if (!context.isolate.number) walk->isolate = -1;
    const bool by_name = args.Has("name"), by_text = args.Has("string");
    if (by_name + by_text + args.Has("value") > 1) return Fail(ErrorCode::kUsage, "Invalid search type");
    if (args.words().empty()) return Fail(ErrorCode::kUsage, "Missing search parameter");
    if ((by_name || by_text) && args.words().size() > 1)
      return Fail(ErrorCode::kUsage, "Extra search parameter or unquoted string specified.");

    HeapReader reader(session.memory(), session.layout(), &session.names());
    Finder finder{context, &reader, *walk, session.completeness()};
    std::vector<Line> lines;
    if (by_name) {
      lines = finder.ByName(args.words()[0]);
    } else if (by_text) {
      lines = finder.ByText(args.words()[0]);
    } else {
      const Result<uint64_t> value = Value(context, &reader);
      if (!value) return std::unexpected(value.error());
      const Address target = Untag(*value);
      lines = finder.ByTargets(std::span(&target, 1), false);
    }
    context.out.BeginDocument("findrefs", TargetCard(session));
    if (args.Has("recursive")) {
      Tree(context, &finder, lines);
    } else {
      ContextsLast(&lines);
      BeginRows(context);
      for (const Line& line : lines) Tell(context, line, 0);
      if (!context.out.is_text()) context.out.EndTable({});
    }
    finder.completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(finder.completeness);
    return {};
  }

 private:
  struct Finder {
    CommandContext& context;
    HeapReader* reader;
    HeapWalkOptions walk;
    Completeness completeness;

    std::vector<Line> ByTargets(std::span<const Address> targets, bool with_text) {
      const ReferrerOptions options{.walk = walk, .most = kMostLines, .roots = false};
      const Referrers found = FindReferrers(context.session, reader, targets, options, context.cancel, context.progress);
      Completeness of_this;
      found.Describe(&of_this);
      completeness.gc_in_progress |= of_this.gc_in_progress;
      completeness.bytes_unreadable = std::max(completeness.bytes_unreadable, of_this.bytes_unreadable);
      if (found.heap_total > kMostLines) Cut();
      std::vector<Line> lines;
      for (const Referrer& row : found.heap) {
        std::string field = FieldText(*reader, row);
        if (field.empty()) continue;
        Line line{.holder = row.owner + 1, .type = TypeName(*reader, row.owner + 1), .field = std::move(field), .value = row.target};
        line.is_element = row.path.front().kind == SlotKind::kElement;
        line.is_context = row.path.front().kind == SlotKind::kVariable;
        if (with_text) line.has_text = true, line.text = reader->ShortText(row.target, 1 << 16);
        lines.push_back(std::move(line));
      }
      return lines;
    }

    std::vector<Line> ByName(const std::string& name) {
      std::vector<Line> lines;
      PropertyFinder finder(reader, name);
      uint64_t looked_at = 0;
      const VisitGaps gaps = VisitObjects(
          context.session.model(), walk, context.cancel,
          [&](const MapInfo& map, Address first) { return finder.MayHave(map, first); },
          [&](const MapInfo& map, Address object, uint64_t, const Page&) {
            if (++looked_at % 1024 == 0 && context.cancel.Cancelled()) return false;
            const std::optional<OwnProperty> property = finder.Find(map, object);
            if (!property || !property->readable) return true;
            const uint64_t value = property->accessor ? property->getter : property->value;
            lines.push_back({.holder = object + 1, .type = TypeName(*reader, object + 1), .field = "." + name, .value = value});
            if (lines.size() < kMostLines) return true;
            Cut();
            return false;
          });
      gaps.Describe(&completeness);
      return lines;
    }

    std::vector<Line> ByText(const std::string& text) {
      const StringNeedle needle(text);
      std::vector<Address> strings;
      const auto has_length = [&](Address string) {
        return reader->Raw<uint32_t>(string + 1, 12).value_or(~uint32_t{0}) == needle.units();
      };
      if (needle.empty()) {
        VisitObjects(
            context.session.model(), walk, context.cancel,
            [&](const MapInfo& map, Address) { return context.session.layout().types.IsString(map.instance_type); },
            [&](const MapInfo&, Address object, uint64_t, const Page&) {
              if (has_length(object)) strings.push_back(object);
              return true;
            });
      } else {
        // What contains the text and is as long as it is equal to it.
        const StringSearch found = FindStrings(context.session.model(), walk, needle, context.cancel, context.progress);
        for (const Address string : found.found) {
          if (has_length(string)) strings.push_back(string);
        }
      }
      return ByTargets(strings, true);
    }

    void Cut() {
      const std::string note = "the answer was cut: there are more references than can be told";
      completeness.cut = true;
      if (completeness.notes.empty() || completeness.notes.back() != note) completeness.notes.push_back(note);
    }
  };

  static Result<uint64_t> Value(CommandContext& context, HeapReader* reader) {
    std::string expression;
    for (const std::string& word : context.args.words()) expression += word;
    Result<uint64_t> value = ParseAddress(expression);
    if (!value) value = context.evaluate(expression);
    if (!value) return std::unexpected(value.error());
    if (!IsSmi(*value)) return *value;
    if (reader->MapOf(*value + 1) != nullptr) return *value + 1;  // an address without its tag
    return Fail(ErrorCode::kUsage, "Search value is an SMI.");
  }

  static void ContextsLast(std::vector<Line>* lines) { std::ranges::stable_partition(*lines, [](const Line& l) { return !l.is_context; }); }

  static void BeginRows(CommandContext& context) {
    if (context.out.is_text()) return;
    context.out.BeginTable({.columns = {{"address", ""}, {"class_name", ""}, {"field", ""}, {"value", ""}, {"text", ""}, {"level", ""}}});
  }
  static void Tell(CommandContext& context, const Line& line, int level) {
    if (context.out.is_text()) {
      context.out.AddTextLine(line.Text());
      return;
    }
    const Cell cells[] = {HexAddress{Untag(line.holder)},
                          UntrustedText(line.type),
                          UntrustedText(line.field),
                          HexAddress{Untag(line.value)},
                          line.has_text ? Cell(UntrustedText(line.text)) : Cell(Absent{}),
                          Count{static_cast<uint64_t>(level)}};
    context.out.AddRow(cells);
  }

  // Lines of one holder stand together, as llnode visits holder by holder.
  struct Group {
    uint64_t holder;
    std::vector<Line> lines;
  };
  static std::vector<Group> Grouped(std::vector<Line> lines) {
    ContextsLast(&lines);
    std::vector<Group> groups;
    std::unordered_map<uint64_t, size_t> at;
    for (Line& line : lines) {
      const auto [place, is_new] = at.try_emplace(line.holder, groups.size());
      if (is_new) groups.push_back({line.holder, {}});
      groups[place->second].lines.push_back(std::move(line));
    }
    return groups;
  }

  // Level by level, one search for all holders of a level; then printed as llnode does, depth first.
  static void Tree(CommandContext& context, Finder* finder, std::vector<Line> lines) {
    std::unordered_map<uint64_t, std::vector<Group>> children;  // by holder
    const std::vector<Group> top = Grouped(std::move(lines));
    std::vector<Address> level;
    for (const Group& group : top) level.push_back(group.holder);
    for (int depth = 0; depth < kMostLevels && !level.empty() && !context.cancel.Cancelled(); ++depth) {
      if (children.size() + level.size() > kMostNodes) {
        finder->Cut();
        break;
      }
      std::unordered_map<uint64_t, std::vector<Line>> found;
      for (Line& line : finder->ByTargets(level, false)) found[line.value].push_back(std::move(line));
      std::vector<Address> next;
      for (const Address holder : level) children[holder] = {};
      for (auto& [holder, of_holder] : found) children[holder] = Grouped(std::move(of_holder));
      std::unordered_set<Address> queued;
      for (const Address holder : level) {
        for (const Group& group : children[holder]) {
          if (!children.contains(group.holder) && queued.insert(group.holder).second) next.push_back(group.holder);
        }
      }
      level = std::move(next);
      if (depth + 1 == kMostLevels && !level.empty()) finder->Cut();
    }
    BeginRows(context);
    struct Visit {
      const std::vector<Group>* groups;
      size_t next;
      int level;
    };
    static const std::vector<Group> kNone;
    std::string pending;  // "+ " of a branch whose line is still open
    std::unordered_set<uint64_t> seen;
    std::vector<Visit> work = {{&top, 0, 0}};
    while (!work.empty() && !context.cancel.Cancelled()) {
      Visit& visit = work.back();
      if (visit.next == visit.groups->size()) {
        work.pop_back();
        continue;
      }
      const Group& group = (*visit.groups)[visit.next++];
      const int depth = visit.level;
      for (const Line& line : group.lines) {
        if (context.out.is_text()) {
          context.out.AddTextLine(pending + line.Text());
          pending.clear();
        } else {
          Tell(context, line, depth);
        }
      }
      pending += std::string(static_cast<size_t>(context.settings.tree_padding * depth), ' ') + "+ ";
      if (!seen.insert(group.holder).second) {
        context.out.AddTextLine(pending + " [seen above]");
        pending.clear();
        continue;
      }
      const auto at = children.find(group.holder);
      work.push_back({at == children.end() ? &kNone : &at->second, 0, depth + 1});
    }
    if (context.out.is_text()) {
      if (!pending.empty()) context.out.AddTextLine(pending);
    } else {
      context.out.EndTable({});
    }
  }
};

}  // namespace

std::unique_ptr<Command> MakeFindReferencesCommand() {
  return std::make_unique<FindReferencesCommand>();
}

}  // namespace corewalk
