// Where the fields of V8's objects stand, field by field, with the V8 line from which each offset holds. The commands that
// look into objects (src/heap/views) ask here and nowhere else. What the binary says (v8dbg symbols, see layout.h)
// goes before these; every view checks the type of what it reads, so that a wrong offset shows as unreadable.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "layout/v8_version.h"

namespace corewalk {

// Byte offsets from the untagged start of the object, unless the comment says otherwise.
enum class ObjectField : uint8_t {
  kFunctionShared,
  kFunctionContext,
  kSharedData,         // bytecode, builtin id, ...: the trusted half from 12.9
  kSharedUntrusted,    // from 12.9: builtin id, FunctionTemplateInfo, ...
  kSharedNameOrScope,
  kSharedScript,
  kSharedFunctionToken,  // u16 distance from the parameter list back to the token "function"; 0xffff = unknown
  kSharedFlags,          // u32
  kArrayBufferByteLength,
  kArrayBufferBackingStore,
  kArrayBufferFlags,      // u32
  kArrayBufferExtension,  // -1 = none
  kBackingStoreOfExtension,  // in the malloc'ed ArrayBufferExtension: its BackingStore*
  kViewBuffer,
  kViewByteOffset,
  kViewByteLength,
  kViewFlags,  // u32: 1 = tracks the buffer's length, 2 = of a resizable buffer; -1 = no such views yet
  kTypedArrayLength,
  kTypedArrayExternalPointer,
  kTypedArrayBasePointer,
  kDataViewPointer,
  kReactionNext,
  kReactionReject,
  kReactionFulfill,
  kReactionPromise,
  kWeakCellTarget,
  kWeakCellHoldings,
  kModuleNamespaceModule,
  kEmbedderFields,  // first embedder field of an API object
  kCount
};

// Facts that are no offsets.
struct ObjectFacts {
  V8Version first;
  bool raw_date;                // JSDate::value is a raw double
  uint8_t attributes_shift;     // of PropertyDetails: READ_ONLY, DONT_ENUM, DONT_DELETE
  uint8_t elements_kind_shift;  // in Map::bit_field2
  uint8_t dictionary_elements;  // the elements kind; the arguments and wrapper kinds follow it
  uint8_t shared_buffer_bit;    // in JSArrayBuffer's flags
  uint8_t private_symbol_mask;  // in Symbol::flags
  bool unboxed_doubles;         // Map::layout_descriptor says which in-object fields are raw doubles
  bool float_kinds_last;        // typed elements: bigint64, biguint64, uint8clamped, float32, float64, float16 at the end
  bool has_float16;
  uint8_t context_locals;       // first slot of a function context; 0 = 2, or 3 when the ScopeInfo says so
  bool context_cells;           // slots may hold ContextCell: of script contexts from 14.1, of function contexts from 14.6
  // At its end: the next context and, up to 10.8, lists of optimized and deoptimized code (src/objects/contexts.h).
  uint8_t native_context_weak_slots = 1;
  // Heap snapshots write weak references in fields of feedback vectors, handlers and compiled code as strong ones
  // (src/profiler/heap-snapshot-generator.cc, IndexedReferencesExtractor).
  bool snapshots_hold_weak = false;
};

// The offset in a V8 line (that of the newest line that is not newer; the newest for an unknown version); -1 = the
// field does not exist there.
int FieldOffset(ObjectField field, const V8Version& version);
const ObjectFacts& FindObjectFacts(const V8Version& version);

// All offsets of one version, looked up once.
struct ObjectOffsets {
  explicit ObjectOffsets(const V8Version& version);
  int operator[](ObjectField field) const { return offsets[static_cast<size_t>(field)]; }
  std::array<int16_t, static_cast<size_t>(ObjectField::kCount)> offsets{};
  ObjectFacts facts;
};

}  // namespace corewalk
