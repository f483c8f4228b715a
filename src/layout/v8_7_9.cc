// V8 7.9. Written by scripts/gen-layout; not edited by hand.
#include "layout/layout_tables.h"

namespace corewalk {
namespace {

// From the binaries of Node.js 13.3.0, 13.14.0.
constexpr LayoutTable::Constant kConstants[] = {
    {LayoutConstant::kFirstNonstringType, 64},
    {LayoutConstant::kFirstContextType, 136},
    {LayoutConstant::kLastContextType, 145},
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
    {68, "SOURCE_TEXT_MODULE"}, {69, "SYNTHETIC_MODULE"}, {70, "FOREIGN"}, {71, "PROMISE_FULFILL_REACTION_JOB_TASK"},
    {72, "PROMISE_REJECT_REACTION_JOB_TASK"}, {73, "CALLABLE_TASK"}, {74, "CALLBACK_TASK"},
    {75, "PROMISE_RESOLVE_THENABLE_JOB_TASK"}, {76, "LOAD_HANDLER"}, {77, "STORE_HANDLER"},
    {78, "FUNCTION_TEMPLATE_INFO"}, {79, "OBJECT_TEMPLATE_INFO"}, {80, "TUPLE2"}, {81, "TUPLE3"},
    {82, "ACCESS_CHECK_INFO"}, {83, "ACCESSOR_INFO"}, {84, "ACCESSOR_PAIR"}, {85, "ALIASED_ARGUMENTS_ENTRY"},
    {86, "ALLOCATION_MEMENTO"}, {87, "ALLOCATION_SITE"}, {88, "ARRAY_BOILERPLATE_DESCRIPTION"}, {89, "ASM_WASM_DATA"},
    {90, "ASYNC_GENERATOR_REQUEST"}, {91, "CALL_HANDLER_INFO"}, {92, "CLASS_POSITIONS"}, {93, "DEBUG_INFO"},
    {94, "ENUM_CACHE"}, {95, "FEEDBACK_CELL"}, {96, "FUNCTION_TEMPLATE_RARE_DATA"}, {97, "INTERCEPTOR_INFO"},
    {98, "INTERNAL_CLASS"}, {99, "INTERPRETER_DATA"}, {100, "PROMISE_CAPABILITY"}, {101, "PROMISE_REACTION"},
    {102, "PROTOTYPE_INFO"}, {103, "SCRIPT"}, {104, "SMI_BOX"}, {105, "SMI_PAIR"}, {106, "SORT_STATE"},
    {107, "SOURCE_POSITION_TABLE_WITH_FRAME_CACHE"}, {108, "MODULE_INFO_ENTRY"}, {109, "STACK_FRAME_INFO"},
    {110, "STACK_TRACE_FRAME"}, {111, "TEMPLATE_OBJECT_DESCRIPTION"}, {112, "WASM_CAPI_FUNCTION_DATA"},
    {113, "WASM_DEBUG_INFO"}, {114, "WASM_EXCEPTION_TAG"}, {115, "WASM_EXPORTED_FUNCTION_DATA"},
    {116, "WASM_INDIRECT_FUNCTION_TABLE"}, {117, "WASM_JS_FUNCTION_DATA"}, {118, "FIXED_ARRAY"}, {119, "HASH_TABLE"},
    {120, "EPHEMERON_HASH_TABLE"}, {121, "GLOBAL_DICTIONARY"}, {122, "NAME_DICTIONARY"}, {123, "NUMBER_DICTIONARY"},
    {124, "ORDERED_HASH_MAP"}, {125, "ORDERED_HASH_SET"}, {126, "ORDERED_NAME_DICTIONARY"},
    {127, "SIMPLE_NUMBER_DICTIONARY"}, {128, "STRING_TABLE"}, {129, "CLOSURE_FEEDBACK_CELL_ARRAY"},
    {130, "OBJECT_BOILERPLATE_DESCRIPTION"}, {131, "SCOPE_INFO"}, {132, "SCRIPT_CONTEXT_TABLE"}, {133, "BYTE_ARRAY"},
    {134, "BYTECODE_ARRAY"}, {135, "FIXED_DOUBLE_ARRAY"}, {136, "AWAIT_CONTEXT"}, {137, "BLOCK_CONTEXT"},
    {138, "CATCH_CONTEXT"}, {139, "DEBUG_EVALUATE_CONTEXT"}, {140, "EVAL_CONTEXT"}, {141, "FUNCTION_CONTEXT"},
    {142, "MODULE_CONTEXT"}, {143, "NATIVE_CONTEXT"}, {144, "SCRIPT_CONTEXT"}, {145, "WITH_CONTEXT"},
    {146, "SMALL_ORDERED_HASH_MAP"}, {147, "SMALL_ORDERED_HASH_SET"}, {148, "SMALL_ORDERED_NAME_DICTIONARY"},
    {149, "UNCOMPILED_DATA_WITH_PREPARSE_DATA"}, {150, "UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA"},
    {151, "WEAK_FIXED_ARRAY"}, {152, "TRANSITION_ARRAY"}, {153, "CELL"}, {154, "CODE"}, {155, "CODE_DATA_CONTAINER"},
    {156, "DESCRIPTOR_ARRAY"}, {157, "EMBEDDER_DATA_ARRAY"}, {158, "FEEDBACK_METADATA"}, {159, "FEEDBACK_VECTOR"},
    {160, "FILLER"}, {161, "FREE_SPACE"}, {162, "MAP"}, {163, "PREPARSE_DATA"}, {164, "PROPERTY_ARRAY"},
    {165, "PROPERTY_CELL"}, {166, "SHARED_FUNCTION_INFO"}, {167, "WEAK_ARRAY_LIST"}, {168, "WEAK_CELL"},
    {169, "JS_PROXY"}, {170, "JS_GLOBAL_OBJECT"}, {171, "JS_GLOBAL_PROXY"}, {1041, "JS_PRIMITIVE_WRAPPER"},
    {1050, "JS_DATA_VIEW"}, {1051, "JS_TYPED_ARRAY"}, {1057, "JS_OBJECT"}, {1059, "JS_ARRAY"},
    {1060, "JS_ARRAY_BUFFER"}, {1061, "JS_ARRAY_ITERATOR"}, {1062, "JS_ASYNC_FROM_SYNC_ITERATOR"}, {1065, "JS_DATE"},
    {1067, "JS_ERROR"}, {1072, "JS_MESSAGE_OBJECT"}, {1075, "JS_PROMISE"}, {1076, "JS_REG_EXP"},
    {1077, "JS_REG_EXP_STRING_ITERATOR"}, {1081, "JS_STRING_ITERATOR"}, {1090, "JS_BOUND_FUNCTION"},
    {1091, "JS_FUNCTION"},
};

}  // namespace

constinit const LayoutTable kV8_7_9 = {.from = {7, 9}, .constants = kConstants, .types = kTypes};

}  // namespace corewalk
