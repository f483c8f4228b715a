// Objects of one V8 line in fake memory, for tests of what looks into objects (heap/views, analysis/inspect): Maps with
// the line's own instance types, fields where layout/object_fields.h says that they stand. Unlike fake_heap.h there are no
// pages, spaces or roots. Header only; not part of the library.
//
// Usage: FakeObjects heap({12, 4}); const uint64_t object = heap.Object({{heap.String("a"), heap.Smi(1)}});
// HeapReader reader(heap.memory(), heap.layout(), &names). All words that New() gives are Smi 0 until they are set.
#pragma once

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heap/layout_builder.h"
#include "heap/roots_finder.h"
#include "heap/tagged.h"
#include "layout/layout_tables.h"
#include "layout/object_fields.h"
#include "layout/scope_info_shape.h"
#include "memory/fake_memory.h"

namespace corewalk::testing {

class FakeObjects {
 public:
  static constexpr Address kBase = 0x100000000000;
  static constexpr uint64_t kSize = 32 * 1024;
  static constexpr Address kMalloc = 0x300000000000;  // backing stores, external strings
  static constexpr uint64_t kMallocSize = 16 * 1024;
  static constexpr uint64_t kNoMemory = 0x7e0000001001;  // tagged, and nothing is there

  // PropertyDetails.
  enum Attributes : uint8_t { kNone = 0, kReadOnly = 1, kDontEnum = 2, kDontDelete = 4 };
  struct Property {
    uint64_t key = 0;
    uint64_t value = 0;
    uint8_t attributes = kNone;
    bool accessor = false;
    bool is_double = false;  // of double representation: `value` is a HeapNumber, or the raw bits where they are unboxed
  };
  // What was made, in order; for tests that damage every word.
  struct Made {
    uint64_t object;  // tagged
    uint64_t words;
    std::string type;
  };

  explicit FakeObjects(V8Version version) : offsets_(version) {
    memory_.AddZeros(kBase, kSize);
    memory_.AddZeros(kMalloc, kMallocSize);
    layout_.version = version;
    FillLayout(memory_, nullptr, FindLayoutTable(version), RootsTable(), &layout_);
    for (size_t kind = 1; kind < layout_.rules.size(); ++kind) {
      for (const SizeRuleCandidate& candidate : SizeRuleCandidates(static_cast<SizeKind>(kind))) {
        if (version < candidate.first || V8Version{version.major, version.minor} > candidate.last) continue;
        layout_.rules[kind] = {candidate.rule, candidate.name, LayoutSource::kCalibrated, 1, 1};
        break;
      }
    }
    meta_map_ = top_ + 1;
    maps_["MAP_TYPE"] = NewMap("MAP_TYPE", 10);
    empty_array_ = Array({});
    undefined_ = Oddball("undefined");
    null_ = Oddball("null");
    true_ = Oddball("true");
    false_ = Oddball("false");
    hole_ = HasType("HOLE_TYPE") ? New(Map("HOLE_TYPE", 2), 2) : Oddball("hole");
    base_count_ = made_.size();
  }

  FakeMemory& memory() { return memory_; }
  const Layout& layout() const { return layout_; }
  const ObjectFacts& facts() const { return offsets_.facts; }
  int offset(ObjectField field) const { return offsets_[field]; }
  // All objects but the singletons and their Maps.
  std::span<const Made> made() const { return std::span(made_).subspan(base_count_); }
  std::span<const Made> singletons() const { return std::span(made_).first(base_count_); }
  bool HasType(std::string_view type) const { return layout_.types.Number(type) >= 0; }
  // The first of these names that the line has.
  std::string_view AnyType(std::initializer_list<std::string_view> types) const {
    for (const std::string_view type : types) {
      if (HasType(type)) return type;
    }
    std::abort();
  }

  uint64_t undefined() const { return undefined_; }
  uint64_t null() const { return null_; }
  uint64_t the_hole() const { return hole_; }
  uint64_t boolean(bool value) const { return value ? true_ : false_; }
  uint64_t empty_array() const { return empty_array_; }
  static uint64_t Smi(int64_t value) { return static_cast<uint64_t>(value) << 32; }

