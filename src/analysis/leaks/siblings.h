// Few collections of one object: `static #items = {t0: [...], t1: [...], ...}`. Each may be too small to be a suspect; when
// together they are most of the heap, the object is told in their place.
#pragma once

#include <vector>

#include "analysis/leaks/verdict.h"
#include "base/cancel.h"
#include "graph/heap_graph.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// `judged`: with their holders, by falling weight; what is told with others loses its nodes.
void JoinSiblings(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, const HeapTotals& totals,
                  std::vector<Considered>* judged, const Cancel& cancel);

}  // namespace corewalk
