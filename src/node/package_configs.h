// The package.json files that Node.js has read, from the cache of its C++ side: node::modules::BindingData (from 21.?
// and 22 on; src/node_modules.cc), a std::unordered_map from the file's path to a PackageConfig that keeps the file's
// text (raw_json). Found through the binding's object in JavaScript, the map by its shape in libstdc++ ({buckets,
// number of them, first node, number of nodes, load factor 1.0}), the text by the brace it begins with. Before, Node.js
// kept only a few fields, no version; then nothing is found. Damaged maps give fewer files.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "heap/views/heap_reader.h"

namespace corewalk {

struct PackageText {
  std::string name, version;  // raw target text; "" = the file has none
};

// What `binding` (a tagged API object that has the function readPackageJSON) leads to: path of the file -> its text.
std::map<std::string, PackageText> ReadPackageConfigs(HeapReader& reader, uint64_t binding);

// The value of a member of the outermost object of a JSON text that is a string; "" when there is none. Escapes other
// than \" \\ and \/ are kept as they are.
std::string JsonMember(std::string_view json, std::string_view member);

}  // namespace corewalk
