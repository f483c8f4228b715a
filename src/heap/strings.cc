#include "heap/strings.h"

#include <algorithm>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

// Offsets of string fields, the same in every line from 7.4 to 14.6 (src/objects/string.h, without pointer
// compression).
constexpr Address kLength = 12;
constexpr Address kChars = 16;
constexpr Address kFirst = 16;   // cons: first; sliced: parent; thin: actual
constexpr Address kSecond = 24;  // cons: second; sliced: offset (Smi)
constexpr Address kExternalData = 24;

// Nodes of a rope that are visited. `s += x` in a loop makes it as deep as the loop is long, and its beginning is at
// the bottom. In a sound rope the parts of a cons string are shorter than itself; only a flattened one, a thin string
// and a slice lead to something as long or longer, and then the way soon ends (V8 flattens what it slices). So few of
// these on the way to a part show a cycle.
constexpr size_t kMaxParts = size_t{1} << 22;
constexpr int kMaxSameLength = 16;
constexpr uint64_t kReadUnits = 1 << 16;  // at a time, so that a damaged length allocates nothing

void AppendUtf8(uint32_t c, std::string* out) {
  if (c < 0x80) {
    out->push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out->push_back(static_cast<char>(0xc0 | c >> 6));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else if (c < 0x10000) {
    out->push_back(static_cast<char>(0xe0 | c >> 12));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xf0 | c >> 18));
    out->push_back(static_cast<char>(0x80 | (c >> 12 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (c & 0x3f)));
  }
}

// Collects UTF-16 units, so that a surrogate pair that two parts share comes out right.
class Units {
 public:
  void Append(const Memory& memory, Address data, uint64_t count, bool one_byte, StringText* text) {
    while (count > 0) {
      const uint64_t wanted = std::min(count, kReadUnits);
      const size_t before = units_.size();
      if (one_byte) {
        std::vector<uint8_t> bytes(wanted);
        bytes.resize(memory.Read(data, std::as_writable_bytes(std::span(bytes))));
        units_.insert(units_.end(), bytes.begin(), bytes.end());
      } else {
        units_.resize(before + wanted);
        const std::span<uint16_t> words = std::span(units_).subspan(before);
        units_.resize(before + memory.Read(data, std::as_writable_bytes(words)) / 2);
      }
      if (units_.size() - before < wanted) {
        text->damaged = true;
        return;
      }
      data += wanted * (one_byte ? 1 : 2);
      count -= wanted;
    }
  }
  uint64_t size() const { return units_.size(); }
  std::string ToUtf8() const {
    std::string out;
    out.reserve(units_.size());
    for (size_t i = 0; i < units_.size(); ++i) {
      uint32_t c = units_[i];
      if ((c & 0xfc00) == 0xd800 && i + 1 < units_.size() && (units_[i + 1] & 0xfc00) == 0xdc00) {
        c = 0x10000 + ((c & 0x3ff) << 10) + (units_[++i] & 0x3ff);
      }
      AppendUtf8(c, &out);
    }
    return out;
  }

 private:
  std::vector<uint16_t> units_;
};

struct Part {
  uint64_t string;
  uint64_t begin;  // in UTF-16 units
  uint64_t count;
  uint64_t parent_length;  // of the string it is a part of
  int same_length;         // how often on the way to it a string was not shorter than the one before
};

}  // namespace

std::optional<uint16_t> InstanceTypeOf(const Memory& memory, const Layout& layout, uint64_t tagged) {
  if (!LooksLikePointer(tagged)) return std::nullopt;
  const std::optional<uint64_t> map = MapWordAt(memory, Untag(tagged));
  if (!map || !LooksLikePointer(*map)) return std::nullopt;
  const std::optional<uint64_t> meta = memory.ReadWord(Untag(*map));
  if (!meta || !LooksLikePointer(*meta) || memory.ReadWord(Untag(*meta)) != meta) return std::nullopt;
  // As in ReadMap().
  const auto meta_type = memory.ReadValue<uint16_t>(Untag(*meta) + map_offsets::kInstanceType).value_or(0);
  const std::string& meta_name = layout.types.at(meta_type).name;
  if (layout.types.IsString(meta_type) || (!meta_name.empty() && meta_name != "MAP_TYPE")) return std::nullopt;
  return memory.ReadValue<uint16_t>(Untag(*map) + map_offsets::kInstanceType);
}