  uint64_t New(uint64_t map, uint64_t words) {
    const Address at = top_;
    if (at + 8 * words > kBase + kSize) std::abort();
    top_ += 8 * words;
    memory_.Put(at, map);
    made_.push_back({at + 1, words, TypeOfMap(map)});
    return at + 1;
  }
  void Set(uint64_t object, uint64_t offset, uint64_t word) { memory_.Put(Untag(object) + offset, word); }
  void Set(uint64_t object, ObjectField field, uint64_t word) { Set(object, static_cast<uint64_t>(offset(field)), word); }
  template <typename T>
  void Raw(uint64_t object, uint64_t offset, T value) {
    memory_.Put(Untag(object) + offset, value);
  }
  uint64_t Get(uint64_t object, uint64_t offset) const { return memory_.ReadWord(Untag(object) + offset).value_or(0); }

  uint64_t NewMap(std::string_view type, uint8_t size_in_words, uint8_t in_object_start = 0) {
    const int number = layout_.types.Number(type);
    if (number < 0) std::abort();
    return NewMap(static_cast<uint16_t>(number), size_in_words, in_object_start);
  }
  uint64_t NewMap(uint16_t type, uint8_t size_in_words, uint8_t in_object_start) {
    const uint64_t map = New(meta_map_, 10);
    made_.back().type = "MAP_TYPE";
    Raw(map, map_offsets::kInstanceSizeInWords, size_in_words);
    Raw(map, map_offsets::kInObjectStart, in_object_start);
    Raw(map, map_offsets::kInstanceType, type);
    return map;
  }
  // The one Map of objects of a type without properties of their own.
  uint64_t Map(std::string_view type, uint8_t size_in_words = 0) {
    uint64_t& map = maps_[std::string(type) + std::to_string(size_in_words)];
    if (map == 0) map = NewMap(type, size_in_words, size_in_words);
    return map;
  }
  uint64_t StringMap(uint16_t type) {
    uint64_t& map = maps_["string" + std::to_string(type)];
    const bool sequential = (type & string_bits::kRepresentationMask) == string_bits::kSeq;
    if (map == 0) map = NewMap(type, sequential ? 0 : 4, 0);
    return map;
  }

