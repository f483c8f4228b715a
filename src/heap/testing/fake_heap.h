// A tiny V8 heap in fake memory, for tests: Maps, a roots table, an Isolate with its Heap, space objects with page
// lists and pages whose headers look like those of V8 9.4 (header in the page) or 13.6 (metadata apart from it). Enough
// for HeapModel::Build to accept it. The sizes of objects and the offsets are V8's, the numbers of instance types are
// made up. Header only; not part of the library.
//
// Usage: make objects with the New...() functions, then Seal(), then read. A page's tail becomes one FreeSpace.
#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "heap/layout_builder.h"
#include "heap/map_cache.h"
#include "heap/spaces.h"
#include "layout/binary_facts.h"
#include "layout/layout.h"
#include "memory/fake_memory.h"

namespace corewalk::testing {

// Instance types. Strings are V8's own bits; FirstNonstringType is 64 as in 9.4.
enum FakeType : uint16_t {
  kInternalizedOneByte = 8,
  kSeqTwoByteString = 32,
  kConsTwoByteString = 33,
  kSlicedTwoByteString = 35,
  kSeqOneByteString = 40,
  kConsOneByteString = 41,
  kExternalOneByteString = 42,
  kSlicedOneByteString = 43,
  kThinOneByteString = 45,
  kExternalTwoByteString = 34,
  kMapType = 150,
  kFixedArrayType,
  kOddballType,
  kFreeSpaceType,
  kFillerType,
  kByteArrayType,
  kDescriptorArrayType,
  kScopeInfoType,
  kSharedFunctionInfoType,
  kSymbolType,
  kNameDictionaryType,
  kPropertyArrayType,
  kHeapNumberType,
  kPlainContextType,
  kUnknownVariableType,
  kJSProxyType = 1024,
  kJSGlobalObjectType,
  kJSObjectType = 1057,
  kJSArrayType,
  kJSFunctionType,
};

class FakeHeap {
 public:
  enum SpaceId { kReadOnlySpace, kOldSpace, kToSpace, kFromSpace, kLargeSpace, kSpaceIds };
  static constexpr uint64_t kPageSize = 256 * 1024;
  static constexpr Address kArena = 0x10000000;  // malloc'ed memory
  static constexpr Address kIsolate = kArena + 0x1000;
  static constexpr Address kRoots = kIsolate + 0x100;
  static constexpr Address kHeap = kRoots + 0x9000;
  static constexpr Address kSpaceObjects = kArena + 0x20000;
  static constexpr Address kMetadata = kArena + 0x24000;
  static constexpr Address kVtables = 0x20000000;

  struct FakePage {
    SpaceId space;
    Address chunk;
    Address descriptor;
    Address start;
    Address top;
    Address end;
  };

  explicit FakeHeap(bool split = false) : split_(split) {
    memory_.AddZeros(kArena, 0x40000);
    memory_.AddZeros(kVtables, 0x1000, FakeMemory::kRead);
    AddPage(kReadOnlySpace);
    AddPage(kOldSpace);
    AddPage(kOldSpace);
    AddPage(kToSpace);
    AddPage(kFromSpace);
    MakeRoots();
  }

  FakeMemory& memory() { return memory_; }
  const BinaryFacts& binary() const { return binary_; }
  BinaryFacts& binary() { return binary_; }
  bool split() const { return split_; }
  V8Version version() const { return split_ ? V8Version{13, 6, 233, 10} : V8Version{9, 4, 146, 26}; }
  const FakePage& page(size_t i) const { return pages_[i]; }
  size_t page_count() const { return pages_.size(); }
  Address space_object(SpaceId id) const { return kSpaceObjects + 0x400 * id; }
  uint32_t list_offset() const { return split_ ? 0x108 : 0xd8; }
  uint64_t meta_map() const { return meta_map_; }
  uint64_t map_of(uint16_t type) const { return maps_.at(type); }
  uint64_t root(std::string_view name) const { return roots_.at(std::string(name)); }

