#include "layout/field_labels.h"

#include <array>

namespace corewalk {
namespace {

struct Row {
  std::string_view type;  // without "_TYPE"; a trailing '*' stands for anything
  V8Version first;        // the rows of a type with the newest `first` that is not newer hold, all of them
  uint16_t offset;
  std::string_view label;
  bool weak = false;
};

constexpr bool kWeak = true;

// Rows of a type stand together, by rising version. Sources: src/objects/*.tq of the versions named.
constexpr auto kRows = std::to_array<Row>({
    {"JS_FUNCTION", {7, 4}, 24, "(shared)"},
    {"JS_FUNCTION", {7, 4}, 32, "(context)"},
    {"JS_FUNCTION", {7, 4}, 40, "(feedback cell)"},
    {"JS_FUNCTION", {7, 4}, 48, "(code)"},
    {"JS_FUNCTION", {7, 4}, 56, "(prototype or initial map)"},
    {"JS_FUNCTION", {11, 8}, 24, "(code)"},
    {"JS_FUNCTION", {11, 8}, 32, "(shared)"},
    {"JS_FUNCTION", {11, 8}, 40, "(context)"},
    {"JS_FUNCTION", {11, 8}, 48, "(feedback cell)"},
    {"JS_FUNCTION", {11, 8}, 56, "(prototype or initial map)"},
    {"JS_BOUND_FUNCTION", {7, 4}, 24, "(bound target)"},
    {"JS_BOUND_FUNCTION", {7, 4}, 32, "(bound this)"},
    {"JS_BOUND_FUNCTION", {7, 4}, 40, "(bound arguments)"},
    {"SHARED_FUNCTION_INFO", {7, 4}, 8, "(function data)"},
    {"SHARED_FUNCTION_INFO", {7, 4}, 16, "(name or scope info)"},
    {"SHARED_FUNCTION_INFO", {7, 4}, 24, "(outer scope info)"},
    {"SHARED_FUNCTION_INFO", {7, 4}, 32, "(script)"},
    {"SHARED_FUNCTION_INFO", {12, 9}, 8, "(function data)"},
    {"SHARED_FUNCTION_INFO", {12, 9}, 16, "(function data)"},
    {"SHARED_FUNCTION_INFO", {12, 9}, 24, "(name or scope info)"},
    {"SHARED_FUNCTION_INFO", {12, 9}, 32, "(outer scope info)"},
    {"SHARED_FUNCTION_INFO", {12, 9}, 40, "(script)"},
    {"JS_MAP", {7, 4}, 24, "(table)"},
    {"JS_SET", {7, 4}, 24, "(table)"},
    {"JS_WEAK_MAP", {7, 4}, 24, "(table)"},
    {"JS_WEAK_SET", {7, 4}, 24, "(table)"},
    {"JS_MAP_*", {7, 4}, 24, "(table)"},
    {"JS_SET_*", {7, 4}, 24, "(table)"},
    {"JS_ARRAY_ITERATOR", {7, 4}, 24, "(iterated object)"},
    {"ALLOCATION_SITE", {7, 4}, 40, "(next site)", kWeak},
    {"CODE_DATA_CONTAINER", {7, 4}, 8, "(next code)", kWeak},  // src/objects/code.h
    {"JS_WEAK_REF", {7, 4}, 24, "(target)", kWeak},
    {"WEAK_CELL", {7, 4}, 8, "(registry)"},
    {"WEAK_CELL", {7, 4}, 16, "(target)", kWeak},
    {"WEAK_CELL", {7, 4}, 24, "(unregister token)", kWeak},
    {"WEAK_CELL", {7, 4}, 32, "(holdings)"},
    {"WEAK_CELL", {7, 4}, 40, "(previous)"},
    {"WEAK_CELL", {7, 4}, 48, "(next)"},
    {"WEAK_CELL", {14, 6}, 8, "(registry)"},
    {"WEAK_CELL", {14, 6}, 16, "(holdings)"},
    {"WEAK_CELL", {14, 6}, 24, "(target)", kWeak},
    {"WEAK_CELL", {14, 6}, 32, "(unregister token)", kWeak},
    {"WEAK_CELL", {14, 6}, 40, "(previous)"},
    {"WEAK_CELL", {14, 6}, 48, "(next)"},
    {"JS_FINALIZATION_REGISTRY", {7, 4}, 24, "(native context)"},
    {"JS_FINALIZATION_REGISTRY", {7, 4}, 32, "(cleanup)"},
    {"JS_FINALIZATION_REGISTRY", {7, 4}, 40, "(active cells)"},
    {"JS_FINALIZATION_REGISTRY", {7, 4}, 48, "(cleared cells)"},
    {"JS_FINALIZATION_REGISTRY", {7, 4}, 56, "(key map)"},
    {"JS_PROMISE", {7, 4}, 24, "(reactions or result)"},
    {"PROMISE_REACTION", {7, 4}, 8, "(next)"},
    {"PROMISE_REACTION", {7, 4}, 16, "(reject handler)"},
    {"PROMISE_REACTION", {7, 4}, 24, "(fulfill handler)"},
    {"PROMISE_REACTION", {7, 4}, 32, "(promise or capability)"},
    {"PROMISE_REACTION", {7, 4}, 40, "(async context)"},
    {"PROMISE_REACTION", {12, 4}, 8, "(async context)"},
    {"PROMISE_REACTION", {12, 4}, 16, "(next)"},
    {"PROMISE_REACTION", {12, 4}, 24, "(reject handler)"},
    {"PROMISE_REACTION", {12, 4}, 32, "(fulfill handler)"},
    {"PROMISE_REACTION", {12, 4}, 40, "(promise or capability)"},
    {"PROMISE_CAPABILITY", {7, 4}, 8, "(promise)"},
    {"PROMISE_CAPABILITY", {7, 4}, 16, "(resolve)"},
    {"PROMISE_CAPABILITY", {7, 4}, 24, "(reject)"},
    {"JS_GENERATOR_OBJECT", {7, 4}, 24, "(function)"},
    {"JS_GENERATOR_OBJECT", {7, 4}, 32, "(context)"},
    {"JS_GENERATOR_OBJECT", {7, 4}, 40, "(receiver)"},
    {"JS_GENERATOR_OBJECT", {7, 4}, 48, "(input)"},
    {"JS_GENERATOR_OBJECT", {7, 4}, 72, "(registers)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 24, "(function)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 32, "(context)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 40, "(receiver)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 48, "(input)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 72, "(registers)"},
    {"JS_ASYNC_FUNCTION_OBJECT", {7, 4}, 80, "(promise)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 24, "(function)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 32, "(context)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 40, "(receiver)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 48, "(input)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 72, "(registers)"},
    {"JS_ASYNC_GENERATOR_OBJECT", {7, 4}, 80, "(queue)"},
    {"JS_PROXY", {7, 4}, 16, "(target)"},
    {"JS_PROXY", {7, 4}, 24, "(handler)"},
    {"JS_VALUE", {7, 4}, 24, "(value)"},
    {"JS_PRIMITIVE_WRAPPER", {7, 4}, 24, "(value)"},
    {"JS_ARRAY", {7, 4}, 24, "(length)"},
    {"JS_TYPED_ARRAY", {7, 4}, 24, "(buffer)"},
    {"JS_TYPED_ARRAY", {7, 6}, 24, "(buffer)"},
    {"JS_TYPED_ARRAY", {7, 6}, 64, "(data)"},
    {"JS_TYPED_ARRAY", {10, 1}, 24, "(buffer)"},
    {"JS_TYPED_ARRAY", {10, 1}, 72, "(data)"},
    {"JS_TYPED_ARRAY", {12, 9}, 32, "(buffer)"},
    {"JS_TYPED_ARRAY", {12, 9}, 80, "(data)"},
    {"JS_DATA_VIEW", {7, 4}, 24, "(buffer)"},
    {"JS_DATA_VIEW", {12, 9}, 32, "(buffer)"},
    {"JS_REGEXP", {7, 4}, 24, "(data)"},
    {"JS_REGEXP", {7, 4}, 32, "(source)"},
    {"JS_REG_EXP", {7, 4}, 24, "(data)"},
    {"JS_REG_EXP", {7, 4}, 32, "(source)"},
    {"JS_GLOBAL_PROXY", {7, 4}, 24, "(native context)"},
    {"JS_MODULE_NAMESPACE", {7, 4}, 24, "(module)"},
    {"JS_MODULE_NAMESPACE", {13, 6}, 32, "(module)"},
    {"SOURCE_TEXT_MODULE", {7, 4}, 8, "(exports)"},
    {"ACCESSOR_PAIR", {7, 4}, 8, "(getter)"},
    {"ACCESSOR_PAIR", {7, 4}, 16, "(setter)"},
    {"PROPERTY_CELL", {7, 4}, 8, "(name)"},
    {"PROPERTY_CELL", {7, 4}, 24, "(value)"},
    {"CELL", {7, 4}, 8, "(value)"},
    {"CONTEXT_CELL", {7, 4}, 8, "(value)"},
    {"FEEDBACK_CELL", {7, 4}, 8, "(value)"},
    {"SYMBOL", {7, 4}, 16, "(description)"},
    {"SCRIPT", {7, 4}, 8, "(source)"},
    {"SCRIPT", {7, 4}, 16, "(name)"},
    {"MAP", {7, 4}, 24, "(prototype)"},
    {"MAP", {7, 4}, 32, "(constructor)"},
    {"MAP", {7, 4}, 40, "(transitions)"},
    {"MAP", {7, 4}, 48, "(descriptors)"},
    {"MAP", {7, 5}, 24, "(prototype)"},
    {"MAP", {7, 5}, 32, "(constructor)"},
    {"MAP", {7, 5}, 40, "(descriptors)"},
    {"MAP", {7, 5}, 56, "(dependent code)"},
    {"MAP", {7, 5}, 64, "(prototype validity cell)"},
    {"MAP", {7, 5}, 72, "(transitions)"},
    {"MAP", {8, 1}, 24, "(prototype)"},
    {"MAP", {8, 1}, 32, "(constructor)"},
    {"MAP", {8, 1}, 40, "(descriptors)"},
    {"MAP", {8, 1}, 48, "(dependent code)"},
    {"MAP", {8, 1}, 56, "(prototype validity cell)"},
    {"MAP", {8, 1}, 64, "(transitions)"},
    {"SLOPPY_ARGUMENTS_ELEMENTS", {9, 0}, 16, "(context)"},
    {"SLOPPY_ARGUMENTS_ELEMENTS", {9, 0}, 24, "(arguments)"},
    {"TUPLE2", {7, 4}, 8, "(first)"},
    {"TUPLE2", {7, 4}, 16, "(second)"},
    {"ERROR_STACK_DATA", {7, 4}, 8, "(call sites)"},
    {"CALL_SITE_INFO", {7, 4}, 8, "(receiver)"},
    {"CALL_SITE_INFO", {7, 4}, 16, "(function)"},
    {"CALL_SITE_INFO", {12, 4}, 8, "(code)"},
    {"CALL_SITE_INFO", {12, 4}, 16, "(receiver)"},
    {"CALL_SITE_INFO", {12, 4}, 24, "(function)"},
});

bool Fits(std::string_view pattern, std::string_view type) {
  if (type.ends_with("_TYPE")) type.remove_suffix(5);
  if (pattern.ends_with('*')) return type.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == type;
}

}  // namespace

FieldLabel FieldLabelOf(std::string_view type, uint64_t offset, const V8Version& version) {
  const V8Version line{version.major, version.minor};
  const V8Version* newest = nullptr;
  FieldLabel label;
  for (const Row& row : kRows) {
    if (!Fits(row.type, type) || (version.known() && newest != nullptr && !(row.first <= line))) continue;
    if (newest == nullptr || *newest != row.first) label = {};  // a newer set of the type's fields
    newest = &row.first;
    if (row.offset == offset) label = {row.label, row.weak};
  }
  return label;
}

uint64_t WeakWordsOf(std::string_view type, const V8Version& version) {
  uint64_t words = 0;
  // Of each offset that is weak in some version, whether it is in this one.
  for (const Row& row : kRows) {
    if (row.weak && row.offset < 512 && Fits(row.type, type) && FieldLabelOf(type, row.offset, version).weak)
      words |= uint64_t{1} << row.offset / 8;
  }
  return words;
}

}  // namespace corewalk
