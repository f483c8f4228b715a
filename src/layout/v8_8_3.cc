// V8 8.3. Written by scripts/gen-layout; not edited by hand.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

// From the binaries of Node.js 14.5.0.
constexpr LayoutTable::Constant kConstants[] = {
    {LayoutConstant::kFirstNonstringType, 64},
    {LayoutConstant::kFirstContextType, 135},
    {LayoutConstant::kLastContextType, 144},
    {LayoutConstant::kMapDescriptors, 40},
    {LayoutConstant::kBitField3IsDictionaryShift, 21},
    {LayoutConstant::kBitField3OwnDescriptorsMask, 1047552},
    {LayoutConstant::kBitField3OwnDescriptorsShift, 10},
    {LayoutConstant::kPropKindMask, 1},
    {LayoutConstant::kPropLocationMask, 2},
    {LayoutConstant::kPropLocationShift, 1},
    {LayoutConstant::kPropRepresentationMask, 448},
    {LayoutConstant::kPropRepresentationShift, 6},
    {LayoutConstant::kPropRepresentationDouble, 2},
    {LayoutConstant::kPropIndexMask, 536346624},
    {LayoutConstant::kPropIndexShift, 19},
    {LayoutConstant::kNameDictionaryPrefixSize, 2},
    {LayoutConstant::kFunctionShared, 24},
    {LayoutConstant::kFunctionContext, 32},
    {LayoutConstant::kSharedName, 16},
    {LayoutConstant::kUncompiledInferredName, 8},
    {LayoutConstant::kArrayBufferByteLength, 24},
    {LayoutConstant::kArrayBufferBackingStore, 32},
    {LayoutConstant::kApiObjectType, 1056},
    {LayoutConstant::kDescriptorArrayHeader, 24},
};

