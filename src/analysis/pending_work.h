// Work under way that process._getActiveRequests() does not tell, because Node.js holds it with objects that are no
// ReqWraps: DNS queries of c-ares (QueryReqWrap: lib/internal/dns, src/cares_wrap.h), jobs of crypto and, late in 26,
// of fs.readFile() (`ondone`: lib/internal/crypto, lib/fs.js, src/crypto/crypto_util.h), streams and calls of zlib
// (lib/zlib.js, src/node_zlib.cc); 12 to 26. The C++ object of a query or a job lives until its callback was called,
// which the embedder field and the global handle of the JavaScript object prove.
#pragma once

#include <array>
#include <optional>

#include "analysis/handles.h"

namespace corewalk {

// Properties of which such an object has at least one, from its constructor or the begin of its work on.
inline constexpr std::array<std::string_view, 3> kPendingWorkMarks = {"bindingName", "ondone", "availInBefore"};

// What the object (tagged) is, if it is such work and is under way. `kind` is the class of the object in JavaScript.
std::optional<RequestEntry> PendingWorkOf(OwnProperties& properties, uint64_t object);

}  // namespace corewalk
