#include "heap/map_cache.h"

#include <array>
#include <bit>
#include <cstring>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr size_t kInitialSlots = 4096;
constexpr size_t kMaxMaps = size_t{1} << 24;  // a heap with more shapes than this is not believable
constexpr size_t kInvalidSlots = 4096;

}  // namespace

bool ReadMap(const Memory& memory, const Layout& layout, uint64_t word, MapInfo* info) {
  if (!LooksLikePointer(word)) return false;
  std::array<std::byte, map_offsets::kSize> bytes;
  if (memory.Read(Untag(word), bytes) != bytes.size()) return false;
  const auto at = [&bytes]<typename T>(uint32_t offset, T) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
  };
  const uint64_t meta = at(0, uint64_t{});
  if (!LooksLikePointer(meta)) return false;
  if (meta != word && memory.ReadWord(Untag(meta)) != meta) return false;
  // A damaged object that has itself for a Map is none.
  const uint16_t meta_type = meta == word ? at(map_offsets::kInstanceType, uint16_t{})
                                          : memory.ReadValue<uint16_t>(Untag(meta) + map_offsets::kInstanceType).value_or(0);
  const std::string& meta_name = layout.types.at(meta_type).name;
  if (layout.types.IsString(meta_type) || (!meta_name.empty() && meta_name != "MAP_TYPE")) return false;
  info->word = word;
  info->instance_type = at(map_offsets::kInstanceType, uint16_t{});
  info->instance_size_in_words = at(map_offsets::kInstanceSizeInWords, uint8_t{});
  info->in_object_start = at(map_offsets::kInObjectStart, uint8_t{});
  info->bit_field = at(map_offsets::kBitField, uint8_t{});
  info->bit_field2 = at(map_offsets::kBitField2, uint8_t{});
  info->bit_field3 = at(map_offsets::kBitField3, uint32_t{});
  info->prototype = at(map_offsets::kPrototype, uint64_t{});
  info->constructor = at(map_offsets::kConstructorOrBackPointer, uint64_t{});
  const int64_t descriptors = layout.Get(LayoutConstant::kMapDescriptors, 40);
  info->descriptors = descriptors >= 0 && descriptors + 8 <= map_offsets::kSize
                          ? at(static_cast<uint32_t>(descriptors), uint64_t{})
                          : 0;

  const InstanceType& type = layout.types.at(info->instance_type);
  info->category = type.category;
  // Callable with a slot for its prototype: a function, whatever its type is called (class constructors have no name in
  // v8dbg).
  if (layout.types.IsJSReceiver(info->instance_type) && (info->bit_field & 0x82) == 0x82)
    info->category = Category::kClosure;
  info->size_kind = info->instance_size_in_words != 0 ? SizeKind::kNone : type.size_kind;
  // Up to 13.x contexts of the same instance type share a Map, the native context excepted; from 14.x (V8 8.x on) a
  // context's Map names its native context, and the native context's own Map is the one whose native context has it.
  if (info->size_kind == SizeKind::kContext && IsStrongPointer(info->constructor) &&
      memory.ReadWord(Untag(info->constructor)) == word) {
    info->size_kind = SizeKind::kNativeContext;
    info->category = Category::kHidden;
  }
  return info->instance_type < InstanceTypes::kCount;
}

MapCache::MapCache(const Memory& memory, const Layout& layout) : memory_(memory), layout_(layout) {
  slots_.resize(kInitialSlots);
  mask_ = kInitialSlots - 1;
  shift_ = 64 - std::countr_zero(kInitialSlots);
  known_invalid_.resize(kInvalidSlots);
}

MapCache::Slot* MapCache::FindSlow(uint64_t word) {
  if (!LooksLikePointer(word)) return nullptr;
  uint64_t& invalid = known_invalid_[(word >> 3) % kInvalidSlots];
  if (invalid == word) return nullptr;
  MapInfo info;
  if (infos_.size() >= kMaxMaps || !ReadMap(memory_, layout_, word, &info)) {
    invalid = word;
    return nullptr;
  }
  if (2 * (infos_.size() + 1) > slots_.size()) Grow();
  size_t i = Hash(word);
  while (slots_[i].word != 0) i = (i + 1) & mask_;
  slots_[i] = {.word = word,
               .fixed_size = static_cast<uint16_t>(info.instance_size_in_words * 8),
               .is_free = info.category == Category::kFree,
               .index = static_cast<uint32_t>(infos_.size())};
  infos_.push_back(info);
  return &slots_[i];
}

void MapCache::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  mask_ = slots_.size() - 1;
  --shift_;
  for (const Slot& slot : old) {
    if (slot.word == 0) continue;
    size_t i = Hash(slot.word);
    while (slots_[i].word != 0) i = (i + 1) & mask_;
    slots_[i] = slot;
  }
}

}  // namespace corewalk
