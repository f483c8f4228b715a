#include "analysis/undici_exchanges.h"

#include <algorithm>

#include "analysis/tls_sockets.h"
#include "heap/views/contexts.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kMost = 1 << 22;

// "http://host:port" without the scheme.
std::string HostOfOrigin(const std::string& origin) {
  const size_t scheme = origin.find("://");
  return scheme == std::string::npos ? origin : origin.substr(scheme + 3);
}

// "host: NAME[:PORT]\r\n", which a Client keeps for its requests (18 and later).
std::string HostOfHeader(const std::string& header) {
  constexpr std::string_view kBegin = "host: ";
  if (!header.starts_with(kBegin)) return "";
  return header.substr(kBegin.size(), header.find('\r') - kBegin.size());
}

// Of a Request, or of the options of one that has no client yet. `origin` may be a URL object, which is not read.
HttpExchange ExchangeOf(OwnProperties& properties, uint64_t request, uint64_t message) {
  HttpExchange exchange{.state = HttpState::kQueued, .message = message};
  exchange.method = UntrustedText(properties.Text(request, "method"));
  exchange.url = UntrustedText(properties.Text(request, "path"));
  const std::string origin = properties.Text(request, "origin");
  exchange.host = UntrustedText(HostOfOrigin(origin));
  exchange.tls = origin.starts_with("https:");
  return exchange;
}

// What performance.now() said when fetch() was called: fetch() gives a Request a handler, whose functions close over
// `fetchParams` {timingInfo: {startTime, ...}, ...} (lib/web/fetch/index.js: httpNetworkFetch()).
std::optional<double> StartOfFetch(OwnProperties& properties, uint64_t handler) {
  constexpr int kMostContexts = 6;
  constexpr std::string_view kFunctions[] = {"abort", "onConnect", "onRequestStart"};
  for (const std::string_view name : kFunctions) {
    uint64_t context =
        properties.reader().Field(properties.Object(handler, name), ObjectField::kFunctionContext).value_or(0);
    for (int i = 0; i < kMostContexts; ++i) {
      const std::optional<ContextView> view = ReadContext(properties.reader(), context);
      if (!view) break;
      for (const ContextVariable& variable : view->variables) {
        if (variable.name != "fetchParams") continue;
        return properties.Number(properties.Object(variable.value, "timingInfo"), "startTime");
      }
      context = view->previous;
    }
  }
  return std::nullopt;
}

struct Connection {
  uint64_t socket = 0, parser = 0;
  bool http2 = false, connecting = false, writing = false, tls = false;
  std::string host;
  double running = 0, pending = 0;
};

Connection ConnectionOf(OwnProperties& properties, uint64_t client) {
  Connection connection;
  connection.running = properties.Number(client, kUndiciClientMark).value_or(0);
  connection.pending = properties.Number(client, "pending index").value_or(0);
  connection.connecting = properties.Boolean(client, "connecting") == true;
  connection.http2 = properties.Object(client, "http2Session") != 0;
  connection.socket = properties.Object(client, "socket");
  connection.parser = properties.Object(connection.socket, "parser");
  connection.writing = properties.Boolean(connection.socket, "writing") == true;
  connection.tls = connection.socket != 0 && IsTlsSocket(properties, connection.socket);
  connection.host = HostOfHeader(properties.Text(client, "host header"));
  return connection;
}

// The answer's status while it is being received: lib/dispatcher/client-h1.js sets it back where one is complete.
std::optional<int64_t> StatusOf(OwnProperties& properties, uint64_t parser) {
  const std::optional<double> status = properties.Number(parser, "statusCode");
  if (!status || *status <= 0) return std::nullopt;
  return static_cast<int64_t>(*status);
}

void AddOfClient(OwnProperties& properties, uint64_t client, std::vector<HttpExchange>* exchanges) {
  const Connection connection = ConnectionOf(properties, client);
  ForEachElement(properties.reader(), properties.Object(client, "queue"), [&](const OwnProperty& element) {
    const double index = static_cast<double>(element.index);
    if (index < connection.running || element.raw_double || IsSmi(element.value)) return true;
    const bool sent = index < connection.pending;
    if (sent && connection.http2) return true;
    if (!properties.Has(element.value, "method") || properties.Boolean(element.value, "aborted") == true) return true;
    HttpExchange exchange = ExchangeOf(properties, element.value, element.value);
    exchange.performance_start = StartOfFetch(properties, properties.Object(element.value, "handler"));
    if (exchange.host.empty()) exchange.host = UntrustedText(connection.host);
    if (sent) {
      exchange.socket = connection.socket;
      exchange.tls = connection.tls;
      // Of several that were sent one is answered, the first, and one may not be out yet, the last.
      if (index == connection.running) exchange.status = StatusOf(properties, connection.parser);
      exchange.state = exchange.status                                            ? HttpState::kReceiving
                       : connection.writing && index + 1 == connection.pending ? HttpState::kSending
                                                                                  : HttpState::kWaiting;
    } else if (connection.connecting && index == connection.pending) {
      exchange.state = HttpState::kConnecting;
    }
    exchanges->push_back(std::move(exchange));
    return exchanges->size() < kMost;
  });
}

// lib/dispatcher/fixed-queue.js: rings from `tail`, the first to leave, to `head`; what left a ring is undefined or null.
void AddOfPool(OwnProperties& properties, uint64_t queue, std::vector<HttpExchange>* exchanges) {
  constexpr int kMostRings = 1 << 16;
  uint64_t ring = properties.Object(queue, "tail");
  for (int i = 0; i < kMostRings && ring != 0 && exchanges->size() < kMost; ++i, ring = properties.Object(ring, "next")) {
    ForEachElement(properties.reader(), properties.Object(ring, "list"), [&](const OwnProperty& element) {
      if (element.raw_double) return true;
      const uint64_t options = properties.Object(element.value, "opts");
      if (options == 0 || !properties.Has(options, "method")) return true;
      exchanges->push_back(ExchangeOf(properties, options, options));
      exchanges->back().performance_start = StartOfFetch(properties, properties.Object(element.value, "handler"));
      return exchanges->size() < kMost;
    });
  }
}

}  // namespace

void AddOriginOfUndici(OwnProperties& properties, uint64_t client, SocketOrigins* origins) {
  if (!properties.Has(client, kUndiciClientMark) || !properties.Has(client, "pending index")) return;
  const Connection connection = ConnectionOf(properties, client);
  if (connection.socket == 0) return;
  SocketOrigin& origin = (*origins)[connection.socket];
  origin.remote = connection.host;
  origin.idle = connection.running == connection.pending && !connection.connecting && !connection.http2;
}

void AddExchangesOfUndici(OwnProperties& properties, uint64_t object, std::vector<HttpExchange>* exchanges) {
  if (properties.Has(object, kUndiciClientMark) && properties.Has(object, "pending index")) {
    AddOfClient(properties, object, exchanges);
  } else if (properties.Has(object, kUndiciPoolMark)) {
    AddOfPool(properties, properties.Object(object, "queue"), exchanges);
  }
}

}  // namespace corewalk
