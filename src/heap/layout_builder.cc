#include "heap/layout_builder.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "heap/tagged.h"

namespace corewalk {
namespace {

// Roots whose name is not that of their Map's instance type. V8: src/roots/roots.h.
constexpr std::pair<std::string_view, std::string_view> kRootTypes[] = {
    {"meta", "MAP"},
    {"one_pointer_filler", "FILLER"},
    {"two_pointer_filler", "FILLER"},
    {"fixed_cow_array", "FIXED_ARRAY"},
    {"global_property_cell", "PROPERTY_CELL"},
    {"no_closures_cell", "FEEDBACK_CELL"},
    {"one_closure_cell", "FEEDBACK_CELL"},
    {"many_closures_cell", "FEEDBACK_CELL"},
    {"no_feedback_cell", "FEEDBACK_CELL"},
    {"regexp_match_info", "REG_EXP_MATCH_INFO"},
    {"uncompiled_data_without_preparse_data", "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"},
    {"bigint", "BIG_INT_BASE"},
    {"dependent_code", "WEAK_ARRAY_LIST"},
    {"load_handler1", "LOAD_HANDLER"},
    {"load_handler2", "LOAD_HANDLER"},
    {"load_handler3", "LOAD_HANDLER"},
    {"store_handler0", "STORE_HANDLER"},
    {"store_handler1", "STORE_HANDLER"},
    {"store_handler2", "STORE_HANDLER"},
    {"store_handler3", "STORE_HANDLER"},
    {"side_effect_call_handler_info", "CALL_HANDLER_INFO"},
    {"side_effect_free_call_handler_info", "CALL_HANDLER_INFO"},
    {"next_call_side_effect_free_call_handler_info", "CALL_HANDLER_INFO"},
    {"turboshaft_float64type", "TURBOSHAFT_FLOAT64_TYPE"},
    {"turboshaft_word32type", "TURBOSHAFT_WORD32_TYPE"},
    {"turboshaft_word64type", "TURBOSHAFT_WORD64_TYPE"},
};
constexpr std::string_view kOddballs[] = {"undefined",
                                          "null",
                                          "boolean",
                                          "the_hole",
                                          "uninitialized",
                                          "exception",
                                          "termination_exception",
                                          "arguments_marker",
                                          "optimized_out",
                                          "stale_register",
                                          "self_reference_marker",
                                          "basic_block_counters_marker"};

// Shifts are of 32-bit words, masks fit in one, and offsets are small: a damaged binary must not say otherwise.
bool IsPlausible(const LayoutConstantInfo& info, int64_t value) {
  const std::string_view key = info.key;
  if (key.ends_with("_shift")) return value >= 0 && value < 32;
  if (key.ends_with("_mask")) return value >= 0 && value <= 0xffffffff;
  return value >= 0 && value < 0x10000;
}

std::string TypeOfRoot(std::string_view root) {
  for (const auto& [name, type] : kRootTypes) {
    if (name == root) return std::string(type) + "_TYPE";
  }
  if (std::ranges::find(kOddballs, root) != std::end(kOddballs)) return "ODDBALL_TYPE";
  if (root.ends_with("_hole")) return "HOLE_TYPE";
  std::string name(root);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name + "_TYPE";
}

}  // namespace

void FillLayout(const Memory& memory, const BinaryFacts* binary, const LayoutTable* table, const RootsTable& roots,
                Layout* layout) {
  for (const LayoutConstantInfo& info : LayoutConstants()) {
    LayoutValue& slot = (*layout)[info.id];
    if (binary != nullptr) {
      const std::optional<int64_t> value = binary->Constant(info.key);
      if (value && IsPlausible(info, *value)) slot = {*value, LayoutSource::kBinary};
    }
    if (!slot.known() && table != nullptr) {
      const auto at = std::ranges::find(table->constants, info.id, &LayoutTable::Constant::id);
      if (at != table->constants.end()) slot = {at->value, LayoutSource::kTable};
    }
  }
  const uint32_t first_nonstring = static_cast<uint32_t>(layout->Get(LayoutConstant::kFirstNonstringType, 128));

  InstanceTypes& types = layout->types;
  if (binary != nullptr) {
    constexpr std::string_view kType = "type_";
    for (auto at = binary->v8dbg.lower_bound(kType); at != binary->v8dbg.end() && at->first.starts_with(kType); ++at) {
      const size_t name = at->first.find("__");
      if (name == std::string::npos || at->second < 0) continue;
      std::string_view type = std::string_view(at->first).substr(name + 2);
      // An alias in v8dbg from 13.6 on (src/objects/dependent-code.h: its objects are WeakArrayLists).
      if (type == "DEPENDENT_CODE_TYPE") type = "WEAK_ARRAY_LIST_TYPE";
      types.Name(static_cast<uint32_t>(at->second), type, LayoutSource::kBinary);
    }
    for (size_t i = 0; i < binary->root_names.size() && i < roots.entries.size(); ++i) {
      std::string_view name = binary->root_names[i];
      if (!name.ends_with("_map")) continue;
      name.remove_suffix(4);
      const uint64_t map = roots.entries[i];
      if (!LooksLikePointer(map) || memory.ReadWord(Untag(map)) != roots.meta_map) continue;
      const auto number = memory.ReadValue<uint16_t>(Untag(map) + map_offsets::kInstanceType);
      if (number && *number >= first_nonstring) types.Name(*number, TypeOfRoot(name), LayoutSource::kCalibrated);
    }
  }
  if (table != nullptr) {
    for (const LayoutTable::Type& type : table->types) {
      types.Name(type.number, std::string(type.name) + "_TYPE", LayoutSource::kTable);
    }
  }
  // Up to 7.9 neither v8dbg nor a root names JS_PROXY_TYPE; it is the first receiver, in front of JS_GLOBAL_OBJECT_TYPE
  // (src/objects/instance-type.h).
  const int global_object = types.Number("JS_GLOBAL_OBJECT_TYPE");
  if (global_object > 0 && types.Number("JS_PROXY_TYPE") < 0) {
    types.Name(static_cast<uint32_t>(global_object - 1), "JS_PROXY_TYPE", LayoutSource::kAssumed);
  }
  types.Finish(first_nonstring, static_cast<uint32_t>(layout->Get(LayoutConstant::kFirstContextType, 0)),
               static_cast<uint32_t>(layout->Get(LayoutConstant::kLastContextType, 0)));
}

}  // namespace corewalk
