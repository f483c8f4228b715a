// The code of functions in newer V8s. From 13.x on ("leaptiering") a JSFunction has no pointer to its Code but a 32-bit
// handle: an index, shifted to the left, into a table of 16-byte entries {address to call, Code << 16 | mark bit |
// parameter count} (src/sandbox/js-dispatch-table.h; read from 13.6 to 14.6). The table is one for the process or one
// per isolate, a reserved range whose segments are mapped as they are needed; nothing in the core says where it is. It
// is found by what it must hold: the Code of every function of the heap, with as many parameters as the function has.
//
// Bad input: a wrong table is refused (most handles must lead to a Code), and a handle that leads nowhere has no Code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/cancel.h"
#include "heap/heap_model.h"

namespace corewalk {

// What is known of one function.
struct DispatchUse {
  uint32_t handle = 0;
  Address shared = 0;  // its SharedFunctionInfo, untagged
};

// The handle in a JSFunction of `size` bytes; 0 when it has none. It is the word (the upper half is padding) that is
// neither a Smi nor a pointer: in V8s with a pointer to the Code there is no such word.
inline uint32_t DispatchHandleIn(const std::byte* bytes, uint64_t size) {
  constexpr uint64_t kFirst = 24, kEnd = 64;  // behind the fields of every object, in front of in-object properties
  for (uint64_t offset = kFirst; offset < kEnd && offset + 8 <= size; offset += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + offset, 8);
    if (word != 0 && word >> 32 == 0 && (word & 1) == 0) return static_cast<uint32_t>(word);
  }
  return 0;
}

// Handles met in the functions of a heap, for DispatchTable::Find().
class DispatchHandles {
 public:
  // Whether Add() would learn nothing from a function with this handle.
  bool Knows(uint32_t handle) const {
    return (handle & ~bits_) == 0 && (handle == last_ || functions_.size() >= kMost || functions_.contains(handle));
  }
  void Add(uint32_t handle, Address function) {
    bits_ |= handle;
    last_ = handle;
    if (functions_.size() < kMost) functions_.try_emplace(handle, function);
  }
  void Take(const DispatchHandles& other) {
    bits_ |= other.bits_;
    for (const auto& [handle, function] : other.functions_) Add(handle, function);
  }
  uint32_t bits() const { return bits_; }  // 0 when there was none
  // Some hundred of them, spread evenly.
  std::vector<DispatchUse> Uses(const HeapModel& model) const;

 private:
  static constexpr size_t kMost = 1 << 16;
  std::unordered_map<uint32_t, Address> functions_;
  uint32_t bits_ = 0, last_ = 0;
};

class DispatchTable {
 public:
  // `uses`: some functions of the isolate, each handle once; several hundred are plenty. `handle_bits`: all bits that
  // are set in any handle of the heap. Nothing when no memory looks like the table, or when cancelled.
  static std::optional<DispatchTable> Find(const HeapModel& model, const IsolateHeap& isolate,
                                           std::span<const DispatchUse> uses, uint32_t handle_bits,
                                           const Cancel& cancel);

  Address base() const { return base_; }
  // Where the Code of the entry is said to be, untagged; 0 for a free entry or one that cannot be read.
  Address CodeOf(uint32_t handle) const;

 private:
  friend class DispatchTableSearch;
  DispatchTable(const Memory& memory, Address base, int shift) : memory_(&memory), base_(base), shift_(shift) {}

  const Memory* memory_;
  Address base_;
  int shift_;
};

// Whether a Code object starts at `address`.
bool IsCodeObject(Address address, MapCache* maps);

}  // namespace corewalk
