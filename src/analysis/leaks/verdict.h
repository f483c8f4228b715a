// The verdict: what fills the heap, who holds it, and whether that looks like a leak. Accumulation points of the
// dominator tree and what the leak patterns have found become suspects, each once; those with an excuse (bounded, a
// data structure in use, held by a running function, Node.js's own) are no suspects but are told as what the heap
// consists of. Says so when nothing stands out. Deterministic; bounded by its passes over the graph (see
// accumulation.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/leaks/holder.h"
#include "analysis/leaks/suspect.h"
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
  kInternal,   // nothing of the program's own holds it
  kMadeAtOnce,  // an array that was not added to one by one
  kFilledOnce,  // made from something where it is declared, and the sources do not add to it
  kFilledAtStart,  // only code adds to it that runs while the program starts, and that is over
  kPool,        // objects that are taken from it are pushed back to it
  kReplaced,    // its variable is given a new one again and again, and nothing adds to it
  kSteady,      // as many go as come
  kOneOfMany,  // several things hold about as much: none stands out
};
std::string_view ExcuseName(Excuse excuse);  // "bounded", ...: for JSON

struct Considered {
  Suspect suspect;
  Excuse excuse = Excuse::kNone;
  std::string detail;  // raw target text: "max = 1000"
};

struct ClassShare {
  std::string class_name;  // raw target text
  uint64_t count = 0;
  uint64_t bytes = 0;  // shallow, live
};

struct HeapTotals {
  uint64_t live_count = 0, live_bytes = 0;  // in the heap; stacks included
  uint64_t external_bytes = 0;              // live, outside the heap
  uint64_t garbage_count = 0, garbage_bytes = 0;
  uint64_t all_live() const { return live_bytes + external_bytes; }
};
HeapTotals TotalsOf(const HeapGraph& graph);
// What a thing must retain to be looked at.
uint64_t LeastOf(const HeapTotals& totals);

struct Verdict {
  HeapTotals totals;
  std::vector<Suspect> suspects;        // by falling retained size
  std::vector<Considered> considered;   // by falling retained size
  std::vector<ClassShare> composition;  // the largest classes, by falling bytes
  uint64_t native_contexts = 0;         // live ones: one is the program's own, others are vm contexts
  uint64_t context_bytes = 0;           // what the others retain
};

struct VerdictOptions {
  bool out_of_memory = false;         // V8 gave up: what is merely many filled the heap all the same
  double least_share = 0.10;          // of all live bytes that a suspect needs
  double least_growing_share = 0.02;  // of one that grows, beside another suspect
  size_t most_pins = 5;
  std::vector<Activation> running;    // frames of JavaScript
};

Verdict FindVerdict(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders,
                    std::vector<Suspect> from_patterns, const VerdictOptions& options, const Cancel& cancel);

}  // namespace corewalk