std::optional<StringText> ReadString(const Memory& memory, const Layout& layout, uint64_t tagged, uint64_t limit) {
  return ReadStringFrom(memory, layout, tagged, 0, limit);
}

std::optional<StringText> ReadStringFrom(const Memory& memory, const Layout& layout, uint64_t tagged, uint64_t begin,
                                         uint64_t limit) {
  const std::optional<uint16_t> type = InstanceTypeOf(memory, layout, tagged);
  if (!type || !layout.types.IsString(*type)) return std::nullopt;
  StringText result;
  result.length = memory.ReadValue<uint32_t>(Untag(tagged) + kLength).value_or(0);
  begin = std::min(begin, result.length);
  const uint64_t wanted = std::min(result.length - begin, limit);
  result.truncated = wanted < result.length - begin;

  Units units;
  std::vector<Part> work = {{tagged, begin, wanted, result.length + 1, 0}};
  size_t visited = 0;
  while (!work.empty() && units.size() < wanted) {
    const Part part = work.back();
    work.pop_back();
    if (part.count == 0) continue;
    const std::optional<uint16_t> part_type = InstanceTypeOf(memory, layout, part.string);
    if (++visited > kMaxParts) {
      result.truncated = true;  // ropes that share their parts can be far longer than memory
      break;
    }
    if (!part_type || !layout.types.IsString(*part_type)) {
      result.damaged = true;
      break;
    }
    const Address at = Untag(part.string);
    const uint64_t length = memory.ReadValue<uint32_t>(at + kLength).value_or(0);
    const int same_length = part.same_length + (length >= part.parent_length);
    if (part.begin > length || same_length > kMaxSameLength) {
      result.damaged = true;
      break;
    }
    const uint64_t count = std::min({part.count, length - part.begin, wanted - units.size()});
    const bool one_byte = (*part_type & string_bits::kOneByte) != 0;
    const uint64_t unit = one_byte ? 1 : 2;
    switch (*part_type & string_bits::kRepresentationMask) {
      case string_bits::kSeq:
        units.Append(memory, at + kChars + part.begin * unit, count, one_byte, &result);
        break;
      case string_bits::kExternal: {
        const uint64_t data = memory.ReadWord(at + kExternalData).value_or(0);
        units.Append(memory, data + part.begin * unit, count, one_byte, &result);
        break;
      }
      case string_bits::kCons: {
        const uint64_t first = memory.ReadWord(at + kFirst).value_or(0);
        const uint64_t second = memory.ReadWord(at + kSecond).value_or(0);
        const uint64_t split =
            LooksLikePointer(first) ? memory.ReadValue<uint32_t>(Untag(first) + kLength).value_or(0) : 0;
        if (part.begin + count > split) {
          const uint64_t begin = part.begin > split ? part.begin - split : 0;
          work.push_back({second, begin, part.begin + count - std::max(part.begin, split), length, same_length});
        }
        if (part.begin < split)
          work.push_back({first, part.begin, std::min(count, split - part.begin), length, same_length});
        break;
      }
      case string_bits::kSliced: {
        const int64_t offset = SmiValue(memory.ReadWord(at + kSecond).value_or(0));
        if (offset < 0) {
          result.damaged = true;
          break;
        }
        work.push_back({memory.ReadWord(at + kFirst).value_or(0), part.begin + static_cast<uint64_t>(offset), count,
                        length, same_length});
        break;
      }
      case string_bits::kThin:
        work.push_back({memory.ReadWord(at + kFirst).value_or(0), part.begin, count, length, same_length});
        break;
      default:
        result.damaged = true;
        break;
    }
  }
  result.damaged |= units.size() < wanted && visited <= kMaxParts;
  result.text = units.ToUtf8();
  return result;
}

}  // namespace corewalk
