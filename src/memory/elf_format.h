// What every reader of ELF bytes needs: bounds-checked reads, the checks of the ELF header, notes, build-ids.
//
// The bytes are hostile: nothing here trusts an offset or a size, and alignment is never assumed. Only 64-bit
// little-endian x86-64 files are accepted. This header brings <elf.h> along; it is for .cc files of memory/ only.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace corewalk::elf {

using ByteSpan = std::span<const std::byte>;

// A plain struct at `offset` (bytes), or nothing when it is not whole.
template <typename T>
std::optional<T> ReadStruct(ByteSpan bytes, uint64_t offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// The part of [offset, offset + size) that exists; may be empty.
inline ByteSpan Slice(ByteSpan bytes, uint64_t offset, uint64_t size) {
  if (offset >= bytes.size()) return {};
  uint64_t left = bytes.size() - offset;
  return bytes.subspan(offset, size < left ? size : left);
}

inline uint64_t SaturatingAdd(uint64_t a, uint64_t b) {
  return a + b < a ? UINT64_MAX : a + b;
}

// The header of a 64-bit little-endian x86-64 ELF file of any type. Fails with one line that starts with `name` and
// says what the file is instead, as far as its first bytes tell.
Result<Elf64_Ehdr> ReadElfHeader(ByteSpan bytes, const std::string& name);

struct Note {
  std::string_view name;  // without the NUL
  uint32_t type = 0;
  ByteSpan desc;  // clipped to what exists
};

// Iterates over the notes of one PT_NOTE segment or SHT_NOTE section. Ends at the first note whose header or name does
// not fit; a note whose description does not fit is delivered clipped and is the last.
class NoteReader {
 public:
  // `align` is p_align: 8 means 8-byte padding, everything else 4.
  NoteReader(ByteSpan bytes, uint64_t align) : bytes_(bytes), align_(align == 8 ? 8 : 4) {}
  std::optional<Note> Next();

 private:
  ByteSpan bytes_;
  uint64_t align_;
  uint64_t offset_ = 0;
};

// The build-id in a run of notes as lower-case hex, "" when there is none.
std::string BuildIdFromNotes(ByteSpan notes, uint64_t align);

}  // namespace corewalk::elf
