#include "heap/views/bytecodes.h"

#include "heap/views/source_positions.h"

namespace corewalk {
namespace {

constexpr uint64_t kMostBytecodes = uint64_t{1} << 27;  // bytes
constexpr uint8_t kWide = 0, kExtraWide = 1, kDebugBreakWide = 2, kDebugBreakExtraWide = 3;  // the prefixes

// One variable-length number, seven bits a byte, the low ones first (src/base/vlq.h); nothing at the end of `bytes`.
std::optional<uint64_t> ReadVlq(std::span<const std::byte> bytes, size_t* at) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && *at < bytes.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes[(*at)++]);
    value |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::byte> ReadBytecodes(HeapReader& reader, uint64_t bytecode_array) {
  if (!reader.IsType(bytecode_array, "BYTECODE_ARRAY_TYPE")) return {};
  const std::optional<uint64_t> length = reader.Field(bytecode_array, 8);
  if (!length || !IsSmi(*length) || SmiValue(*length) < 0 || static_cast<uint64_t>(SmiValue(*length)) > kMostBytecodes) return {};
  const int64_t from = BytecodeHeader(reader.layout());
  if (from <= 0) return {};
  std::vector<std::byte> bytes(static_cast<size_t>(SmiValue(*length)));
  bytes.resize(reader.memory().Read(Untag(bytecode_array) + static_cast<uint64_t>(from), bytes));
  return bytes;
}

size_t BytecodeLength(std::span<const std::byte> bytecodes, size_t offset, const BytecodeSizes& sizes) {
  if (offset >= bytecodes.size()) return 0;
  auto bytecode = static_cast<uint8_t>(bytecodes[offset]);
  int scale = 0;
  size_t prefix = 0;
  if (bytecode <= kDebugBreakExtraWide) {
    scale = bytecode == kWide || bytecode == kDebugBreakWide ? 1 : 2;
    static_assert(kExtraWide == 1);
    prefix = 1;
    if (offset + 1 >= bytecodes.size()) return 0;
    bytecode = static_cast<uint8_t>(bytecodes[offset + 1]);
  }
  const size_t size = sizes.SizeOf(bytecode, scale);
  return size == 0 || offset + prefix + size > bytecodes.size() ? 0 : prefix + size;
}

std::optional<int64_t> BytecodeOffsetOfBaseline(std::span<const std::byte> table, std::span<const std::byte> bytecodes,
                                                const BytecodeSizes& sizes, uint64_t pc_offset) {
  if (!sizes.known()) return std::nullopt;
  size_t at = 0, next = 0;
  int64_t current = -1;
  std::optional<uint64_t> length = ReadVlq(table, &at);
  for (uint64_t end = length.value_or(0); length; end += *length) {
    if (end >= pc_offset) return current;
    length = ReadVlq(table, &at);
    if (!length) break;
    current = static_cast<int64_t>(next);
    const size_t size = BytecodeLength(bytecodes, next, sizes);
    if (size == 0) break;
    next += size;
  }
  return std::nullopt;
}

}  // namespace corewalk
