// What the event loop of an isolate holds: libuv's handles with what JavaScript knows of them, requests that are under
// way, HTTP exchanges on the sockets, files that are open, streams that are full. One Environment per isolate. What is not found is said in
// `HandleCensus`; nothing here fails.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/open_files.h"
#include "analysis/tls_sockets.h"
#include "base/cancel.h"
#include "base/untrusted_text.h"
#include "heap/heap_walk.h"
#include "heap/views/own_properties.h"
#include "layout/binary_facts.h"
#include "node/event_loop.h"
#include "node/handle_wraps.h"
#include "node/uv_handles.h"

namespace corewalk {

// How much a stream holds against its highWaterMark; bytes, or objects in object mode.
struct StreamFill {
  double length = 0;
  double high_water_mark = 0;
  bool objects = false;
  bool full() const { return length > 0 && length >= high_water_mark; }
};

enum class HttpState : uint8_t {
  kQueued,
  kConnecting,
  kSending,
  kWaiting,
  kReceiving,
  kHandling,
  kResponding,
  kFlushing,
  kPipelined,
  kOpen,
  kIdle,  // of a connection: kept alive, or nothing came yet
  kHead,  // of a connection: the head of a request is not complete
};
std::string_view HttpStateName(HttpState state);

struct HandleEntry {
  UvHandle uv;
  UvDetails details;
  Address wrap = 0;         // HandleWrap; 0 = not JavaScript's
  uint64_t object = 0;      // its JavaScript object, tagged
  uint64_t owner = 0;       // what process._getActiveHandles() tells in its place: a Socket, a Server; tagged
  std::string kind;         // as process.getActiveResourcesInfo() tells it: "TCPSocketWrap"; else of what libuv is
  std::string owner_class;  // raw target text
  UntrustedText local, remote, detail;
  // Of a socket of HTTP: what its connection does, the state of its first exchange, or idle; nothing of others.
  std::optional<HttpState> http;
  std::optional<double> http_for_ms;  // for how long it has been receiving a request, of which the end has not come
  std::optional<int64_t> child_pid;  // of a child process's pipe
  std::string child_stream;          // "stdin", "IPC channel"
  std::optional<StreamFill> writable, readable;  // of its TLSSocket where that has them
  std::optional<TlsView> tls;                    // of a socket: what speaks TLS through it
  bool tls_server = false;                       // of a server: its connections speak TLS
  // process._getActiveHandles() and getActiveResourcesInfo() tell it.
  bool is_active_resource() const { return wrap != 0 && uv.ref(); }
};

struct RequestEntry {
  ReqWrap wrap;
  UvRequest uv;
  std::string kind;       // "FSReqCallback"
  uint64_t callback = 0;  // tagged function; 0 = none
  UntrustedText detail;   // path, host, address; of writes whose socket it is
  // Of the handle that it is about.
  std::optional<int64_t> handle_fd;
  UntrustedText remote;
};

struct HttpExchange {
  bool server = false;
  bool http2 = false;
  bool tls = false;
  HttpState state = HttpState::kHandling;
  uint64_t message = 0;   // ServerResponse, ClientRequest, Http2Stream, undici's Request, tagged
  uint64_t incoming = 0;  // IncomingMessage; 0 = none
  uint64_t socket = 0;    // 0 = none yet
  UntrustedText method, url, host;
  UntrustedText handler_url;  // of a server: request.url as the handler has it, which frameworks change
  UntrustedText remote;  // the socket's peer; empty = no socket, or not to be read
  Address handle = 0;    // uv_handle_t of its connection; 0 = unknown
  std::optional<int64_t> fd;
  std::optional<int64_t> status;
  // Of a server's that is being received: since its first byte came; of fetch()'s: since it was called.
  std::optional<double> age_ms;
  std::optional<double> performance_start;  // of fetch()'s: what performance.now() said then
  std::optional<double> started_ms;  // milliseconds since 1970, where the program kept a time
};

struct FullStream {
  uint64_t stream = 0;  // tagged
  bool writable = false;
  StreamFill fill;
};

struct HandleCensus {
  bool found = false;  // an Environment and its loop
  bool requests_found = false;
  bool whole = true;  // false: a list is broken, or the search was interrupted
  std::optional<EventLoop> loop;
  uint64_t active_uv_requests = 0;  // libuv's count: of Node.js's own threads' work too
  std::vector<HandleEntry> handles;
  std::vector<RequestEntry> requests;
  std::vector<RequestEntry> other_work;  // see pending_work.h
  std::vector<HttpExchange> exchanges;
  std::vector<FullStream> full_streams;
  std::vector<OpenFile> files;  // by descriptor
  VisitGaps gaps;
};

// `binary` may be null.
HandleCensus FindHandles(HeapReader* reader, const HeapModel& model, int isolate, const BinaryFacts* binary,
                         const Cancel& cancel);

}  // namespace corewalk
