// refs: who refers to an object, or what an object refers to.
#include <fmt/format.h>

#include <algorithm>

#include "command/reference_text.h"
#include "command/target.h"
#include "heap/tagged.h"
#include "heap/word_scan.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 50;
constexpr uint64_t kLeastKept = 1000;      // so that what says most comes first
constexpr uint64_t kMostKept = 1 << 22;    // rows of -n 0
constexpr uint64_t kMostWords = 1 << 20;   // of one object that are told by --from

class RefsCommand final : public Command {
 public:
  RefsCommand()
      : Command({.name = "refs",
                 .aliases = {"referrers"},
                 .group = "Objects",
                 .summary = "who refers to an object, and through what; --from: what it refers to",
                 .usage = "[OPTION...] ADDRESS...",
                 .description =
                     "Every word of the heap that points to the object is named as a program would write it:\n"
                     "Session.cache, Array[3], Map[\"key\"], Context.variable, Function next (context). A reference from a\n"
                     "backing store is told with the object that owns the store (the holder is in --json). Roots follow:\n"
                     "V8's roots table, the isolate, stacks of threads, and other native memory (handles of C++; may be\n"
                     "stale). Weak references do not keep an object alive. Objects of all isolates are searched unless\n"
                     "--isolate chooses one; garbage that is not yet swept counts as a holder too.",
                 .example = "refs 0x2b8f1c0d1b49\nrefs --from 0x2b8f1c0d1b49 --json",
                 .options = {{.name = "to", .help = "who refers to the object (default)"},
                             {.name = "from", .help = "what the object refers to, field by field"},
                             {.name = "no-roots", .help = "the heap only"},
                             {.name = "limit",
                              .letter = 'n',
                              .kind = OptionKind::kInteger,
                              .value_name = "N",
                              .help = "references to print, 0 = all (default 50)"}},
                 .min_words = 1,
                 .max_words = 64}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    if (context.args.Has("to") && context.args.Has("from"))
      return Fail(ErrorCode::kUsage, "refs: --to and --from exclude each other");
    Result<HeapWalkOptions> walk = WalkOptionsFor(context);
    if (!walk) return std::unexpected(walk.error());
    if (!context.isolate.number) walk->isolate = -1;
    HeapReader reader(session.memory(), session.layout(), &session.names());
    std::vector<Address> targets;
    for (const std::string& word : context.args.words()) {
      const Result<uint64_t> address = ParseAddress(word);
      if (!address) return std::unexpected(address.error());
      const uint64_t tagged = Untag(*address) | 1;
      if (session.model().index().At(*address) == nullptr || reader.MapOf(tagged) == nullptr) {
        return Fail(ErrorCode::kNotFound, fmt::format("there is no object at {:#x} (see whatis)", *address), *address);
      }
      targets.push_back(Untag(*address));
    }
    return context.args.Has("from") ? From(context, &reader, targets) : To(context, &reader, targets, *walk);
  }

