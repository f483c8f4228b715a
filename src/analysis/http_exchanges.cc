#include "analysis/http_exchanges.h"

#include <algorithm>

#include "analysis/tls_sockets.h"
#include "heap/views/bound_functions.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

// Where programs and frameworks keep the time at which a request came: Date, or milliseconds since 1970.
constexpr std::string_view kStartNames[] = {"_startTime", "startTime", "start_time",
                                            "startedAt",  "startAt",   "received"};
constexpr double kYear2000 = 946'684'800'000, kYear2100 = 4'102'444'800'000;

std::optional<double> StartIn(OwnProperties& properties, uint64_t object) {
  for (const std::string_view name : kStartNames) {
    const std::optional<OwnProperty> property = properties.Find(object, name);
    if (!property) continue;
    std::optional<double> time = property->raw_double;
    if (!time) time = IsSmi(property->value) ? std::nullopt : ReadDate(properties.reader(), property->value);
    if (!time) time = ReadNumber(properties.reader(), property->value);
    if (time && *time > kYear2000 && *time < kYear2100) return time;
  }
  return std::nullopt;
}

// Whether a request has a body (RFC 9112, 6.3): while a handler runs for the first time the parser has not yet gone on to
// see that there is none, and `complete` is false. `rawHeaders` is [name, value, name, value, ...]; unknown = it has.
bool MayHaveBody(OwnProperties& properties, uint64_t incoming) {
  constexpr uint64_t kMost = 4000;  // Node.js itself takes 2000 headers by default
  const uint64_t headers = properties.Object(incoming, "rawHeaders");
  if (headers == 0) return true;
  bool body = false, length = false, whole = true;
  ForEachElement(properties.reader(), headers, [&](const OwnProperty& element) {
    std::string text = properties.reader().ShortText(element.value);
    if (element.index % 2 == 1) {
      body |= length && text != "0";
      length = false;
    } else {
      std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      length = text == "content-length";
      body |= text == "transfer-encoding";
    }
    whole = element.index < kMost;
    return whole && !body;
  });
  return body || !whole;
}

HttpExchange ClientExchange(OwnProperties& properties, uint64_t request, uint64_t socket) {
  HttpExchange exchange{.message = request, .socket = socket};
  exchange.method = UntrustedText(properties.Text(request, "method"));
  std::string path = properties.Text(request, "path");
  if (path.empty()) path = properties.Text(request, "kPath");  // behind an accessor in 26
  exchange.url = UntrustedText(path);
  exchange.host = UntrustedText(properties.Text(request, "host"));
  exchange.incoming = properties.Object(request, "res");
  if (exchange.incoming != 0) {
    if (const std::optional<double> status = properties.Number(exchange.incoming, "statusCode"))
      exchange.status = static_cast<int64_t>(*status);
  }
  exchange.tls = socket != 0 ? IsTlsSocket(properties, socket) : properties.Text(request, "protocol") == "https:";
  exchange.started_ms = StartIn(properties, request);
  exchange.state = socket == 0                                        ? HttpState::kQueued
                   : properties.Boolean(socket, "connecting") == true ? HttpState::kConnecting
                   : exchange.incoming != 0                           ? HttpState::kReceiving
                   : properties.Boolean(request, "finished") == true  ? HttpState::kWaiting
                                                                      : HttpState::kSending;
  return exchange;
}

HttpExchange ServerExchange(OwnProperties& properties, uint64_t response, uint64_t incoming, uint64_t socket) {
  HttpExchange exchange{.server = true, .message = response, .socket = socket};
  // From 15.7 on the response knows its request.
  const uint64_t own = properties.Object(response, "req");
  exchange.incoming = own != 0 ? own : incoming;
  exchange.method = UntrustedText(properties.Text(exchange.incoming, "method"));
  // Frameworks take the path that a router is mounted at from `url`, and keep what came (connect, Express, Polka).
  exchange.handler_url = UntrustedText(properties.Text(exchange.incoming, "url"));
  exchange.url = UntrustedText(properties.Text(exchange.incoming, "originalUrl"));
  if (exchange.url.empty()) exchange.url = exchange.handler_url;
  const std::optional<OwnProperty> header = properties.Find(response, "_header");
  const bool head_sent = header && !header->raw_double && properties.reader().IsString(header->value);
  if (head_sent) {
    if (const std::optional<double> status = properties.Number(response, "statusCode"))
      exchange.status = static_cast<int64_t>(*status);
  }
  exchange.tls = IsTlsSocket(properties, socket);
  exchange.started_ms = StartIn(properties, exchange.incoming);
  if (!exchange.started_ms) exchange.started_ms = StartIn(properties, response);
  exchange.state = properties.Boolean(response, "finished") == true ? HttpState::kFlushing
                   : head_sent                                      ? HttpState::kResponding
                   : response == 0 || (properties.Boolean(exchange.incoming, "complete") == false &&
                                       MayHaveBody(properties, exchange.incoming))
                       ? HttpState::kReceiving
                       : HttpState::kHandling;
  return exchange;
}

