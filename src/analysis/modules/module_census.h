// The modules of an isolate: what CommonJS keeps in Module._cache, Modules that are live but no longer there, and ES
// modules; with the package of node_modules they belong to, and what only a module's file keeps alive: its Module, its
// functions and their contexts, its script and source text, all together. Objects that were made by a module but are
// held by another one count with that.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "heap/views/module_records.h"

namespace corewalk {

enum class ModuleKind : uint8_t { kCommonJs, kJson, kAddon, kEsm };

struct LoadedModule {
  ObjectId node = kNoObject;  // the Module or SourceTextModule
  ModuleKind kind = ModuleKind::kCommonJs;
  std::string file;     // raw target text: path, or URL of an ES module
  bool cached = false;  // CommonJS: stands in Module._cache
  ModuleState state = ModuleState::kUnknown;
  bool made = false;       // a Module that no file was read into: of createRequire(), or new Module()
  uint64_t exports = 0;    // CommonJS: tagged module.exports
  uint64_t exception = 0;  // kFailed
  std::vector<std::string>
      export_names;  // raw target texts; own properties of an object or class, names of an ES module
  uint64_t export_count = 0;
  // Indexes of modules: those that have it among their `children`, or import it (not: by import()).
  std::vector<uint32_t> required_by;
  uint32_t package = 0xffffffff;      // index of a package; none = not in node_modules
  uint64_t closures = 0;              // live functions of its script
  std::vector<ObjectId> nodes;        // what its file has
  uint64_t retained = 0;              // bytes, when the graph knows
};

struct LoadedPackage {
  std::string name, version;  // raw target text; version "" = unknown
  std::string directory;
  std::vector<uint32_t> modules;
  uint64_t retained = 0;
  uint32_t copies = 1;    // packages of this name in other directories, this one counted
  uint32_t versions = 1;  // distinct known versions of these
};

struct ModuleCensus {
  std::vector<LoadedModule> modules;    // by file
  std::vector<LoadedPackage> packages;  // by name, directory
  bool cache_found = false;             // Module._cache
  uint64_t cache_size = 0;              // its entries, those too that are no Module
  uint64_t made = 0;                    // Modules of createRequire(); that of an ES module counts as a part of it
  uint64_t synthetic = 0;               // V8's SyntheticModules: faces of CommonJS and built-in modules for import
  uint64_t versions_read = 0;           // package.json files whose text was found
  bool interrupted = false;
};

// Needs the graph's shapes; retained sizes are told when it has them.
ModuleCensus FindModules(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);

// "file:///a%20b.mjs?x" -> "/a b.mjs"; what is no URL of a file stays.
std::string PathOfUrl(std::string_view url);
// Where a file in node_modules belongs: "/app/node_modules/@scope/name/lib/x.js" -> directory and name. False when it
// is in none.
bool PackageOfFile(std::string_view file, std::string* name, std::string* directory);
// The version that package managers write into paths: ".pnpm/name@1.2.3/node_modules/name"; "" when there is none.
std::string VersionInPath(std::string_view directory, std::string_view name);

}  // namespace corewalk
