// The versions of Node and V8, from Node's own table of versions in memory (node::per_process::metadata, a struct of
// std::string: node, v8, uv, ... in node_metadata.h, all versions since 12). It is found by content in the data and bss
// of the mapped files: a text like "24.21.0" followed by the next std::string with a text like "13.6.233.17-node.53".
//
// Both forms of libstdc++'s std::string are understood: {pointer, length, 16 bytes} (official builds since 18) and the
// older one-pointer form with the length in front of the text (official builds up to 16). Neither symbols nor the
// executable are needed. When the table is not met, nothing is returned; nothing is guessed.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "memory/memory.h"
#include "node/memory_scan.h"

namespace corewalk {

struct NodeVersion {
  std::string node;     // "24.21.0", without "v"; digits, dots, letters and '-' only
  std::string v8;       // "13.6.233.17-node.53"; the same characters
  Address address = 0;  // of the first std::string
};

std::optional<NodeVersion> FindNodeVersion(const Memory& memory, std::span<const AddressRange> excluded);

}  // namespace corewalk