// {incoming: [IncomingMessage, ...], outgoing: [ServerResponse, ...], ...} of a server's connection: an argument that is
// bound to what its parser calls (connectionListenerInternal() in lib/_http_server.js, 12 to 26). `incoming` begins with
// the request that is being answered, `outgoing` has the answers that wait until it is.
uint64_t ConnectionState(OwnProperties& properties, uint64_t parser) {
  for (const uint64_t argument : BoundArguments(properties.reader(), properties.Object(parser, "onIncoming"))) {
    if (properties.Has(argument, "outgoing") && properties.Has(argument, "incoming")) return argument;
  }
  return 0;
}

std::vector<uint64_t> ObjectsIn(OwnProperties& properties, uint64_t array) {
  constexpr size_t kMost = 1 << 16;
  std::vector<uint64_t> objects;
  ForEachElement(properties.reader(), array, [&](const OwnProperty& element) {
    if (!element.raw_double && !IsSmi(element.value)) objects.push_back(element.value);
    return objects.size() < kMost;
  });
  return objects;
}

}  // namespace

std::string_view HttpStateName(HttpState state) {
  switch (state) {
    case HttpState::kQueued:
      return "queued";
    case HttpState::kConnecting:
      return "connecting";
    case HttpState::kSending:
      return "sending";
    case HttpState::kWaiting:
      return "waiting";
    case HttpState::kReceiving:
      return "receiving";
    case HttpState::kHandling:
      return "handling";
    case HttpState::kResponding:
      return "responding";
    case HttpState::kPipelined:
      return "pipelined";
    case HttpState::kOpen:
      return "open";
    case HttpState::kIdle:
      return "idle";
    case HttpState::kHead:
      return "receiving head";
    case HttpState::kFlushing:
      break;
  }
  return "flushing";
}

void AddExchangeOfSocket(OwnProperties& properties, uint64_t socket, std::vector<HttpExchange>* exchanges) {
  const uint64_t message = properties.Object(socket, "_httpMessage");
  const uint64_t incoming = properties.Object(properties.Object(socket, "parser"), "incoming");
  if (message == 0 && incoming == 0) return;
  // Only a ClientRequest has an agent.
  if (message != 0 && properties.Has(message, "agent")) {
    exchanges->push_back(ClientExchange(properties, message, socket));
  } else if (properties.Has(socket, "server") || properties.Has(message, "req")) {
    const uint64_t state = ConnectionState(properties, properties.Object(socket, "parser"));
    const std::vector<uint64_t> requests = ObjectsIn(properties, properties.Object(state, "incoming"));
    const std::vector<uint64_t> waiting = ObjectsIn(properties, properties.Object(state, "outgoing"));
    // The parser's is the last one that came.
    exchanges->push_back(ServerExchange(properties, message, message != 0 && !requests.empty() ? requests[0] : incoming, socket));
    for (size_t i = 0; i < waiting.size(); ++i) {
      HttpExchange exchange = ServerExchange(properties, waiting[i], i + 1 < requests.size() ? requests[i + 1] : 0, socket);
      // Also when it has begun, or ended: nothing of it was sent.
      if (exchange.state != HttpState::kReceiving) exchange.state = HttpState::kPipelined;
      exchanges->push_back(std::move(exchange));
    }
  }
}

void AddQueuedExchanges(OwnProperties& properties, uint64_t agent, std::vector<HttpExchange>* exchanges) {
  constexpr size_t kMost = 1 << 22;
  HeapReader& reader = properties.reader();
  const uint64_t requests = properties.Object(agent, "requests");
  if (requests == 0) return;
  ForEachProperty(reader, requests, [&](const OwnProperty& list) {
    if (list.accessor || !list.readable || list.raw_double || IsSmi(list.value)) return true;
    ForEachElement(reader, list.value, [&](const OwnProperty& element) {
      if (!element.raw_double && properties.Has(element.value, "method"))
        exchanges->push_back(ClientExchange(properties, element.value, 0));
      return exchanges->size() < kMost;
    });
    return exchanges->size() < kMost;
  });
}

}  // namespace corewalk
