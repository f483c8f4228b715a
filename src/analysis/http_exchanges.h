// HTTP requests that are under way, from what lib/_http_server.js, _http_client.js and _http_agent.js keep on sockets
// and agents (12 to 26): `_httpMessage` and `parser.incoming` of a socket, `requests` of an Agent.
#pragma once

#include "analysis/handles.h"

namespace corewalk {

// Adds what the socket (tagged) is busy with, if anything.
void AddExchangeOfSocket(OwnProperties& properties, uint64_t socket, std::vector<HttpExchange>* exchanges);
// Adds the requests that wait in an Agent for a socket.
void AddQueuedExchanges(OwnProperties& properties, uint64_t agent, std::vector<HttpExchange>* exchanges);

}  // namespace corewalk
