// buffers: memory outside of the heap that the heap holds, by who holds it and by size.
#include "analysis/leaks/buffers.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/leaks/buffer_owners.h"
#include "analysis/leaks/holder.h"
#include "analysis/paths.h"
#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 20;

std::string_view KindName(ExternalStoreKind kind) {
  static constexpr std::string_view kNames[] = {"buffer", "shared", "resizable",    "wasm memory",
                                                "native", "string", "static string"};
  return kNames[static_cast<size_t>(kind)];
}

Cell TextCell(const std::string& text) {
  return text.empty() ? Cell(Absent{}) : Cell(UntrustedText(text));
}

// One isolate's part.
struct OneIsolate {
  int number = 0;
  const HeapGraph* graph = nullptr;
  BufferCensus census;
  std::optional<uint64_t> counter;  // Node's own, behind memoryUsage().arrayBuffers
};

class BuffersCommand final : public Command {
 public:
  BuffersCommand()
      : Command(
            {.name = "buffers",
             .group = "Leaks",
             .summary = "memory outside the heap: ArrayBuffers, Buffers, external strings, wasm, by who holds it",
             .usage = "[OPTION...] [ADDRESS]",
             .description =
                 "Buffers, typed arrays and strings keep their bytes outside of V8's heap: heapUsed stays flat while "
                 "the\n"
                 "process grows. Here each block of such memory (a store) is counted once, however many ArrayBuffers,\n"
                 "views and isolates share it, and grouped by what holds it.\n"
                 "  Bytes    of the store\n"
                 "  In use   bytes that live views (Buffers, typed arrays, DataViews) cover\n"
                 "  Pinned   bytes that nothing can reach any more: their ArrayBuffer is held by nothing but views "
                 "which\n"
                 "           do not cover them. A 30-byte slice of Node's Buffer pool keeps its whole slab alive (8 "
                 "KB,\n"
                 "           64 KB from Node 24 on), a subarray of a large Buffer all of that; Buffer.from(slice) "
                 "makes a\n"
                 "           copy that does not.\n"
                 "Kinds: buffer (from Node's allocator), shared (SharedArrayBuffer), resizable (pages up to a "
                 "maximum),\n"
                 "wasm memory, native (made by native code, which frees it), string (text of an external string), "
                 "static\n"
                 "string (Node's own source text in the executable: it costs nothing).\n"
                 "The first card compares with process.memoryUsage(). With an ADDRESS of an ArrayBuffer, view or "
                 "string\n"
                 "(or of the store): that store, its views, and the way from a root. The memory command tells how all "
                 "of\n"
                 "this stands in the whole process.",
             .example = "buffers\nbuffers --isolate all -n 5\nbuffers --min-bytes 1048576\nbuffers 0x2b8f1c0d1b49",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows of each table, 0 = all (default 20)"},
                         {.name = "min-bytes",
                          .kind = OptionKind::kInteger,
                          .value_name = "BYTES",
                          .help = "only stores of at least so many bytes"}},
             .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<int> chosen = ChosenIsolate(context);
    if (!chosen) return std::unexpected(chosen.error());
    Session& session = context.session;
    HeapReader reader(session.memory(), session.layout(), &session.names());
    std::vector<OneIsolate> isolates;
    BufferCensus all;
    for (size_t i = 0; i < session.model().isolates().size(); ++i) {
      if (*chosen >= 0 && static_cast<size_t>(*chosen) != i) continue;
      const Result<HeapGraph*> graph =
          session.Graph(static_cast<int>(i), Session::GraphNeed::kAll, context.cancel, context.progress);
      if (!graph) return std::unexpected(graph.error());
      OneIsolate& one = isolates.emplace_back();
      one.number = static_cast<int>(i);
      one.graph = *graph;
      one.census = TakeBufferCensus(&reader, **graph, session.binary(), context.cancel);
      one.counter = AllocatorCounter(&reader, **graph, one.census, session.binary());
      MergeCensus(&all, BufferCensus(one.census));
    }
    if (!context.args.words().empty()) return TellStore(context, &reader, isolates, all);
    context.out.BeginDocument("buffers", TargetCard(session));
    TellTotals(context, isolates, all);
    TellOwners(context, &reader, isolates);
    TellLargest(context, &reader, isolates, all);
    if (isolates.size() > 1)
      context.out.AddNote("memory that isolates share is counted once in the cards and in the list of the largest");
    return End(context, isolates, all.interrupted);
  }