  // `area_bytes` larger than a page makes a large page.
  size_t AddPage(SpaceId space, uint64_t area_bytes = 0) {
    const uint64_t header = split_ ? 0x10 : 0x1118;
    const uint64_t size = area_bytes == 0 ? kPageSize : (header + area_bytes + kPageSize - 1) / kPageSize * kPageSize;
    const Address chunk = next_chunk_;
    next_chunk_ += size + kPageSize;
    memory_.AddZeros(chunk, size);
    const Address start = chunk + header;
    pages_.push_back({space, chunk, split_ ? kMetadata + 0x200 * pages_.size() : chunk, start, start,
                      area_bytes == 0 ? chunk + kPageSize : start + area_bytes});
    return pages_.size() - 1;
  }

  // An object of `bytes` bytes on the page; all its words but the Map are zero. Returns the tagged address.
  uint64_t New(size_t page, uint64_t map, uint64_t bytes) {
    FakePage& at = pages_[page];
    if (at.top + bytes > at.end || bytes % 8 != 0) std::abort();
    const Address object = at.top;
    at.top += bytes;
    memory_.Put(object, map);
    return object + 1;
  }
  uint64_t Smi(int32_t value) const { return static_cast<uint64_t>(static_cast<uint32_t>(value)) << 32; }
  void Set(uint64_t object, uint64_t offset, uint64_t value) { memory_.Put(object - 1 + offset, value); }
  void SetRoot(std::string_view name, uint64_t value) {
    for (size_t i = 0; i < binary_.root_names.size(); ++i) {
      if (binary_.root_names[i] == name) memory_.Put(kRoots + 8 * i, value);
    }
  }

  uint64_t NewMap(size_t page, uint16_t type, uint8_t size_in_words, uint8_t in_object_start = 3) {
    const uint64_t map = New(page, meta_map_, 80);
    memory_.Put(map - 1 + map_offsets::kInstanceSizeInWords, size_in_words);
    memory_.Put(map - 1 + map_offsets::kInObjectStart, in_object_start);
    memory_.Put(map - 1 + map_offsets::kInstanceType, type);
    return map;
  }
  uint64_t NewString(size_t page, std::string_view text, uint16_t type = kSeqOneByteString) {
    const uint64_t string = New(page, map_of(type), (16 + text.size() + 7) / 8 * 8);
    memory_.Put(string - 1 + 12, static_cast<uint32_t>(text.size()));
    for (size_t i = 0; i < text.size(); ++i) memory_.Put(string - 1 + 16 + i, text[i]);
    return string;
  }
  uint64_t NewTwoByteString(size_t page, std::u16string_view text) {
    const uint64_t string = New(page, map_of(kSeqTwoByteString), (16 + 2 * text.size() + 7) / 8 * 8);
    memory_.Put(string - 1 + 12, static_cast<uint32_t>(text.size()));
    for (size_t i = 0; i < text.size(); ++i) memory_.Put(string - 1 + 16 + 2 * i, static_cast<uint16_t>(text[i]));
    return string;
  }
  // Cons, sliced, thin and external strings: two words behind the length.
  uint64_t NewIndirectString(size_t page, uint16_t type, uint32_t length, uint64_t first, uint64_t second) {
    const uint64_t string = New(page, map_of(type), 32);
    memory_.Put(string - 1 + 12, length);
    Set(string, 16, first);
    Set(string, 24, second);
    return string;
  }
  uint64_t NewArray(size_t page, const std::vector<uint64_t>& elements, uint16_t type = kFixedArrayType) {
    const uint64_t array = New(page, map_of(type), 16 + 8 * elements.size());
    Set(array, 8, Smi(static_cast<int32_t>(elements.size())));
    for (size_t i = 0; i < elements.size(); ++i) Set(array, 16 + 8 * i, elements[i]);
    return array;
  }
  uint64_t NewFreeSpace(size_t page, uint64_t bytes) {
    if (bytes == 8) return New(page, one_word_filler_, 8);
    const uint64_t free = New(page, map_of(kFreeSpaceType), bytes);
    Set(free, 8, Smi(static_cast<int32_t>(bytes)));
    return free;
  }

  // Writes page headers, space objects and lists, and turns the rest of every page into free space.
  void Seal() {
    for (size_t i = 0; i < pages_.size(); ++i) {
      if (const uint64_t left = pages_[i].end - pages_[i].top) NewFreeSpace(i, left);
    }
    for (const FakePage& page : pages_) WriteHeader(page);
    static constexpr std::pair<SpaceId, const char*> kClasses[] = {{kReadOnlySpace, "ReadOnlySpace"},
                                                                   {kOldSpace, "OldSpace"},
                                                                   {kToSpace, "SemiSpace"},
                                                                   {kFromSpace, "SemiSpace"},
                                                                   {kLargeSpace, "OldLargeObjectSpace"}};
    for (const auto& [id, name] : kClasses) WriteSpace(id, name);
    memory_.Put(kHeap + 0x18, kIsolate);
  }

