// workers: the isolates of a process by thread: what each runs, its limits and use, its message ports, shared memory.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/leaks/holder.h"
#include "analysis/workers/worker_census.h"
#include "base/text_sanitize.h"
#include "command/holder_text.h"
#include "command/target.h"
#include "node/heap_limit.h"
#include "node/secrets.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr double kMegabyte = 1 << 20;

class WorkersCommand final : public Command {
 public:
  WorkersCommand()
      : Command(
            {.name = "workers",
             .group = "Process",
             .summary = "isolates by thread: script, limits and use, message ports with queued messages, shared memory",
             .description =
                 "One row per isolate: the main thread's and each worker's, with the script that it runs, the thread\n"
                 "id of the system and that of Node.js (worker.threadId), its resource limits as Node.js was told\n"
                 "them, the limit of its old generation as V8 has it, and what its heap holds.\n\n"
                 "Message ports with messages that were sent to them and not yet read are listed, with what they are\n"
                 "for: parentPort, the port of a Worker, a BroadcastChannel, Node.js's internal ports between a worker\n"
                 "and its parent, else who holds the port (asking that makes the whole graph). Bytes are those of\n"
                 "the serialised messages. A port that is closed or was given away, or whose C++ side was not\n"
                 "understood, has no count.\n"
                 "SharedArrayBuffers are told by the memory behind them, which several isolates can see.\n\n"
                 "Of a worker that was started with code or a data: URL the script is its beginning.\n"
                 "The names of workers are known from Node.js 24 on.",
             .example = "workers\nworkers --json",
             .options = {{.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows of each table, 0 = all (default 30)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    const std::span<const IsolateHeap> isolates = session.model().isolates();
    std::vector<Address> addresses;
    for (const IsolateHeap& isolate : isolates) addresses.push_back(isolate.isolate);
    std::vector<IsolateThreads> found(isolates.size());
    Completeness completeness = session.completeness();
    std::vector<std::string> problems;
    Holders holders;
    for (size_t i = 0; i < isolates.size() && !context.cancel.Cancelled(); ++i) {
      const Result<HeapGraph*> graph =
          session.Graph(static_cast<int>(i), Session::GraphNeed::kLiveness, context.cancel, context.progress);
      if (!graph) {
        problems.push_back(fmt::format("isolate {}: {}", i, graph.error().message));
        continue;
      }
      if (const Result<void> done = (*graph)->EnsureShapes(context.cancel, context.progress); !done) break;
      HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
      if ((*graph)->options().marks_only) {
        problems.push_back(fmt::format("isolate {}: there was not the memory to look at its objects", i));
        continue;
      }
      found[i] = FindThreads(&reader, **graph, addresses, context.cancel);
      (*graph)->Describe(&completeness);
      FindHolders(context, static_cast<int>(i), &reader, found[i].ports, &holders);
    }
    context.out.BeginDocument("workers", TargetCard(session));
    TellIsolates(context, found);
    TellPorts(context, found, holders);
    TellShared(context, found);
    for (const std::string& problem : problems) context.out.AddNote(problem);
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static bool Enough(const CommandContext& context, size_t shown) {
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows));
    return (limit != 0 && shown >= limit) || context.cancel.Cancelled();
  }

  // Who holds a port of the program's own, by isolate and port.
  using Holders = std::map<std::pair<size_t, uint64_t>, Holder>;
  static bool IsListed(const PortEntry& port) {
    return port.queue && (port.queue->messages != 0 || !port.queue->whole);
  }
  // Of those that are listed.
  static void FindHolders(CommandContext& context, int isolate, HeapReader* reader, std::span<const PortEntry> ports,
                          Holders* holders) {
    std::vector<const PortEntry*> asked;
    for (const PortEntry& port : ports) {
      if (port.use == PortUse::kOther && IsListed(port)) asked.push_back(&port);
    }
    std::ranges::stable_sort(asked, std::greater<>(), [](const PortEntry* port) { return port->queue->messages; });
    const size_t limit = static_cast<size_t>(context.args.Integer("limit", kDefaultRows));
    if (limit != 0 && asked.size() > limit) asked.resize(limit);
    if (asked.empty()) return;
    const Result<HeapGraph*> graph =
        context.session.Graph(isolate, Session::GraphNeed::kAll, context.cancel, context.progress);
    if (!graph || (*graph)->options().marks_only) return;
    if (!(*graph)->EnsureShapes(context.cancel, context.progress)) return;
    HolderFinder finder(reader, **graph, context.cancel);
    std::vector<ObjectId> nodes;
    for (const PortEntry* port : asked) nodes.push_back((*graph)->index().At(port->object));
    finder.Prepare(nodes);
    for (size_t i = 0; i < nodes.size() && !context.cancel.Cancelled(); ++i)
      (*holders)[{static_cast<size_t>(isolate), asked[i]->object}] = finder.Find(nodes[i]);
  }

  static std::string_view UseName(PortUse use) {
    switch (use) {
      case PortUse::kParentPort:
        return "parent_port";
      case PortUse::kInternal:
        return "internal";
      case PortUse::kWorker:
        return "worker";
      case PortUse::kWorkerInternal:
        return "worker_internal";
      case PortUse::kBroadcast:
        return "broadcast_channel";
      case PortUse::kOther:
        break;
    }
    return "program";
  }
  // `own`: "worker 3", of the isolate that the port is in.
  static std::string PortText(const PortEntry& port, const std::string& own, const Holder* holder) {
    const std::string other = port.worker ? fmt::format("worker {}", *port.worker) : "a worker that is over";
    switch (port.use) {
      case PortUse::kParentPort:
        return "parentPort of " + own;
      case PortUse::kInternal:
        return "internal port of " + own;
      case PortUse::kWorker:
        return "port to " + other;
      case PortUse::kWorkerInternal:
        return "internal port to " + other;
      case PortUse::kBroadcast:
        return "BroadcastChannel '" + Sanitize(UntrustedText(port.channel), {.max_code_points = 60}) + "'";
      case PortUse::kOther:
        break;
    }
    return holder == nullptr ? "" : ShortHolderText(*holder);
  }

  struct Script {
    std::string name, kind, source;  // raw target texts
  };
  static Script ScriptOf(const IsolateThreads& threads, bool is_main) {
    if (threads.argv.size() >= 2) {
      const bool eval = !is_main && threads.argv[1] == kEvalScript;
      return {threads.argv[1], eval ? "eval" : "file", eval ? MaskSecrets(threads.eval_source) : ""};
    }
    if (!is_main && !threads.data_url.empty()) return {MaskSecrets(threads.data_url), "data_url", ""};
    return {};
  }
  static std::string ShortScript(const Script& script) {
    constexpr size_t kMost = 60;
    std::string text = script.name + (script.source.empty() ? "" : " " + script.source);
    std::ranges::replace(text, '\n', ' ');
    if (script.kind == "file" || text.size() <= kMost) return text;
    size_t end = kMost;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // inside of a character
    return text.substr(0, end) + "...";
  }

  static void TellIsolates(CommandContext& context, const std::vector<IsolateThreads>& found) {
    const std::span<const IsolateHeap> isolates = context.session.model().isolates();
    std::map<Address, const StartedWorker*> worker_of;
    size_t over = 0;
    for (const IsolateThreads& threads : found) {
      for (const StartedWorker& worker : threads.workers) {
        if (worker.native.isolate != 0) worker_of[worker.native.isolate] = &worker;
        over += worker.native.isolate == 0;
      }
    }
    context.out.AddCard(
        {.key = "workers",
         .fields = {{"isolates", "Isolates", Count{isolates.size()}},
                    {"workers", "Workers", Count{isolates.size() - 1}},
                    {"objects_without_isolate", "Worker objects whose thread is over, or unknown", Count{over}}}});
    context.out.BeginTable({.key = "rows",
                            .columns = {{"isolate", "Isolate"},
                                        {"thread", "Thread"},
                                        {"is_main", ""},
                                        {"worker_id", "Worker id"},
                                        {"name", "Name", Align::kLeft},
                                        {"script", ""},
                                        {"", "Script", Align::kLeft},
                                        {"script_kind", ""},
                                        {"eval_source", ""},
                                        {"used_bytes", "Used"},
                                        {"live_bytes", "Live"},
                                        {"old_generation_limit", "Limit"},
                                        {"used_of_limit", "Used of it"},
                                        {"", "Resource limits", Align::kLeft},
                                        {"max_young_generation_mb", ""},
                                        {"max_old_generation_mb", ""},
                                        {"code_range_mb", ""},
                                        {"stack_mb", ""},
                                        {"ports", "Ports"},
                                        {"closed_ports", ""},
                                        {"queued_messages", "Queued messages"},
                                        {"address", "Address"}}});
    size_t shown = 0;
    for (size_t i = 0; i < isolates.size(); ++i) {
      if (Enough(context, shown)) break;
      ++shown;
      const IsolateHeap& isolate = isolates[i];
      const IsolateThreads& threads = found[i];
      const auto at = worker_of.find(isolate.isolate);
      const StartedWorker* worker = isolate.isolate != 0 && at != worker_of.end() ? at->second : nullptr;
      const std::optional<HeapLimits> limits = FindHeapLimits(context.session.memory(), isolate.heap);
      const Script ran = ScriptOf(threads, isolate.is_main);
      uint64_t queued = 0, closed = 0;
      for (const PortEntry& port : threads.ports) {
        queued += port.queue ? port.queue->messages : 0;
        closed += port.closed;
      }
      const auto* resources = worker != nullptr && worker->native.limits ? &*worker->native.limits : nullptr;
      const auto resource = [&](size_t k) {
        return resources == nullptr ? Cell(Absent{}) : Cell(Number((*resources)[k]));
      };
      const std::string resource_text =
          resources == nullptr ? ""
                               : fmt::format("old {:g}, young {:g}, code {:g}, stack {:g} MB", (*resources)[1],
                                             (*resources)[0], (*resources)[2], (*resources)[3]);
      const Cell cells[] = {
          Count{static_cast<uint64_t>(isolate.number)},
          isolate.thread_id ? Cell(int64_t{isolate.thread_id}) : Cell(Absent{}),
          isolate.is_main,
          isolate.is_main               ? Cell(int64_t{0})
          : worker && worker->thread_id ? Cell(*worker->thread_id)
                                        : Cell(Absent{}),
          worker == nullptr || worker->name.empty() ? Cell(Absent{}) : Cell(UntrustedText(worker->name)),
          ran.name.empty() ? Cell(Absent{}) : Cell(UntrustedText(ran.name)),
          ran.name.empty() ? Cell(Absent{}) : Cell(UntrustedText(ShortScript(ran))),
          ran.kind.empty() ? Cell(Absent{}) : Cell(ran.kind),
          ran.source.empty() ? Cell(Absent{}) : Cell(UntrustedText(ran.source)),
          Bytes{threads.object_bytes},
          Bytes{threads.live_bytes},
          limits ? Cell(Bytes{limits->old_generation}) : Cell(Absent{}),
          limits && limits->old_generation != 0
              ? Cell(Share{static_cast<double>(threads.object_bytes) / static_cast<double>(limits->old_generation)})
              : Cell(Absent{}),
          resource_text,
          resource(0),
          resource(1),
          resource(2),
          resource(3),
          Count{threads.ports.size()},
          Count{closed},
          Count{queued},
          isolate.isolate ? Cell(HexAddress{isolate.isolate}) : Cell(Absent{})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = isolates.size() - shown});
  }
  // Megabytes are whole numbers, but need not be.
  static Cell Number(double value) {
    if (value == static_cast<double>(static_cast<int64_t>(value))) return static_cast<int64_t>(value);
    return Bytes{static_cast<uint64_t>(value * kMegabyte)};
  }

  static void TellPorts(CommandContext& context, const std::vector<IsolateThreads>& found, const Holders& holders) {
    const std::span<const IsolateHeap> isolates = context.session.model().isolates();
    std::map<Address, int64_t> id_of;
    for (const IsolateThreads& threads : found) {
      for (const StartedWorker& worker : threads.workers) {
        if (worker.native.isolate != 0 && worker.thread_id) id_of[worker.native.isolate] = *worker.thread_id;
      }
    }
    struct Row {
      size_t isolate;
      const PortEntry* port;
    };
    std::vector<Row> rows;
    uint64_t unknown = 0, closed = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      for (const PortEntry& port : found[i].ports) {
        unknown += !port.queue && !port.closed;
        closed += port.closed;
        if (IsListed(port)) rows.push_back({i, &port});
      }
    }
    std::ranges::stable_sort(rows, std::greater<>(), [](const Row& row) { return row.port->queue->messages; });
    context.out.BeginTable({.key = "ports",
                            .title = "Message ports with queued messages",
                            .columns = {{"isolate", "Isolate"},
                                        {"address", "Address"},
                                        {"messages", "Messages"},
                                        {"bytes", "Bytes"},
                                        {"whole", ""},
                                        {"", "Port", Align::kLeft},
                                        {"use", ""},
                                        {"channel", ""},
                                        {"worker_id", ""},
                                        {"holder", ""}}});
    size_t shown = 0;
    for (const Row& row : rows) {
      if (Enough(context, shown)) break;
      ++shown;
      const PortQueue& queue = *row.port->queue;
      const PortEntry& port = *row.port;
      const auto holder = holders.find({row.isolate, port.object});
      const auto id = id_of.find(isolates[row.isolate].isolate);
      const bool of_own = port.use == PortUse::kParentPort || port.use == PortUse::kInternal;
      std::optional<int64_t> worker = port.worker;
      if (of_own && id != id_of.end()) worker = id->second;
      const std::string own = of_own && worker ? fmt::format("worker {}", *worker) : "this worker";
      const Cell cells[] = {
          Count{row.isolate},
          HexAddress{Untag(port.object)},
          Count{queue.messages},
          queue.bytes ? Cell(Bytes{*queue.bytes}) : Cell(Absent{}),
          queue.whole,
          PortText(port, own, holder == holders.end() ? nullptr : &holder->second),
          std::string(UseName(port.use)),
          port.use == PortUse::kBroadcast ? Cell(UntrustedText(port.channel)) : Cell(Absent{}),
          worker ? Cell(*worker) : Cell(Absent{}),
          holder == holders.end() ? Cell(Absent{}) : Cell(ShortHolderText(holder->second))};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
    if (closed != 0)
      context.out.AddNote(
          fmt::format("message ports that are closed or were given away to another thread: {}", FormatCount(closed)));
    if (unknown != 0)
      context.out.AddNote(fmt::format("message ports of which the queue was not found: {}", FormatCount(unknown)));
  }

  static void TellShared(CommandContext& context, const std::vector<IsolateThreads>& found) {
    struct Store {
      uint64_t bytes = 0;
      std::vector<size_t> isolates;
    };
    std::map<Address, Store> stores;
    for (size_t i = 0; i < found.size(); ++i) {
      for (const SharedBuffer& buffer : found[i].shared) {
        Store& store = stores[buffer.store];
        store.bytes = std::max(store.bytes, buffer.bytes);
        store.isolates.push_back(i);
      }
    }
    std::vector<std::pair<Address, const Store*>> sorted;
    for (const auto& [address, store] : stores) sorted.emplace_back(address, &store);
    std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& entry) {
      return std::pair(entry.second->isolates.size(), entry.second->bytes);
    });
    context.out.BeginTable({.key = "shared_buffers",
                            .title = "SharedArrayBuffers",
                            .columns = {{"memory", "Memory at"},
                                        {"bytes", "Bytes"},
                                        {"isolates", "Isolates"},
                                        {"seen_by", "Seen by", Align::kLeft}}});
    size_t shown = 0;
    for (const auto& [address, store] : sorted) {
      if (Enough(context, shown)) break;
      ++shown;
      std::string by;
      for (const size_t isolate : store->isolates) by += (by.empty() ? "" : ", ") + std::to_string(isolate);
      const Cell cells[] = {HexAddress{address}, Bytes{store->bytes}, Count{store->isolates.size()}, by};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = sorted.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeWorkersCommand() {
  return std::make_unique<WorkersCommand>();
}

}  // namespace corewalk
