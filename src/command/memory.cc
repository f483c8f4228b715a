// memory: the ledger of the whole process.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/leaks/buffer_owners.h"
#include "analysis/leaks/buffers.h"
#include "analysis/leaks/holder.h"
#include "analysis/memory_ledger.h"
#include "base/text_sanitize.h"
#include "command/holder_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 10;

std::string_view SourceName(Residency::Source source) {
  switch (source) {
    case Residency::Source::kFileHoles:
      return "file_holes";
    case Residency::Source::kZeroPages:
      return "zero_pages";
    default:
      return "pagemap";
  }
}

std::string Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? "0 %" : fmt::format("{:.0f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string PartName(MemoryVerdict kind) {
  switch (kind) {
    case MemoryVerdict::kHeap:
      return "objects of the V8 heap";
    case MemoryVerdict::kHeapFree:
      return "free parts of V8's pages";
    case MemoryVerdict::kBuffers:
      return "ArrayBuffer memory";
    case MemoryVerdict::kStrings:
      return "external strings";
    case MemoryVerdict::kWasm:
      return "WebAssembly memories";
    case MemoryVerdict::kNative:
      return "memory of native code (malloc, in use)";
    case MemoryVerdict::kFragmentation:
      return "memory that malloc holds and nobody uses";
    case MemoryVerdict::kStacks:
      return "stacks of threads";
    default:
      return "mappings of unknown origin";
  }
}

