// V8 7.5. Written by scripts/gen-layout; not edited by hand.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

// From the binaries of Node.js 12.8.0.
constexpr LayoutTable::Constant kConstants[] = {
    {LayoutConstant::kFirstNonstringType, 64},
    {LayoutConstant::kFirstContextType, 141},
    {LayoutConstant::kLastContextType, 150},
    {LayoutConstant::kMapDescriptors, 48},
    {LayoutConstant::kBitField3IsDictionaryShift, 20},
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
};

constexpr LayoutTable::Type kTypes[] = {
    {8, "ONE_BYTE_INTERNALIZED_STRING"}, {32, "STRING"}, {33, "CONS_STRING"}, {34, "EXTERNAL_STRING"},
    {35, "SLICED_STRING"}, {40, "ONE_BYTE_STRING"}, {41, "CONS_ONE_BYTE_STRING"}, {42, "EXTERNAL_ONE_BYTE_STRING"},
    {43, "SLICED_ONE_BYTE_STRING"}, {64, "SYMBOL"}, {65, "HEAP_NUMBER"}, {66, "BIG_INT_BASE"}, {67, "ODDBALL"},
    {68, "MAP"}, {69, "CODE"}, {70, "MUTABLE_HEAP_NUMBER"}, {71, "FOREIGN"}, {72, "BYTE_ARRAY"}, {73, "BYTECODE_ARRAY"},
    {74, "FREE_SPACE"}, {75, "FIXED_INT8_ARRAY"}, {76, "FIXED_UINT8_ARRAY"}, {77, "FIXED_INT16_ARRAY"},
    {78, "FIXED_UINT16_ARRAY"}, {79, "FIXED_INT32_ARRAY"}, {80, "FIXED_UINT32_ARRAY"}, {81, "FIXED_FLOAT32_ARRAY"},
    {82, "FIXED_FLOAT64_ARRAY"}, {83, "FIXED_UINT8_CLAMPED_ARRAY"}, {84, "FIXED_BIGINT64_ARRAY"},
    {85, "FIXED_BIGUINT64_ARRAY"}, {86, "FIXED_DOUBLE_ARRAY"}, {87, "FEEDBACK_METADATA"}, {88, "FILLER"},
    {89, "ACCESS_CHECK_INFO"}, {90, "ACCESSOR_INFO"}, {91, "ACCESSOR_PAIR"}, {92, "ALIASED_ARGUMENTS_ENTRY"},
    {93, "ALLOCATION_MEMENTO"}, {94, "ASM_WASM_DATA"}, {95, "ASYNC_GENERATOR_REQUEST"}, {96, "CLASS_POSITIONS"},
    {97, "DEBUG_INFO"}, {98, "ENUM_CACHE"}, {99, "FUNCTION_TEMPLATE_INFO"}, {100, "FUNCTION_TEMPLATE_RARE_DATA"},
    {101, "INTERCEPTOR_INFO"}, {102, "INTERPRETER_DATA"}, {103, "MODULE_INFO_ENTRY"}, {104, "MODULE"},
    {105, "OBJECT_TEMPLATE_INFO"}, {106, "PROMISE_CAPABILITY"}, {107, "PROMISE_REACTION"}, {108, "PROTOTYPE_INFO"},
    {109, "SCRIPT"}, {110, "STACK_FRAME_INFO"}, {111, "STACK_TRACE_FRAME"}, {112, "TUPLE2"}, {113, "TUPLE3"},
    {114, "ARRAY_BOILERPLATE_DESCRIPTION"}, {115, "WASM_DEBUG_INFO"}, {116, "WASM_EXCEPTION_TAG"},
    {117, "WASM_EXPORTED_FUNCTION_DATA"}, {118, "CALLABLE_TASK"}, {119, "CALLBACK_TASK"},
    {120, "PROMISE_FULFILL_REACTION_JOB_TASK"}, {121, "PROMISE_REJECT_REACTION_JOB_TASK"},
    {122, "PROMISE_RESOLVE_THENABLE_JOB_TASK"}, {123, "FINALIZATION_GROUP_CLEANUP_JOB_TASK"}, {124, "ALLOCATION_SITE"},
    {125, "EMBEDDER_DATA_ARRAY"}, {126, "FIXED_ARRAY"}, {127, "OBJECT_BOILERPLATE_DESCRIPTION"},
    {128, "CLOSURE_FEEDBACK_CELL_ARRAY"}, {129, "HASH_TABLE"}, {130, "ORDERED_HASH_MAP"}, {131, "ORDERED_HASH_SET"},
    {132, "ORDERED_NAME_DICTIONARY"}, {133, "NAME_DICTIONARY"}, {134, "GLOBAL_DICTIONARY"}, {135, "NUMBER_DICTIONARY"},
    {136, "SIMPLE_NUMBER_DICTIONARY"}, {137, "STRING_TABLE"}, {138, "EPHEMERON_HASH_TABLE"}, {139, "SCOPE_INFO"},
    {140, "SCRIPT_CONTEXT_TABLE"}, {141, "AWAIT_CONTEXT"}, {142, "BLOCK_CONTEXT"}, {143, "CATCH_CONTEXT"},
    {144, "DEBUG_EVALUATE_CONTEXT"}, {145, "EVAL_CONTEXT"}, {146, "FUNCTION_CONTEXT"}, {147, "MODULE_CONTEXT"},
    {148, "NATIVE_CONTEXT"}, {149, "SCRIPT_CONTEXT"}, {150, "WITH_CONTEXT"}, {151, "WEAK_FIXED_ARRAY"},
    {152, "TRANSITION_ARRAY"}, {153, "CALL_HANDLER_INFO"}, {154, "CELL"}, {155, "CODE_DATA_CONTAINER"},
    {156, "DESCRIPTOR_ARRAY"}, {157, "FEEDBACK_CELL"}, {158, "FEEDBACK_VECTOR"}, {159, "LOAD_HANDLER"},
    {160, "PREPARSE_DATA"}, {161, "PROPERTY_ARRAY"}, {162, "PROPERTY_CELL"}, {163, "SHARED_FUNCTION_INFO"},
    {164, "SMALL_ORDERED_HASH_MAP"}, {165, "SMALL_ORDERED_HASH_SET"}, {166, "SMALL_ORDERED_NAME_DICTIONARY"},
    {167, "STORE_HANDLER"}, {168, "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"}, {169, "UNCOMPILED_DATA_WITH_PREPARSE_DATA"},
    {170, "WEAK_ARRAY_LIST"}, {171, "WEAK_CELL"}, {1024, "JS_PROXY"}, {1025, "JS_GLOBAL_OBJECT"},
    {1026, "JS_GLOBAL_PROXY"}, {1041, "JS_VALUE"}, {1057, "JS_OBJECT"}, {1059, "JS_ARRAY_BUFFER"},
    {1060, "JS_ARRAY_ITERATOR"}, {1061, "JS_ARRAY"}, {1062, "JS_ASYNC_FROM_SYNC_ITERATOR"}, {1066, "JS_DATE"},
    {1067, "JS_ERROR"}, {1073, "JS_MESSAGE_OBJECT"}, {1074, "JS_PROMISE"}, {1075, "JS_REGEXP"},
    {1076, "JS_REGEXP_STRING_ITERATOR"}, {1080, "JS_STRING_ITERATOR"}, {1086, "JS_TYPED_ARRAY"}, {1087, "JS_DATA_VIEW"},
    {1104, "JS_BOUND_FUNCTION"}, {1105, "JS_FUNCTION"},
};

}  // namespace

constinit const LayoutTable kV8_7_5 = {.from = {7, 5}, .constants = kConstants, .types = kTypes};

}  // namespace corewalk
