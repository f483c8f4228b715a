#include "heap/views/flat_text.h"

#include <algorithm>
#include <cstring>

namespace corewalk {
namespace {

// src/objects/string.h: the same from 7.4 to 14.6.
constexpr size_t kLength = 12, kChars = 16, kExternalData = 24;
constexpr uint32_t kUncachedExternal = 0x10;  // its characters are asked of C++; their address is not in the string
constexpr uint64_t kMostUnits = uint64_t{1} << 30;  // String::kMaxLength is below

template <typename T>
T Load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t HashBytes(const uint8_t* bytes, size_t size) {
  constexpr uint64_t kA = 0xa0761d6478bd642f, kB = 0xe7037ed1a0b428db, kC = 0x8ebc6af09c88c6e3;
  uint64_t state = kA ^ size, other = kC;
  size_t rest = size;
  for (; rest >= 16; rest -= 16, bytes += 16) {
    state = Mix(state ^ Load<uint64_t>(reinterpret_cast<const std::byte*>(bytes)), kB);
    other = Mix(other ^ Load<uint64_t>(reinterpret_cast<const std::byte*>(bytes + 8)), kA);
  }
  uint64_t tail[2] = {};
  std::memcpy(tail, bytes, rest);
  return Mix(state ^ tail[0] ^ kC, other ^ tail[1] ^ Mix(size ^ kB, kC));
}

}  // namespace

StringForm StringFormOf(const InstanceTypes& types, uint32_t instance_type) {
  if (!types.IsString(instance_type)) return StringForm::kNone;
  const bool one_byte = (instance_type & string_bits::kOneByte) != 0;
  switch (instance_type & string_bits::kRepresentationMask) {
    case string_bits::kSeq:
      return one_byte ? StringForm::kOneByte : StringForm::kTwoByte;
    case string_bits::kExternal:
      if ((instance_type & kUncachedExternal) != 0) return StringForm::kNone;
      return one_byte ? StringForm::kExternalOneByte : StringForm::kExternalTwoByte;
    case string_bits::kCons:
      return StringForm::kCons;
    case string_bits::kSliced:
      return StringForm::kSliced;
    case string_bits::kThin:
      return StringForm::kThin;
    default:
      return StringForm::kNone;
  }
}

std::span<const std::byte> FlatTextReader::Bytes(uint64_t address, uint64_t size, int slot) {
  if (const std::span<const std::byte> view = memory_.View(address, size); view.size() == size) return view;
  // In steps, so that a damaged length allocates little more than there is.
  constexpr size_t kStep = 1 << 20;
  std::vector<std::byte>& buffer = buffers_[slot];
  buffer.clear();
  while (buffer.size() < size) {
    const size_t before = buffer.size(), wanted = std::min<size_t>(kStep, size - before);
    buffer.resize(before + wanted);
    const size_t read = memory_.Read(address + before, std::span(buffer).subspan(before));
    if (read < wanted) return {};
  }
  return buffer;
}

std::optional<FlatText> FlatTextReader::Read(StringForm form, std::span<const std::byte> object, int slot) {
  if (!IsFlat(form) || object.size() < kChars) return std::nullopt;
  const uint64_t length = Load<uint32_t>(object.data() + kLength), size = IsWide(form) ? 2 * length : length;
  if (length > kMostUnits) return std::nullopt;
  FlatText text{.wide = IsWide(form)};
  if (IsExternal(form)) {
    if (object.size() < kExternalData + 8) return std::nullopt;
    text.bytes = Bytes(Load<uint64_t>(object.data() + kExternalData), size, slot);
  } else {
    if (object.size() - kChars < size) return std::nullopt;
    text.bytes = object.subspan(kChars, size);
  }
  return text.bytes.size() == size ? std::optional(text) : std::nullopt;
}

std::optional<FlatText> FlatTextReader::ReadAt(StringForm form, uint64_t address, int slot) {
  if (!IsFlat(form)) return std::nullopt;
  if (IsExternal(form)) {
    std::byte head[kExternalData + 8];
    if (memory_.Read(address, head) != sizeof(head)) return std::nullopt;
    return Read(form, head, slot);
  }
  const std::optional<uint32_t> length = memory_.ReadValue<uint32_t>(address + kLength);
  if (!length || *length > kMostUnits) return std::nullopt;
  const uint64_t size = IsWide(form) ? 2 * uint64_t{*length} : *length;
  const FlatText text{.bytes = Bytes(address + kChars, size, slot), .wide = IsWide(form)};
  return text.bytes.size() == size ? std::optional(text) : std::nullopt;
}

bool FitsOneByte(const FlatText& text) {
  if (!text.wide) return true;
  const std::byte* const bytes = text.bytes.data();
  const size_t size = text.bytes.size();
  size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    if ((Load<uint64_t>(bytes + at) & 0xff00ff00ff00ff00) != 0) return false;
  }
  for (; at + 2 <= size; at += 2) {
    if (Load<uint16_t>(bytes + at) > 0xff) return false;
  }
  return true;
}

uint64_t TextHasher::Hash(const FlatText& text, bool fits_one_byte) {
  const auto* const bytes = reinterpret_cast<const uint8_t*>(text.bytes.data());
  if (!text.wide) return HashBytes(bytes, text.bytes.size());
  // Two-byte texts that need it can only be equal to each other.
  if (!fits_one_byte) return ~HashBytes(bytes, text.bytes.size());
  narrow_.resize(text.length());
  for (size_t i = 0; i < narrow_.size(); ++i) narrow_[i] = bytes[2 * i];
  return HashBytes(narrow_.data(), narrow_.size());
}

bool EqualTexts(const FlatText& a, const FlatText& b) {
  if (a.length() != b.length()) return false;
  if (a.wide == b.wide) return a.bytes.empty() || std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) == 0;
  const FlatText& narrow = a.wide ? b : a;
  const FlatText& wide = a.wide ? a : b;
  for (size_t i = 0; i < narrow.bytes.size(); ++i) {
    if (Load<uint16_t>(wide.bytes.data() + 2 * i) != static_cast<uint8_t>(narrow.bytes[i])) return false;
  }
  return true;
}

}  // namespace corewalk
