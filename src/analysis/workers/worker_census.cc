#include "analysis/workers/worker_census.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/objects_with.h"
#include "heap/views/buffers.h"
#include "heap/views/own_properties.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"
#include "heap/views/scripts.h"
#include "node/handle_wraps.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 12;
constexpr size_t kMostArguments = 256;

class Collector {
 public:
  Collector(HeapReader* reader, const HeapGraph& graph, std::span<const Address> isolates, const Cancel& cancel,
            IsolateThreads* out)
      : reader_(*reader), graph_(graph), isolates_(isolates), cancel_(cancel), out_(*out) {}

  void Run() {
    for (const LiveShape& shape : graph_.shapes().shapes()) {
      if (shape.space == SpaceKind::kReadOnly) continue;
      out_.live_bytes += shape.live_bytes;
      out_.object_bytes += shape.live_bytes + shape.garbage_bytes;
    }
    CollectArguments();
    CollectCode();
    CollectWorkers();
    CollectUses();
    CollectPorts();
    CollectBuffers();
    out_.interrupted = cancel_.Cancelled();
  }

 private:
  uint64_t Tagged(ObjectId node) const { return graph_.index().AddressOf(node) + 1; }
  bool Poll() { return ++polled_ % kPoll != 0 || !cancel_.Cancelled(); }

