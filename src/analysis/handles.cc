#include "analysis/handles.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <unordered_map>

#include "analysis/handle_owners.h"
#include "analysis/http2_exchanges.h"
#include "analysis/http_exchanges.h"
#include "analysis/pending_work.h"
#include "analysis/program_callback.h"
#include "analysis/socket_origins.h"
#include "analysis/undici_exchanges.h"
#include "heap/views/functions.h"
#include "node/http_parser.h"
#include "node/process_object.h"

namespace corewalk {
namespace {

constexpr size_t kPoll = 1 << 8;
constexpr size_t kMostFullStreams = 1 << 20;
constexpr size_t kMostFiles = 1 << 22;
constexpr size_t kMostOtherWork = 1 << 22;
constexpr size_t kMostHttp2Streams = 1 << 22;
constexpr size_t kMostUndici = 1 << 22;
constexpr double kNanosecondsOfMs = 1e6;
constexpr size_t kMostChildren = 1 << 20;

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
      : reader_(*reader), properties_(reader), library_(reader), model_(model), isolate_(isolate), binary_(binary), cancel_(cancel) {}

  HandleCensus Make() {
    Search();
    for (const uint64_t agent : agents_) AddOriginsOfAgent(properties_, agent, &origins_, &queued_hosts_);
    for (const uint64_t client : undici_) AddOriginOfUndici(properties_, client, &origins_);
    for (const uint64_t child : children_) AddOriginsOfChild(properties_, child, &origins_);
    census_.loop = FindEventLoop(&reader_, native_contexts_);
    census_.found = census_.loop.has_value();
    if (census_.found) {
      AddHandles();
      AddRequests();
    }
    for (const uint64_t agent : agents_) AddQueuedExchanges(properties_, agent, &census_.exchanges);
    for (const uint64_t stream : http2_streams_) AddExchangeOfHttp2Stream(properties_, stream, &census_.exchanges);
    for (const uint64_t client : undici_) AddExchangesOfUndici(properties_, client, &census_.exchanges);
    JoinHandles();
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
    PropertyFinder& child = properties_.finder(kChildMark);
    PropertyFinder& llhttp = properties_.finder("llhttp");
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
                 undici_client.MayHave(map, first) || undici_pool.MayHave(map, first) || child.MayHave(map, first) || llhttp.MayHave(map, first) || library_.Wants(map, first) || marks_work(map, first) ||
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
          library_.LookAtObject(map, address);
          // process.versions
          if (llhttp_version_.empty() && llhttp.MayHave(map, address) && properties_.Has(address + 1, "uv"))
            llhttp_version_ = properties_.Text(address + 1, "llhttp");
          if (child.MayHave(map, address) && children_.size() < kMostChildren) children_.push_back(address + 1);
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
        AddOrigin(&handle);
        handle.kind = KindOf(handle);
        bases_.push_back(uv.data);
        if (uv.stream()) {
          const size_t before = census_.exchanges.size();
          AddExchangeOfSocket(properties_, handle.owner, &census_.exchanges);
          if (handle.tls && handle.tls->socket != handle.owner)
            AddExchangeOfSocket(properties_, handle.tls->socket, &census_.exchanges);
          const uint64_t socket = handle.tls ? handle.tls->socket : handle.owner;
          ReadParser(socket, before, &handle);
        }
      } else {
        handle.kind = std::string(UvTypeName(uv.type));
        handle.detail = UntrustedText(std::string(PurposeOf(uv)));
      }
      if (handle.detail.empty()) handle.detail = UntrustedText(handle.details.path);
      census_.handles.push_back(std::move(handle));
    }
  }

  // What the parser of a server's connection says; its exchanges are those from the given one on.
  void ReadParser(uint64_t socket, size_t first, HandleEntry* handle) {
    const uint64_t parser = properties_.Object(socket, "parser");
    if (parser == 0 || properties_.Object(socket, "server") == 0) return;
    if (census_.exchanges.size() == first) handle->http = HttpState::kIdle;
    if (!parsers_) parsers_.emplace(&reader_, llhttp_version_);
    const std::optional<HttpParserView> view = parsers_->Read(parser);
    if (!view || !view->in_message) return;
    std::optional<double> age;
    if (view->message_start && census_.loop->time != 0)
      age = std::max(0.0, static_cast<double>(census_.loop->time) - static_cast<double>(*view->message_start) / kNanosecondsOfMs);
    // The head of the message that it reads is complete when there is a request that is not.
    const uint64_t incoming = properties_.Object(parser, "incoming");
    if (incoming == 0 || properties_.Boolean(incoming, "complete") == true) {
      if (handle->http != HttpState::kIdle) return;
      handle->http = HttpState::kHead;
      handle->http_for_ms = age;
      return;
    }
    for (size_t i = first; i < census_.exchanges.size(); ++i) {
      HttpExchange& exchange = census_.exchanges[i];
      if (exchange.incoming != incoming || exchange.state != HttpState::kReceiving) continue;
      exchange.age_ms = age;
      if (i == first) handle->http_for_ms = age;
    }
  }

  // What an Agent, a client of undici or a child process knows of the socket.
  void AddOrigin(HandleEntry* handle) {
    auto found = handle->tls ? origins_.find(handle->tls->socket) : origins_.end();
    if (found == origins_.end()) found = origins_.find(handle->owner);
    if (found == origins_.end()) return;
    const SocketOrigin& origin = found->second;
    handle->child_pid = origin.child_pid;
    handle->child_stream = origin.child_stream;
    if (origin.idle) handle->http = HttpState::kIdle;
    // The kernel's address, where the program has asked for it, is better; the name alone is not.
    if (handle->remote.empty() || origin.remote.starts_with(handle->remote.raw() + ":"))
      handle->remote = UntrustedText(origin.remote);
  }

  // Handles, requests and exchanges know of one another: peers, descriptors, what a connection does.
  void JoinHandles() {
    std::unordered_map<uint64_t, HandleEntry*> by_socket, by_address;
    for (HandleEntry& handle : census_.handles) {
      by_address.emplace(handle.uv.address, &handle);
      if (handle.wrap == 0) continue;
      by_socket.emplace(handle.owner, &handle);
      if (handle.tls) by_socket.emplace(handle.tls->socket, &handle);
    }
    for (HttpExchange& exchange : census_.exchanges) {
      if (exchange.performance_start && library_.start_time() && census_.found && census_.loop->time != 0)
        exchange.age_ms = std::max(0.0, static_cast<double>(census_.loop->time) - *library_.start_time() / kNanosecondsOfMs -
                                            *exchange.performance_start);
      const auto queued = queued_hosts_.find(exchange.message);
      const auto origin = origins_.find(exchange.socket);
      const std::string& where = exchange.socket == 0 && queued != queued_hosts_.end() ? queued->second
                                 : origin != origins_.end()                          ? origin->second.remote
                                                                                     : "";
      if (!exchange.server && !exchange.host.empty() && IsHostWithPort(where, exchange.host.raw()))
        exchange.host = UntrustedText(where);
      const auto found = by_socket.find(exchange.socket);
      if (exchange.socket == 0 || found == by_socket.end()) continue;
      HandleEntry& handle = *found->second;
      exchange.remote = handle.remote;
      exchange.handle = handle.uv.address;
      exchange.fd = handle.details.fd;
      if (!handle.http && !exchange.http2) handle.http = exchange.state;
    }
    for (RequestEntry& request : census_.requests) {
      const auto found = by_address.find(request.uv.handle);
      if (request.uv.handle == 0 || found == by_address.end()) continue;
      const HandleEntry& handle = *found->second;
      request.handle_fd = handle.details.fd;
      request.remote = handle.remote;
      if (request.detail.empty()) request.detail = UntrustedText(WhereOf(handle));
    }
  }
  static bool IsHostWithPort(std::string_view where, std::string_view host) {
    return where.starts_with(std::string(host) + ":") || where.starts_with("[" + std::string(host) + "]:");
  }

  // Whose socket or pipe it is, in few words.
  static std::string WhereOf(const HandleEntry& handle) {
    if (handle.child_pid) return handle.child_stream + " of child " + std::to_string(*handle.child_pid);
    if (!handle.remote.empty()) return "to " + handle.remote.raw();
    return handle.detail.raw();
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
  LibraryFacts library_;
  const HeapModel& model_;
  const int isolate_;
  const BinaryFacts* binary_;
  const Cancel& cancel_;
  std::vector<uint64_t> native_contexts_, agents_, http2_streams_, undici_, children_;
  SocketOrigins origins_;
  std::string llhttp_version_;
  std::optional<HttpParsers> parsers_;
  std::map<uint64_t, std::string> queued_hosts_;  // where requests go that wait in an Agent
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
