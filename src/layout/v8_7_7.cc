// V8 7.7. Written by scripts/gen-layout; not edited by hand.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

// From the binaries of Node.js 12.11.0, 12.13.0.
constexpr LayoutTable::Constant kConstants[] = {
    {LayoutConstant::kFirstNonstringType, 64},
    {LayoutConstant::kFirstContextType, 140},
    {LayoutConstant::kLastContextType, 149},
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
};

constexpr LayoutTable::Type kTypes[] = {
    {8, "ONE_BYTE_INTERNALIZED_STRING"}, {32, "STRING"}, {33, "CONS_STRING"}, {34, "EXTERNAL_STRING"},
    {35, "SLICED_STRING"}, {40, "ONE_BYTE_STRING"}, {41, "CONS_ONE_BYTE_STRING"}, {42, "EXTERNAL_ONE_BYTE_STRING"},
    {43, "SLICED_ONE_BYTE_STRING"}, {64, "SYMBOL"}, {65, "HEAP_NUMBER"}, {66, "BIG_INT_BASE"}, {67, "ODDBALL"},
    {68, "MAP"}, {69, "CODE"}, {70, "MUTABLE_HEAP_NUMBER"}, {71, "FOREIGN"}, {72, "BYTE_ARRAY"}, {73, "BYTECODE_ARRAY"},
    {74, "FREE_SPACE"}, {75, "FIXED_DOUBLE_ARRAY"}, {76, "FEEDBACK_METADATA"}, {77, "FILLER"},
    {78, "ACCESS_CHECK_INFO"}, {79, "ACCESSOR_INFO"}, {80, "ACCESSOR_PAIR"}, {81, "ALIASED_ARGUMENTS_ENTRY"},
    {82, "ALLOCATION_MEMENTO"}, {83, "ARRAY_BOILERPLATE_DESCRIPTION"}, {84, "ASM_WASM_DATA"},
    {85, "ASYNC_GENERATOR_REQUEST"}, {86, "CLASS_POSITIONS"}, {87, "DEBUG_INFO"}, {88, "ENUM_CACHE"},
    {89, "FUNCTION_TEMPLATE_INFO"}, {90, "FUNCTION_TEMPLATE_RARE_DATA"}, {91, "INTERCEPTOR_INFO"},
    {92, "INTERPRETER_DATA"}, {93, "OBJECT_TEMPLATE_INFO"}, {94, "PROMISE_CAPABILITY"}, {95, "PROMISE_REACTION"},
    {96, "PROTOTYPE_INFO"}, {97, "SCRIPT"}, {98, "SOURCE_POSITION_TABLE_WITH_FRAME_CACHE"}, {99, "MODULE_INFO_ENTRY"},
    {100, "STACK_FRAME_INFO"}, {101, "STACK_TRACE_FRAME"}, {102, "TEMPLATE_OBJECT_DESCRIPTION"}, {103, "TUPLE2"},
    {104, "TUPLE3"}, {105, "WASM_CAPI_FUNCTION_DATA"}, {106, "WASM_DEBUG_INFO"}, {107, "WASM_EXCEPTION_TAG"},
    {108, "WASM_EXPORTED_FUNCTION_DATA"}, {109, "WASM_INDIRECT_FUNCTION_TABLE"}, {110, "WASM_JS_FUNCTION_DATA"},
    {111, "CALLABLE_TASK"}, {112, "CALLBACK_TASK"}, {113, "PROMISE_FULFILL_REACTION_JOB_TASK"},
    {114, "PROMISE_REJECT_REACTION_JOB_TASK"}, {115, "PROMISE_RESOLVE_THENABLE_JOB_TASK"},
    {116, "FINALIZATION_GROUP_CLEANUP_JOB_TASK"}, {117, "SORT_STATE"}, {118, "INTERNAL_CLASS"}, {119, "SMI_PAIR"},
    {120, "SMI_BOX"}, {121, "SOURCE_TEXT_MODULE"}, {122, "SYNTHETIC_MODULE"}, {123, "ALLOCATION_SITE"},
    {124, "EMBEDDER_DATA_ARRAY"}, {125, "FIXED_ARRAY"}, {126, "OBJECT_BOILERPLATE_DESCRIPTION"},
    {127, "CLOSURE_FEEDBACK_CELL_ARRAY"}, {128, "HASH_TABLE"}, {129, "ORDERED_HASH_MAP"}, {130, "ORDERED_HASH_SET"},
    {131, "ORDERED_NAME_DICTIONARY"}, {132, "NAME_DICTIONARY"}, {133, "GLOBAL_DICTIONARY"}, {134, "NUMBER_DICTIONARY"},
    {135, "SIMPLE_NUMBER_DICTIONARY"}, {136, "STRING_TABLE"}, {137, "EPHEMERON_HASH_TABLE"}, {138, "SCOPE_INFO"},
    {139, "SCRIPT_CONTEXT_TABLE"}, {140, "AWAIT_CONTEXT"}, {141, "BLOCK_CONTEXT"}, {142, "CATCH_CONTEXT"},
    {143, "DEBUG_EVALUATE_CONTEXT"}, {144, "EVAL_CONTEXT"}, {145, "FUNCTION_CONTEXT"}, {146, "MODULE_CONTEXT"},
    {147, "NATIVE_CONTEXT"}, {148, "SCRIPT_CONTEXT"}, {149, "WITH_CONTEXT"}, {150, "WEAK_FIXED_ARRAY"},
    {151, "TRANSITION_ARRAY"}, {152, "CALL_HANDLER_INFO"}, {153, "CELL"}, {154, "CODE_DATA_CONTAINER"},
    {155, "DESCRIPTOR_ARRAY"}, {156, "FEEDBACK_CELL"}, {157, "FEEDBACK_VECTOR"}, {158, "LOAD_HANDLER"},
    {159, "PREPARSE_DATA"}, {160, "PROPERTY_ARRAY"}, {161, "PROPERTY_CELL"}, {162, "SHARED_FUNCTION_INFO"},
    {163, "SMALL_ORDERED_HASH_MAP"}, {164, "SMALL_ORDERED_HASH_SET"}, {165, "SMALL_ORDERED_NAME_DICTIONARY"},
    {166, "STORE_HANDLER"}, {167, "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"}, {168, "UNCOMPILED_DATA_WITH_PREPARSE_DATA"},
    {169, "WEAK_ARRAY_LIST"}, {170, "WEAK_CELL"}, {1024, "JS_PROXY"}, {1025, "JS_GLOBAL_OBJECT"},
    {1026, "JS_GLOBAL_PROXY"}, {1041, "JS_PRIMITIVE_WRAPPER"}, {1057, "JS_OBJECT"}, {1059, "JS_ARRAY_BUFFER"},
    {1060, "JS_ARRAY_ITERATOR"}, {1061, "JS_ARRAY"}, {1062, "JS_ASYNC_FROM_SYNC_ITERATOR"}, {1066, "JS_DATE"},
    {1067, "JS_ERROR"}, {1073, "JS_MESSAGE_OBJECT"}, {1074, "JS_PROMISE"}, {1075, "JS_REGEXP"},
    {1076, "JS_REGEXP_STRING_ITERATOR"}, {1080, "JS_STRING_ITERATOR"}, {1086, "JS_TYPED_ARRAY"}, {1087, "JS_DATA_VIEW"},
    {1104, "JS_BOUND_FUNCTION"}, {1105, "JS_FUNCTION"},
};

}  // namespace

constinit const LayoutTable kV8_7_7 = {.from = {7, 7}, .constants = kConstants, .types = kTypes};

}  // namespace corewalk