 private:
  static void TellTargets(CommandContext& context, HeapReader* reader, std::span<const Address> targets) {
    context.out.BeginTable({.key = "objects",
                            .columns = {{"address", "Object"}, {"class_name", "Class", Align::kLeft}, {"value", "", Align::kLeft}}});
    for (const Address target : targets) {
      const Cell row[] = {HexAddress{target}, UntrustedText(reader->ClassOf(target + 1)), BriefValue(*reader, target + 1)};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
  }

  // What says most to a reader comes first: named holders, then V8's own parts, then weak ones.
  static int Rank(HeapReader& reader, const Referrer& row) {
    const MapInfo* map = reader.MapOf(row.owner + 1);
    const bool object = map != nullptr && (reader.layout().types.IsJSReceiver(map->instance_type) ||
                                           map->category == Category::kContext);
    return (row.weak ? 2 : 0) + (object ? 0 : 1);
  }

  static Result<void> To(CommandContext& context, HeapReader* reader, std::span<const Address> targets,
                         const HeapWalkOptions& walk) {
    Session& session = context.session;
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    const ReferrerOptions options{.walk = walk,
                                  .most = limit == 0 ? kMostKept : std::max(limit, kLeastKept),
                                  .roots = !context.args.Has("no-roots")};
    Referrers found = FindReferrers(session, reader, targets, options, context.cancel, context.progress);
    std::ranges::stable_sort(found.heap, {}, [&](const Referrer& row) { return Rank(*reader, row); });

    context.out.BeginDocument("refs", TargetCard(session));
    TellTargets(context, reader, targets);
    const bool many = targets.size() > 1;
    TableSpec spec;
    spec.title = "Referred to by";
    spec.columns = {{"address", "Address"},
                    {"", "Reference", Align::kLeft},
                    {"reference", "", Align::kLeft},
                    {"class_name", ""},
                    {"kind", ""},
                    {"name", ""},
                    {"strength", "Strength", Align::kLeft},
                    {"holder", ""},
                    {"holder_class", ""},
                    {"slot", ""},
                    {"target", many ? "To" : ""}};
    context.out.BeginTable(spec);
    TableEnd end;
    uint64_t shown = 0;
    for (const Referrer& row : found.heap) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const SlotName& name = row.path.front();
      const std::string path = PathText(*reader, row.path);
      const std::string reference = OwnerText(*reader, row.owner) + path;
      const Cell text_of_name = name.kind == SlotKind::kProperty || name.kind == SlotKind::kVariable ? Cell(UntrustedText(name.text))
                                : name.kind == SlotKind::kElement                                    ? Cell(Count{name.index})
                                : name.kind == SlotKind::kField                                      ? Cell(name.label)
                                                                                                     : Cell(Absent{});
      const Cell cells[] = {HexAddress{row.owner},
                            reference,
                            path,
                            UntrustedText(reader->ClassOf(row.owner + 1)),
                            std::string(SlotKindName(name.kind)),
                            text_of_name,
                            std::string(row.weak ? "weak" : "strong"),
                            HexAddress{row.holder},
                            UntrustedText(reader->ClassOf(row.holder + 1)),
                            HexAddress{row.slot},
                            HexAddress{Untag(row.target)}};
      context.out.AddRow(cells);
    }
    const uint64_t known = found.heap.size();
    end.omitted = known - shown + (found.heap_total > options.most ? found.heap_total - options.most : 0);
    context.out.EndTable(end);
    if (options.roots) TellRoots(context, found, limit);
    Completeness completeness = session.completeness();
    found.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }

  static void TellRoots(CommandContext& context, const Referrers& found, uint64_t limit) {
    if (found.roots.empty() && context.out.is_text()) return;
    static constexpr std::string_view kKinds[] = {"root", "isolate", "stack", "native"};
    context.out.BeginTable({.key = "roots",
                            .title = "Outside the heap",
                            .columns = {{"address", "Address"},
                                        {"", "Reference", Align::kLeft},
                                        {"kind", ""},
                                        {"name", ""},
                                        {"isolate", ""},
                                        {"thread_id", ""},
                                        {"strength", "Strength", Align::kLeft},
                                        {"target", ""}}});
    uint64_t shown = 0;
    for (const RootReferrer& root : found.roots) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell cells[] = {HexAddress{root.slot},
                            RootText(root),
                            std::string(kKinds[static_cast<size_t>(root.kind)]),
                            root.name.empty() ? Cell(Absent{}) : Cell(root.name),
                            root.isolate < 0 ? Cell(Absent{}) : Cell(int64_t{root.isolate}),
                            root.thread_id == 0 ? Cell(Absent{}) : Cell(int64_t{root.thread_id}),
                            std::string(root.weak ? "weak"
                                        : root.kind == RootReferrer::Kind::kRoot ? "strong"
                                                                                 : "maybe"),
                            HexAddress{Untag(root.target)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = found.roots_total - shown});
  }

  // Free entries of hash tables hold undefined. (An entry whose key is undefined itself is left out with them.)
  static bool IsUnusedEntry(HeapReader* reader, const SlotName& name, Address slot) {
    if (name.kind == SlotKind::kEntry) return !IsSmi(name.key) && reader->IsUndefined(name.key);
    if (name.kind != SlotKind::kKey && name.kind != SlotKind::kMember) return false;
    const uint64_t key = reader->Word(slot).value_or(0);
    return !IsSmi(key) && reader->IsUndefined(key);
  }