  void CollectArguments() {
    PropertyFinder argv(&reader_, "argv");
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &argv, cancel_)) {
      if (reader_.ClassOf(Tagged(node)) != "process") continue;
      const uint64_t array = OwnValue(reader_, Tagged(node), "argv");
      if (!reader_.IsType(array, "JS_ARRAY_TYPE")) continue;
      ForEachElement(reader_, array, [&](const OwnProperty& element) {
        out_.argv.push_back(element.readable && !element.raw_double ? reader_.ShortText(element.value) : "");
        return out_.argv.size() < kMostArguments;
      });
      if (!out_.argv.empty()) return;
    }
  }

  // The first script of each kind: what a worker was started with comes before what that loads.
  void CollectCode() {
    constexpr uint64_t kMostSource = 200;
    const int type = reader_.layout().types.Number("SCRIPT_TYPE");
    const ScriptView *evaluated = nullptr, *data = nullptr;
    for (const ObjectId node : LiveObjects(
             graph_, [&](const LiveShape& shape) { return shape.map.instance_type == type; }, cancel_)) {
      if (!Poll()) return;
      const ScriptView* script = ReadScript(reader_, Tagged(node));
      if (script == nullptr) continue;
      const ScriptView** first = script->name == kEvalScript          ? &evaluated
                                 : script->name.starts_with("data:") ? &data
                                                                     : nullptr;
      if (first != nullptr && (*first == nullptr || script->id < (*first)->id)) *first = script;
    }
    if (evaluated != nullptr) out_.eval_source = reader_.ShortText(evaluated->source, kMostSource);
    if (data != nullptr) out_.data_url = data->name;
  }

  // Workers of JavaScript have the C++ object under Symbol(kHandle), lib/internal/worker.js; so have sockets and the
  // like, whose handle leads to no isolate.
  void CollectWorkers() {
    PropertyFinder handle(&reader_, "kHandle");
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &handle, cancel_)) {
      if (!Poll()) return;
      StartedWorker worker{.object = Tagged(node)};
      uint64_t native = 0;
      bool is_worker = false;
      uint64_t port = 0, internal_port = 0;
      ForEachProperty(reader_, worker.object, [&](const OwnProperty& property) {
        if (property.accessor || !property.readable || property.raw_double) return true;
        const KeyText key = ReadKey(reader_, property.key);
        if (key.symbol && key.text == "kHandle") native = property.value;
        if (key.symbol && key.text == "kPublicPort") is_worker = true, port = property.value;
        if (key.symbol && key.text == "kPort") internal_port = property.value;
        if (!key.symbol) ReadIdentity(key.text, property.value, &worker);
        return true;
      });
      if (!is_worker) continue;
      if (LooksLikePointer(native)) {
        // The C++ side writes both into its own object; up to now that is where the getters of Worker look.
        ForEachProperty(reader_, native, [&](const OwnProperty& property) {
          const KeyText key = ReadKey(reader_, property.key);
          if (property.raw_double && key.text == "threadId") ReadDouble(*property.raw_double, &worker);
          if (!property.accessor && property.readable && !property.raw_double && !key.symbol)
            ReadIdentity(key.text, property.value, &worker);
          return true;
        });
        if (const std::optional<WorkerThreadView> view = ReadWorkerThread(reader_, native, isolates_))
          worker.native = *view;
      }
      uses_[port] = {.use = PortUse::kWorker, .worker = worker.thread_id};
      uses_[internal_port] = {.use = PortUse::kWorkerInternal, .worker = worker.thread_id};
      out_.workers.push_back(std::move(worker));
    }
  }

  // Other ports that Node.js has made: what require('worker_threads') has, the port of the thread's standard streams
  // (lib/internal/worker/io.js; those of a Worker are known already), and BroadcastChannels.
  void CollectUses() {
    OwnProperties properties(&reader_);
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &properties.finder("parentPort"), cancel_)) {
      if (!Poll()) return;
      const uint64_t port = properties.Object(Tagged(node), "parentPort");
      if (port != 0 && properties.Has(Tagged(node), "isMainThread") && properties.Has(Tagged(node), "threadId"))
        uses_.try_emplace(port, PortEntry{.use = PortUse::kParentPort});
    }
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &properties.finder("kPort"), cancel_)) {
      if (!Poll()) return;
      const uint64_t port = properties.Object(Tagged(node), "kPort");
      if (port != 0 && reader_.ClassOf(Tagged(node)).ends_with("WorkerStdio"))
        uses_.try_emplace(port, PortEntry{.use = PortUse::kInternal});
    }
    for (const ObjectId node : LiveObjectsWith(&reader_, graph_, &properties.finder("kName"), cancel_)) {
      if (!Poll()) return;
      const uint64_t port = properties.Object(Tagged(node), "kHandle");
      // Up to 16 the class behind the object is EventTarget's; it says what it is itself.
      if (port != 0 && properties.Text(Tagged(node), "kType") == "BroadcastChannel")
        uses_.try_emplace(port, PortEntry{.use = PortUse::kBroadcast, .channel = properties.Text(Tagged(node), "kName")});
    }
  }

  static void ReadDouble(double id, StartedWorker* worker) {
    if (id >= 0 && id < 1e15) worker->thread_id = static_cast<int64_t>(id);
  }
  void ReadIdentity(const std::string& key, uint64_t value, StartedWorker* worker) {
    if (key == "threadId") {
      if (const std::optional<double> id = ReadNumber(reader_, value); id && *id >= 0 && *id < 1e15)
        worker->thread_id = static_cast<int64_t>(*id);
    }
    if (key == "threadName" && reader_.IsString(value)) worker->name = reader_.ShortText(value, 200);
  }

  void CollectPorts() {
    const std::vector<ObjectId> ports = LiveObjects(
        graph_,
        [&](const LiveShape& shape) {
          return reader_.layout().types.IsJSReceiver(shape.map.instance_type) &&
                 shape.map.category != Category::kClosure && shape.sample != 0 &&
                 reader_.ClassOf(shape.live_sample + 1) == "MessagePort";
        },
        cancel_);
    for (const ObjectId node : ports) {
      if (!Poll()) return;
      // Of an object that V8 makes of the template for its own use the fields are undefined: C++ never had it.
      const int fields = reader_.offset(ObjectField::kEmbedderFields);
      if (IsStrongPointer(reader_.Field(Tagged(node), fields).value_or(0))) continue;
      const auto use = uses_.find(Tagged(node));
      PortEntry port = use == uses_.end() ? PortEntry{} : use->second;
      port.object = Tagged(node);
      port.closed = BaseOfObject(reader_, Tagged(node)) == 0;
      port.queue = ReadPortQueue(reader_, Tagged(node));
      out_.ports.push_back(std::move(port));
    }
  }

  void CollectBuffers() {
    const int type = reader_.layout().types.Number("JS_ARRAY_BUFFER_TYPE");
    std::unordered_set<Address> seen;
    for (const ObjectId node : LiveObjects(
             graph_, [&](const LiveShape& shape) { return shape.map.instance_type == type; }, cancel_)) {
      if (!Poll()) return;
      const std::optional<ArrayBufferInfo> buffer = ReadArrayBuffer(reader_, Tagged(node));
      if (buffer && buffer->shared && buffer->backing_store != 0 && seen.insert(buffer->backing_store).second)
        out_.shared.push_back({buffer->backing_store, buffer->byte_length});
    }
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  std::span<const Address> isolates_;
  const Cancel& cancel_;
  IsolateThreads& out_;
  size_t polled_ = 0;
  std::unordered_map<uint64_t, PortEntry> uses_;  // by port, tagged: what is known before the port is read
};

}  // namespace

IsolateThreads FindThreads(HeapReader* reader, const HeapGraph& graph, std::span<const Address> isolates,
                           const Cancel& cancel) {
  IsolateThreads threads;
  Collector(reader, graph, isolates, cancel, &threads).Run();
  return threads;
}

}  // namespace corewalk
