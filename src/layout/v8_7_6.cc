// V8 7.6. Written by scripts/gen-layout; not edited by hand.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

// From the binaries of Node.js 12.9.0.
constexpr LayoutTable::Constant kConstants[] = {
    {LayoutConstant::kFirstNonstringType, 64},
    {LayoutConstant::kFirstContextType, 134},
    {LayoutConstant::kLastContextType, 143},
    {LayoutConstant::kMapDescriptors, 40},
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
    {74, "FREE_SPACE"}, {75, "FIXED_DOUBLE_ARRAY"}, {76, "FEEDBACK_METADATA"}, {77, "FILLER"},
    {78, "ACCESS_CHECK_INFO"}, {79, "ACCESSOR_INFO"}, {80, "ACCESSOR_PAIR"}, {81, "ALIASED_ARGUMENTS_ENTRY"},
    {82, "ALLOCATION_MEMENTO"}, {83, "ASM_WASM_DATA"}, {84, "ASYNC_GENERATOR_REQUEST"}, {85, "CLASS_POSITIONS"},
    {86, "DEBUG_INFO"}, {87, "ENUM_CACHE"}, {88, "FUNCTION_TEMPLATE_INFO"}, {89, "FUNCTION_TEMPLATE_RARE_DATA"},
    {90, "INTERCEPTOR_INFO"}, {91, "INTERPRETER_DATA"}, {92, "MODULE_INFO_ENTRY"}, {93, "MODULE"},
    {94, "OBJECT_TEMPLATE_INFO"}, {95, "PROMISE_CAPABILITY"}, {96, "PROMISE_REACTION"}, {97, "PROTOTYPE_INFO"},
    {98, "SCRIPT"}, {99, "SOURCE_POSITION_TABLE_WITH_FRAME_CACHE"}, {100, "STACK_FRAME_INFO"},
    {101, "STACK_TRACE_FRAME"}, {102, "TEMPLATE_OBJECT_DESCRIPTION"}, {103, "TUPLE2"}, {104, "TUPLE3"},
    {105, "ARRAY_BOILERPLATE_DESCRIPTION"}, {106, "WASM_CAPI_FUNCTION_DATA"}, {107, "WASM_DEBUG_INFO"},
    {108, "WASM_EXCEPTION_TAG"}, {109, "WASM_EXPORTED_FUNCTION_DATA"}, {110, "WASM_JS_FUNCTION_DATA"},
    {111, "CALLABLE_TASK"}, {112, "CALLBACK_TASK"}, {113, "PROMISE_FULFILL_REACTION_JOB_TASK"},
    {114, "PROMISE_REJECT_REACTION_JOB_TASK"}, {115, "PROMISE_RESOLVE_THENABLE_JOB_TASK"},
    {116, "FINALIZATION_GROUP_CLEANUP_JOB_TASK"}, {117, "ALLOCATION_SITE"}, {118, "EMBEDDER_DATA_ARRAY"},
    {119, "FIXED_ARRAY"}, {120, "OBJECT_BOILERPLATE_DESCRIPTION"}, {121, "CLOSURE_FEEDBACK_CELL_ARRAY"},
    {122, "HASH_TABLE"}, {123, "ORDERED_HASH_MAP"}, {124, "ORDERED_HASH_SET"}, {125, "ORDERED_NAME_DICTIONARY"},
    {126, "NAME_DICTIONARY"}, {127, "GLOBAL_DICTIONARY"}, {128, "NUMBER_DICTIONARY"}, {129, "SIMPLE_NUMBER_DICTIONARY"},
    {130, "STRING_TABLE"}, {131, "EPHEMERON_HASH_TABLE"}, {132, "SCOPE_INFO"}, {133, "SCRIPT_CONTEXT_TABLE"},
    {134, "AWAIT_CONTEXT"}, {135, "BLOCK_CONTEXT"}, {136, "CATCH_CONTEXT"}, {137, "DEBUG_EVALUATE_CONTEXT"},
    {138, "EVAL_CONTEXT"}, {139, "FUNCTION_CONTEXT"}, {140, "MODULE_CONTEXT"}, {141, "NATIVE_CONTEXT"},
    {142, "SCRIPT_CONTEXT"}, {143, "WITH_CONTEXT"}, {144, "WEAK_FIXED_ARRAY"}, {145, "TRANSITION_ARRAY"},
    {146, "CALL_HANDLER_INFO"}, {147, "CELL"}, {148, "CODE_DATA_CONTAINER"}, {149, "DESCRIPTOR_ARRAY"},
    {150, "FEEDBACK_CELL"}, {151, "FEEDBACK_VECTOR"}, {152, "LOAD_HANDLER"}, {153, "PREPARSE_DATA"},
    {154, "PROPERTY_ARRAY"}, {155, "PROPERTY_CELL"}, {156, "SHARED_FUNCTION_INFO"}, {157, "SMALL_ORDERED_HASH_MAP"},
    {158, "SMALL_ORDERED_HASH_SET"}, {159, "SMALL_ORDERED_NAME_DICTIONARY"}, {160, "STORE_HANDLER"},
    {161, "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"}, {162, "UNCOMPILED_DATA_WITH_PREPARSE_DATA"},
    {163, "WEAK_ARRAY_LIST"}, {164, "WEAK_CELL"}, {1024, "JS_PROXY"}, {1025, "JS_GLOBAL_OBJECT"},
    {1026, "JS_GLOBAL_PROXY"}, {1041, "JS_VALUE"}, {1057, "JS_OBJECT"}, {1059, "JS_ARRAY_BUFFER"},
    {1060, "JS_ARRAY_ITERATOR"}, {1061, "JS_ARRAY"}, {1062, "JS_ASYNC_FROM_SYNC_ITERATOR"}, {1066, "JS_DATE"},
    {1067, "JS_ERROR"}, {1073, "JS_MESSAGE_OBJECT"}, {1074, "JS_PROMISE"}, {1075, "JS_REGEXP"},
    {1076, "JS_REGEXP_STRING_ITERATOR"}, {1080, "JS_STRING_ITERATOR"}, {1086, "JS_TYPED_ARRAY"}, {1087, "JS_DATA_VIEW"},
    {1104, "JS_BOUND_FUNCTION"}, {1105, "JS_FUNCTION"},
};

}  // namespace

constinit const LayoutTable kV8_7_6 = {.from = {7, 6}, .constants = kConstants, .types = kTypes};

}  // namespace corewalk