  uint64_t String(std::string_view text, uint16_t type = string_bits::kOneByte) {
    const uint64_t string = New(StringMap(type), 2 + (text.size() + 7) / 8);
    Raw(string, 12, static_cast<uint32_t>(text.size()));
    for (size_t i = 0; i < text.size(); ++i) Raw(string, 16 + i, text[i]);
    return string;
  }
  // Cons, sliced, thin and external strings.
  uint64_t IndirectString(uint16_t type, uint32_t length, uint64_t first, uint64_t second) {
    const uint64_t string = New(StringMap(type), 4);
    Raw(string, 12, length);
    Set(string, 16, first);
    Set(string, 24, second);
    return string;
  }
  uint64_t Symbol(uint64_t description, uint32_t flags = 0) {
    const uint64_t symbol = New(Map("SYMBOL_TYPE", 3), 3);
    Raw(symbol, 12, flags);
    Set(symbol, 16, description);
    return symbol;
  }
  uint64_t HeapNumber(double value) {
    const uint64_t number = New(Map("HEAP_NUMBER_TYPE", 2), 2);
    Raw(number, 8, value);
    return number;
  }
  uint64_t BigInt(const std::vector<uint64_t>& digits, bool negative) {
    const uint64_t number = New(Map(AnyType({"BIGINT_TYPE", "BIG_INT_BASE_TYPE"})), 2 + digits.size());
    Raw(number, 8, static_cast<uint32_t>(digits.size() << 1 | negative));
    for (size_t i = 0; i < digits.size(); ++i) Set(number, 16 + 8 * i, digits[i]);
    return number;
  }
  uint64_t Array(const std::vector<uint64_t>& elements, std::string_view type = "FIXED_ARRAY_TYPE") {
    const uint64_t array = New(Map(type), 2 + elements.size());
    Set(array, 8, Smi(static_cast<int64_t>(elements.size())));
    for (size_t i = 0; i < elements.size(); ++i) Set(array, 16 + 8 * i, elements[i]);
    return array;
  }
  // An engine object of fixed size.
  uint64_t Struct(std::string_view type, const std::vector<uint64_t>& fields) {
    const uint64_t object = New(Map(type, static_cast<uint8_t>(1 + fields.size())), 1 + fields.size());
    for (size_t i = 0; i < fields.size(); ++i) Set(object, 8 + 8 * i, fields[i]);
    return object;
  }
  // A JavaScript object without properties, its type's own fields from +24 on.
  uint64_t JSObject(std::string_view type, const std::vector<uint64_t>& fields) {
    const uint64_t object = New(Map(type, static_cast<uint8_t>(3 + fields.size())), 3 + fields.size());
    Set(object, 8, empty_array_);
    Set(object, 16, empty_array_);
    for (size_t i = 0; i < fields.size(); ++i) Set(object, 24 + 8 * i, fields[i]);
    return object;
  }
  // A plain object; the first `in_object` properties stand in it, the others in a PropertyArray.
  uint64_t Object(const std::vector<Property>& properties, uint8_t in_object = 4) {
    const uint64_t map = NewMap("JS_OBJECT_TYPE", static_cast<uint8_t>(3 + in_object), 3);
    const uint64_t object = New(map, 3 + in_object);
    Set(object, 8, empty_array_);
    Set(object, 16, empty_array_);
    std::vector<uint64_t> outside;
    std::vector<uint64_t> entries;
    uint32_t field = 0, unboxed = 0;
    for (const Property& property : properties) {
      uint32_t details = uint32_t{property.attributes} << facts().attributes_shift;
      if (property.accessor) {
        details |= static_cast<uint32_t>(layout_.Get(LayoutConstant::kPropLocationMask, 32)) | 1;
      } else {
        details |= field << layout_.Get(LayoutConstant::kPropIndexShift, 19);
        if (property.is_double) details |= 2u << layout_.Get(LayoutConstant::kPropRepresentationShift, 6);
        if (property.is_double && facts().unboxed_doubles && field < in_object) unboxed |= 1u << field;
        if (field < in_object) {
          Set(object, 24 + 8 * field, property.value);
        } else {
          outside.push_back(property.value);
        }
        ++field;
      }
      entries.insert(entries.end(), {property.key, Smi(static_cast<int32_t>(details)), property.accessor ? property.value : 0});
    }
    if (!outside.empty()) Set(object, 8, Array(outside, "PROPERTY_ARRAY_TYPE"));
    SetDescriptors(map, entries);
    if (unboxed != 0) Set(map, DescriptorsOffset() + 8, Smi(unboxed));
    return object;
  }
  // In slow mode: the properties in a NameDictionary.
  uint64_t DictionaryObject(const std::vector<Property>& properties, std::string_view type = "JS_OBJECT_TYPE") {
    const uint64_t map = NewMap(type, 3, 3);
    Raw(map, map_offsets::kBitField3, 1u << layout_.Get(LayoutConstant::kBitField3IsDictionaryShift, 21));
    const uint64_t object = New(map, 3);
    Set(object, 16, empty_array_);
    const auto count = static_cast<int64_t>(properties.size());
    std::vector<uint64_t> words = {Smi(count), Smi(1), Smi(count + 2)};
    words.resize(3 + static_cast<size_t>(layout_.Get(LayoutConstant::kNameDictionaryPrefixSize, 3)));
    // One entry is empty and one deleted; the order in the table is not that of definition.
    words.insert(words.end(), {undefined_, undefined_, Smi(0), hole_, hole_, Smi(0)});
    for (int64_t i = count - 1; i >= 0; --i) {
      const Property& property = properties[static_cast<size_t>(i)];
      words.insert(words.end(), {property.key, property.value, Smi(DictionaryDetails(property, static_cast<uint32_t>(i + 1)))});
    }
    Set(object, 8, Array(words, "NAME_DICTIONARY_TYPE"));
    return object;
  }
  int64_t DictionaryDetails(const Property& property, uint32_t order) const {
    return static_cast<int64_t>(order << 8 | uint32_t{property.attributes} << facts().attributes_shift |
                                (property.accessor ? 1 : 0));
  }
  // Elements by index, not in its order.
  uint64_t NumberDictionary(const std::vector<std::pair<uint64_t, Property>>& elements) {
    const auto count = static_cast<int64_t>(elements.size());
    std::vector<uint64_t> words = {Smi(count), Smi(0), Smi(count + 1), Smi(0), undefined_, undefined_, Smi(0)};
    for (auto at = elements.rbegin(); at != elements.rend(); ++at)
      words.insert(words.end(), {at->first, at->second.value, Smi(DictionaryDetails(at->second, 0))});
    return Array(words, "NUMBER_DICTIONARY_TYPE");
  }
  uint64_t AccessorPair(uint64_t getter, uint64_t setter) { return Struct("ACCESSOR_PAIR_TYPE", {getter, setter}); }

