// What others know of a socket that the socket itself does not keep: an Agent of HTTP (lib/_http_agent.js) and a client of
// undici to which host and port they have connected it, a ChildProcess (lib/internal/child_process.js) that it is an end
// of one of its pipes. The same names in 12 to 26.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "heap/views/own_properties.h"

namespace corewalk {

// What a ChildProcess has from spawn() on.
inline constexpr std::string_view kChildMark = "spawnargs";

struct SocketOrigin {
  std::string remote;  // raw target text: "127.0.0.1:8080", "/run/x.sock"; "" = unknown
  bool idle = false;   // kept alive for the next request
  std::optional<int64_t> child_pid;
  std::string child_stream;  // "stdin", "stdout", "stderr", "stdio[3]", "IPC channel"; "" = of no child
};
// By socket, or by the handle where no socket has it; tagged.
using SocketOrigins = std::map<uint64_t, SocketOrigin>;

// Adds the sockets of an Agent. `requests` gets where the requests go that wait in it, by request, tagged.
void AddOriginsOfAgent(OwnProperties& properties, uint64_t agent, SocketOrigins* origins,
                       std::map<uint64_t, std::string>* requests);
// Adds the pipes of a ChildProcess that runs, or whose pipes outlive it.
void AddOriginsOfChild(OwnProperties& properties, uint64_t child, SocketOrigins* origins);

// "host:port" of the name under which an Agent keeps sockets, "host:port:localAddress:..." (Agent.prototype.getName());
// `host` is the host as far as it is known, for addresses of IPv6 are in it without brackets. "" when it cannot be told.
std::string HostOfAgentName(std::string_view name, std::string_view host);

}  // namespace corewalk
