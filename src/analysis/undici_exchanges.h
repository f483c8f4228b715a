// Requests that fetch() has under way, from what undici keeps on its clients and pools (undici 5.29 in 18, 6 in 20 and
// 22, 7 in 24, 8 in 26; programs that bring an undici of their own have the same classes).
//
// lib/dispatcher/client.js: a Client is one connection; `queue` has its requests in turn: those before `running index`
// are over, those before `pending index` were sent, the rest waits. lib/dispatcher/pool-base.js: what waits for one of a
// limited number of connections. Once an answer is complete nothing knows of its request, read or not.
#pragma once

#include "analysis/handles.h"
#include "analysis/socket_origins.h"

namespace corewalk {

// Symbols that a Client and a Pool have from their constructors on.
inline constexpr std::string_view kUndiciClientMark = "running index";
inline constexpr std::string_view kUndiciPoolMark = "clients";

// Adds the connection of a Client.
void AddOriginOfUndici(OwnProperties& properties, uint64_t client, SocketOrigins* origins);
// Adds what the object (tagged) has under way, if it is a Client or a Pool. What went out on an HTTP/2 session is left to
// the session's streams (http2_exchanges.h).
void AddExchangesOfUndici(OwnProperties& properties, uint64_t object, std::vector<HttpExchange>* exchanges);

}  // namespace corewalk
