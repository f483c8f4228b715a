// Engine objects: contexts, shapes, arrays, functions' shared halves, scripts. What has no form of its own is shown
// field by field.
#include <algorithm>
#include <bit>

#include "analysis/inspect.h"
#include "heap/views/contexts.h"
#include "heap/views/functions.h"

namespace corewalk {
namespace {

constexpr uint64_t kMaxFields = 64;  // words of an object without a form of its own

bool IsArrayLike(std::string_view type) {
  static constexpr std::string_view kTypes[] = {
      "FIXED_ARRAY_TYPE",           "PROPERTY_ARRAY_TYPE",     "WEAK_FIXED_ARRAY_TYPE",
      "HASH_TABLE_TYPE",            "NAME_DICTIONARY_TYPE",    "GLOBAL_DICTIONARY_TYPE",
      "NUMBER_DICTIONARY_TYPE",     "ORDERED_HASH_MAP_TYPE",   "ORDERED_HASH_SET_TYPE",
      "EPHEMERON_HASH_TABLE_TYPE",  "OBJECT_BOILERPLATE_DESCRIPTION_TYPE", "CLOSURE_FEEDBACK_CELL_ARRAY_TYPE",
      "SCRIPT_CONTEXT_TABLE_TYPE",  "TRUSTED_FIXED_ARRAY_TYPE", "PROTECTED_FIXED_ARRAY_TYPE",
      "NAME_TO_INDEX_HASH_TABLE_TYPE", "REGISTERED_SYMBOL_TABLE_TYPE", "ORDERED_NAME_DICTIONARY_TYPE",
      "SIMPLE_NUMBER_DICTIONARY_TYPE", "STRING_TABLE_TYPE", "EMBEDDER_DATA_ARRAY_TYPE"};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

template <typename T>
void Add(std::string_view name, T value, Inspected* out, bool hex = false) {
  out->members.push_back({.name = name, .value = std::move(value), .hex = hex});
}

}  // namespace

void Inspector::DescribeInternal(uint64_t word, const MapInfo& map, int depth, Inspected* out) {
  const Layout& layout = reader_.layout();
  const std::string& type = out->instance_type;
  out->type = Inspected::Type::kInternal;
  out->class_name = UntrustedText(reader_.ClassOf(word));
  out->cut = depth <= 0;
  if (layout.types.IsContext(map.instance_type)) {
    out->kind = "context";
    const std::optional<ContextView> view = ReadContext(reader_, word);
    if (!view) {
      out->damaged = true;
      return;
    }
    out->damaged |= !view->whole;
    Add("scope_type", view->scope_type, out);
    Add("function", UntrustedText(view->function_name), out);
    if (depth <= 0) return;
    if (view->previous != 0) Add("previous", Describe(view->previous, 0), out);
    if (view->extension != 0) Add("extension", Describe(view->extension, 0), out);
    Add("scope_info", Describe(view->scope_info, 0), out);
    out->has_properties = true;
    for (const ContextVariable& variable : view->variables) {
      if (stopped_) break;
      InspectedProperty shown;
      shown.key = UntrustedText(variable.name);
      if (!variable.readable) {
        shown.value.reason = "this memory is not in the core";
      } else {
        shown.value = variable.raw_double ? InspectedNumber(*variable.raw_double) : Describe(variable.value, depth - 1);
      }
      out->properties.push_back(std::move(shown));
    }
  } else if (layout.types.IsScopeInfo(map.instance_type)) {
    out->kind = "scope_info";
  } else if (layout.types.IsSharedFunctionInfo(map.instance_type)) {
    out->kind = "shared_function_info";
    if (const std::optional<FunctionView> view = ReadShared(reader_, word)) {
      Add("name", UntrustedText(view->name), out);
      if (view->script != 0) Add("script", UntrustedText(view->script_name), out);
      if (view->line > 0) {
        Add("line", static_cast<uint64_t>(view->line), out);
        Add("column", static_cast<uint64_t>(view->column), out);
      }
    }
  } else if (type == "SCRIPT_TYPE") {
    out->kind = "script";
    constexpr int kSource = 8, kName = 16, kId = 64;  // src/objects/script.tq
    Add("name", UntrustedText(reader_.ShortText(reader_.Field(word, kName).value_or(0))), out);
    const std::optional<StringText> source = reader_.Text(reader_.Field(word, kSource).value_or(0), 0);
    if (source) Add("source_length", source->length, out);
    Add("id", SmiValue(reader_.Field(word, kId).value_or(0)), out);
  } else if (layout.types.IsMap(map.instance_type)) {
    out->kind = "shape";
    MapInfo shape;
    if (!ReadMap(reader_.memory(), layout, word, &shape)) {
      out->damaged = true;
      return;
    }
    using enum LayoutConstant;
    const uint64_t own = (shape.bit_field3 & static_cast<uint32_t>(layout.Get(kBitField3OwnDescriptorsMask, 0xffc00))) >>
                         layout.Get(kBitField3OwnDescriptorsShift, 10);
    Add("of_type", layout.types.at(shape.instance_type).name, out);
    Add("own_descriptors", own, out);
    Add("in_object_size",
        uint64_t{shape.instance_size_in_words > shape.in_object_start ? static_cast<uint64_t>(shape.instance_size_in_words - shape.in_object_start)
                                                                      : 0},
        out);
    Add("instance_size", 8 * uint64_t{shape.instance_size_in_words}, out);
    Add("dictionary", (shape.bit_field3 >> layout.Get(kBitField3IsDictionaryShift, 21) & 1) != 0, out);
    Add("descriptors", static_cast<uint64_t>(shape.descriptors), out, true);
    if (depth <= 0) return;
    Add("prototype", Describe(shape.prototype, 0), out);
    Add("constructor_or_back_pointer", Describe(shape.constructor, 0), out);
  } else if (IsArrayLike(type) || type == "FIXED_DOUBLE_ARRAY_TYPE") {
    out->kind = "fixed_array";
    const bool doubles = type == "FIXED_DOUBLE_ARRAY_TYPE";
    const std::optional<uint64_t> length = reader_.ArrayLength(word);
    out->damaged = !length;
    out->length = length.value_or(0);
    Add("length", out->length, out);
    if (depth <= 0) return;
    out->has_elements = true;
    const uint64_t limit = options_.array_length == 0 ? out->length : std::min(out->length, options_.array_length);
    for (uint64_t i = 0; i < limit && !Enough(); ++i) {
      InspectedProperty element;
      element.index = i;
      const std::optional<uint64_t> value = reader_.ArrayElement(word, i);
      if (!value) {
        element.value.reason = "this memory is not in the core";
        out->damaged = true;
      } else {
        element.value = doubles ? InspectedNumber(std::bit_cast<double>(*value)) : Describe(*value, depth - 1);
      }
      out->elements.push_back(std::move(element));
      if (!value) break;
    }
    out->elements_omitted = out->length - out->elements.size();
  } else {
    out->kind = "engine_object";
    const uint64_t size = reader_.SizeOf(word);
    Add("size", size, out);
    // Code, bytes and the like hold no values to look at.
    if (depth <= 0 || map.category == Category::kCode || map.size_kind == SizeKind::kByteArray) return;
    std::vector<InspectedMember::Record> fields;
    for (uint64_t at = 8; at + 8 <= size && fields.size() < kMaxFields && !stopped_; at += 8) {
      const std::optional<uint64_t> value = reader_.Field(word, static_cast<int>(at));
      if (!value) break;
      InspectedMember::Record record = {{.name = "offset", .value = at, .hex = false}};
      if (IsSmi(*value) || reader_.MapOf(*value) != nullptr) {
        record.push_back({.name = "value", .value = Describe(*value, 0), .hex = false});
      } else {
        record.push_back({.name = "word", .value = *value, .hex = true});
      }
      fields.push_back(std::move(record));
    }
    Add("fields", std::move(fields), out);
  }
}

}  // namespace corewalk
