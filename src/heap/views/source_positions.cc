#include "heap/views/source_positions.h"

#include <algorithm>

namespace corewalk {
namespace {

constexpr int kTableOfFrameCache = 8;

constexpr uint64_t kByteArrayData = 16;
constexpr int kMostSteps = 4;       // from a SharedFunctionInfo to its bytecode
constexpr int kCodeFields = 8 * 9;  // of Code and InterpreterData, in which bytecode is looked for

class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool done() const { return at_ == bytes_.size(); }

  std::optional<uint64_t> Number() {
    constexpr int kBits = 7, kMostBits = 64;
    uint64_t value = 0;
    for (int shift = 0; shift < kMostBits && at_ < bytes_.size(); shift += kBits) {
      const uint64_t byte = static_cast<uint64_t>(bytes_[at_++]);
      value |= (byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return std::nullopt;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t at_ = 0;
};

int64_t ZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// SourcePosition: bit 0 external, 30 bits of the position plus 1, 16 bits of the inlining id plus 1.
void SetPosition(uint64_t raw, TablePosition* to) {
  to->external = (raw & 1) != 0;
  to->position = to->external ? -1 : static_cast<int64_t>(raw >> 1 & 0x3fffffff) - 1;
  to->inlining_id = static_cast<int>(raw >> 31 & 0xffff) - 1;
}

bool IsByteArray(std::string_view type) {
  return type == "BYTE_ARRAY_TYPE" || type == "TRUSTED_BYTE_ARRAY_TYPE";
}

bool HoldsBytecode(std::string_view type) {
  return type == "INTERPRETER_DATA_TYPE" || type == "BASELINE_DATA_TYPE" || type == "CODE_TYPE" ||
         type == "CODET_TYPE" || type == "CODE_WRAPPER_TYPE" || type == "BYTECODE_WRAPPER_TYPE";
}

}  // namespace

TablePosition UnpackPosition(uint64_t raw) {
  TablePosition position;
  SetPosition(raw, &position);
  return position;
}

bool ForEachTablePosition(std::span<const std::byte> table, const PositionTableFormat& format,
                          const std::function<bool(const TablePosition&)>& visit) {
  Decoder decoder(table);
  TablePosition entry{.code_offset = format.first_offset};
  uint64_t raw = 0;
  while (!decoder.done()) {
    const std::optional<uint64_t> code = decoder.Number();
    const std::optional<uint64_t> position = decoder.Number();
    if (!code || !position) return false;
    int64_t distance;
    if (format.flags) {
      entry.statement = (*code & 1) != 0;
      distance = static_cast<int64_t>(*code >> 2);
    } else {
      const int64_t value = ZigZag(*code);
      entry.statement = value >= 0;
      distance = value >= 0 ? value : -(value + 1);
    }
    constexpr int64_t kMostDistance = int64_t{1} << 31;
    if (distance > kMostDistance || entry.code_offset > kMostDistance) return false;
    entry.code_offset += distance;
    raw += static_cast<uint64_t>(ZigZag(*position));
    SetPosition(raw, &entry);
    if (!visit(entry)) return true;
  }
  return true;
}

std::optional<TablePosition> FindTablePosition(std::span<const std::byte> table, const PositionTableFormat& format,
                                               int64_t code_offset) {
  std::optional<TablePosition> last;
  ForEachTablePosition(table, format, [&](const TablePosition& entry) {
    if (entry.code_offset > code_offset) return false;
    last = entry;
    return true;
  });
  return last;
}

std::vector<std::byte> ReadByteArray(HeapReader& reader, uint64_t array) {
  if (!IsByteArray(reader.TypeOf(array))) return {};
  const std::optional<uint64_t> length = reader.Field(array, 8);
  if (!length || !IsSmi(*length) || SmiValue(*length) <= 0) return {};
  std::vector<std::byte> bytes(std::min(static_cast<uint64_t>(SmiValue(*length)), kMaxPositionTable));
  bytes.resize(reader.memory().Read(Untag(array) + kByteArrayData, bytes));
  return bytes;
}

uint64_t BytecodeOf(HeapReader& reader, uint64_t shared) {
  uint64_t at = shared;
  const MapInfo* map = reader.MapOf(shared);
  if (map != nullptr && reader.layout().types.IsSharedFunctionInfo(map->instance_type))
    at = reader.Field(shared, ObjectField::kSharedData).value_or(0);
  for (int step = 0; step < kMostSteps; ++step) {
    const std::string_view type = reader.TypeOf(at);
    if (type == "BYTECODE_ARRAY_TYPE") return at;
    if (!HoldsBytecode(type)) return 0;
    uint64_t next = 0;
    for (int field = 8; field <= kCodeFields; field += 8) {
      const uint64_t value = reader.Field(at, field).value_or(0);
      if (!LooksLikePointer(value) || value == at) continue;
      const std::string_view inner = reader.TypeOf(value);
      if (inner == "BYTECODE_ARRAY_TYPE") return value;
      if (next == 0 && HoldsBytecode(inner)) next = value;
    }
    at = next;
  }
  return 0;
}

int64_t BytecodeHeader(const Layout& layout) {
  const LayoutValue& told = layout[LayoutConstant::kBytecodeArrayHeader];
  return told.known() ? told.value : layout.Rule(SizeKind::kBytecodeArray).rule.header;
}

uint64_t PositionTableOf(HeapReader& reader, uint64_t bytecode) {
  if (!reader.IsType(bytecode, "BYTECODE_ARRAY_TYPE")) return 0;
  const int field = PositionTableFormatOf(reader.layout().version).field_of_bytecode;
  uint64_t table = reader.Field(bytecode, field).value_or(0);
  // Lines up to 8.1 may have put a cache of stack frames in front.
  if (reader.TypeOf(table).starts_with("SOURCE_POSITION_TABLE_WITH_FRAME_CACHE")) table = reader.Field(table, kTableOfFrameCache).value_or(0);
  return IsByteArray(reader.TypeOf(table)) ? table : 0;
}

std::optional<TablePosition> PositionOfBytecode(HeapReader& reader, uint64_t bytecode, int64_t index) {
  const uint64_t table = PositionTableOf(reader, bytecode);
  if (table == 0) return std::nullopt;
  return FindTablePosition(ReadByteArray(reader, table), PositionTableFormatOf(reader.layout().version), index);
}

}  // namespace corewalk
