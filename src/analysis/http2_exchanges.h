// Requests on HTTP/2 sessions, from what lib/internal/http2/core.js and compat.js keep on an Http2Stream (16 to 26):
// its session for as long as it is open, the headers it has sent, and the Http2ServerRequest of the compatible
// interface. Nothing keeps the head that a stream has received: of a server that listens to 'stream' the method and URL
// are unknown, and of a client whether the answer has begun.
#pragma once

#include "analysis/handles.h"

namespace corewalk {

// A property that only an Http2Stream has, from its constructor on.
inline constexpr std::string_view kHttp2StreamMark = "proxySocket";

// Adds what the object (tagged) is busy with, if it is an open Http2Stream.
void AddExchangeOfHttp2Stream(OwnProperties& properties, uint64_t stream, std::vector<HttpExchange>* exchanges);

}  // namespace corewalk
