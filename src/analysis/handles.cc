#include "analysis/handles.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "analysis/handle_owners.h"
#include "analysis/http2_exchanges.h"
#include "analysis/http_exchanges.h"
#include "analysis/pending_work.h"
#include "analysis/program_callback.h"
#include "analysis/undici_exchanges.h"
#include "heap/views/functions.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 8;
constexpr size_t kMostFullStreams = 1 << 20;
constexpr size_t kMostFiles = 1 << 22;
constexpr size_t kMostOtherWork = 1 << 22;
constexpr size_t kMostHttp2Streams = 1 << 22;
constexpr size_t kMostUndici = 1 << 22;

// The C++ class by the name that its JavaScript constructor has, for targets without vtables' names (src/*_wrap.cc).
constexpr std::array<std::array<std::string_view, 2>, 12> kClassOfConstructor = {
    {{"TCP", "TCPWrap"},
     {"Pipe", "PipeWrap"},
     {"TTY", "TTYWrap"},
     {"UDP", "UDPWrap"},
     {"Process", "ProcessWrap"},
     {"FSEvent", "FSEventWrap"},
     {"Signal", "SignalWrap"},
     {"TCPConnectWrap", "ConnectWrap"},
     {"PipeConnectWrap", "ConnectWrap"},
     {"WriteWrap", "SimpleWriteWrap"},
     {"ShutdownWrap", "SimpleShutdownWrap"},
     {"ELDHistogram", "IntervalHistogram"}}};

std::string LastName(std::string_view name) {
  const size_t last = name.rfind("::");
  return std::string(last == std::string_view::npos ? name : name.substr(last + 2));
}

class CensusMaker {
 public:
  CensusMaker(HeapReader* reader, const HeapModel& model, int isolate, const BinaryFacts* binary, const Cancel& cancel)
      : reader_(*reader), properties_(reader), model_(model), isolate_(isolate), binary_(binary), cancel_(cancel) {}

  HandleCensus Make() {
    Search();
    census_.loop = FindEventLoop(&reader_, native_contexts_);
    census_.found = census_.loop.has_value();
    if (census_.found) {
      AddHandles();
      AddRequests();
    }
    for (const uint64_t agent : agents_) AddQueuedExchanges(properties_, agent, &census_.exchanges);
    for (const uint64_t stream : http2_streams_) AddExchangeOfHttp2Stream(properties_, stream, &census_.exchanges);
    for (const uint64_t client : undici_) AddExchangesOfUndici(properties_, client, &census_.exchanges);
    AddPeers();
    census_.whole &= !cancel_.Cancelled();
    return std::move(census_);
  }

 private:
  // One walk: the realms, agents of HTTP, streams of HTTP/2, clients of fetch(), streams that are full, work that stands in no list.
  void Search() {
    const InstanceTypes& types = reader_.layout().types;
    PropertyFinder& free_sockets = properties_.finder("freeSockets");
    PropertyFinder& writable = properties_.finder("_writableState");
    PropertyFinder& readable = properties_.finder("_readableState");
    PropertyFinder& http2 = properties_.finder(kHttp2StreamMark);
    PropertyFinder& undici_client = properties_.finder(kUndiciClientMark);
    PropertyFinder& undici_pool = properties_.finder(kUndiciPoolMark);
    const auto has_one = [&](std::span<const std::string_view> marks, const MapInfo& map, Address object) {
      return std::ranges::any_of(
          marks, [&](std::string_view mark) { return properties_.finder(mark).MayHave(map, object); });
    };
    const auto marks_work = [&](const MapInfo& map, Address object) { return has_one(kPendingWorkMarks, map, object); };
    const auto marks_file = [&](const MapInfo& map, Address object) { return has_one(kOpenFileMarks, map, object); };
    census_.gaps = VisitObjects(
        model_, {.isolate = isolate_, .read_only = false}, cancel_,
        [&](const MapInfo& map, Address first) {
          if (types.IsNativeContext(map.instance_type)) return true;
          if (!types.IsJSReceiver(map.instance_type)) return false;
          return free_sockets.MayHave(map, first) || writable.MayHave(map, first) || readable.MayHave(map, first) ||
                 undici_client.MayHave(map, first) || undici_pool.MayHave(map, first) || marks_work(map, first) ||
                 marks_file(map, first);
        },
        [&](const MapInfo& map, Address address, uint64_t, const Page&) {
          if (types.IsNativeContext(map.instance_type)) {
            native_contexts_.push_back(address + 1);
            return true;
          }
          if (free_sockets.Find(map, address) && properties_.Has(address + 1, "requests") &&
              properties_.Has(address + 1, "sockets"))
            agents_.push_back(address + 1);
          // A TLSSocket of a server speaks through the socket that was accepted, which owns the handle (lib/_tls_wrap.js).
          if (const std::optional<TlsView> tls = ReadTls(properties_, address + 1); tls && tls->open && tls->below != 0)
            tls_sockets_.emplace(tls->below, address + 1);
          for (const bool out : {true, false}) {
            const std::optional<StreamFill> fill = FillOf(properties_, address + 1, out);
            if (fill && fill->full() && census_.full_streams.size() < kMostFullStreams)
              census_.full_streams.push_back({.stream = address + 1, .writable = out, .fill = *fill});
          }
          if (http2.MayHave(map, address) && http2_streams_.size() < kMostHttp2Streams)
            http2_streams_.push_back(address + 1);
          if ((undici_client.MayHave(map, address) || undici_pool.MayHave(map, address)) && undici_.size() < kMostUndici)
            undici_.push_back(address + 1);
          if (marks_work(map, address) && census_.other_work.size() < kMostOtherWork) {
            if (std::optional<RequestEntry> work = PendingWorkOf(properties_, address + 1))
              census_.other_work.push_back(std::move(*work));
          }
          if (marks_file(map, address) && census_.files.size() < kMostFiles) {
            if (std::optional<OpenFile> file = OpenFileOf(properties_, address + 1))
              census_.files.push_back(std::move(*file));
          }
          return true;
        });
    std::ranges::stable_sort(census_.files, {}, [](const OpenFile& file) { return file.fd.value_or(-1); });
  }