  // An object of `type` whose Map says `kind` and whose elements are `elements`.
  uint64_t WithElements(std::string_view type, uint8_t kind, uint64_t elements, const std::vector<uint64_t>& fields = {}) {
    const uint64_t map = NewMap(type, static_cast<uint8_t>(3 + fields.size()), static_cast<uint8_t>(3 + fields.size()));
    SetElementsKind(map, kind);
    const uint64_t object = New(map, 3 + fields.size());
    Set(object, 8, empty_array_);
    Set(object, 16, elements);
    for (size_t i = 0; i < fields.size(); ++i) Set(object, 24 + 8 * i, fields[i]);
    return object;
  }
  uint64_t JSArray(uint8_t kind, uint64_t elements, uint64_t length) {
    return WithElements("JS_ARRAY_TYPE", kind, elements, {length});
  }
  void SetElementsKind(uint64_t map, uint8_t kind) {
    Raw(map, map_offsets::kBitField2, static_cast<uint8_t>(kind << facts().elements_kind_shift));
  }

  // An OrderedHashMap (or Set: `values` empty) with two buckets. `used` entries from the front; the_hole keys are deleted.
  uint64_t OrderedTable(bool is_map, const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
    int64_t deleted = 0;
    std::vector<uint64_t> words(5);
    for (const auto& [key, value] : entries) {
      deleted += key == hole_;
      words.push_back(key);
      if (is_map) words.push_back(value);
      words.push_back(Smi(-1));
    }
    words[0] = Smi(static_cast<int64_t>(entries.size()) - deleted);
    words[1] = Smi(deleted);
    words[2] = Smi(2);
    for (size_t free = entries.size(); free < 4; ++free) words.insert(words.end(), is_map ? 3 : 2, undefined_);
    return Array(words, is_map ? "ORDERED_HASH_MAP_TYPE" : "ORDERED_HASH_SET_TYPE");
  }
  // Makes `table` obsolete: `next` is in use, and the entries at `removed` (rising) were dropped on the way; cleared: -1.
  void Obsolete(uint64_t table, uint64_t next, const std::vector<int64_t>& removed, bool cleared = false) {
    Set(table, 16, next);
    Set(table, 24, Smi(cleared ? -1 : static_cast<int64_t>(removed.size())));
    for (size_t i = 0; i < removed.size(); ++i) Set(table, 40 + 8 * i, Smi(removed[i]));
  }
  uint64_t EphemeronTable(const std::vector<std::pair<uint64_t, uint64_t>>& entries) {
    std::vector<uint64_t> words = {Smi(static_cast<int64_t>(entries.size())), Smi(1), Smi(static_cast<int64_t>(entries.size() + 2)),
                                   undefined_, undefined_, hole_, hole_};
    for (const auto& [key, value] : entries) words.insert(words.end(), {key, value});
    return Array(words, "EPHEMERON_HASH_TABLE_TYPE");
  }