class MemoryCommand final : public Command {
 public:
  MemoryCommand()
      : Command(
            {.name = "memory",
             .group = "Leaks",
             .summary = "what the whole process consists of, and which part grew when heapUsed is flat",
             .description =
                 "Every mapped byte stands in one row; the rows add up to the core, or to the live process.\n"
                 "  Reserved  address space; much of it was never touched\n"
                 "  In core   bytes that the core holds (of a live process: that can be read)\n"
                 "  Resident  memory that was really there: what RSS counts. A core tells by the holes of its file\n"
                 "            (copy it with cp --sparse=always), else pages of zeros count as untouched. Of files a "
                 "core\n"
                 "            holds only what the process changed, so their share of RSS is not known from it.\n"
                 "  In use    of the V8 heap bytes of objects, outside of it bytes of buffers\n"
                 "Memory that malloc handed out for an ArrayBuffer or a string is the buffer's, not malloc's. malloc "
                 "in use\n"
                 "is native code: Node itself (some 10 MB), addons, OpenSSL, zlib. malloc free is memory that was "
                 "freed\n"
                 "and not given back: fragmentation, when it is much. V8's pages include what is free on them.\n"
                 "Further tables: isolates, malloc's arenas, stacks, files, mappings of unknown origin, limits.\n"
                 "buffers tells who holds the memory outside of the heap, leaks and histogram what fills the heap.",
             .example = "memory\nmemory -n 0\nmemory --json",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows of the tables of arenas, stacks, files and others, 0 = all (default 10)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    Completeness completeness = context.session.completeness();
    const MemoryLedger ledger = TakeMemoryLedger(context.session, context.cancel, context.progress, &completeness);
    const MemorySplit split = SplitOf(ledger);
    context.out.BeginDocument("memory", TargetCard(context.session));
    TellVerdict(context, ledger, split, &completeness);
    TellRows(context, ledger);
    TellIsolates(context, ledger);
    TellArenas(context, ledger);
    TellStacks(context, ledger);
    TellFiles(context, ledger);
    TellOthers(context, ledger);
    TellLimits(context);
    TellNotes(context, ledger);
    completeness.interrupted |= ledger.interrupted || context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  // "objects of the V8 heap 61 %, ArrayBuffer memory 12 %, ..."
  static std::string PartsText(const MemorySplit& split) {
    std::string text;
    for (const MemorySplit::Part& part : split.parts) {
      if (part.bytes * 100 < split.resident || part.bytes == 0) break;
      text +=
          fmt::format("{}{} {}", text.empty() ? "" : ", ", PartName(part.kind), Percent(part.bytes, split.resident));
    }
    return text;
  }

  static void TellVerdict(CommandContext& context, const MemoryLedger& ledger, const MemorySplit& split,
                          Completeness* completeness) {
    const bool cut = context.session.memory().Gaps().truncated;
    const std::string shares = fmt::format("{} resident without files{}: {}", FormatBytesShort(split.resident),
                                           cut ? ", as far as this core goes, which is cut off" : "", PartsText(split));
    std::string text = cut ? "Of what is left of the core" : "In all";
    text += fmt::format(" the V8 heap has {} ({})", FormatBytesShort(split.heap_resident),
                        Percent(split.heap_resident, split.resident));
    const std::string size = FormatBytesShort(split.bytes) + ", " + Percent(split.bytes, split.resident);
    std::string holder;
    switch (split.verdict) {
      case MemoryVerdict::kPlain:
        text += ": nothing stands out, many a small Node.js process has as much";
        break;
      case MemoryVerdict::kHeap:
        text += fmt::format(
            ": the memory is in the JavaScript heap ({} of objects); leaks and histogram tell what fills it",
            FormatBytesShort(split.bytes));
        break;
      case MemoryVerdict::kHeapFree:
        text += fmt::format(
            ": most of it are pages that V8 holds and hardly uses ({}); the heap was larger before, or is "
            "fragmented (heap tells the spaces)",
            size);
        break;
      case MemoryVerdict::kBuffers:
      case MemoryVerdict::kStrings:
      case MemoryVerdict::kWasm:
        holder = LargestHolder(context, split.verdict, completeness);
        text += fmt::format(": the largest part is {} ({}), {}", PartName(split.verdict), size,
                            holder.empty() ? "buffers tells who holds it" : "most of it " + holder);
        break;
      case MemoryVerdict::kNative:
        text += fmt::format(
            ": the largest part is {} ({}): addons, OpenSSL, zlib, compiler; a heap profiler for native code "
            "(heaptrack, jemalloc's) tells who asked for it",
            PartName(split.verdict), size);
        break;
      case MemoryVerdict::kFragmentation:
        text += fmt::format(
            ": the largest part is {} ({}): it was freed and not given back; MALLOC_ARENA_MAX=2 or another "
            "allocator (jemalloc) helps, a restart too",
            PartName(split.verdict), size);
        break;
      case MemoryVerdict::kStacks:
        text += fmt::format(": the largest part is the stacks of {} threads ({})", ledger.stacks.size(), size);
        break;
      case MemoryVerdict::kOther:
        text += fmt::format(": most of it is in {} ({}), listed below; see whatis", PartName(split.verdict), size);
        break;
    }
    if (context.out.is_text()) {
      context.out.AddTextLine(shares + ".");
      context.out.AddTextLine(text + ".");
      if (split.outside.bytes != 0 && split.outside.kind != split.verdict) {
        context.out.AddTextLine(fmt::format("Most of what heapUsed does not count is {} ({}).",
                                            PartName(split.outside.kind), FormatBytesShort(split.outside.bytes)));
      }
      return;
    }
    context.out.AddCard({.key = "verdict",
                         .title = "",
                         .fields = {{"kind", "", std::string(MemoryVerdictKey(split.verdict))},
                                    {"bytes", "", Bytes{split.bytes}},
                                    {"resident_bytes", "", Bytes{split.resident}},
                                    {"heap_resident_bytes", "", Bytes{split.heap_resident}},
                                    {"heap_used_bytes", "", Bytes{split.heap_used}},
                                    {"outside_kind", "", std::string(MemoryVerdictKey(split.outside.kind))},
                                    {"outside_bytes", "", Bytes{split.outside.bytes}},
                                    {"holder", "", holder.empty() ? Cell(Absent{}) : Cell(holder)},
                                    {"shares", "", shares},
                                    {"text", "", text}}});
    context.out.BeginTable({.key = "parts", .title = "", .columns = {{"kind", ""}, {"bytes", ""}, {"share", ""}}});
    for (const MemorySplit::Part& part : split.parts) {
      const double share =
          split.resident == 0 ? 0 : static_cast<double>(part.bytes) / static_cast<double>(split.resident);
      const Cell cells[] = {std::string(MemoryVerdictKey(part.kind)), Bytes{part.bytes}, Share{share}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  // Who holds most of such memory, in words; "" when the graph cannot be had.
  static std::string LargestHolder(CommandContext& context, MemoryVerdict verdict, Completeness* completeness) {
    Session& session = context.session;
    HeapReader reader(session.memory(), session.layout(), &session.names());
    std::string text;
    uint64_t most = 0;
    for (const IsolateHeap& isolate : session.model().isolates()) {
      const Result<HeapGraph*> graph =
          session.Graph(isolate.number, Session::GraphNeed::kAll, context.cancel, context.progress);
      if (!graph || !(*graph)->EnsureShapes(context.cancel, context.progress)) continue;
      (*graph)->Describe(completeness);
      const BufferCensus census = TakeBufferCensus(&reader, **graph, session.binary(), context.cancel);
      const auto wanted = [&](const ExternalStore& store) {
        if (verdict == MemoryVerdict::kWasm) return store.kind == ExternalStoreKind::kWasmMemory;
        if (verdict == MemoryVerdict::kStrings) return store.kind == ExternalStoreKind::kString;
        return store.kind != ExternalStoreKind::kWasmMemory && store.kind != ExternalStoreKind::kString &&
               store.kind != ExternalStoreKind::kStaticString;
      };
      uint64_t garbage = 0;
      for (const ExternalStore& store : census.stores) {
        if (store.liveness == Liveness::kGarbage && wanted(store)) garbage += store.bytes;
      }
      if (garbage > most) {
        most = garbage;
        text = fmt::format("garbage that no collection has freed yet ({})", FormatBytesShort(garbage));
      }
      const std::vector<StoreGroup> groups = GroupStores(**graph, census, wanted, context.cancel);
      if (groups.empty() || groups.front().bytes <= most) continue;
      const StoreGroup& group = groups.front();
      most = group.bytes;
      HolderFinder finder(&reader, **graph, context.cancel);
      const Holder holder = finder.Find(HeldObject(**graph, census.stores[group.sample]));
      text = fmt::format("held by {} ({} in {}{})", HolderText(holder), FormatBytesShort(group.bytes),
                         group.count == 1 ? "one store" : FormatCount(group.count) + " stores",
                         group.pinned_bytes > group.bytes / 2
                             ? ", " + FormatBytesShort(group.pinned_bytes) + " of it pinned by small slices"
                             : "");
    }
    return text;
  }

  static void TellRows(CommandContext& context, const MemoryLedger& ledger) {
    context.out.BeginTable({.columns = {{"", "Part", Align::kLeft},
                                        {"group", ""},
                                        {"name", ""},
                                        {"count", "Count"},
                                        {"reserved_bytes", "Reserved"},
                                        {"present_bytes", "In core"},
                                        {"resident_bytes", "Resident"},
                                        {"share", "Share"},
                                        {"in_use_bytes", "In use"}}});
    LedgerGroup last = LedgerGroup::kCount;
    for (const LedgerRow& row : ledger.rows) {
      if (context.out.is_text() && row.group != last) {
        last = row.group;
        const MemorySum sum = ledger.GroupSum(row.group);
        const Cell heading[] = {std::string(LedgerGroupTitle(row.group)),
                                Absent{},
                                Absent{},
                                Absent{},
                                Bytes{sum.reserved},
                                Bytes{sum.present},
                                Bytes{sum.resident},
                                ShareOf(sum.resident, ledger.total.resident),
                                Absent{}};
        context.out.AddRow(heading);
      }
      const Cell cells[] = {"  " + row.title,
                            std::string(LedgerGroupKey(row.group)),
                            row.key,
                            row.count == 0 ? Cell(Absent{}) : Cell(Count{row.count}),
                            Bytes{row.sum.reserved},
                            Bytes{row.sum.present},
                            Bytes{row.sum.resident},
                            ShareOf(row.sum.resident, ledger.total.resident),
                            row.in_use ? Cell(Bytes{*row.in_use}) : Cell(Absent{})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.total = {std::string("all"), Absent{}, Absent{}, Absent{}, Bytes{ledger.total.reserved},
                                    Bytes{ledger.total.present}, Bytes{ledger.total.resident}, Share{1}, Absent{}}});
  }

  static Cell ShareOf(uint64_t part, uint64_t whole) {
    return whole == 0 ? Cell(Absent{}) : Cell(Share{static_cast<double>(part) / static_cast<double>(whole)});
  }

  static void TellIsolates(CommandContext& context, const MemoryLedger& ledger) {
    if (context.out.is_text() && ledger.isolates.size() == 1) return;
    context.out.BeginTable({.key = "isolates",
                            .title = "Isolates",
                            .columns = {{"isolate", "Isolate"},
                                        {"thread_id", "Thread"},
                                        {"page_bytes", "Pages"},
                                        {"resident_bytes", "Resident"},
                                        {"used_bytes", "Used"},
                                        {"external_bytes", "Outside the heap"}}});
    for (const MemoryLedger::IsolateLine& line : ledger.isolates) {
      const Cell cells[] = {Count{static_cast<uint64_t>(line.number)},
                            line.thread_id == 0 ? Cell(Absent{}) : Cell(int64_t{line.thread_id}),
                            Bytes{line.pages.reserved},
                            Bytes{line.pages.resident},
                            Bytes{line.used_bytes},
                            Bytes{line.external_bytes}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  // How many of `size` rows are shown.
  static size_t Shown(const CommandContext& context, size_t size) {
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    return limit == 0 ? size : std::min<size_t>(size, limit);
  }

  static void TellArenas(CommandContext& context, const MemoryLedger& ledger) {
    if (context.out.is_text() && ledger.arenas.empty()) return;
    context.out.BeginTable({.key = "arenas",
                            .title = "malloc's arenas",
                            .columns = {{"arena", "Arena"},
                                        {"main", ""},
                                        {"reserved_bytes", "Reserved"},
                                        {"resident_bytes", "Resident"},
                                        {"in_use_bytes", "In use"},
                                        {"in_use_chunks", "Chunks"},
                                        {"free_bytes", "Free"},
                                        {"free_chunks", "Free chunks"},
                                        {"largest_free_bytes", "Largest"},
                                        {"top_bytes", "Top"},
                                        {"free_resident_bytes", ""},
                                        {"whole", ""}}});
    const size_t shown = Shown(context, ledger.arenas.size());
    for (size_t i = 0; i < shown; ++i) {
      const MemoryLedger::ArenaLine& line = ledger.arenas[i];
      const Cell cells[] = {HexAddress{line.state},    line.is_main,
                            Bytes{line.sum.reserved},  Bytes{line.sum.resident},
                            Bytes{line.in_use},        Count{line.in_use_chunks},
                            Bytes{line.free},          Count{line.free_chunks},
                            Bytes{line.largest_free},  Bytes{line.top},
                            Bytes{line.free_resident}, line.whole};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = ledger.arenas.size() - shown});
  }

  static void TellStacks(CommandContext& context, const MemoryLedger& ledger) {
    context.out.BeginTable({.key = "stacks",
                            .title = ledger.stacks.empty() ? "" : "Stacks",
                            .columns = {{"thread_id", "Thread"},
                                        {"main", ""},
                                        {"start", "From"},
                                        {"end", ""},
                                        {"reserved_bytes", "Reserved"},
                                        {"resident_bytes", "Resident"},
                                        {"used_bytes", "In use"}}});
    std::vector<MemoryLedger::StackLine> stacks = ledger.stacks;
    std::ranges::stable_sort(stacks, std::ranges::greater(),
                             [](const MemoryLedger::StackLine& line) { return line.sum.resident; });
    const size_t shown = Shown(context, stacks.size());
    for (size_t i = 0; i < shown; ++i) {
      const Cell cells[] = {int64_t{stacks[i].thread_id},  stacks[i].is_main,
                            HexAddress{stacks[i].start},   HexAddress{stacks[i].end},
                            Bytes{stacks[i].sum.reserved}, Bytes{stacks[i].sum.resident},
                            Bytes{stacks[i].used_bytes}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = stacks.size() - shown});
  }

  static void TellFiles(CommandContext& context, const MemoryLedger& ledger) {
    context.out.BeginTable(
        {.key = "files",
         .title = ledger.files.empty() ? "" : "Files",
         .columns = {{"reserved_bytes", "Reserved"}, {"resident_bytes", "Resident"}, {"path", "File", Align::kLeft}}});
    const size_t shown = Shown(context, ledger.files.size());
    for (size_t i = 0; i < shown; ++i) {
      const Cell cells[] = {Bytes{ledger.files[i].sum.reserved}, Bytes{ledger.files[i].sum.resident},
                            UntrustedText(ledger.files[i].path)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = ledger.files.size() - shown});
  }

  static void TellOthers(CommandContext& context, const MemoryLedger& ledger) {
    if (context.out.is_text() && ledger.others.empty()) return;
    context.out.BeginTable({.key = "others",
                            .title = "Mappings of unknown origin",
                            .columns = {{"start", "From"},
                                        {"end", "To"},
                                        {"permissions", "", Align::kLeft},
                                        {"reserved_bytes", "Reserved"},
                                        {"resident_bytes", "Resident"}}});
    const size_t shown = Shown(context, ledger.others.size());
    for (size_t i = 0; i < shown; ++i) {
      const MemoryLedger::OtherLine& line = ledger.others[i];
      const std::string permissions =
          std::string(line.readable ? "r" : "-") + (line.writable ? "w" : "-") + (line.executable ? "x" : "-");
      const Cell cells[] = {HexAddress{line.start}, HexAddress{line.end}, permissions, Bytes{line.sum.reserved},
                            Bytes{line.sum.resident}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = ledger.others.size() - shown});
  }

  static void TellLimits(CommandContext& context) {
    const ProcessFacts& facts = context.session.process();
    const MemoryLimits limits = FindMemoryLimits(context.session.memory(), facts);
    Card card{.key = "limits", .title = "Limits", .fields = {}};
    const auto bytes = [](std::optional<uint64_t> value) { return value ? Cell(Bytes{*value}) : Cell(Absent{}); };
    std::optional<uint64_t> old, heap_size;
    if (facts.heap_limits) old = facts.heap_limits->old_generation, heap_size = facts.heap_limits->heap_size_limit();
    card.fields.push_back({"old_generation_limit_bytes", "Old generation of V8", bytes(old)});
    card.fields.push_back({"heap_size_limit_bytes", "heap_size_limit", bytes(heap_size)});
    const auto option = [](const std::optional<SizeFact>& fact) {
      return fact ? Cell(Bytes{fact->bytes}) : Cell(Absent{});
    };
    card.fields.push_back({"max_old_space_option_bytes", facts.max_old_space_option ? "--max-old-space-size" : "",
                           option(facts.max_old_space_option)});
    card.fields.push_back({"memory_told_to_v8_bytes",
                           limits.memory_told_to_v8 ? "Memory of the machine or container, as V8 was told" : "",
                           bytes(limits.memory_told_to_v8)});
    card.fields.push_back(
        {"cgroup_bytes", limits.cgroup_bytes ? "Limit of the control group" : "", bytes(limits.cgroup_bytes)});
    context.out.AddCard(card);
    if (context.out.is_text() && limits.environment.empty()) return;
    context.out.BeginTable({.key = "environment",
                            .title = "Environment at start",
                            .columns = {{"name", "Name", Align::kLeft}, {"value", "Value", Align::kLeft}}});
    for (const EnvironmentVariable& variable : limits.environment) {
      const Cell cells[] = {variable.name, variable.value};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  static void TellNotes(CommandContext& context, const MemoryLedger& ledger) {
    const Memory& memory = context.session.memory();
    if (!context.out.is_text()) {
      context.out.AddCard({.key = "residency",
                           .title = "",
                           .fields = {{"source", "", std::string(SourceName(ledger.source))},
                                      {"swapped_bytes", "", Bytes{ledger.swapped}},
                                      {"allocator", "", UntrustedText(ledger.allocator)},
                                      {"stores", "", Count{ledger.stores}},
                                      {"store_bytes", "", Bytes{ledger.store_bytes}}}});
    }
    if (memory.Gaps().truncated) {
      context.out.AddNote(
          fmt::format("the core is cut off: {} of its segments are missing, and with them what was resident there",
                      FormatBytesShort(memory.Gaps().bytes_cut_off)));
    }
    if (ledger.source == Residency::Source::kZeroPages) {
      context.out.AddNote("this core has no holes (written by gdb, or copied): pages of zeros count as untouched");
    }
    if (ledger.source != Residency::Source::kPagemap) {
      context.out.AddNote(
          "how much of mapped files was in memory no core tells: their text is part of RSS and not of this");
    }
    if (ledger.swapped != 0) context.out.AddNote(fmt::format("{} were swapped out", FormatBytesShort(ledger.swapped)));
    if (!ledger.allocator.empty() && ledger.allocator != "glibc") {
      context.out.AddNote(fmt::format("the process uses another malloc, {}: its blocks are not told apart",
                                      Sanitize(UntrustedText(ledger.allocator), {.max_code_points = 80})));
    } else if (ledger.arenas.empty()) {
      context.out.AddNote("malloc's arenas were not found: its memory stands under everything else");
    }
    const auto broken =
        std::ranges::count_if(ledger.arenas, [](const MemoryLedger::ArenaLine& line) { return !line.whole; });
    if (broken != 0) context.out.AddNote(fmt::format("the chunks of {} of malloc's arenas break off", broken));
  }
};

}  // namespace

std::unique_ptr<Command> MakeMemoryCommand() {
  return std::make_unique<MemoryCommand>();
}

}  // namespace corewalk
