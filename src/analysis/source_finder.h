// Finds in the sources that a heap holds where its variables and properties come from: from a context to the line that
// declares one of its variables, from an object to the line that gave it a property. Sources are scanned once and kept
// while there is room. Nothing fails: what is not found, or whose source is not in the core, gives nothing.
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/source_scan.h"
#include "analysis/source_uses.h"
#include "base/cancel.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"
#include "heap/views/scripts.h"

namespace corewalk {

struct PlacedSite {
  uint64_t script = 0;  // tagged
  std::string file;     // raw target text
  int line = 0;         // from 1
  int column = 0;
  std::string text;  // raw target text
  ValueOrigin origin = ValueOrigin::kUnknown;
};

// A call of a function that has not ended: a frame of a stack, a suspended async function.
struct Activation {
  uint64_t script = 0;    // tagged
  int64_t position = -1;  // where it is, or where the function begins, UTF-16 units; -1 = unknown
  bool running = false;   // on the stack
};

class SourceFinder {
 public:
  // Both must outlive it.
  SourceFinder(HeapReader* reader, const Cancel* cancel) : reader_(*reader), cancel_(*cancel) {}

  // Scripts whose properties are searched when nothing says which script an object belongs to.
  void SetScripts(std::vector<uint64_t> scripts) { scripts_ = std::move(scripts); }

  // False for Node.js's own scripts. They are called "node:..."; before Node.js 16 by a bare path ("internal/util.js"),
  // and their sources are external strings then.
  bool IsUserScript(uint64_t script);

  // `closure`: a function that sees the variable, in whose script it is searched; its context is `context` or one
  // inside of that.
  std::optional<PlacedSite> Variable(const ContextView& context, const FunctionView& closure, std::string_view name);
  // A variable of a module or script, whichever function it is in.
  std::optional<PlacedSite> TopLevelVariable(uint64_t script, std::string_view name);
  std::optional<PlacedSite> Property(uint64_t script, const PropertyQuery& query);
  // In all user scripts, those of the program itself before those in node_modules.
  std::optional<PlacedSite> PropertyAnywhere(const PropertyQuery& query);

  // A top-level variable that some ES module of the program exports under this name.
  std::optional<PlacedSite> ExportAnywhere(std::string_view name);

  // The variable of that file, or the property wherever it is used, was made from something in one place, and no source
  // adds to it (see source_uses.h).
  bool IsFilledOnce(std::string_view file, std::string_view name, NamedThing thing);
  // The same where only code adds to it that runs while the program starts (see source_start.h): whether that is over, or
  // a running function goes over what it is made from. kNo as well when one of `activations` may add to it for ever.
  enum class StartFilling : uint8_t { kNo, kOver, kUnderWay };
  StartFilling FillingAtStart(std::string_view file, std::string_view name, NamedThing thing,
                              std::span<const Activation> activations);

  // How what is added to the variable of that file, or to the property that only that file uses, goes again.
  struct FoundTurnover {
    bool size_checked = false, pool = false, replaced = false;
    std::string most;  // raw target text
  };
  FoundTurnover TurnoverIn(std::string_view file, std::string_view name, NamedThing thing);

  // What keeps it small, in the sources that use it; by its own class, where that extends a Map, a Set or Array.
  struct FoundGuards {
    struct Guard {
      std::vector<std::string> operands;  // raw target text
      bool all_adders = false;
    };
    std::vector<Guard> guards;
    bool known = false, removes = false;  // see SizeGuards; known = a source was read
    std::vector<std::string> moduli;
  };
  FoundGuards GuardsIn(std::string_view file, std::string_view name, NamedThing thing);
  FoundGuards GuardsOfClass(std::string_view class_name);

  // What that file takes away again from the variable or property (see source_taking.h).
  struct FoundTaking {
    bool takes = false, empties = false;
    std::string handed_to;  // raw target text
    bool iterates = false;
  };
  FoundTaking TakingFromIn(std::string_view file, std::string_view name, NamedThing thing);

  // The source of a script as it was scanned; null when it is missing or larger than what is scanned. Holds until the
  // next call.
  const SourceScan* ScanOf(uint64_t script);

 private:
  struct Scanned {
    uint64_t script = 0;
    std::optional<SourceScan> scan;
  };
  std::optional<PlacedSite> Place(uint64_t script, std::optional<SourceSite> site);
  void SortScripts();
  bool Mentions(uint64_t script, std::string_view name);
  // Whatever may use the variable of that file, or the property: `visit(script, whether it is the file)` returns false to
  // stop. False when it was stopped, or not all was searched.
  template <typename Visit>
  bool ForEachUser(std::string_view file, std::string_view name, NamedThing thing, Visit visit);
  bool MayCall(uint64_t script, std::string_view method);

  HeapReader& reader_;
  const Cancel& cancel_;
  std::vector<uint64_t> scripts_;
  bool sorted_ = false;
  std::list<Scanned> scans_;  // the one used last first
  std::unordered_map<uint64_t, std::list<Scanned>::iterator> by_script_;
  uint64_t bytes_ = 0;
  std::unordered_map<uint64_t, bool> user_;
  uint64_t searched_bytes_ = 0;
};

// The range of source positions that a context's scope covers, -1 when its ScopeInfo has none (blocks before V8 12.9).
struct ScopeRange {
  int64_t begin = -1, end = -1;
};
ScopeRange RangeOfScope(HeapReader& reader, uint64_t scope_info);

}  // namespace corewalk
