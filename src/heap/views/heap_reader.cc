#include "heap/views/heap_reader.h"

#include <algorithm>

#include "heap/object_size.h"

namespace corewalk {

int HeapReader::offset(ObjectField field) const {
  // Where the binary names an offset, that wins over the table.
  switch (field) {
    case ObjectField::kFunctionShared:
      return static_cast<int>(layout_.Get(LayoutConstant::kFunctionShared, offsets_[field]));
    case ObjectField::kFunctionContext:
      return static_cast<int>(layout_.Get(LayoutConstant::kFunctionContext, offsets_[field]));
    case ObjectField::kSharedNameOrScope:
      return static_cast<int>(layout_.Get(LayoutConstant::kSharedName, offsets_[field]));
    case ObjectField::kArrayBufferByteLength:
      return static_cast<int>(layout_.Get(LayoutConstant::kArrayBufferByteLength, offsets_[field]));
    case ObjectField::kArrayBufferBackingStore:
      return static_cast<int>(layout_.Get(LayoutConstant::kArrayBufferBackingStore, offsets_[field]));
    default:
      return offsets_[field];
  }
}

const MapInfo* HeapReader::MapOf(uint64_t tagged) {
  if ((tagged & 1) == 0 || !LooksLikePointer((tagged & ~uint64_t{3}) | 1)) return nullptr;
  const std::optional<uint64_t> word = MapWordAt(memory_, Untag(tagged));
  if (!word || !LooksLikePointer(*word)) return nullptr;
  const MapCache::Slot* slot = maps_.Find(*word);
  return slot == nullptr || slot->is_free ? nullptr : &maps_.info(*slot);
}

std::string_view HeapReader::TypeOf(uint64_t tagged) {
  const MapInfo* map = MapOf(tagged);
  return map == nullptr ? std::string_view() : std::string_view(layout_.types.at(map->instance_type).name);
}

bool HeapReader::IsString(uint64_t tagged) {
  const MapInfo* map = MapOf(tagged);
  return map != nullptr && layout_.types.IsString(map->instance_type);
}

std::string HeapReader::ClassOf(uint64_t tagged) {
  const MapInfo* map = MapOf(tagged);
  if (map == nullptr) return "";
  return names_.ClassNameOf(MapInfo(*map), Untag(tagged));
}

uint64_t HeapReader::SizeOf(uint64_t tagged) {
  const MapInfo* map = MapOf(tagged);
  if (map == nullptr) return 0;
  if (map->instance_size_in_words != 0) return 8 * uint64_t{map->instance_size_in_words};
  std::byte head[4096];
  const size_t read = memory_.Read(Untag(tagged), head);
  return SizeByHead(layout_.Rule(map->size_kind).rule, *map, std::span<const std::byte>(head).first(read),
                    8 * (kMaxArray + 2), memory_);
}

std::optional<uint64_t> HeapReader::ArrayLength(uint64_t tagged) {
  const MapInfo* map = MapOf(tagged);
  if (map == nullptr) return std::nullopt;
  const std::optional<uint64_t> word = Field(tagged, 8);
  if (!word || !IsSmi(*word) || SmiValue(*word) < 0) return std::nullopt;
  // A PropertyArray keeps a hash in the upper bits of its length.
  const uint32_t mask = map->size_kind == SizeKind::kPropertyArray ? layout_.Rule(map->size_kind).rule.length_mask : ~0u;
  const uint64_t length = std::min(static_cast<uint64_t>(SmiValue(*word)) & mask, kMaxArray);
  const Region* region = memory_.RegionAt(Untag(tagged));
  if (region == nullptr) return std::nullopt;
  // A damaged length: no array reaches beyond its mapping and its neighbours'.
  const uint64_t room = (region->end - Untag(tagged)) / 8;
  return room < 2 ? 0 : std::min(length, std::max(room - 2, length < (uint64_t{1} << 20) ? length : 0));
}

std::string HeapReader::ShortText(uint64_t tagged, uint64_t limit) {
  const std::optional<StringText> text = Text(tagged, limit);
  return text ? text->text : "";
}

HeapReader::Oddball HeapReader::OddballOf(uint64_t tagged) {
  constexpr size_t kMostOddballs = 4096;
  constexpr int kToString = 16;
  if (const auto known = oddballs_.find(tagged); known != oddballs_.end()) return known->second;
  const MapInfo* map = MapOf(tagged);
  if (map == nullptr) return Oddball::kNone;
  const std::string& type = layout_.types.at(map->instance_type).name;
  if (type != "ODDBALL_TYPE") return type == "HOLE_TYPE" ? Oddball::kHole : Oddball::kNone;
  const std::string text = ShortText(Field(tagged, kToString).value_or(0), 32);
  const Oddball kind = text == "undefined"       ? Oddball::kUndefined
                       : text == "null"          ? Oddball::kNull
                       : text == "true"          ? Oddball::kTrue
                       : text == "false"         ? Oddball::kFalse
                       : text.ends_with("hole")  ? Oddball::kHole
                       : text == "exception"     ? Oddball::kException
                       : text == "uninitialized" ? Oddball::kUninitialized
                                                 : Oddball::kOther;
  if (oddballs_.size() < kMostOddballs) oddballs_.emplace(tagged, kind);
  return kind;
}

HeapReader::SlotValue HeapReader::ThroughCell(uint64_t value) {
  if (!facts().context_cells || !IsType(value, "CONTEXT_CELL_TYPE")) return {.value = value};
  constexpr int kTagged = 8, kState = 24, kRaw = 32;
  constexpr int32_t kInt32 = 2, kFloat64 = 3;
  SlotValue result{.value = Field(value, kTagged).value_or(0), .cell = Untag(value)};
  const int32_t state = Raw<int32_t>(value, kState).value_or(0);
  if (state == kInt32) result.raw_double = Raw<int32_t>(value, kRaw);
  if (state == kFloat64) result.raw_double = Raw<double>(value, kRaw);
  return result;
}

}  // namespace corewalk