  std::string ClassOfBase(Address base, uint64_t object) {
    if (binary_ != nullptr) {
      const std::string_view name = binary_->NodeClass(reader_.Word(base).value_or(0));
      if (!name.empty()) return LastName(name);
    }
    const std::string constructor = reader_.ClassOf(object);
    for (const auto& [known, name] : kClassOfConstructor) {
      if (constructor == known) return std::string(name);
    }
    return constructor;
  }

  std::string KindOf(const HandleEntry& handle) {
    std::string kind = ClassOfBase(handle.wrap, handle.object);
    // TCPWrap::MemoryInfoName(), src/tcp_wrap.h.
    if (kind == "TCPWrap")
      kind = handle.details.listening || IsServer(properties_, handle.owner) ? "TCPServerWrap" : "TCPSocketWrap";
    return kind;
  }

  // The TLSSocket that speaks through the socket, or that the socket is. Of several in turn the last: what TLS tunnels
  // through is a TLSSocket itself.
  std::optional<TlsView> TlsOf(uint64_t owner) {
    constexpr int kMostTunnels = 16;
    std::optional<TlsView> tls = ReadTls(properties_, owner);
    for (int i = 0; i < kMostTunnels; ++i) {
      const auto above = tls_sockets_.find(tls ? tls->socket : owner);
      if (above == tls_sockets_.end()) break;
      tls = ReadTls(properties_, above->second);
    }
    return tls;
  }

  // Handles without JavaScript: those of the Environment stand in a row (src/env.h, see event_loop.h).
  std::string_view PurposeOf(const UvHandle& handle) {
    constexpr uint64_t kEnvironmentBytes = 1 << 14, kTimerBytes = 152, kSmallBytes = 120;
    const EventLoop& loop = *census_.loop;
    const uint64_t at = handle.address - loop.handles;
    if (at == 0) return "Node.js: timers of JavaScript";
    if (at == kTimerBytes) return "Node.js: immediates";
    if (at == kTimerBytes + kSmallBytes) return "Node.js: keeps the loop going for immediates";
    if (at == kTimerBytes + 2 * kSmallBytes || at == kTimerBytes + 3 * kSmallBytes) return "Node.js: idle time";
    if (handle.address >= loop.environment && handle.address < loop.environment + kEnvironmentBytes)
      return handle.type == UvType::kAsync ? "Node.js: tasks of other threads" : "Node.js: Environment";
    if (handle.internal()) return "libuv";
    return IsOfDnsResolver(reader_, handle) ? "Node.js: a DNS resolver (c-ares)" : "native code";
  }

