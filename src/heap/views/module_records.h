// ES modules: V8's SourceTextModule (src/objects/source-text-module.tq). The exports (name -> Cell) stand at +8 and the
// status at +24 from 7.4 to 14.6; what follows has moved, and is told by its types: the code is a generator (or async
// function) that runs the module, before that a function or SharedFunctionInfo; two arrays behind it stand the
// requested modules. A module that failed has an exception, others the hole there. Nothing fails; unknown parts keep
// their defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "heap/views/heap_reader.h"

namespace corewalk {

enum class ModuleState : uint8_t {
  kLinking,     // not linked yet
  kLinked,      // not begun
  kEvaluating,  // its code runs
  kAwaiting,    // it stands at a top-level await
  kWaiting,     // for a module that it imports, which stands at an await
  kEvaluated,
  kFailed,  // it threw, or a module that it imports did
  kUnknown,
};

struct ModuleRecordView {
  uint64_t module = 0;  // tagged
  ModuleState state = ModuleState::kUnknown;
  uint64_t script = 0;  // tagged, 0 = unknown
  uint64_t code = 0;    // the generator or async function, 0 = none
  uint64_t exception = 0;
  uint64_t evaluation = 0;  // the promise of its evaluation (top_level_capability, behind the exception); 0 = none
  std::vector<std::string> exports;  // raw target texts, unsorted; of `export *` only what was resolved
  std::vector<uint64_t> requested;   // tagged modules, once each at most; also SyntheticModules
};

bool IsModuleRecord(std::string_view type);  // "SOURCE_TEXT_MODULE_TYPE"
// What a SyntheticModule is called: of Node.js's faces for import of CommonJS and built-in modules their URL
// ("file:///app/x.js", "node:fs"); "" when the object (tagged) is none.
std::string SyntheticModuleName(HeapReader& reader, uint64_t module);
// Nothing when `module` is none.
std::optional<ModuleRecordView> ReadModuleRecord(HeapReader& reader, uint64_t module);

}  // namespace corewalk