constexpr LayoutTable::Type kTypes[] = {
    {8, "ONE_BYTE_INTERNALIZED_STRING"}, {32, "STRING"}, {33, "CONS_STRING"}, {34, "EXTERNAL_STRING"},
    {35, "SLICED_STRING"}, {40, "ONE_BYTE_STRING"}, {41, "CONS_ONE_BYTE_STRING"}, {42, "EXTERNAL_ONE_BYTE_STRING"},
    {43, "SLICED_ONE_BYTE_STRING"}, {64, "SYMBOL"}, {65, "BIG_INT_BASE"}, {66, "HEAP_NUMBER"}, {67, "ODDBALL"},
    {68, "EXPORTED_SUB_CLASS_BASE"}, {69, "EXPORTED_SUB_CLASS"}, {70, "FOREIGN"},
    {71, "PROMISE_FULFILL_REACTION_JOB_TASK"}, {72, "PROMISE_REJECT_REACTION_JOB_TASK"}, {73, "CALLABLE_TASK"},
    {74, "CALLBACK_TASK"}, {75, "PROMISE_RESOLVE_THENABLE_JOB_TASK"}, {76, "LOAD_HANDLER"}, {77, "STORE_HANDLER"},
    {78, "FUNCTION_TEMPLATE_INFO"}, {79, "OBJECT_TEMPLATE_INFO"}, {80, "ACCESS_CHECK_INFO"}, {81, "ACCESSOR_INFO"},
    {82, "ACCESSOR_PAIR"}, {83, "ALIASED_ARGUMENTS_ENTRY"}, {84, "ALLOCATION_MEMENTO"}, {85, "ALLOCATION_SITE"},
    {86, "ARRAY_BOILERPLATE_DESCRIPTION"}, {87, "ASM_WASM_DATA"}, {88, "ASYNC_GENERATOR_REQUEST"}, {89, "BREAK_POINT"},
    {90, "BREAK_POINT_INFO"}, {91, "CACHED_TEMPLATE_OBJECT"}, {92, "CALL_HANDLER_INFO"}, {93, "CLASS_POSITIONS"},
    {94, "DEBUG_INFO"}, {95, "ENUM_CACHE"}, {96, "FEEDBACK_CELL"}, {97, "FUNCTION_TEMPLATE_RARE_DATA"},
    {98, "INTERCEPTOR_INFO"}, {99, "INTERPRETER_DATA"}, {100, "PROMISE_CAPABILITY"}, {101, "PROMISE_REACTION"},
    {102, "PROPERTY_DESCRIPTOR_OBJECT"}, {103, "PROTOTYPE_INFO"}, {104, "SCRIPT"},
    {105, "SOURCE_TEXT_MODULE_INFO_ENTRY"}, {106, "STACK_FRAME_INFO"}, {107, "STACK_TRACE_FRAME"},
    {108, "TEMPLATE_OBJECT_DESCRIPTION"}, {109, "TUPLE2"}, {110, "WASM_CAPI_FUNCTION_DATA"}, {111, "WASM_DEBUG_INFO"},
    {112, "WASM_EXCEPTION_TAG"}, {113, "WASM_EXPORTED_FUNCTION_DATA"}, {114, "WASM_INDIRECT_FUNCTION_TABLE"},
    {115, "WASM_JS_FUNCTION_DATA"}, {116, "FIXED_ARRAY"}, {117, "HASH_TABLE"}, {118, "EPHEMERON_HASH_TABLE"},
    {119, "GLOBAL_DICTIONARY"}, {120, "NAME_DICTIONARY"}, {121, "NUMBER_DICTIONARY"}, {122, "ORDERED_HASH_MAP"},
    {123, "ORDERED_HASH_SET"}, {124, "ORDERED_NAME_DICTIONARY"}, {125, "SIMPLE_NUMBER_DICTIONARY"},
    {126, "STRING_TABLE"}, {127, "CLOSURE_FEEDBACK_CELL_ARRAY"}, {128, "OBJECT_BOILERPLATE_DESCRIPTION"},
    {129, "SCOPE_INFO"}, {130, "SCRIPT_CONTEXT_TABLE"}, {131, "BYTE_ARRAY"}, {132, "BYTECODE_ARRAY"},
    {133, "FIXED_DOUBLE_ARRAY"}, {134, "INTERNAL_CLASS_WITH_SMI_ELEMENTS"}, {145, "SMALL_ORDERED_HASH_MAP"},
    {146, "SMALL_ORDERED_HASH_SET"}, {147, "SMALL_ORDERED_NAME_DICTIONARY"}, {148, "SOURCE_TEXT_MODULE"},
    {149, "SYNTHETIC_MODULE"}, {150, "UNCOMPILED_DATA_WITH_PREPARSE_DATA"},
    {151, "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"}, {152, "WEAK_FIXED_ARRAY"}, {153, "TRANSITION_ARRAY"}, {154, "CELL"},
    {155, "CODE"}, {156, "CODE_DATA_CONTAINER"}, {157, "COVERAGE_INFO"}, {158, "DESCRIPTOR_ARRAY"},
    {159, "EMBEDDER_DATA_ARRAY"}, {160, "FEEDBACK_METADATA"}, {161, "FEEDBACK_VECTOR"}, {162, "FILLER"},
    {163, "FREE_SPACE"}, {164, "INTERNAL_CLASS"}, {165, "INTERNAL_CLASS_WITH_STRUCT_ELEMENTS"}, {166, "MAP"},
    {167, "PREPARSE_DATA"}, {168, "PROPERTY_ARRAY"}, {169, "PROPERTY_CELL"}, {170, "SHARED_FUNCTION_INFO"},
    {171, "SMI_BOX"}, {172, "SMI_PAIR"}, {173, "SORT_STATE"}, {174, "WEAK_ARRAY_LIST"}, {175, "WEAK_CELL"},
    {176, "JS_PROXY"}, {177, "JS_GLOBAL_OBJECT"}, {178, "JS_GLOBAL_PROXY"}, {179, "JS_MODULE_NAMESPACE"},
    {1041, "JS_PRIMITIVE_WRAPPER"}, {1048, "JS_ASYNC_FUNCTION_OBJECT"}, {1049, "JS_ASYNC_GENERATOR_OBJECT"},
    {1050, "JS_DATA_VIEW"}, {1051, "JS_TYPED_ARRAY"}, {1052, "JS_MAP"}, {1053, "JS_SET"}, {1054, "JS_WEAK_MAP"},
    {1055, "JS_WEAK_SET"}, {1057, "JS_OBJECT"}, {1058, "JS_ARGUMENTS_OBJECT"}, {1059, "JS_ARRAY"},
    {1060, "JS_ARRAY_BUFFER"}, {1061, "JS_ARRAY_ITERATOR"}, {1062, "JS_ASYNC_FROM_SYNC_ITERATOR"},
    {1063, "JS_COLLATOR"}, {1065, "JS_DATE"}, {1066, "JS_DATE_TIME_FORMAT"}, {1067, "JS_DISPLAY_NAMES"},
    {1068, "JS_ERROR"}, {1069, "JS_FINALIZATION_REGISTRY"}, {1070, "JS_FINALIZATION_REGISTRY_CLEANUP_ITERATOR"},
    {1071, "JS_LIST_FORMAT"}, {1072, "JS_LOCALE"}, {1073, "JS_MESSAGE_OBJECT"}, {1074, "JS_NUMBER_FORMAT"},
    {1075, "JS_PLURAL_RULES"}, {1076, "JS_PROMISE"}, {1077, "JS_REG_EXP"}, {1078, "JS_REG_EXP_STRING_ITERATOR"},
    {1079, "JS_RELATIVE_TIME_FORMAT"}, {1080, "JS_SEGMENT_ITERATOR"}, {1081, "JS_SEGMENTER"},
    {1082, "JS_STRING_ITERATOR"}, {1083, "JS_V8_BREAK_ITERATOR"}, {1084, "JS_WEAK_REF"},
    {1085, "WASM_EXCEPTION_OBJECT"}, {1086, "WASM_GLOBAL_OBJECT"}, {1088, "WASM_MEMORY_OBJECT"},
    {1089, "WASM_MODULE_OBJECT"}, {1090, "WASM_TABLE_OBJECT"}, {1091, "JS_BOUND_FUNCTION"}, {1092, "JS_FUNCTION"},
};

}  // namespace

constinit const LayoutTable kV8_8_3 = {.from = {8, 3}, .constants = kConstants, .types = kTypes};

}  // namespace corewalk