  // malloc'ed memory with these bytes.
  Address Malloc(std::span<const std::byte> bytes) {
    const Address at = malloc_top_;
    malloc_top_ += (bytes.size() + 15) / 16 * 16;
    if (malloc_top_ > kMalloc + kMallocSize) std::abort();
    for (size_t i = 0; i < bytes.size(); ++i) memory_.Put(at + i, bytes[i]);
    return at;
  }
  Address MallocText(std::string_view text) { return Malloc(std::as_bytes(std::span(text))); }
  uint64_t ArrayBuffer(Address store, uint64_t byte_length, uint32_t flags = 0) {
    const uint64_t buffer = JSObject("JS_ARRAY_BUFFER_TYPE", std::vector<uint64_t>(9));
    Set(buffer, ObjectField::kArrayBufferByteLength, byte_length);
    Set(buffer, ObjectField::kArrayBufferBackingStore, store);
    Raw(buffer, static_cast<uint64_t>(offset(ObjectField::kArrayBufferFlags)), flags);
    return buffer;
  }
  // `kind` counts from the first typed elements kind.
  uint64_t TypedArray(uint8_t kind, uint64_t buffer, Address data, uint64_t byte_offset, uint64_t byte_length, uint64_t length) {
    const auto number = static_cast<uint8_t>(facts().dictionary_elements + 5 + kind);
    const uint64_t view = WithElements("JS_TYPED_ARRAY_TYPE", number, empty_array_, std::vector<uint64_t>(9));
    SetView(view, buffer, byte_offset, byte_length);
    Set(view, ObjectField::kTypedArrayLength, length);
    Set(view, ObjectField::kTypedArrayExternalPointer, data);
    Set(view, ObjectField::kTypedArrayBasePointer, 0);
    return view;
  }
  uint64_t DataView(uint64_t buffer, uint64_t byte_offset, uint64_t byte_length) {
    const uint64_t view = JSObject("JS_DATA_VIEW_TYPE", std::vector<uint64_t>(7));
    SetView(view, buffer, byte_offset, byte_length);
    return view;
  }

