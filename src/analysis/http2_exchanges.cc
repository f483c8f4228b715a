#include "analysis/http2_exchanges.h"

#include "analysis/handle_owners.h"
#include "analysis/tls_sockets.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

// Everything was read from the peer, or is in the buffer. lib/internal/streams/readable.js: `ended`, a bit in 18.20
// and from 20 on, which moved in 20.10 and 21.2, when `flowing` became one, too.
std::optional<bool> ReadableEnded(OwnProperties& properties, uint64_t stream) {
  constexpr int64_t kEnded = 1 << 9, kEndedEarly = 1 << 1;
  const uint64_t state = properties.Object(stream, "_readableState");
  if (const std::optional<bool> ended = properties.Boolean(state, "ended")) return ended;
  const std::optional<int64_t> bits = StreamFlags(properties, state);
  if (!bits) return std::nullopt;
  return (*bits & (properties.Has(state, "flowing") ? kEndedEarly : kEnded)) != 0;
}

// end() was called. lib/internal/streams/writable.js: `ending`, a bit from 20 on.
std::optional<bool> WritableEnding(OwnProperties& properties, uint64_t stream) {
  constexpr int64_t kEnding = 1 << 12;
  const uint64_t state = properties.Object(stream, "_writableState");
  if (const std::optional<bool> ending = properties.Boolean(state, "ending")) return ending;
  const std::optional<int64_t> bits = StreamFlags(properties, state);
  if (!bits) return std::nullopt;
  return (*bits & kEnding) != 0;
}

// Of headers given as an object, or as [name, value, name, value, ...] (24.2 and later).
std::string HeaderText(OwnProperties& properties, uint64_t headers, uint64_t raw, std::string_view name) {
  if (headers != 0 || raw == 0) return properties.Text(headers, name);
  constexpr uint64_t kMost = 2000;
  std::string text;
  bool next = false;
  ForEachElement(properties.reader(), raw, [&](const OwnProperty& element) {
    if (next) {
      text = properties.reader().ShortText(element.value);
      return false;
    }
    next = element.index % 2 == 0 && properties.reader().ShortText(element.value) == name;
    return element.index < kMost;
  });
  return text;
}

}  // namespace

void AddExchangeOfHttp2Stream(OwnProperties& properties, uint64_t stream, std::vector<HttpExchange>* exchanges) {
  const uint64_t state = properties.Object(stream, "state");
  if (!properties.Has(state, "rstCode") || !properties.Has(state, "didRead")) return;
  // It is taken from a stream that is destroyed.
  const uint64_t session = properties.Object(stream, "kSession");
  if (session == 0) return;
  const uint64_t sent = properties.Object(stream, "sent-headers");
  const uint64_t raw = properties.Object(stream, "raw-headers");
  HttpExchange exchange{.server = properties.reader().ClassOf(stream) == "ServerHttp2Stream", .http2 = true};
  exchange.message = stream;
  exchange.incoming = properties.Object(stream, "request");
  exchange.socket = properties.Object(session, "socket");
  exchange.tls = IsTlsSocket(properties, exchange.socket);
  const bool ending = WritableEnding(properties, stream) == true;
  if (exchange.server) {
    const uint64_t received = properties.Object(exchange.incoming, "headers");
    exchange.method = UntrustedText(properties.Text(received, ":method"));
    exchange.url = UntrustedText(properties.Text(received, ":path"));
    exchange.host = UntrustedText(properties.Text(stream, "authority"));
    if (sent != 0) {
      if (const std::optional<double> status = properties.Number(sent, ":status"))
        exchange.status = static_cast<int64_t>(*status);
    }
    exchange.state = sent != 0 ? ending ? HttpState::kFlushing : HttpState::kResponding
                     : ReadableEnded(properties, stream) == false ? HttpState::kReceiving
                                                                  : HttpState::kHandling;
  } else {
    exchange.method = UntrustedText(HeaderText(properties, sent, raw, ":method"));
    exchange.url = UntrustedText(HeaderText(properties, sent, raw, ":path"));
    exchange.host = UntrustedText(HeaderText(properties, sent, raw, ":authority"));
    const std::optional<double> held = properties.Number(properties.Object(stream, "_readableState"), "length");
    exchange.state = !properties.Has(stream, "id")               ? HttpState::kQueued
                     : held.value_or(0) > 0                      ? HttpState::kReceiving
                     : ReadableEnded(properties, stream) == true ? HttpState::kReceiving
                     : ending                                    ? HttpState::kOpen
                                                                 : HttpState::kSending;
  }
  exchanges->push_back(std::move(exchange));
}

}  // namespace corewalk
