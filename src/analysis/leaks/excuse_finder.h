// Whether something large has an excuse: what speaks for its being in order, by the heap (a limit, a structure, who holds
// it) and by the sources (filled once, checked, replaced). One question per suspect; see verdict.h for who asks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/leaks/holder.h"
#include "analysis/leaks/suspect.h"
#include "analysis/leaks/timers.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

// Why something large is no suspect.
enum class Excuse : uint8_t {
  kNone,
  kSmall,      // too little of the heap
  kFew,        // too few entries to have grown one by one, and not large enough by itself
  kBounded,    // it has a limit, and keeps to it
  kStructure,  // a tree or other structure that refers to itself: data in use rather than a pile
  kRunning,    // only a function that runs, or waits, holds it
  kBesideRunning,  // one thing that does not grow, smaller than what kRunning excuses: what that is made from
  kInternal,   // nothing of the program's own holds it
  kMadeAtOnce,  // an array that was not added to one by one
  kFilledOnce,  // made from something where it is declared, and the sources do not add to it
  kFilledAtStart,  // only code adds to it that runs while the program starts, and that is over
  kBeingFilled,    // such code runs, and goes over what it is made from
  kPool,        // objects that are taken from it are pushed back to it
  kReplaced,    // its variable is given a new one again and again, and nothing adds to it
  kSteady,      // as many go as come
  kOneOfMany,  // several things hold about as much: none stands out
};
std::string_view ExcuseName(Excuse excuse);  // "bounded", ...: for JSON

struct VerdictOptions {
  bool out_of_memory = false;         // V8 gave up: what is merely many filled the heap all the same
  std::optional<uint64_t> limit;      // bytes, of the heap
  double least_share = 0.10;          // of all live bytes that a suspect needs
  double least_growing_share = 0.02;  // of one that grows, beside another suspect
  size_t most_pins = 5;
  std::vector<Activation> running;    // frames of JavaScript
};

class ExcuseFinder {
 public:
  // All must outlive this.
  ExcuseFinder(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, const VerdictOptions& options,
               const Cancel& cancel)
      : reader_(*reader), graph_(graph), holders_(*holders), options_(options), cancel_(cancel) {}

  // All that are to be judged: what some are excused by excuses others, too.
  void SetCandidates(const std::vector<Suspect>& candidates);

  // The suspect's holder and share must be known. `detail` (raw target text: "max = 1000") is what it is told by.
  Excuse Of(const Suspect& suspect, std::string* detail);
  // When the process died.
  const TimerClock& Clock();

 private:
  Excuse FilledOnce(const Suspect& suspect);
  Excuse FilledAtStart(const Holder& holder, NamedThing thing);
  Excuse InTurn(const Suspect& suspect, std::string* detail);
  Excuse Guarded(const Suspect& suspect, std::string* detail);
  bool GoesAgain(const Suspect& suspect, std::string* detail);
  bool IsDeletedByTimers(const Suspect& suspect, std::string* detail);
  bool IsDeletedByRegistry(const Suspect& suspect, std::string* detail);
  struct NamedValue {
    uint64_t value = 0;
    std::optional<double> raw_double;
  };
  std::optional<NamedValue> ValueNamed(const Holder& holder, const std::string& text);
  std::optional<double> NumberNamed(const Holder& holder, const std::string& text);
  std::optional<double> NumberIn(uint64_t tagged, const std::string& text, bool is_holder);
  bool IsReplaced(const Suspect& suspect);
  const std::vector<Activation>& Activations();
  bool OnlyOnStacks(const Holder& holder);
  bool GoesThroughImmediate(const Holder& holder);
  bool IsClassOfModule(ObjectId node, std::span<const uint32_t> roots);
  bool AreOfStacks(std::span<const uint32_t> roots) const;
  bool IsHeldOtherwise(const Holder& holder);
  ObjectId OuterContextOf(ObjectId node);

  HeapReader& reader_;
  const HeapGraph& graph_;
  HolderFinder& holders_;
  const VerdictOptions& options_;
  const Cancel& cancel_;
  std::optional<std::vector<Activation>> activations_;
  std::optional<TimerClock> clock_;
  std::optional<NodeSet> held_otherwise_;  // empty when it could not be found out
  struct SteadyTimers {
    uint64_t script = 0;
    int64_t begin = 0, end = 0;  // of the callback
    uint64_t count = 0;
  };
  std::vector<SteadyTimers> timers_;
};

}  // namespace corewalk
