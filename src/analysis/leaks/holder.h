// Who holds an object, in the words of the program: the variable, property or global whose name a programmer would
// recognise on a strong way to it, with the line of the source that declares or assigns it. Of several references that
// which stands where the object was made is preferred to one that was handed on (a parameter, an import, an alias), and
// the program's own names to those inside of Node.js, to handles and to stacks. The answer does not depend on the order
// in which things are asked. The graph must have its references and ways (Session::GraphNeed::kAll); without references
// only the shortest way is looked at. Nothing fails; an unknown holder says so.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/paths.h"
#include "analysis/source_finder.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"
#include "heap/views/suspended.h"

namespace corewalk {

enum class HolderKind : uint8_t {
  kVariable,      // of a function, block, module or script
  kProperty,      // of an object
  kElement,       // an element of an array that the named variable or property holds
  kEntry,         // an entry of a Map, Set or WeakMap that the named variable or property holds
  kGlobal,        // a property of the global object
  kModuleExport,  // what a CommonJS module exports, or a property of that
  kClosure,       // a function: what it closes over is not named
  kNative,        // C++: a handle of Node.js or V8
  kStack,         // only a stack
  kUnknown,
};
std::string_view HolderKindName(HolderKind kind);  // "variable", "module_export", ...

// All texts are raw target text.
struct Holder {
  HolderKind kind = HolderKind::kUnknown;
  std::string name;   // "cache", "history"; of kNative and kStack the root's: "Node / TCPWrap"
  std::string owner;  // of a property: the class or name of what has it: "App", "state", "globalThis", "module.exports"
  std::string text;   // from the source: "const cache = new Map()", "this.history = []"; else "App.history"
  std::string file;   // of the declaration or assignment; "" = unknown
  int line = 0;       // from 1; 0 = unknown
  int column = 0;
  ObjectId holder_node = kNoObject;  // the object that has the variable, property, ...: a Context, an App
  bool through_internals = false;    // the way from it leads through variables or fields of Node.js's or V8's
  bool waits = false;                // a variable of an async function or generator that is suspended
  bool imported = false;             // a variable of what another module made: `const v8 = require('v8')`
  std::vector<PathStep> path;        // from a root to the object that was asked for, through the holder
};

class HolderFinder {
 public:
  // All must outlive the finder.
  HolderFinder(HeapReader* reader, const HeapGraph& graph, const Cancel& cancel);
  ~HolderFinder();

  const Holder& Find(ObjectId node);
  // The same for many; asks the graph once for all of them, so it is much cheaper than one by one.
  void Prepare(std::span<const ObjectId> nodes);

  // The live objects that refer to a node (their stores are told, not their owners); from the shortest way alone when
  // the graph has no references. At most kMostReferrers.
  const std::vector<ObjectId>& ReferrersOf(ObjectId node);
  static constexpr size_t kMostReferrers = 256;

  // The program's own function that a suspended generator or async function runs, and where it waits; nothing for anything
  // else.
  std::optional<Holder> FunctionThatWaits(ObjectId node);

  SourceFinder& sources() { return sources_; }
  // A function that runs in the context or in one inside of it, in whose script its variables are declared.
  std::optional<FunctionView> ClosureOf(ObjectId context);

 private:
  struct Candidate;
  struct Search;

  uint64_t TaggedOf(ObjectId node) const { return graph_.index().AddressOf(node) + 1; }
  bool IsBelow(ObjectId node, ObjectId dominator) const;
  uint32_t DistanceOf(ObjectId node) const;
  bool LeadsThrough(ObjectId owner, ObjectId node) const;
  bool IsWeakMapValue(ObjectId node);
  bool SoleOwner(ObjectId node);
  uint16_t TypeNumberOf(ObjectId node);
  std::optional<FunctionView> RunsIn(ObjectId holder, ObjectId context, std::vector<ObjectId>* inner);
  std::optional<FunctionView> RunsOnStackIn(ObjectId context);
  void CollectReferrers(std::vector<ObjectId> nodes);
  void AddLikelyAsked(std::vector<ObjectId>* nodes);
  bool IsCode(ObjectId node);
  std::vector<ObjectId> ChainFrom(ObjectId referrer, ObjectId node);
  Candidate Classify(std::vector<ObjectId> chain);
  void ClassifyVariable(Candidate* candidate, const std::string& name);
  void ClassifyProperty(Candidate* candidate, const SlotName& name);
  void ClassifyModule(Candidate* candidate);
  void ClassifySuspended(Candidate* candidate);
  std::string SuspendedText(const SuspendedView& view, const FunctionView& function);
  bool ClassifyOwner(Candidate* candidate, const SlotName& name);
  Holder Resolve(ObjectId node);
  Holder Finish(ObjectId node, Candidate candidate, std::vector<ObjectId> way);
  void NameModuleCache(Holder* holder);
  Holder FromRoot(ObjectId node);
  bool NameOfFrame(ObjectId node, Holder* holder);
  bool NameOfFunctionOn(std::span<const ObjectId> way, Holder* holder);
  std::string FileOfModule(uint64_t exports);
  void FindModules();

  HeapReader& reader_;
  const HeapGraph& graph_;
  const Cancel& cancel_;
  SourceFinder sources_;
  SlotNamer namer_;
  std::unordered_map<ObjectId, Holder> holders_;
  std::unordered_map<ObjectId, std::vector<ObjectId>> referrers_;
  std::unordered_map<ObjectId, std::optional<FunctionView>> closures_;
  bool modules_known_ = false;
  std::unordered_map<uint64_t, std::string> module_files_;  // by what they export, tagged
  std::optional<std::vector<ObjectId>> weak_values_;        // sorted
  int passes_ = 0;
  int depth_ = 0;
};

// One answer alone. Asking for many: HolderFinder.
Holder FindHolder(HeapReader* reader, const HeapGraph& graph, ObjectId node);

}  // namespace corewalk
