#include "analysis/inspect.h"

#include <algorithm>

#include "heap/views/collections.h"
#include "heap/views/primitives.h"

namespace corewalk {
namespace {

constexpr uint32_t kMaxBigIntWords = 1024;  // 19,728 decimal digits

std::string_view RepresentationOf(uint16_t type) {
  switch (type & string_bits::kRepresentationMask) {
    case string_bits::kSeq:
      return "sequential";
    case string_bits::kCons:
      return "cons";
    case string_bits::kSliced:
      return "sliced";
    case string_bits::kThin:
      return "thin";
    case string_bits::kExternal:
      return "external";
    default:
      return "unknown";
  }
}

// V8's singletons that no program sees (src/heap/setup-heap-internal.cc).
bool IsEngineOddball(std::string_view text) {
  static constexpr std::string_view kTexts[] = {"exception",     "uninitialized",  "arguments_marker",      "termination_exception",
                                                "optimized_out", "stale_register", "self_reference_marker", "basic_block_counters_marker"};
  return std::ranges::find(kTexts, text) != std::end(kTexts);
}

}  // namespace

const InspectedMember* Inspected::Find(std::string_view name) const {
  for (const InspectedMember& member : members) {
    if (member.name == name) return &member;
  }
  return nullptr;
}

Inspected InspectedNumber(double number) {
  Inspected out;
  out.type = Inspected::Type::kNumber;
  out.number = number;
  return out;
}

bool Inspector::Enough() {
  if (++values_ > options_.values || ((values_ & 255) == 0 && cancel_.Cancelled())) stopped_ = true;
  return stopped_;
}

Inspected Inspector::Inspect(uint64_t word) {
  // The bound is for each value that is asked for.
  values_ = 0;
  any_stopped_ |= stopped_;
  stopped_ = false;
  return Describe(word, std::min(options_.depth, InspectOptions::kMaxDepth));
}

void Inspector::DescribeString(uint64_t word, Inspected* out) {
  out->type = Inspected::Type::kString;
  const uint64_t limit = options_.string_length == 0 ? ~uint64_t{0} : options_.string_length;
  const std::optional<StringText> text = reader_.Text(word, limit);
  out->damaged = !text;
  if (!text) return;
  out->text = UntrustedText(text->text);
  out->length = text->length;
  out->truncated = text->truncated;
  out->damaged = text->damaged;
}

Inspected Inspector::Describe(uint64_t word, int depth) {
  Inspected out = DescribeValue(word, depth);
  damaged_ += (out.damaged || out.type == Inspected::Type::kUnreadable) && !stopped_;
  return out;
}

Inspected Inspector::DescribeValue(uint64_t word, int depth) {
  Inspected out;
  if (Enough()) {
    out.reason = "not looked at: the answer was cut here";
    return out;
  }
  if (IsSmi(word)) {
    out = InspectedNumber(static_cast<double>(SmiValue(word)));
    out.smi = true;
    return out;
  }
  if ((word & 3) == 3 && (word & 0xffffffff) == 3) {
    out.type = Inspected::Type::kInternal;
    out.kind = "cleared_weak_reference";
    return out;
  }
  out.address = Untag(word);
  const MapInfo* found = reader_.MapOf(word);
  if (found == nullptr) {
    out.reason = reader_.Word(out.address) ? "no object here: its Map is invalid or not in the core" : "this memory is not in the core";
    return out;
  }
  const MapInfo map = *found;
  const Layout& layout = reader_.layout();
  out.map = Untag(map.word);
  out.instance_type = layout.types.at(map.instance_type).name;
  using enum HeapReader::Oddball;
  switch (reader_.OddballOf(word)) {
    case kUndefined:
      out.type = Inspected::Type::kUndefined;
      return out;
    case kNull:
      out.type = Inspected::Type::kNull;
      return out;
    case kTrue:
    case kFalse:
      out.type = Inspected::Type::kBoolean;
      out.boolean = reader_.OddballOf(word) == kTrue;
      return out;
    case kHole:
      out.type = Inspected::Type::kHole;
      return out;
    case kException:
    case kUninitialized:
    case kOther:
      out.type = Inspected::Type::kInternal;
      out.kind = "oddball";
      out.text = UntrustedText(reader_.ShortText(reader_.Field(word, 16).value_or(0), 64));
      out.damaged = !IsEngineOddball(out.text.raw());
      return out;
    case kNone:
      break;
  }
  if (layout.types.IsString(map.instance_type)) {
    DescribeString(word, &out);
    out.representation = RepresentationOf(map.instance_type);
  } else if (map.category == Category::kNumber) {
    const std::optional<double> number = ReadNumber(reader_, word);
    if (number) out.type = Inspected::Type::kNumber;
    out.number = number.value_or(0);
    out.reason = number ? "" : "this memory is not in the core";
  } else if (map.category == Category::kBigInt) {
    const std::optional<BigIntText> digits = ReadBigInt(reader_, word, kMaxBigIntWords);
    if (digits) out.type = Inspected::Type::kBigInt;
    out.text = UntrustedText(digits ? digits->digits : "");
    out.truncated = digits && digits->truncated;
    out.reason = digits ? "" : "its digits are not in the core";
  } else if (layout.types.IsSymbol(map.instance_type)) {
    const KeyText key = ReadKey(reader_, word);
    out.type = Inspected::Type::kSymbol;
    out.text = UntrustedText(key.text);
    out.described = key.described;
    out.is_private = key.is_private;
    out.damaged = !key.whole;
  } else if (std::ranges::find(path_, out.address) != path_.end()) {
    out.type = Inspected::Type::kSeen;
    out.class_name = UntrustedText(reader_.ClassOf(word));
  } else {
    // Depth bounds the opening; this bounds what is described without being opened, whatever a damaged object says.
    if (path_.size() > InspectOptions::kMaxDepth) {
      out.type = Inspected::Type::kObject;
      out.kind = "object";
      out.class_name = UntrustedText(reader_.ClassOf(word));
      out.cut = true;
      return out;
    }
    path_.push_back(out.address);
    if (layout.types.IsJSReceiver(map.instance_type)) {
      DescribeObject(word, map, depth, &out);
    } else {
      DescribeInternal(word, map, depth, &out);
    }
    path_.pop_back();
  }
  return out;
}

InspectedProperty Inspector::PropertyOf(const OwnProperty& property, int depth) {
  InspectedProperty out;
  out.index = property.index;
  out.accessor = property.accessor;
  out.native = property.native;
  out.read_only = property.read_only;
  out.dont_enum = property.dont_enum;
  out.dont_delete = property.dont_delete;
  if (!property.readable) {
    out.accessor = out.native = false;
    out.value.address = property.slot;
    out.value.reason = "this memory is not in the core";
  } else if (property.native) {
    out.value.reason = "computed by V8, not stored";
  } else if (property.accessor) {
    // The half that is not there is null or a hole inside V8, and undefined for the program.
    const auto half = [this](uint64_t function) {
      const HeapReader::Oddball oddball = reader_.OddballOf(function);
      if (oddball != HeapReader::Oddball::kNull && oddball != HeapReader::Oddball::kHole) return Describe(function, 0);
      Inspected undefined;
      undefined.type = Inspected::Type::kUndefined;
      return undefined;
    };
    out.value = half(property.getter);
    out.setter.push_back(half(property.setter));
  } else if (property.raw_double) {
    out.value = InspectedNumber(*property.raw_double);
    out.value.double_field = true;
  } else {
    out.value = Describe(property.value, depth);
    out.value.double_field = property.double_field && out.value.type == Inspected::Type::kNumber;
  }
  return out;
}

void Inspector::AddProperties(uint64_t word, int depth, Inspected* out) {
  const uint64_t limit = options_.property_count == 0 ? ~uint64_t{0} : options_.property_count;
  out->has_properties = true;
  const bool whole = ForEachProperty(reader_, word, [&](const OwnProperty& property) {
    if (out->properties.size() >= limit || stopped_) {
      ++out->properties_omitted;
      return !cancel_.Cancelled();
    }
    const KeyText key = ReadKey(reader_, property.key);
    // V8's own private symbols (an error's stack, the brand of a class with private methods) and those of Node's C++ are
    // no properties of the program; its private names begin with #.
    if (key.is_private && !key.text.starts_with('#')) return true;
    InspectedProperty shown = PropertyOf(property, depth - 1);
    shown.key = UntrustedText(key.text);
    shown.symbol = key.symbol;
    shown.is_private = key.is_private;
    shown.described = key.described;
    shown.valid_key = key.valid;
    out->damaged |= !key.whole;
    out->properties.push_back(std::move(shown));
    return true;
  });
  out->damaged |= !whole;
}

void Inspector::AddElements(uint64_t word, int depth, Inspected* out) {
  const uint64_t limit = options_.array_length == 0 ? ~uint64_t{0} : options_.array_length;
  out->has_elements = true;
  const bool whole = ForEachElement(reader_, word, [&](const OwnProperty& property) {
    if (out->elements.size() >= limit || stopped_) {
      ++out->elements_omitted;
      return (out->elements_omitted & 0xffff) != 0 || !cancel_.Cancelled();
    }
    out->elements.push_back(PropertyOf(property, depth - 1));
    out->elements.back().value.double_field = false;
    return true;
  });
  out->damaged |= !whole;
}

void Inspector::AddEntries(uint64_t word, int depth, Inspected* out) {
  const uint64_t limit = options_.array_length == 0 ? ~uint64_t{0} : options_.array_length;
  const bool with_values = out->kind == "map" || out->kind == "weakmap" || out->kind == "map_iterator";
  out->has_entries = true;
  const EntryVisitor visit = [&](uint64_t key, uint64_t value, Address) {
    if (out->entries.size() >= limit || stopped_) {
      ++out->entries_omitted;
      return (out->entries_omitted & 0xffff) != 0 || !cancel_.Cancelled();
    }
    InspectedEntry entry{.key = Describe(key, depth - 1), .value = {}, .has_value = with_values};
    if (with_values) entry.value = Describe(value, depth - 1);
    out->entries.push_back(std::move(entry));
    return true;
  };
  const std::optional<TableView> table =
      out->kind.starts_with("weak") ? ForEachWeakEntry(reader_, word, visit) : ForEachEntry(reader_, word, visit);
  out->damaged |= !table || !table->whole;
}

void Inspector::AddField(std::string_view name, uint64_t word, int offset, int depth, Inspected* out) {
  InspectedMember member{.name = name, .value = Inspected(), .hex = false};
  const std::optional<uint64_t> value = reader_.Field(word, offset);
  if (value) {
    member.value = Describe(*value, depth);
  } else {
    Inspected unreadable;
    unreadable.reason = "this memory is not in the core";
    member.value = std::move(unreadable);
  }
  out->members.push_back(std::move(member));
}

}  // namespace corewalk
