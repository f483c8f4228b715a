// Implementation of verdict.h: what speaks for something large being in order. A limit that it keeps, told by a number
// beside it whose name says so (max, limit, capacity, ...); a structure that refers to itself, like a syntax tree.
#pragma once

#include <optional>

#include "analysis/leaks/holder.h"
#include "analysis/leaks/suspect.h"

namespace corewalk {

// A limit that the collection keeps and has nearly reached: a number that is one by its name, among the properties of
// the collection, of the object that has it, or among the variables of the context that has one of these.
std::optional<SizeLimit> LimitOf(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect);

// A cache of two generations: it has no more than the one beside it, of the same type, which has reached such a limit.
std::optional<SizeLimit> LimitOfSibling(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect);

// What the sources take away from the suspect's collection, and when.
SourceFinder::FoundGuards GuardsOf(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Suspect& suspect);

// A number beside the collection that its count happens to have reached limits nothing when no source takes anything away
// from it: it may be how many things the program was asked to make.
bool MayKeep(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Suspect& suspect,
             const SizeLimit& limit);

// The same for what `collections` says of one, which then agrees with the verdict: bounded, and by what.
void ApplyLimit(HeapReader* reader, const HeapGraph& graph, SourceFinder* sources, const Holder& holder,
                CollectionFacts* facts);

// The collection is a property, and the things in it have such a property themselves, within a few steps.
bool IsSelfSimilar(HeapReader* reader, const HeapGraph& graph, const Suspect& suspect);

}  // namespace corewalk