 private:
  static Result<void> End(CommandContext& context, const std::vector<OneIsolate>& isolates, bool interrupted) {
    Completeness completeness = StartCompleteness(context);
    for (const OneIsolate& one : isolates) one.graph->Describe(&completeness);
    completeness.interrupted |= interrupted || context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

  static uint64_t MinBytes(const CommandContext& context) {
    return static_cast<uint64_t>(std::max<int64_t>(0, context.args.Integer("min-bytes", 0)));
  }

  static void TellTotals(CommandContext& context, const std::vector<OneIsolate>& isolates, const BufferCensus& all) {
    Card card{.key = "stores", .title = "Memory outside the heap", .fields = {}};
    static constexpr std::pair<ExternalStoreKind, const char*> kRows[] = {
        {ExternalStoreKind::kBuffer, "ArrayBuffers and Buffers"},
        {ExternalStoreKind::kShared, "SharedArrayBuffers"},
        {ExternalStoreKind::kResizable, "Resizable buffers"},
        {ExternalStoreKind::kWasmMemory, "WebAssembly memories"},
        {ExternalStoreKind::kNative, "Memory of native code"},
        {ExternalStoreKind::kString, "External strings"},
        {ExternalStoreKind::kStaticString, "Static strings"}};
    static constexpr const char* kKeys[] = {"buffer", "shared", "resizable",    "wasm_memory",
                                            "native", "string", "static_string"};
    uint64_t pinned = 0, pinned_stores = 0, pinned_slabs = 0;
    for (const ExternalStore& store : all.stores) {
      if (store.liveness == Liveness::kGarbage || store.pinned_bytes() == 0) continue;
      pinned += store.pinned_bytes();
      ++pinned_stores;
      pinned_slabs += store.is_pool;
    }
    for (size_t i = 0; i < std::size(kRows); ++i) {
      const BufferCensus::Sum live = all.Live(kRows[i].first), garbage = all.Garbage(kRows[i].first);
      const bool shown = live.stores != 0 || garbage.stores != 0 || kRows[i].first == ExternalStoreKind::kBuffer;
      const std::string key = kKeys[static_cast<size_t>(kRows[i].first)];
      card.fields.push_back({key + "_count", "", Count{live.stores}});
      card.fields.push_back({key + "_bytes", shown ? kRows[i].second : "", Bytes{live.bytes}});
      card.fields.push_back({key + "_garbage_count", "", Count{garbage.stores}});
      card.fields.push_back({key + "_garbage_bytes", garbage.bytes != 0 ? "  garbage" : "", Bytes{garbage.bytes}});
    }
    card.fields.push_back({"pinned_count", "", Count{pinned_stores}});
    card.fields.push_back({"pinned_bytes", "Pinned by smaller views", Bytes{pinned}});
    card.fields.push_back(
        {"pinned_pool_slabs", pinned_slabs != 0 ? "  slabs of the Buffer pool" : "", Count{pinned_slabs}});
    card.fields.push_back(
        {"pool_slab_bytes", all.pool_bytes != 0 ? "Size of a slab of the pool" : "", Bytes{all.pool_bytes}});
    context.out.AddCard(card);
    context.out.AddCard({.key = "objects",
                         .title = "",
                         .fields = {{"array_buffers", "ArrayBuffers", Count{all.array_buffers}},
                                    {"views", "Typed arrays and DataViews", Count{all.views}},
                                    {"on_heap_views", "  with elements in the heap", Count{all.on_heap_views}},
                                    {"on_heap_bytes", "", Bytes{all.on_heap_bytes}},
                                    {"detached", "Detached ArrayBuffers", Count{all.detached}}}});
    TellUsage(context, isolates);
  }

  // What process.memoryUsage() says in each isolate, and what of it was found.
  static void TellUsage(CommandContext& context, const std::vector<OneIsolate>& isolates) {
    context.out.BeginTable({.key = "memory_usage",
                            .title = "process.memoryUsage()",
                            .columns = {{"isolate", "Isolate"},
                                        {"external_bytes", "external (found)"},
                                        {"array_buffers_bytes", "arrayBuffers (found)"},
                                        {"array_buffers_counter", "arrayBuffers (Node's counter)"},
                                        {"not_in_heap_bytes", "Difference"}}});
    for (const OneIsolate& one : isolates) {
      const MemoryUsage usage = UsageOf(one.census);
      const Cell cells[] = {Count{static_cast<uint64_t>(one.number)}, Bytes{usage.external}, Bytes{usage.array_buffers},
                            one.counter ? Cell(Bytes{*one.counter}) : Cell(Absent{}),
                            one.counter
                                ? Cell(static_cast<int64_t>(*one.counter) - static_cast<int64_t>(usage.array_buffers))
                                : Cell(Absent{})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  static ObjectId OwnerToTell(const Holder& holder) {
    return holder.kind == HolderKind::kProperty ? holder.holder_node : kNoObject;
  }

  void TellOwners(CommandContext& context, HeapReader* reader, const std::vector<OneIsolate>& isolates) const {
    const uint64_t min_bytes = MinBytes(context);
    struct Row {
      const OneIsolate* isolate;
      StoreGroup group;
    };
    std::vector<Row> rows;
    for (const OneIsolate& one : isolates) {
      const auto wanted = [&](const ExternalStore& store) {
        return store.kind != ExternalStoreKind::kStaticString && store.bytes >= min_bytes;
      };
      for (StoreGroup& group : GroupStores(*one.graph, one.census, wanted, context.cancel))
        rows.push_back({&one, group});
    }
    std::ranges::stable_sort(rows, [](const Row& a, const Row& b) { return a.group.bytes > b.group.bytes; });
    context.out.BeginTable({.key = "rows",
                            .title = "By holder",
                            .columns = {{"bytes", "Bytes"},
                                        {"count", "Stores"},
                                        {"used_bytes", "In use"},
                                        {"pinned_bytes", "Pinned"},
                                        {"pinned_count", ""},
                                        {"views", ""},
                                        {"kind", "Kind", Align::kLeft},
                                        {"", "Held by", Align::kLeft},
                                        {"held_by", ""},
                                        {"owner_held_by", ""},
                                        {"holder_kind", ""},
                                        {"holder_name", ""},
                                        {"holder_owner", ""},
                                        {"file", ""},
                                        {"line", ""},
                                        {"column", ""},
                                        {"isolate", ""},
                                        {"sample", "One of them"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    const size_t most = limit == 0 ? rows.size() : std::min<size_t>(rows.size(), limit);
    // One search for the holders of all rows of an isolate.
    std::map<int, HolderFinder> finders;
    for (const OneIsolate& one : isolates) {
      std::vector<ObjectId> nodes;
      for (size_t i = 0; i < most; ++i) {
        if (rows[i].isolate == &one) nodes.push_back(HeldObject(*one.graph, one.census.stores[rows[i].group.sample]));
      }
      auto [finder, is_new] = finders.try_emplace(one.number, reader, *one.graph, context.cancel);
      finder->second.Prepare(nodes);
      // A property is one of many alike: what holds the object that has it says more.
      std::vector<ObjectId> owners;
      for (const ObjectId node : nodes) {
        if (context.cancel.Cancelled()) break;
        if (const ObjectId owner = OwnerToTell(finder->second.Find(node)); owner != kNoObject) owners.push_back(owner);
      }
      finder->second.Prepare(owners);
    }
    uint64_t shown = 0;
    for (const Row& row : rows) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const HeapGraph& graph = *row.isolate->graph;
      const ExternalStore& sample = row.isolate->census.stores[row.group.sample];
      const ObjectId held = HeldObject(graph, sample);
      HolderFinder& finder = finders.at(row.isolate->number);
      const Holder holder = finder.Find(held);
      std::string outer;
      if (const ObjectId owner = OwnerToTell(holder); owner != kNoObject) outer = HolderText(finder.Find(owner));
      const Cell cells[] = {Bytes{row.group.bytes},
                            Count{row.group.count},
                            Bytes{row.group.used_bytes},
                            Bytes{row.group.pinned_bytes},
                            Count{row.group.pinned_count},
                            Count{row.group.views},
                            std::string(KindName(row.group.kind)),
                            HolderText(holder) + (outer.empty() ? "" : ", in " + outer),
                            HolderText(holder),
                            outer.empty() ? Cell(Absent{}) : Cell(outer),
                            std::string(HolderKindName(holder.kind)),
                            TextCell(holder.name),
                            TextCell(holder.owner),
                            TextCell(holder.file),
                            PositionCell(holder.line),
                            PositionCell(holder.column),
                            Count{static_cast<uint64_t>(row.isolate->number)},
                            HexAddress{NodeAddress(graph, held)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
  }

  static void TellLargest(CommandContext& context, HeapReader* reader, const std::vector<OneIsolate>& isolates,
                          const BufferCensus& all) {
    const uint64_t min_bytes = MinBytes(context);
    std::vector<const ExternalStore*> stores;
    for (const ExternalStore& store : all.stores) {
      if (store.bytes >= min_bytes && store.kind != ExternalStoreKind::kStaticString) stores.push_back(&store);
    }
    std::ranges::stable_sort(stores,
                             [](const ExternalStore* a, const ExternalStore* b) { return a->bytes > b->bytes; });
    context.out.BeginTable({.key = "largest",
                            .title = "Largest",
                            .columns = {{"store", "Store"},
                                        {"bytes", "Bytes"},
                                        {"capacity_bytes", "Reserved"},
                                        {"used_bytes", "In use"},
                                        {"pinned_bytes", "Pinned"},
                                        {"views", "Views"},
                                        {"", "Kind", Align::kLeft},
                                        {"kind", ""},
                                        {"liveness", ""},
                                        {"pool", ""},
                                        {"isolates", ""},
                                        {"isolate", ""},
                                        {"object", "Object"},
                                        {"value", "", Align::kLeft}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0;
    for (const ExternalStore* store : stores) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const OneIsolate& one = IsolateOf(isolates, *store);
      const ObjectId held = HeldObject(*one.graph, *store);
      const Cell cells[] = {
          HexAddress{store->address},
          Bytes{store->bytes},
          store->capacity > store->bytes ? Cell(Bytes{store->capacity}) : Cell(Absent{}),
          Bytes{store->used_bytes},
          Bytes{store->pinned_bytes()},
          Count{store->views},
          std::string(KindName(store->kind)) + (store->liveness == Liveness::kGarbage ? " (garbage)" : ""),
          std::string(KindName(store->kind)),
          std::string(LivenessName(store->liveness)),
          store->is_pool,
          Count{store->isolates},
          Count{static_cast<uint64_t>(store->isolate)},
          HexAddress{NodeAddress(*one.graph, held)},
          NodeText(*reader, *one.graph, held)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = stores.size() - shown});
  }

  static const OneIsolate& IsolateOf(const std::vector<OneIsolate>& isolates, const ExternalStore& store) {
    return *std::ranges::find(isolates, store.isolate, &OneIsolate::number);
  }

  static std::string_view LivenessName(Liveness liveness) {
    static constexpr std::string_view kNames[] = {"live", "maybe", "garbage"};
    return kNames[static_cast<size_t>(liveness)];
  }

  static Result<void> TellStore(CommandContext& context, HeapReader* reader, const std::vector<OneIsolate>& isolates,
                                const BufferCensus& all) {
    const Result<uint64_t> address = ParseAddress(context.args.words().front());
    if (!address) return std::unexpected(address.error());
    const ExternalStore* store = nullptr;
    const Address of_object = StoreOf(reader, (*address & ~uint64_t{3}) + 1);
    for (const ExternalStore& candidate : all.stores) {
      const uint64_t bytes = std::max<uint64_t>(candidate.bytes, 1);
      if (candidate.address == of_object || (*address >= candidate.address && *address < candidate.address + bytes))
        store = &candidate;
    }
    if (store == nullptr) {
      return Fail(
          ErrorCode::kNotFound,
          fmt::format("{:#x} is no ArrayBuffer, view or external string with memory outside the heap, and no address "
                      "in such memory (see whatis; with worker threads: --isolate all)",
                      *address),
          *address);
    }
    const OneIsolate& one = IsolateOf(isolates, *store);
    const ObjectId held = HeldObject(*one.graph, *store);
    context.out.BeginDocument("buffers", TargetCard(context.session));
    context.out.AddCard(
        {.key = "store",
         .title = "",
         .fields = {{"address", "Store", HexAddress{store->address}},
                    {"bytes", "Bytes", Bytes{store->bytes}},
                    {"capacity_bytes", store->capacity > store->bytes ? "Reserved" : "", Bytes{store->capacity}},
                    {"kind", "Kind", std::string(KindName(store->kind))},
                    {"shared", "", store->shared},
                    {"pool", store->is_pool ? "Slab of the Buffer pool" : "", store->is_pool},
                    {"liveness", "Liveness", std::string(LivenessName(store->liveness))},
                    {"isolates", "Isolates", Count{store->isolates}},
                    {"holders",
                     store->kind == ExternalStoreKind::kString || store->kind == ExternalStoreKind::kStaticString
                         ? "Strings"
                         : "ArrayBuffers",
                     Count{store->holders}},
                    {"garbage_holders", store->dead_holders != 0 ? "  garbage" : "", Count{store->dead_holders}},
                    {"views", "Live views", Count{store->views}},
                    {"used_bytes", "In use by views", Bytes{store->used_bytes}},
                    {"pinned_bytes", "Pinned", Bytes{store->pinned_bytes()}},
                    {"only_views", "", store->only_views},
                    {"object", "Object", HexAddress{NodeAddress(*one.graph, store->holder)}},
                    {"value", "Value", NodeText(*reader, *one.graph, store->holder)}}});
    if (store->liveness != Liveness::kGarbage) {
      HolderFinder finder(reader, *one.graph, context.cancel);
      context.out.AddCard(HolderCard(finder.Find(held)));
    }
    TellViews(context, reader, isolates, *store);
    TellPath(context, reader, *one.graph, held);
    return End(context, isolates, false);
  }

  static void TellViews(CommandContext& context, HeapReader* reader, const std::vector<OneIsolate>& isolates,
                        const ExternalStore& store) {
    context.out.BeginTable({.key = "views",
                            .title = store.views != 0 ? "Views" : "",
                            .columns = {{"view", "View"},
                                        {"offset", "Offset"},
                                        {"bytes", "Bytes"},
                                        {"isolate", ""},
                                        {"value", "", Align::kLeft},
                                        {"held_by", "Held by", Align::kLeft}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    uint64_t shown = 0, omitted = 0;
    for (const OneIsolate& one : isolates) {
      const std::vector<ViewOfStore> views = ViewsOfStore(reader, *one.graph, store.address, context.cancel);
      HolderFinder finder(reader, *one.graph, context.cancel);
      std::vector<ObjectId> nodes;
      for (const ViewOfStore& view : views) {
        if (limit == 0 || nodes.size() < limit) nodes.push_back(view.node);
      }
      finder.Prepare(nodes);
      for (const ViewOfStore& view : views) {
        if (limit != 0 && shown >= limit) {
          ++omitted;
          continue;
        }
        ++shown;
        const Cell cells[] = {HexAddress{NodeAddress(*one.graph, view.node)},
                              Count{view.offset},
                              Bytes{view.bytes},
                              Count{static_cast<uint64_t>(one.number)},
                              NodeText(*reader, *one.graph, view.node),
                              HolderText(finder.Find(view.node))};
        context.out.AddRow(cells);
      }
    }
    context.out.EndTable({.omitted = omitted});
  }

  static void TellPath(CommandContext& context, HeapReader* reader, const HeapGraph& graph, ObjectId held) {
    const std::vector<PathStep> steps = DescribePath(reader, graph, ShortestPath(graph, held));
    context.out.BeginTable(
        {.key = "path",
         .title = steps.empty() ? "" : "The shortest way from a root",
         .columns = {
             {"reference", "Through", Align::kLeft}, {"value", "Object", Align::kLeft}, {"address", "Address"}}});
    for (const PathStep& step : steps) {
      std::string through = step.through.empty() ? "" : PathText(*reader, step.through);
      if (step.through.empty()) {
        const std::vector<uint32_t> roots = graph.RootsOf(step.node);
        through = roots.empty() ? "" : RootName(graph, roots.front());
      }
      const Cell cells[] = {through, NodeText(*reader, graph, step.node), HexAddress{NodeAddress(graph, step.node)}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }
};

}  // namespace

std::unique_ptr<Command> MakeBuffersCommand() {
  return std::make_unique<BuffersCommand>();
}

}  // namespace corewalk