  void AddHandles() {
    const Memory& memory = reader_.memory();
    const UvHandles ring = ReadUvHandles(memory, census_.loop->loop, cancel_);
    census_.whole &= ring.whole;
    census_.active_uv_requests = ActiveUvRequests(memory, census_.loop->loop);
    for (const UvHandle& uv : ring.handles) {
      if (census_.handles.size() % kPoll == 0 && cancel_.Cancelled()) return;
      HandleEntry handle{.uv = uv, .details = ReadUvDetails(memory, uv, census_.loop->loop)};
      if (IsHandleWrap(reader_, uv)) {
        handle.wrap = uv.data;
        handle.object = ObjectOfBase(reader_, uv.data);
        handle.owner = OwnerOf(properties_, handle.object);
        handle.tls = TlsOf(handle.owner);
        DescribeOwner(properties_, &handle);
        handle.kind = KindOf(handle);
        bases_.push_back(uv.data);
        if (uv.stream()) {
          AddExchangeOfSocket(properties_, handle.owner, &census_.exchanges);
          if (handle.tls && handle.tls->socket != handle.owner)
            AddExchangeOfSocket(properties_, handle.tls->socket, &census_.exchanges);
        }
      } else {
        handle.kind = std::string(UvTypeName(uv.type));
        handle.detail = UntrustedText(std::string(PurposeOf(uv)));
      }
      if (handle.detail.empty()) handle.detail = UntrustedText(handle.details.path);
      census_.handles.push_back(std::move(handle));
    }
  }

  // Who is at the other end of a socket, as its handle tells.
  void AddPeers() {
    std::map<uint64_t, const HandleEntry*> by_socket;
    for (const HandleEntry& handle : census_.handles) {
      if (handle.remote.empty()) continue;
      by_socket.emplace(handle.owner, &handle);
      if (handle.tls) by_socket.emplace(handle.tls->socket, &handle);
    }
    for (HttpExchange& exchange : census_.exchanges) {
      const auto found = by_socket.find(exchange.socket);
      if (exchange.socket != 0 && found != by_socket.end()) exchange.remote = found->second->remote;
    }
  }

  void AddRequests() {
    const ReqWraps list = ReadReqWraps(reader_, *census_.loop, bases_, cancel_);
    census_.requests_found = list.found;
    census_.whole &= list.whole;
    for (const ReqWrap& wrap : list.wraps) {
      if (census_.requests.size() % kPoll == 0 && cancel_.Cancelled()) return;
      RequestEntry request{.wrap = wrap};
      if (wrap.request != 0) request.uv = ReadUvRequest(reader_.memory(), wrap.request);
      request.kind = ClassOfBase(wrap.base, wrap.object);
      Describe(&request);
      census_.requests.push_back(std::move(request));
    }
  }

  void Describe(RequestEntry* request) {
    const uint64_t object = request->wrap.object;
    if (object == 0) return;
    std::string detail = request->uv.path;
    if (!request->uv.new_path.empty()) detail += " -> " + request->uv.new_path;
    if (detail.empty()) detail = properties_.Text(object, "hostname");
    if (detail.empty()) {
      detail = properties_.Text(object, "address");
      const std::optional<double> port = properties_.Number(object, "port");
      if (!detail.empty() && port)
        detail = (detail.find(':') == std::string::npos ? detail : "[" + detail + "]") + ":" +
                 std::to_string(static_cast<int64_t>(*port));
    }
    request->detail = UntrustedText(detail);
    // The program's own callback where Node.js keeps it (of readFile() in a ReadFileContext), else what it calls first.
    request->callback = properties_.Object(object, "callback");
    if (request->callback == 0)
      request->callback = properties_.Object(properties_.Object(object, "context"), "callback");
    if (request->callback == 0) request->callback = properties_.Object(object, "oncomplete");
    request->callback = ProgramCallback(reader_, request->callback);
  }

  HeapReader& reader_;
  OwnProperties properties_;
  const HeapModel& model_;
  const int isolate_;
  const BinaryFacts* binary_;
  const Cancel& cancel_;
  std::vector<uint64_t> native_contexts_, agents_, http2_streams_, undici_;
  std::multimap<uint64_t, uint64_t> tls_sockets_;  // by the socket below
  std::vector<Address> bases_;
  HandleCensus census_;
};

}  // namespace

HandleCensus FindHandles(HeapReader* reader, const HeapModel& model, int isolate, const BinaryFacts* binary,
                         const Cancel& cancel) {
  return CensusMaker(reader, model, isolate, binary, cancel).Make();
}

}  // namespace corewalk
