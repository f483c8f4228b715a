// References in machine code: V8 writes the objects that compiled code works with into its instructions, always as the 64
// bits of a "mov register, constant" (src/codegen/x64/macro-assembler-x64.cc, MacroAssembler::Move(Register,
// Handle<HeapObject>)). V8 finds them through the code's relocation info; here the instruction is looked for byte by byte,
// which needs no version's encoding of that: whether a constant is the address of an object, an ObjectIndex tells.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "heap/heap_model.h"
#include "heap/map_cache.h"
#include "heap/tagged.h"

namespace corewalk {

// Calls to_each(uint64_t word) for each constant in `code` that looks like a strong pointer.
template <typename ToEach>
void ForEachEmbeddedPointer(std::span<const std::byte> code, ToEach&& to_each) {
  constexpr size_t kLength = 10;  // REX.W or REX.WB, opcode and register, 8 bytes
  for (size_t at = 0; at + kLength <= code.size(); ++at) {
    if ((code[at] & std::byte{0xfe}) != std::byte{0x48} || (code[at + 1] & std::byte{0xf8}) != std::byte{0xb8}) continue;
    uint64_t word;
    std::memcpy(&word, code.data() + at + 2, 8);
    if (LooksLikePointer(word)) to_each(word);
  }
}

// Whether code holds what `word` points to only weakly: optimized code is thrown away when objects die that it was made
// for (src/objects/code-inl.h, Code::IsWeakObjectInOptimizedCode). Other code has no objects of these kinds. True when no
// object is there.
bool IsWeakInCode(uint64_t word, const HeapModel& model, MapCache* maps);

}  // namespace corewalk