  uint64_t Function(std::string_view name, uint64_t context = 0) {
    const uint64_t shared = Struct("SHARED_FUNCTION_INFO_TYPE", std::vector<uint64_t>(8));
    Set(shared, ObjectField::kSharedNameOrScope, String(name));
    const uint64_t function = JSObject("JS_FUNCTION_TYPE", std::vector<uint64_t>(6));
    Set(function, ObjectField::kFunctionShared, shared);
    Set(function, ObjectField::kFunctionContext, context);
    return function;
  }
  // Of a function with these context variables, from source position 9 to 20.
  uint64_t ScopeInfo(const std::vector<uint64_t>& names) {
    const ScopeInfoShape& shape = FindScopeInfoShape(layout_.version);
    uint32_t flags = 0;
    while (ScopeTypeOf(shape, flags) != ScopeType::kFunction) ++flags;
    std::vector<uint64_t> words = {shape.raw_flags ? uint64_t{flags} : Smi(flags), Smi(0), Smi(static_cast<int64_t>(names.size()))};
    if (shape.raw_flags) words.insert(words.end(), {Smi(9), Smi(20)});
    words.insert(words.end(), names.begin(), names.end());
    words.resize(words.size() + names.size());  // their infos
    if (!shape.raw_flags) words.insert(words.end(), {Smi(9), Smi(20)});
    const uint64_t header = shape.fields_from / 8;
    const uint64_t info = New(Map("SCOPE_INFO_TYPE"), header + words.size());
    if (header == 2) Set(info, 8, Smi(static_cast<int64_t>(words.size())));
    for (size_t i = 0; i < words.size(); ++i) Set(info, 8 * (header + i), words[i]);
    return info;
  }
  uint64_t Script(std::string_view name, std::string_view source) {
    const uint64_t script = Struct("SCRIPT_TYPE", std::vector<uint64_t>(15));
    Set(script, 8, String(source));
    Set(script, 16, String(name));
    Set(script, 56, empty_array_);
    Set(script, 64, Smi(3));
    return script;
  }
  uint64_t Context(uint64_t scope_info, uint64_t previous, const std::vector<uint64_t>& slots) {
    std::vector<uint64_t> words = {scope_info, previous};
    words.insert(words.end(), slots.begin(), slots.end());
    return Array(words, "FUNCTION_CONTEXT_TYPE");
  }
  uint64_t Reaction(uint64_t fulfill, uint64_t reject, uint64_t promise, uint64_t next) {
    const uint64_t reaction = Struct("PROMISE_REACTION_TYPE", std::vector<uint64_t>(5));
    Set(reaction, ObjectField::kReactionFulfill, fulfill);
    Set(reaction, ObjectField::kReactionReject, reject);
    Set(reaction, ObjectField::kReactionPromise, promise);
    Set(reaction, ObjectField::kReactionNext, next);
    return reaction;
  }
  uint64_t WeakCell(uint64_t target, uint64_t holdings, uint64_t next) {
    const uint64_t cell = Struct("WEAK_CELL_TYPE", std::vector<uint64_t>(8));
    Set(cell, ObjectField::kWeakCellTarget, target);
    Set(cell, ObjectField::kWeakCellHoldings, holdings);
    Set(cell, 48, next);
    return cell;
  }
  void SetDescriptors(uint64_t map, const std::vector<uint64_t>& entries) {
    const uint16_t header = layout_.Rule(SizeKind::kDescriptorArray).rule.header;
    const uint64_t descriptors = New(Map("DESCRIPTOR_ARRAY_TYPE"), header / 8 + entries.size());
    Raw(descriptors, 8, static_cast<uint16_t>(entries.size() / 3));
    Raw(descriptors, 10, static_cast<uint16_t>(entries.size() / 3));
    for (size_t i = 0; i < entries.size(); ++i) Set(descriptors, header + 8 * i, entries[i]);
    Set(map, DescriptorsOffset(), descriptors);
    Raw(map, map_offsets::kBitField3, static_cast<uint32_t>(entries.size() / 3 << 10));
  }
  uint64_t DescriptorsOffset() const { return static_cast<uint64_t>(layout_.Get(LayoutConstant::kMapDescriptors, 40)); }

 private:
  std::string TypeOfMap(uint64_t map) const {
    const auto number = memory_.ReadValue<uint16_t>(Untag(map) + map_offsets::kInstanceType).value_or(0);
    return layout_.types.IsString(number) ? "string" : layout_.types.at(number).name;
  }
  uint64_t Oddball(std::string_view text) {
    const uint64_t oddball = New(Map("ODDBALL_TYPE", 6), 6);
    Set(oddball, 16, String(text));
    return oddball;
  }
  void SetView(uint64_t view, uint64_t buffer, uint64_t byte_offset, uint64_t byte_length) {
    Set(view, ObjectField::kViewBuffer, buffer);
    Set(view, ObjectField::kViewByteOffset, byte_offset);
    Set(view, ObjectField::kViewByteLength, byte_length);
  }

  FakeMemory memory_;
  Layout layout_;
  ObjectOffsets offsets_;
  Address top_ = kBase + 0x1000;
  Address malloc_top_ = kMalloc + 0x100;
  uint64_t meta_map_ = 0;
  std::map<std::string, uint64_t> maps_;
  std::vector<Made> made_;
  size_t base_count_ = 0;
  uint64_t empty_array_ = 0, undefined_ = 0, null_ = 0, true_ = 0, false_ = 0, hole_ = 0;
};

// The V8 lines in which objects look differently: Node 12, 16, 22, 24 and 26.
inline constexpr V8Version kTestedLines[] = {{7, 8, 279, 23}, {9, 4, 146, 26}, {12, 4, 254, 21}, {13, 6, 233, 10}, {14, 6, 100, 1}};

}  // namespace corewalk::testing
