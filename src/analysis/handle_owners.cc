#include "analysis/handle_owners.h"

#include <cmath>

#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr int kMostOwners = 16;
constexpr size_t kMostWords = 64;

std::string WithPort(const std::string& address, double port) {
  const std::string number = std::to_string(static_cast<int64_t>(port));
  return address.find(':') == std::string::npos ? address + ":" + number : "[" + address + "]:" + number;
}

// {address, port, family}, as getsockname and getpeername fill it in.
std::string AddressText(OwnProperties& properties, uint64_t object) {
  const std::string address = properties.Text(object, "address");
  const std::optional<double> port = properties.Number(object, "port");
  return address.empty() || !port ? address : WithPort(address, *port);
}

// "4:127.0.0.1:8080" of a Server: family, address, port; "-1:/path:-1" of a pipe.
std::string ListenAddress(const std::string& key) {
  const size_t first = key.find(':'), last = key.rfind(':');
  if (first == std::string::npos || last <= first) return "";
  const std::string address = key.substr(first + 1, last - first - 1), port = key.substr(last + 1);
  if (port.empty() || port.starts_with('-')) return address;
  const std::string host = address.empty() || address == "null" ? "*" : address;
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + (port == "0" ? "0 (any)" : port);
}

std::string JoinedWords(OwnProperties& properties, uint64_t array) {
  std::string text;
  size_t words = 0;
  ForEachElement(properties.reader(), array, [&](const OwnProperty& property) {
    text += (text.empty() ? "" : " ") + properties.reader().ShortText(property.value);
    return ++words < kMostWords;
  });
  return text;
}

// What the kernel said of the socket's own or its peer's address, when the program asked the socket or the TLSSocket.
std::string AskedAddress(OwnProperties& properties, uint64_t socket, uint64_t tls, std::string_view name) {
  const std::string address = AddressText(properties, properties.Object(socket, name));
  return address.empty() ? AddressText(properties, properties.Object(tls, name)) : address;
}

void DescribeSocket(OwnProperties& properties, uint64_t socket, HandleEntry* handle) {
  const uint64_t tls = handle->tls ? handle->tls->socket : 0;
  handle->local = UntrustedText(AskedAddress(properties, socket, tls, "_sockname"));
  std::string remote = AskedAddress(properties, socket, tls, "_peername");
  // From 18.13 on a client remembers which addresses it tried, the last of which is the one.
  if (remote.empty()) {
    if (const uint64_t tried = properties.Object(socket, "autoSelectFamilyAttemptedAddresses"); tried != 0) {
      ForEachElement(properties.reader(), tried, [&](const OwnProperty& property) {
        remote = properties.reader().ShortText(property.value);
        return true;
      });
    }
  }
  if (remote.empty()) remote = properties.Text(socket, "_host");
  handle->remote = UntrustedText(remote);
  std::string server;
  if (const uint64_t of = properties.Object(socket, "server"); of != 0) {
    server = ListenAddress(properties.Text(of, "_connectionKey"));
    if (!server.empty()) server = "of server " + server;
  }
  if (properties.Boolean(socket, "connecting") == true)
    server = server.empty() ? "connecting" : server + ", connecting";
  if (handle->tls) server += (server.empty() ? "" : ", ") + TlsText(*handle->tls);
  handle->detail = UntrustedText(server);
}

void DescribeChild(OwnProperties& properties, uint64_t child, HandleEntry* handle) {
  std::string command = JoinedWords(properties, properties.Object(child, "spawnargs"));
  if (command.empty()) command = properties.Text(child, "spawnfile");
  handle->detail = UntrustedText(command);
}

}  // namespace

uint64_t OwnerOf(OwnProperties& properties, uint64_t object) {
  const auto next = [&](uint64_t of) -> uint64_t {
    if (const uint64_t owner = properties.Object(of, "owner_symbol"); owner != 0) return owner;
    const std::optional<OwnProperty> property = properties.Find(of, "owner");
    return property && ReadKey(properties.reader(), property->key).symbol ? properties.Object(of, "owner") : 0;
  };
  uint64_t at = object;
  for (int i = 0; i < kMostOwners; ++i) {
    const uint64_t owner = next(at);
    if (owner == 0 || owner == at) break;
    at = owner;
  }
  return at;
}

bool IsServer(OwnProperties& properties, uint64_t owner) {
  return properties.Has(owner, "_connectionKey") ||
         (properties.Has(owner, "_connections") && properties.Has(owner, "allowHalfOpen") &&
          !properties.Has(owner, "_readableState"));
}

std::optional<int64_t> StreamFlags(OwnProperties& properties, uint64_t state) {
  std::optional<double> flags = properties.Number(state, "kState");
  if (!flags) flags = properties.Number(state, "state");
  if (!flags || std::abs(*flags) > 1e15) return std::nullopt;
  return static_cast<int64_t>(*flags);
}

std::optional<StreamFill> FillOf(OwnProperties& properties, uint64_t stream, bool writable) {
  constexpr int64_t kObjectMode = 1;
  const uint64_t state = properties.Object(stream, writable ? "_writableState" : "_readableState");
  const std::optional<double> length = properties.Number(state, "length");
  const std::optional<double> mark = properties.Number(state, "highWaterMark");
  if (!length || !mark) return std::nullopt;
  const bool objects =
      properties.Boolean(state, "objectMode").value_or((StreamFlags(properties, state).value_or(0) & kObjectMode) != 0);
  return StreamFill{*length, *mark, objects};
}

void DescribeOwner(OwnProperties& properties, HandleEntry* handle) {
  const uint64_t owner = handle->owner;
  handle->owner_class = properties.reader().ClassOf(owner);
  const uint64_t stream = handle->tls ? handle->tls->socket : owner;
  handle->writable = FillOf(properties, stream, true);
  handle->readable = FillOf(properties, stream, false);
  switch (handle->uv.type) {
    case UvType::kTcp:
    case UvType::kPipe:
      if (IsServer(properties, owner)) {
        handle->local =
            UntrustedText(handle->uv.type == UvType::kPipe ? properties.Text(owner, "_pipeName")
                                                           : ListenAddress(properties.Text(owner, "_connectionKey")));
        handle->tls_server = IsTlsServer(properties, owner);
        if (const std::optional<double> connections = properties.Number(owner, "_connections"))
          handle->detail = UntrustedText((handle->tls_server ? "TLS, " : "") +
                                         std::to_string(static_cast<int64_t>(*connections)) + " connections");
      } else {
        DescribeSocket(properties, owner, handle);
      }
      break;
    case UvType::kProcess:
      DescribeChild(properties, owner, handle);
      break;
    case UvType::kUdp:
      handle->detail = UntrustedText(properties.Text(owner, "type"));
      break;
    default:
      break;
  }
}

}  // namespace corewalk