  // What HeapModel would find out, without calibration: every rule is the first one that holds for this version.
  Layout MakeLayout() const {
    Layout layout;
    layout.version = version();
    RootsTable table;
    table.address = kRoots;
    table.meta_map = meta_map_;
    for (size_t i = 0; i < binary_.root_names.size(); ++i)
      table.entries.push_back(memory_.ReadWord(kRoots + 8 * i).value_or(0));
    FillLayout(memory_, &binary_, nullptr, table, &layout);
    for (size_t kind = 1; kind < layout.rules.size(); ++kind) {
      for (const SizeRuleCandidate& candidate : SizeRuleCandidates(static_cast<SizeKind>(kind))) {
        const V8Version line{layout.version.major, layout.version.minor};
        if (line < candidate.first || line > candidate.last) continue;
        layout.rules[kind] = {candidate.rule, candidate.name, LayoutSource::kCalibrated, 1, 1};
        break;
      }
    }
    return layout;
  }
  Page MakePage(size_t i) const {
    const FakePage& page = pages_[i];
    return {.descriptor = {page.chunk, page.descriptor, 0, kHeap, page.start, page.end, space_object(page.space)},
            .space = SpaceKind::kOld};
  }

 private:
  void WriteHeader(const FakePage& page) {
    const bool read_only = page.space == kReadOnlySpace;
    const uint64_t flags = read_only                  ? uint64_t{1} << (split_ ? 6 : 20)
                           : page.space == kToSpace   ? uint64_t{1} << 4
                           : page.space == kFromSpace ? uint64_t{1} << 3
                                                      : 0;
    const Address d = page.descriptor;
    if (split_) {
      memory_.Put(page.chunk, flags);
      memory_.Put(page.chunk + 8, d);
      memory_.Put(d + 0x30, kPageSize);
      memory_.Put(d + 0x38, page.end);
      memory_.Put(d + 0x40, read_only ? 0 : kHeap);
      memory_.Put(d + 0x48, page.start);
      memory_.Put(d + 0x50, read_only ? 0 : space_object(page.space));
    } else {
      memory_.Put(d, kPageSize);
      memory_.Put(d + 8, flags);
      memory_.Put(d + 0x10, kHeap);
      memory_.Put(d + 0x18, page.start);
      memory_.Put(d + 0x20, page.end);
      memory_.Put(d + 0x40, space_object(page.space));
    }
  }

  void WriteSpace(SpaceId id, const char* class_name) {
    const Address vtable = kVtables + 0x100 * id + 0x10;
    binary_.space_vtables.push_back({vtable, class_name});
    const Address object = space_object(id);
    memory_.Put(object, vtable);
    memory_.Put(object + 8, kHeap);
    memory_.Put(kHeap + 0x110 + 8 * id, object);
    if (id == kReadOnlySpace) return;  // keeps its pages in a vector
    const FakePage* previous = nullptr;
    for (const FakePage& page : pages_) {
      if (page.space != id) continue;
      if (previous == nullptr) {
        memory_.Put(object + 0xb8, page.descriptor);
      } else {
        memory_.Put(previous->descriptor + list_offset(), page.descriptor);
        memory_.Put(page.descriptor + list_offset() + 8, previous->descriptor);
      }
      memory_.Put(object + 0xc0, page.descriptor);
      previous = &page;
    }
  }

