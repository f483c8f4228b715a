// What one value of the program is, as a tree of plain structs, as deep as asked: the answer of `inspect`, which text and
// JSON only write down. It is bounded in every direction (depth, strings, elements, values in all) and says where it
// was cut. Unreadable parts become values of their own; nothing here fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "base/untrusted_text.h"
#include "heap/views/heap_reader.h"
#include "heap/views/properties.h"

namespace corewalk {

struct InspectOptions {
  int depth = 1;                      // levels of objects that are opened; 0 = only say what the value is
  uint64_t string_length = 16;        // UTF-16 units; 0 = unlimited
  uint64_t array_length = 16;         // elements, entries, bytes; 0 = unlimited
  uint64_t property_count = 1000;     // named properties of one object; 0 = unlimited
  uint64_t values = uint64_t{1} << 18;  // in all; some 400 bytes each
  bool source = false;                // the source text of functions
  static constexpr int kMaxDepth = 64;
};

struct InspectedProperty;
struct InspectedMember;
struct InspectedEntry;

struct Inspected {
  enum class Type : uint8_t {
    kUndefined, kNull, kHole, kBoolean, kNumber, kBigInt, kString, kSymbol, kObject, kFunction, kInternal, kUnreadable,
    kSeen
  };
  Type type = Type::kUnreadable;
  std::string_view kind;        // "map", "array", ... (docs/values.md); static
  std::string_view representation;  // of a string; static
  std::string instance_type;    // V8's, of heap values
  Address address = 0;          // untagged; 0 for a Smi
  Address map = 0;
  UntrustedText class_name;
  UntrustedText text;           // string, digits of a BigInt, description of a symbol, name of a function
  std::string reason;           // of what is unreadable
  double number = 0;
  bool boolean = false;
  bool smi = false;
  bool double_field = false;    // a field of its own, which llnode prints bare
  bool is_private = false;      // symbols
  bool described = true;        // symbols
  bool truncated = false;       // string or BigInt
  bool cut = false;             // an object that --depth did not open
  bool damaged = false;         // some part could not be read
  uint64_t length = 0;          // string: units; array: length; collection: size; typed array: elements; FixedArray: length

  bool has_properties = false, has_elements = false, has_entries = false;
  std::vector<InspectedProperty> properties;
  std::vector<InspectedProperty> elements;
  std::vector<InspectedEntry> entries;
  uint64_t properties_omitted = 0, elements_omitted = 0, entries_omitted = 0;
  std::vector<InspectedMember> members;  // what only this kind has, by the names of docs/values.md

  // The member called `name`, or null.
  const InspectedMember* Find(std::string_view name) const;
};

struct InspectedProperty {
  UntrustedText key;
  uint64_t index = 0;
  bool symbol = false, is_private = false, described = true, valid_key = true;
  bool accessor = false, native = false;
  bool read_only = false, dont_enum = false, dont_delete = false;
  Inspected value;   // the getter when `accessor`
  std::vector<Inspected> setter;  // one, when `accessor`
};

struct InspectedEntry {
  Inspected key;  // of a set: the value
  Inspected value;
  bool has_value = false;
};

struct InspectedMember {
  using Record = std::vector<InspectedMember>;
  std::string_view name;  // static
  std::variant<bool, uint64_t, int64_t, double, std::string, UntrustedText, Inspected, std::vector<Inspected>,
               std::vector<Record>>
      value;
  bool hex = false;  // write a uint64_t as an address
};

class Inspector {
 public:
  Inspector(HeapReader& reader, const InspectOptions& options, const Cancel& cancel)
      : reader_(reader), options_(options), cancel_(cancel) {}

  // `word` is a tagged word, a strong or weak pointer or a Smi.
  Inspected Inspect(uint64_t word);
  // True when a bound of InspectOptions::values or the cancel token cut the answer.
  bool stopped() const { return any_stopped_ || stopped_; }
  // Values that could not be read, or contradicted themselves, so far.
  uint64_t damaged() const { return damaged_; }

 private:
  Inspected Describe(uint64_t word, int depth);
  Inspected DescribeValue(uint64_t word, int depth);
  void DescribeObject(uint64_t word, const MapInfo& map, int depth, Inspected* out);
  void DescribeKind(uint64_t word, const std::string& type, int depth, Inspected* out);
  // A function's name as its SharedFunctionInfo may have it: a whole string, a ScopeInfo or Smi 0.
  bool IsName(uint64_t word);
  bool HasNoScript(uint64_t shared);
  // Its name and source are objects.
  bool IsWholeScript(uint64_t script);
  // A context, or none at all.
  bool IsContext(uint64_t word);
  void DescribeFunction(uint64_t word, int depth, Inspected* out);
  void DescribeBuffer(uint64_t word, int depth, Inspected* out);
  void AddBytes(Address data, uint64_t length, Inspected* out);
  void DescribeView(uint64_t word, int depth, Inspected* out);
  void DescribePromise(uint64_t word, int depth, Inspected* out);
  void DescribeGenerator(uint64_t word, int depth, Inspected* out);
  void DescribeNamespace(uint64_t word, int depth, Inspected* out);
  void DescribeInternal(uint64_t word, const MapInfo& map, int depth, Inspected* out);
  void AddProperties(uint64_t word, int depth, Inspected* out);
  void AddElements(uint64_t word, int depth, Inspected* out);
  void AddEntries(uint64_t word, int depth, Inspected* out);
  InspectedProperty PropertyOf(const OwnProperty& property, int depth);
  void DescribeString(uint64_t word, Inspected* out);
  bool Enough();
  // A field of the object as a member.
  void AddField(std::string_view name, uint64_t word, int offset, int depth, Inspected* out);

  HeapReader& reader_;
  const InspectOptions& options_;
  const Cancel& cancel_;
  std::vector<Address> path_;  // objects being opened, outermost first
  uint64_t values_ = 0;
  uint64_t damaged_ = 0;
  bool stopped_ = false;
  bool any_stopped_ = false;
};

// A plain number as a value.
Inspected InspectedNumber(double number);

}  // namespace corewalk
