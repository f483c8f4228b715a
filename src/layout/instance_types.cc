#include "layout/instance_types.h"

#include <algorithm>
#include <array>
#include <utility>

namespace corewalk {
namespace {

constexpr std::array<std::string_view, static_cast<size_t>(Category::kCount)> kCategoryNames = {
    "object",        "closure",      "regexp",  "string", "concatenated string",
    "sliced string", "symbol",       "bigint",  "number", "array",
    "code",          "object shape", "context", "hidden", "free"};

// Exact names first; what is not here is hidden. V8: AddEntry and GetSystemEntryType in heap-snapshot-generator.cc.
constexpr auto kCategories = std::to_array<std::pair<std::string_view, Category>>({
    {"BIGINT_TYPE", Category::kBigInt},
    {"BIG_INT_BASE_TYPE", Category::kBigInt},
    {"BYTECODE_ARRAY_TYPE", Category::kCode},
    {"BYTECODE_WRAPPER_TYPE", Category::kCode},
    {"BYTE_ARRAY_TYPE", Category::kArray},
    {"CLOSURE_FEEDBACK_CELL_ARRAY_TYPE", Category::kCode},
    {"CODE_DATA_CONTAINER_TYPE", Category::kCode},
    {"CODE_TYPE", Category::kCode},
    {"CODE_WRAPPER_TYPE", Category::kCode},
    {"COVERAGE_INFO_TYPE", Category::kCode},
    {"DESCRIPTOR_ARRAY_TYPE", Category::kObjectShape},
    {"EMBEDDER_DATA_ARRAY_TYPE", Category::kArray},
    {"EPHEMERON_HASH_TABLE_TYPE", Category::kArray},
    {"FEEDBACK_CELL_TYPE", Category::kCode},
    {"FEEDBACK_METADATA_TYPE", Category::kCode},
    {"FEEDBACK_VECTOR_TYPE", Category::kCode},
    {"FILLER_TYPE", Category::kFree},
    {"FIXED_ARRAY_TYPE", Category::kArray},
    {"FIXED_DOUBLE_ARRAY_TYPE", Category::kArray},
    {"FREE_SPACE_TYPE", Category::kFree},
    {"GLOBAL_DICTIONARY_TYPE", Category::kArray},
    {"HASH_TABLE_TYPE", Category::kArray},
    {"HEAP_NUMBER_TYPE", Category::kNumber},
    {"INSTRUCTION_STREAM_TYPE", Category::kCode},
    {"INTERPRETER_DATA_TYPE", Category::kCode},
    {"LOAD_HANDLER_TYPE", Category::kCode},
    {"MAP_TYPE", Category::kObjectShape},
    {"MUTABLE_HEAP_NUMBER_TYPE", Category::kNumber},
    {"NAME_DICTIONARY_TYPE", Category::kArray},
    {"NUMBER_DICTIONARY_TYPE", Category::kArray},
    {"OBJECT_BOILERPLATE_DESCRIPTION_TYPE", Category::kCode},
    {"ORDERED_HASH_MAP_TYPE", Category::kArray},
    {"ORDERED_HASH_SET_TYPE", Category::kArray},
    {"ORDERED_NAME_DICTIONARY_TYPE", Category::kArray},
    {"PREPARSE_DATA_TYPE", Category::kCode},
    {"PROPERTY_ARRAY_TYPE", Category::kArray},
    {"PROTECTED_FIXED_ARRAY_TYPE", Category::kArray},
    {"PROTOTYPE_INFO_TYPE", Category::kObjectShape},
    {"SCOPE_INFO_TYPE", Category::kCode},
    {"SCRIPT_CONTEXT_TABLE_TYPE", Category::kArray},
    {"SCRIPT_TYPE", Category::kCode},
    {"SHARED_FUNCTION_INFO_TYPE", Category::kCode},
    {"SIMPLE_NAME_DICTIONARY_TYPE", Category::kArray},
    {"SIMPLE_NUMBER_DICTIONARY_TYPE", Category::kArray},
    {"STORE_HANDLER_TYPE", Category::kCode},
    {"STRING_TABLE_TYPE", Category::kArray},
    {"STRONG_DESCRIPTOR_ARRAY_TYPE", Category::kObjectShape},
    {"SYMBOL_TYPE", Category::kSymbol},
    {"TRANSITION_ARRAY_TYPE", Category::kObjectShape},
    {"TRUSTED_BYTE_ARRAY_TYPE", Category::kArray},
    {"TRUSTED_FIXED_ARRAY_TYPE", Category::kArray},
    {"TRUSTED_WEAK_FIXED_ARRAY_TYPE", Category::kArray},
    {"UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_TYPE", Category::kCode},
    {"UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_WITH_JOB_TYPE", Category::kCode},
    {"UNCOMPILED_DATA_WITH_PREPARSE_DATA_AND_JOB_TYPE", Category::kCode},
    {"UNCOMPILED_DATA_WITH_PREPARSE_DATA_TYPE", Category::kCode},
    {"WEAK_ARRAY_LIST_TYPE", Category::kArray},
    {"WEAK_FIXED_ARRAY_TYPE", Category::kArray},
});
static_assert(std::ranges::is_sorted(kCategories, {}, &std::pair<std::string_view, Category>::first));

bool EndsWith(std::string_view text, std::string_view end) {
  return text.ends_with(end);
}

}  // namespace

std::string_view CategoryName(Category category) {
  return kCategoryNames[static_cast<size_t>(category)];
}

std::string_view LayoutSourceName(LayoutSource source) {
  switch (source) {
    case LayoutSource::kBinary:
      return "binary";
    case LayoutSource::kCalibrated:
      return "calibrated";
    case LayoutSource::kTable:
      return "table";
    case LayoutSource::kAssumed:
      return "assumed";
    case LayoutSource::kUnknown:
      break;
  }
  return "unknown";
}

void InstanceTypes::Name(uint32_t number, std::string_view name, LayoutSource source) {
  if (number >= kCount || !types_[number].name.empty()) return;
  types_[number].name = name;
  types_[number].source = source;
}

int InstanceTypes::Number(std::string_view name) const {
  for (uint32_t i = 0; i < kCount; ++i) {
    if (types_[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

void InstanceTypes::Finish(uint32_t first_nonstring, uint32_t first_context, uint32_t last_context) {
  first_nonstring_ = first_nonstring;
  first_context_ = first_context;
  last_context_ = last_context;
  map_ = Number("MAP_TYPE");
  shared_function_info_ = Number("SHARED_FUNCTION_INFO_TYPE");
  scope_info_ = Number("SCOPE_INFO_TYPE");
  native_context_ = Number("NATIVE_CONTEXT_TYPE");
  function_template_info_ = Number("FUNCTION_TEMPLATE_INFO_TYPE");
  tuple2_ = Number("TUPLE2_TYPE");
  proxy_ = Number("JS_PROXY_TYPE");
  array_buffer_ = Number("JS_ARRAY_BUFFER_TYPE");
  // JS receivers are the tail of the enumeration: JS_PROXY_TYPE first or, from 14.6, right after the wasm objects.
  first_receiver_ = 1024;
  for (uint32_t i = 0; i < first_receiver_; ++i) {
    const std::string& name = types_[i].name;
    if (name == "JS_PROXY_TYPE" || name == "JS_GLOBAL_OBJECT_TYPE" || name == "JS_GLOBAL_PROXY_TYPE" ||
        name == "JS_MODULE_NAMESPACE_TYPE") {
      first_receiver_ = i;
    }
  }
  for (uint32_t i = 0; i < kCount; ++i) {
    InstanceType& type = types_[i];
    type.category = CategoryOf(i, type.name);
    type.size_kind = SizeKindOfType(type.name);
    if (IsString(i)) {
      type.size_kind = (i & string_bits::kRepresentationMask) != string_bits::kSeq ? SizeKind::kUnknown
                       : (i & string_bits::kOneByte)                               ? SizeKind::kSeqOneByteString
                                                                                   : SizeKind::kSeqTwoByteString;
    } else if (IsContext(i) && type.size_kind != SizeKind::kNativeContext) {
      type.size_kind = SizeKind::kContext;
    }
  }
}

Category InstanceTypes::CategoryOf(uint32_t number, const std::string& name) const {
  if (IsString(number)) {
    switch (number & string_bits::kRepresentationMask) {
      case string_bits::kCons:
        return Category::kConsString;
      case string_bits::kSliced:
        return Category::kSlicedString;
      default:
        return Category::kString;
    }
  }
  if (IsJSReceiver(number)) {
    if (name == "JS_REG_EXP_TYPE" || name == "JS_REGEXP_TYPE") return Category::kRegExp;
    if (name == "JS_FUNCTION_TYPE" || name == "JS_BOUND_FUNCTION_TYPE" || name == "JS_WRAPPED_FUNCTION_TYPE" ||
        EndsWith(name, "_CONSTRUCTOR_TYPE")) {
      return Category::kClosure;
    }
    return Category::kObject;
  }
  if (IsContext(number)) return name == "NATIVE_CONTEXT_TYPE" ? Category::kHidden : Category::kContext;
  const auto at = std::ranges::lower_bound(kCategories, name, {}, &std::pair<std::string_view, Category>::first);
  return at != kCategories.end() && at->first == name ? at->second : Category::kHidden;
}

}  // namespace corewalk
