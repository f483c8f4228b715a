#include "analysis/tls_sockets.h"

namespace corewalk {

std::optional<TlsView> ReadTls(OwnProperties& properties, uint64_t socket) {
  const uint64_t options = properties.Object(socket, "_tlsOptions");
  if (options == 0) return std::nullopt;
  TlsView tls{.socket = socket, .below = properties.Object(socket, "_parent")};
  tls.server = properties.Boolean(options, "isServer") == true;
  tls.open = properties.Object(socket, "ssl") != 0;
  tls.established = properties.Boolean(socket, "_secureEstablished") == true;
  tls.server_name = properties.Text(socket, "servername");
  // A client learns the name that it asked for itself only at the end of the handshake.
  if (tls.server_name.empty())
    tls.server_name = properties.Text(properties.Object(socket, "connect-options"), "servername");
  tls.protocol = properties.Text(socket, "alpnProtocol");
  if (tls.established && (!tls.server || properties.Boolean(options, "requestCert") == true)) {
    tls.authorized = properties.Boolean(socket, "authorized");
    tls.authorization_error = properties.Text(socket, "authorizationError");
  }
  return tls;
}

bool IsTlsSocket(OwnProperties& properties, uint64_t socket) {
  return properties.Object(socket, "_tlsOptions") != 0;
}

bool IsTlsServer(OwnProperties& properties, uint64_t server) {
  return properties.Has(server, "_sharedCreds") && properties.Has(server, "rejectUnauthorized");
}

std::string TlsText(const TlsView& tls) {
  std::string text = "TLS";
  if (!tls.established) text += ", handshake not complete";
  if (!tls.server_name.empty()) text += ", server name " + tls.server_name;
  if (!tls.protocol.empty()) text += ", protocol " + tls.protocol;
  if (tls.authorized == false)
    text +=
        ", certificate not accepted" + (tls.authorization_error.empty() ? "" : " (" + tls.authorization_error + ")");
  return text;
}

}  // namespace corewalk