  // The words of one object, its backing stores looked through.
  static void TellWords(CommandContext& context, HeapReader* reader, SlotNamer* namer, Address object, bool many,
                        uint64_t limit, uint64_t* shown, uint64_t* omitted, Completeness* completeness) {
    struct Part {
      Address start;
      std::vector<SlotName> prefix;  // from the object to this part
      Address link = 0;              // the object's word that leads here
    };
    std::vector<Part> parts = {{object, {}}};
    uint64_t words = 0;
    for (size_t p = 0; p < parts.size() && p < 8; ++p) {
      const Part part = parts[p];
      const MapInfo* map = reader->MapOf(part.start + 1);
      if (map == nullptr || !HoldsPointers(reader->layout(), *map)) continue;
      const uint64_t size = reader->SizeOf(part.start + 1);
      for (Address slot = part.start; slot + 8 <= part.start + size; slot += 8) {
        if (++words > kMostWords || (words % 4096 == 0 && context.cancel.Cancelled())) return;
        const std::optional<uint64_t> word = reader->Word(slot);
        if (!word) {
          completeness->bytes_unreadable += part.start + size - slot;
          break;
        }
        if ((*word & 1) == 0 || (*word & 0xffffffff) == 3 || reader->MapOf(*word) == nullptr) continue;
        if (p > 0 && (slot == part.start || reader->OddballOf(*word) == HeapReader::Oddball::kHole)) continue;
        SlotName name = namer->Name(part.start + 1, slot);
        // Room for properties that are still to come is filled with the Map of a filler.
        MapInfo shape;
        if (name.kind == SlotKind::kField && name.label.starts_with("(+") &&
            ReadMap(reader->memory(), reader->layout(), *word, &shape) && shape.category == Category::kFree) {
          continue;
        }
        if (p > 0 && IsUnusedEntry(reader, name, slot)) continue;
        std::vector<SlotName> path = part.prefix;
        if (p > 0 && namer->Join(object + 1, part.link, part.start + 1, slot, &name)) path.clear();
        const bool engine = name.kind == SlotKind::kField;
        if (p > 0 && path.empty() && engine) continue;  // a table's own words
        const bool weak = IsWeakPointer(*word) || name.weak;
        const std::string label = name.label;
        path.push_back(std::move(name));
        if (p == 0 && (label == "(properties)" || label == "(elements)" || label == "(table)" ||
                       label == "(bound arguments)" || label == "(arguments)") &&
            namer->IsStore(*word)) {
          parts.push_back({Untag(*word), path, slot});
        }
        if (limit != 0 && *shown >= limit) {
          ++*omitted;
          continue;
        }
        ++*shown;
        const SlotName& last = path.back();
        const Cell text_of_name = last.kind == SlotKind::kProperty || last.kind == SlotKind::kVariable ? Cell(UntrustedText(last.text))
                                  : last.kind == SlotKind::kElement                                    ? Cell(Count{last.index})
                                  : last.kind == SlotKind::kField                                      ? Cell(last.label)
                                                                                                       : Cell(Absent{});
        std::string text = PathText(*reader, path);
        if (text.starts_with(' ')) text.erase(0, 1);
        const Cell cells[] = {many ? Cell(HexAddress{object}) : Cell(Absent{}),
                              text,
                              std::string(SlotKindName(last.kind)),
                              text_of_name,
                              HexAddress{Untag(*word)},
                              UntrustedText(reader->ClassOf(Untag(*word) | 1)),
                              BriefValue(*reader, *word),
                              std::string(weak ? "weak" : "strong"),
                              HexAddress{slot}};
        context.out.AddRow(cells);
      }
    }
  }

  static Result<void> From(CommandContext& context, HeapReader* reader, std::span<const Address> targets) {
    Session& session = context.session;
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    context.out.BeginDocument("refs", TargetCard(session));
    TellTargets(context, reader, targets);
    const bool many = targets.size() > 1;
    context.out.BeginTable({.title = "Refers to",
                            .columns = {{many ? "from" : "", many ? "Of" : ""},
                                        {"reference", "Field", Align::kLeft},
                                        {"kind", ""},
                                        {"name", ""},
                                        {"address", "Address"},
                                        {"class_name", ""},
                                        {"value", "Value", Align::kLeft},
                                        {"strength", "Strength", Align::kLeft},
                                        {"slot", ""}}});
    Completeness completeness = session.completeness();
    SlotNamer namer(reader);
    uint64_t shown = 0, omitted = 0;
    for (const Address target : targets)
      TellWords(context, reader, &namer, target, many, limit, &shown, &omitted, &completeness);
    context.out.EndTable({.omitted = omitted});
    completeness.interrupted = context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeRefsCommand() {
  return std::make_unique<RefsCommand>();
}

}  // namespace corewalk
