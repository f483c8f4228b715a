#include "analysis/socket_origins.h"

#include <algorithm>
#include <array>

#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kMostOrigins = 1 << 22;

bool IsNumber(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

void ForEachListed(OwnProperties& properties, uint64_t lists, auto&& each) {
  if (lists == 0) return;
  size_t seen = 0;
  ForEachProperty(properties.reader(), lists, [&](const OwnProperty& list) {
    if (list.accessor || !list.readable || list.raw_double || IsSmi(list.value)) return true;
    const std::string name = ReadKey(properties.reader(), list.key).text;
    ForEachElement(properties.reader(), list.value, [&](const OwnProperty& element) {
      if (!element.raw_double && !IsSmi(element.value)) each(name, element.value);
      return ++seen < kMostOrigins;
    });
    return seen < kMostOrigins;
  });
}

}  // namespace

std::string HostOfAgentName(std::string_view name, std::string_view host) {
  if (host.empty()) {
    // Of a name the socket knows it: without one, only what has dots is no IPv6 for sure.
    host = name.substr(0, name.find(':'));
    if (host.find('.') == std::string_view::npos) host = {};
  }
  if (host.empty() || !name.starts_with(host) || name.size() <= host.size() || name[host.size()] != ':') return "";
  const std::string_view rest = name.substr(host.size() + 1);
  const std::string_view port = rest.substr(0, rest.find(':'));
  if (IsNumber(port)) {
    const bool v6 = host.find(':') != std::string_view::npos;
    return (v6 ? "[" + std::string(host) + "]" : std::string(host)) + ":" + std::string(port);
  }
  // A socket of Unix: behind the local address and the family.
  const size_t path = rest.find(":/");
  return path == std::string_view::npos ? "" : std::string(rest.substr(path + 1, rest.find(':', path + 1) - path - 1));
}

void AddOriginsOfAgent(OwnProperties& properties, uint64_t agent, SocketOrigins* origins,
                       std::map<uint64_t, std::string>* requests) {
  for (const bool idle : {false, true}) {
    ForEachListed(properties, properties.Object(agent, idle ? "freeSockets" : "sockets"),
                  [&](const std::string& name, uint64_t socket) {
                    std::string host = properties.Text(socket, "_host");
                    if (host.empty()) host = properties.Text(properties.Object(socket, "_httpMessage"), "host");
                    SocketOrigin& origin = (*origins)[socket];
                    origin.remote = HostOfAgentName(name, host);
                    origin.idle = idle;
                  });
  }
  ForEachListed(properties, properties.Object(agent, "requests"), [&](const std::string& name, uint64_t request) {
    (*requests)[request] = HostOfAgentName(name, properties.Text(request, "host"));
  });
}

void AddOriginsOfChild(OwnProperties& properties, uint64_t child, SocketOrigins* origins) {
  constexpr std::array<std::string_view, 3> kNames = {"stdin", "stdout", "stderr"};
  constexpr uint64_t kMostPipes = 1024;
  const std::optional<double> number = properties.Number(child, "pid");
  if (!number || *number <= 0) return;
  const int64_t pid = static_cast<int64_t>(*number);
  ForEachElement(properties.reader(), properties.Object(child, "stdio"), [&](const OwnProperty& element) {
    if (!element.raw_double && !IsSmi(element.value) && properties.Has(element.value, "_readableState")) {
      SocketOrigin& origin = (*origins)[element.value];
      origin.child_pid = pid;
      origin.child_stream = element.index < kNames.size() ? std::string(kNames[element.index])
                                                          : "stdio[" + std::to_string(element.index) + "]";
    }
    return element.index < kMostPipes;
  });
  // fork(): the handle itself, under a symbol; of `channel` in old versions.
  uint64_t channel = properties.Object(child, "kChannelHandle");
  if (channel == 0) channel = properties.Object(child, "channel");
  if (channel == 0) return;
  SocketOrigin& origin = (*origins)[channel];
  origin.child_pid = pid;
  origin.child_stream = "IPC channel";
}

}  // namespace corewalk
