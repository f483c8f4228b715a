#include "heap/views/safepoints.h"

#include <algorithm>

namespace corewalk {
namespace {

constexpr uint32_t kMostEntries = 1 << 20;
constexpr int64_t kNone = -1;

// Reads on until the end; afterwards everything is 0 and `ok` is false.
class Bytes {
 public:
  Bytes(std::span<const std::byte> bytes, size_t at) : bytes_(bytes), at_(at) {}

  uint32_t Number(uint32_t size) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < size; ++i) value |= uint32_t{Byte()} << (8 * i);
    return value;
  }
  uint32_t Leb() {
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const uint8_t byte = Byte();
      value |= static_cast<uint32_t>(uint64_t{byte & 127u} << shift);
      if ((byte & 128) == 0) return value;
    }
    ok = false;
    return 0;
  }
  uint8_t Byte() {
    if (at_ >= bytes_.size()) {
      ok = false;
      return 0;
    }
    return static_cast<uint8_t>(bytes_[at_++]);
  }
  void Skip(uint64_t count) {
    if (count > bytes_.size() - std::min(at_, bytes_.size())) ok = false;
    at_ += ok ? count : 0;
  }
  size_t at() const { return at_; }
  bool ok = true;

 private:
  std::span<const std::byte> bytes_;
  size_t at_;
};

// What makes entries believable: places rise, exits rise, and exits lie behind the last place.
class Search {
 public:
  Search(uint32_t size, uint32_t offset) : size_(size), offset_(offset) {}

  bool Add(int64_t pc, int64_t exit, int64_t entry) {
    if (pc <= last_pc_ || pc > size_) return false;
    last_pc_ = pc;
    if (pc == offset_) found_ = ReturnPlace{static_cast<uint32_t>(pc), false, static_cast<int32_t>(entry)};
    if (exit == kNone) return true;
    if (exit <= last_exit_ || exit >= size_) return false;
    if (last_exit_ == kNone) first_exit_ = exit;
    last_exit_ = exit;
    if (exit == offset_) found_ = ReturnPlace{static_cast<uint32_t>(pc), true, static_cast<int32_t>(entry)};
    return true;
  }
  std::optional<ReturnPlace> Result() const { return last_exit_ != kNone && first_exit_ < last_pc_ ? std::nullopt : found_; }

 private:
  uint32_t size_, offset_;
  int64_t last_pc_ = 0, last_exit_ = kNone, first_exit_ = kNone;
  std::optional<ReturnPlace> found_;
};

std::optional<ReturnPlace> InRows(std::span<const std::byte> table, uint32_t size, uint32_t offset) {
  Bytes bytes(table, 0);
  const uint32_t count = bytes.Number(4);
  const uint32_t bits = bytes.Number(4);
  if (count == 0 || count > kMostEntries || bits > kMostEntries) return std::nullopt;
  Search search(size, offset);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t pc = bytes.Number(4);
    const int32_t entry = static_cast<int32_t>(bytes.Number(4));
    const int32_t exit = static_cast<int32_t>(bytes.Number(4));
    if (!bytes.ok || exit < kNone || !search.Add(pc, exit, entry)) return std::nullopt;
  }
  return search.Result();
}

// `before` and `behind` words around the count and the sizes; `pushed`: a byte with the count of pushed registers.
std::optional<ReturnPlace> InPacked(std::span<const std::byte> table, uint32_t size, uint32_t offset, uint32_t before, uint32_t behind,
                                    bool pushed) {
  Bytes bytes(table, size_t{before} * 4);
  const uint32_t count = bytes.Number(4), sizes = bytes.Number(4);
  const bool exits = (sizes & 1) != 0;
  const uint32_t of_registers = (sizes >> 1) & 7, of_pc = (sizes >> 4) & 7, of_index = (sizes >> 7) & 7;
  // Only what is of TurboFan's keeps the bytes of slots in the bits above.
  if (pushed && (sizes >> 10) != 0) return std::nullopt;
  if (count == 0 || count > kMostEntries || of_pc == 0 || of_pc > 4 || of_index > 4 || of_registers > 4 || (exits && of_index == 0)) {
    return std::nullopt;
  }
  bytes.Skip(uint64_t{behind} * 4);
  Search search(size, offset);
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t pc = bytes.Number(of_pc);
    int64_t exit = kNone, entry = kNone;
    if (exits) {
      const uint32_t index = bytes.Number(of_index);
      entry = int64_t{index} - 1;
      exit = int64_t{bytes.Number(of_pc)} - 1;
      if ((index == 0) != (exit == kNone)) return std::nullopt;
    }
    bytes.Skip((pushed ? 1 : 0) + of_registers);
    if (!bytes.ok || !search.Add(pc, exit, entry)) return std::nullopt;
  }
  return search.Result();
}

// What an entry of deltas says of slots: nothing, whole bytes, or groups of seven bits.
void SkipSlots(std::span<const std::byte> table, Bytes* bytes) {
  if (bytes->at() >= table.size()) {
    bytes->ok = false;
    return;
  }
  const uint8_t first = static_cast<uint8_t>(table[bytes->at()]);
  if (first == 0) {
    bytes->Skip(1);
  } else if ((first & 1) == 0) {
    const uint32_t count = bytes->Leb() >> 1;
    bytes->Skip(count);
  } else {
    if ((first & 3) == 3) bytes->Leb();
    while (bytes->ok && (bytes->Byte() & 128) != 0) {
    }
  }
}

std::optional<ReturnPlace> InDeltas(std::span<const std::byte> table, uint32_t size, uint32_t offset) {
  constexpr size_t kHeader = 8;
  constexpr uint32_t kLength = (1u << 30) - 1;
  Bytes header(table, 4);
  const uint32_t flags = header.Number(4), length = flags & kLength;
  const bool registers = (flags >> 30 & 1) != 0, exits = (flags >> 31) != 0;
  if (!header.ok || length <= kHeader || length > table.size()) return std::nullopt;
  table = table.first(length);
  Bytes bytes(table, kHeader);
  Search search(size, offset);
  int64_t pc = 1, exit = 0, entry = kNone;
  while (bytes.at() < length) {
    pc += bytes.Leb();
    bool has_exit = false;
    if (const uint32_t step = exits ? bytes.Leb() : 0; step != 0) {
      entry += step;
      exit += bytes.Leb();
      has_exit = true;
    }
    if (registers) bytes.Leb();
    SkipSlots(table, &bytes);
    if (!bytes.ok || !search.Add(pc, has_exit ? exit : kNone, has_exit ? entry : kNone)) return std::nullopt;
  }
  return search.Result();
}

}  // namespace

std::optional<ReturnPlace> FindReturnPlace(std::span<const std::byte> table, uint32_t size, uint32_t offset) {
  std::optional<ReturnPlace> found = InRows(table, size, offset);
  // A table that reads in two ways with two answers says nothing.
  bool two = false;
  const auto take = [&](const std::optional<ReturnPlace>& other) {
    two = two || (found && other && (found->offset != other->offset || found->deoptimizes != other->deoptimizes));
    if (found && other && found->entry != other->entry) found->entry = kNone;
    if (!found) found = other;
  };
  for (const uint32_t before : {0u, 1u}) {
    take(InPacked(table, size, offset, before, 0, false));
    for (const uint32_t behind : {1u, 2u}) take(InPacked(table, size, offset, before, behind, true));
  }
  take(InDeltas(table, size, offset));
  return two ? std::nullopt : found;
}

}  // namespace corewalk