  // Two thirds of the roots are Maps, as in V8; a run of 300 pointers is needed for the table to be found.
  void MakeRoots() {
    binary_.version = version();
    meta_map_ = pages_[0].top + 1;
    New(0, meta_map_, 80);
    memory_.Put(meta_map_ - 1 + map_offsets::kInstanceSizeInWords, uint8_t{10});
    memory_.Put(meta_map_ - 1 + map_offsets::kInstanceType, uint16_t{kMapType});
    maps_[kMapType] = meta_map_;
    struct Known {
      const char* root;
      uint16_t type;
      uint8_t words;
    };
    static constexpr Known kKnown[] = {
        {"free_space_map", kFreeSpaceType, 0},
        {"fixed_array_map", kFixedArrayType, 0},
        {"undefined_map", kOddballType, 7},
        {"byte_array_map", kByteArrayType, 0},
        {"descriptor_array_map", kDescriptorArrayType, 0},
        {"scope_info_map", kScopeInfoType, 0},
        {"shared_function_info_map", kSharedFunctionInfoType, 8},
        {"symbol_map", kSymbolType, 4},
        {"name_dictionary_map", kNameDictionaryType, 0},
        {"property_array_map", kPropertyArrayType, 0},
        {"heap_number_map", kHeapNumberType, 2},
        {"one_byte_string_map", kSeqOneByteString, 0},
        {"one_byte_internalized_string_map", kInternalizedOneByte, 0},
        {"string_map", kSeqTwoByteString, 0},
        {"cons_one_byte_string_map", kConsOneByteString, 4},
        {"cons_string_map", kConsTwoByteString, 4},
        {"sliced_one_byte_string_map", kSlicedOneByteString, 4},
        {"sliced_string_map", kSlicedTwoByteString, 4},
        {"thin_one_byte_string_map", kThinOneByteString, 4},
        {"external_one_byte_string_map", kExternalOneByteString, 4},
        {"external_string_map", kExternalTwoByteString, 4},
    };
    AddRoot("meta_map", meta_map_);
    for (const Known& known : kKnown) AddRoot(known.root, maps_[known.type] = NewMap(0, known.type, known.words));
    AddRoot("one_pointer_filler_map", one_word_filler_ = NewMap(0, kFillerType, 1));
    AddRoot("two_pointer_filler_map", two_word_filler_ = NewMap(0, kFillerType, 2));
    AddRoot("empty_fixed_array", NewArray(0, {}));
    const uint64_t undefined = New(0, map_of(kOddballType), 56);
    Set(undefined, 16, NewString(0, "undefined", kInternalizedOneByte));
    AddRoot("undefined_value", undefined);
    NewString(0, "constructor", kInternalizedOneByte);
    for (const char* text : {"length", "constructor", "prototype", "value", "name", "message"}) {
      AddRoot(std::string(text) + "_string", NewString(0, text, kInternalizedOneByte));
    }
    // Objects of the other spaces stand in the table too; the pages are found through them.
    for (size_t page : {1, 2, 3, 4}) AddRoot("array_on_page_" + std::to_string(page), NewArray(page, {Smi(1), Smi(2)}));
    while (binary_.root_names.size() < 320) {
      AddRoot("spare_" + std::to_string(binary_.root_names.size()), root("empty_fixed_array"));
    }
    binary_.v8dbg = {{"FirstNonstringType", 64},
                     {"FirstContextType", kPlainContextType},
                     {"LastContextType", kPlainContextType},
                     {"type_JSProxy__JS_PROXY_TYPE", kJSProxyType},
                     {"type_JSGlobalObject__JS_GLOBAL_OBJECT_TYPE", kJSGlobalObjectType},
                     {"type_JSObject__JS_OBJECT_TYPE", kJSObjectType},
                     {"type_JSArray__JS_ARRAY_TYPE", kJSArrayType},
                     {"type_JSFunction__JS_FUNCTION_TYPE", kJSFunctionType},
                     {"class_JSFunction__shared__SharedFunctionInfo", 24},
                     {"class_SharedFunctionInfo__name_or_scope_info__Object", 16},
                     {"prop_location_mask", 2},
                     {"namedictionaryshape_prefix_size", 2}};
  }

  void AddRoot(std::string name, uint64_t value) {
    memory_.Put(kRoots + 8 * binary_.root_names.size(), value);
    roots_[name] = value;
    binary_.root_names.push_back(std::move(name));
  }

  bool split_;
  FakeMemory memory_;
  BinaryFacts binary_;
  std::vector<FakePage> pages_;
  Address next_chunk_ = 0x200000040000;  // not all aligned to 512 KB, which would mean V8 7.4
  uint64_t meta_map_ = 0;
  uint64_t one_word_filler_ = 0;
  uint64_t two_word_filler_ = 0;
  std::map<uint16_t, uint64_t> maps_;
  std::map<std::string, uint64_t> roots_;
};

}  // namespace corewalk::testing
