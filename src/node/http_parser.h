// The parser of an HTTP connection, its C++ side: node::Parser of src/node_http_parser.cc, a BaseObject that has llhttp's
// state in it (deps/llhttp/include/llhttp.h: llhttp__internal_s, 96 bytes, alike in llhttp 2 to 9 = Node.js 12 to 26 but
// for one member that became wider with 9.1) and, from 18 on, when the message began that it reads and the ConnectionsList
// that it stands in. Both shift with every release and are found by what stands in them; what does not fit is unknown.
#pragma once

#include <optional>
#include <string_view>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct HttpParserView {
  bool in_message = false;  // it has a part of a message, and not all of it
  // CLOCK_MONOTONIC in nanoseconds when that message began.
  std::optional<uint64_t> message_start;
};

class HttpParsers {
 public:
  // `version`: process.versions.llhttp.
  HttpParsers(HeapReader* reader, std::string_view version);
  // `parser`: a tagged HTTPParser of a server. Nothing when its state was not found.
  std::optional<HttpParserView> Read(uint64_t parser);

 private:
  bool IsState(Address at) const;
  std::optional<uint64_t> MessageStart(Address base);

  HeapReader& reader_;
  int finish_at_ = 0;         // in the state; 0 = not known for this version
  uint64_t state_at_ = 0;     // in a Parser; 0 = not found yet
  uint64_t list_at_ = 0;      // in a Parser: the pointer to its ConnectionsList; 0 = not found yet
  bool list_missing_ = false;
};

}  // namespace corewalk
