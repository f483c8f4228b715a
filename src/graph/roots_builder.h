// What the finders of roots share: which words are references into the isolate's pages, and the list they go to. Only
// for src/graph/roots*.cc.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/roots.h"
#include "heap/isolate_words.h"
#include "heap/map_cache.h"
#include "heap/tagged.h"

namespace corewalk {

class RootsBuilder {
 public:
  RootsBuilder(const HeapModel& model, const IsolateHeap& isolate, const BinaryFacts* binary, const Cancel& cancel,
               int threads);

  const HeapModel& model() const { return model_; }
  const Memory& memory() const { return model_.memory(); }
  const IsolateHeap& isolate() const { return isolate_; }
  const BinaryFacts* binary() const { return binary_; }
  const Cancel& cancel() const { return cancel_; }
  int threads() const { return threads_; }
  const IsolateWords& words() const { return words_; }
  Roots& roots() { return roots_; }
  RootGroupState& state(RootGroup group) { return roots_.groups[static_cast<size_t>(group)]; }

  // A strong pointer into the object area of a page of this isolate (or of a shared one), not of a read-only page.
  bool PointsIntoHeap(uint64_t word) const;
  // The same, and a Map is where the object's Map must be (or the object has been moved away by a collection).
  bool IsObject(uint64_t word);
  // Any object, read-only ones too.
  bool IsAnyObject(uint64_t word);
  // "FIXED_ARRAY_TYPE" or "".
  std::string_view TypeOf(uint64_t word);
  // Whether `address` is memory that C++ may have allocated: readable, writable, aligned, no page of V8.
  bool IsNative(Address address) const;

  uint32_t Label(std::string text);
  // Adds it when it is an object of the heap; false when it is not.
  bool Add(Address slot, uint64_t word, RootGroup group, RootStrength strength, uint32_t label = 0);
  // Adds those of the words that are references; a number of how many.
  size_t AddAll(Address first, const std::vector<uint64_t>& words, RootGroup group, RootStrength strength,
                uint32_t label = 0);

 private:
  const HeapModel& model_;
  const IsolateHeap& isolate_;
  const BinaryFacts* binary_;
  const Cancel& cancel_;
  int threads_;
  IsolateWords words_;
  MapCache maps_;
  Roots roots_;
  std::map<std::string, uint32_t, std::less<>> label_of_;
};

// Each fills its groups of builder->roots().
void CollectGlobalHandles(RootsBuilder* builder);
void CollectEternalHandles(RootsBuilder* builder);
void CollectHandleScopes(RootsBuilder* builder);
void CollectTracedHandles(RootsBuilder* builder);
void CollectStrongRoots(RootsBuilder* builder);
void CollectMicrotasks(RootsBuilder* builder);
void CollectStartupCaches(RootsBuilder* builder);
void CollectIsolateWords(RootsBuilder* builder);  // and builtins, compilation cache, the heap's weak lists
void CollectStacks(RootsBuilder* builder);

// The class of Node.js whose object holds the address of each global handle's node: slot -> "Node / TCPWrap". `blocks`
// are the starts of the blocks, each of `block_bytes` bytes.
std::map<Address, std::string> OwnersOfHandles(const RootsBuilder& builder, std::vector<Address> blocks,
                                               uint64_t block_bytes);

// The same of an object of C++ by its first word; "" when that points to no vtable of Node.js.
std::string OwnerLabel(const RootsBuilder& builder, uint64_t first_word);

}  // namespace corewalk
