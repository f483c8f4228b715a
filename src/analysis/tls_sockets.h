// What a TLSSocket says of its connection (lib/_tls_wrap.js, lib/internal/tls/wrap.js; the same properties
// in 12 to 26). The version of TLS and the cipher are OpenSSL's and in no object of JavaScript.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "heap/views/own_properties.h"

namespace corewalk {

struct TlsView {
  uint64_t socket = 0;       // TLSSocket, tagged
  uint64_t below = 0;        // the socket whose handle it speaks through, tagged; 0 = it has a handle of its own
  bool server = false;       // of the side that was connected to
  bool open = false;         // false: over, only the object is left
  bool established = false;  // false: the handshake is under way, or failed
  // Raw target texts: the name that the client asked for, the protocol that both agreed on ("h2"); "" = none.
  std::string server_name, protocol;
  // Whether the other side's certificate was found good, once there is an answer; a server that asks for none has none.
  std::optional<bool> authorized;
  std::string authorization_error;  // raw target text: OpenSSL's code
};

// Nothing when the object (tagged) is no TLSSocket.
std::optional<TlsView> ReadTls(OwnProperties& properties, uint64_t socket);

// Whether the object (tagged) is a TLSSocket.
bool IsTlsSocket(OwnProperties& properties, uint64_t socket);
// Whether the object (tagged) is a server of TLS or HTTPS.
bool IsTlsServer(OwnProperties& properties, uint64_t server);

// "TLS, handshake not complete, server name example.org, protocol h2, certificate not accepted (CERT_HAS_EXPIRED)".
std::string TlsText(const TlsView& tls);

}  // namespace corewalk
