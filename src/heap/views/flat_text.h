// The text of flat strings, as bytes of the target: hashed and compared without copying, the same whether V8 stores it
// in one byte a character or in two. For searches that look at every string of a heap; everything else reads strings
// through heap/strings.h. What cannot be read is no text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "heap/map_cache.h"
#include "heap/views/heap_reader.h"

namespace corewalk {

// How V8 stores a string (src/objects/string.h).
enum class StringForm : uint8_t {
  kNone,
  kOneByte,
  kTwoByte,
  kExternalOneByte,
  kExternalTwoByte,
  kCons,
  kSliced,
  kThin
};
inline constexpr size_t kStringForms = 8;
StringForm StringFormOf(const InstanceTypes& types, uint32_t instance_type);
inline bool IsFlat(StringForm form) {
  return form >= StringForm::kOneByte && form <= StringForm::kExternalTwoByte;
}
inline bool IsExternal(StringForm form) {
  return form == StringForm::kExternalOneByte || form == StringForm::kExternalTwoByte;
}
inline bool IsWide(StringForm form) {
  return form == StringForm::kTwoByte || form == StringForm::kExternalTwoByte;
}

// The characters of a flat string, in the target's order of bytes.
struct FlatText {
  std::span<const std::byte> bytes;
  bool wide = false;  // two bytes each
  uint64_t length() const { return wide ? bytes.size() / 2 : bytes.size(); }
};

// Reads flat strings; one per thread. What it gave is valid until the next call with the same `slot`.
class FlatTextReader {
 public:
  explicit FlatTextReader(const Memory& memory) : memory_(memory) {}
  // `object` is what a walk has of it: its bytes from the Map on, at least 32 of them for an external string.
  std::optional<FlatText> Read(StringForm form, std::span<const std::byte> object, int slot = 0);
  // The same of one at an address (untagged).
  std::optional<FlatText> ReadAt(StringForm form, uint64_t address, int slot = 1);

 private:
  std::span<const std::byte> Bytes(uint64_t address, uint64_t size, int slot);

  const Memory& memory_;
  std::vector<std::byte> buffers_[2];
};

// All characters fit in one byte. True for an empty text.
bool FitsOneByte(const FlatText& text);
// Equal texts have equal hashes, however they are stored.
class TextHasher {
 public:
  uint64_t Hash(const FlatText& text, bool fits_one_byte);

 private:
  std::vector<uint8_t> narrow_;
};
bool EqualTexts(const FlatText& a, const FlatText& b);

}  // namespace corewalk
