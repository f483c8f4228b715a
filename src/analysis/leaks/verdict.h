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

#include "analysis/leaks/excuse_finder.h"
#include "analysis/leaks/holder.h"
#include "analysis/leaks/suspect.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"

namespace corewalk {

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

Verdict FindVerdict(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders,
                    std::vector<Suspect> from_patterns, const VerdictOptions& options, const Cancel& cancel);

}  // namespace corewalk
