// One small object of every kind that the views know, for tests that damage them word by word. Header only.
#pragma once

#include <bit>
#include <span>

#include "heap/testing/fake_objects.h"

namespace corewalk::testing {

struct ZooAnimal {
  const char* name;
  uint64_t (*make)(FakeObjects& heap);  // 0: the line has no such kind
};

namespace zoo {

inline uint64_t FastObject(FakeObjects& heap) {
  const uint64_t number = heap.facts().unboxed_doubles ? std::bit_cast<uint64_t>(1.5) : heap.HeapNumber(1.5);
  return heap.Object({{.key = heap.String("id"), .value = heap.Smi(7)},
                      {.key = heap.String("ratio"), .value = number, .is_double = true},
                      {.key = heap.Symbol(heap.String("tag")), .value = heap.boolean(true), .attributes = FakeObjects::kDontEnum},
                      {.key = heap.String("both"), .value = heap.AccessorPair(heap.Function("get"), heap.null()), .accessor = true},
                      {.key = heap.String("outside"), .value = heap.String("text")},
                      {.key = heap.String("last"), .value = heap.Object({{.key = heap.String("x"), .value = heap.Smi(1)}})}},
                     3);
}
inline uint64_t SlowObject(FakeObjects& heap) {
  return heap.DictionaryObject({{.key = heap.String("first"), .value = heap.Smi(1)},
                                {.key = heap.String("second"), .value = heap.String("two"), .attributes = FakeObjects::kReadOnly},
                                {.key = heap.Symbol(heap.undefined()), .value = heap.AccessorPair(heap.null(), heap.Function("set")),
                                 .accessor = true}});
}
inline uint64_t GlobalObject(FakeObjects& heap) {
  const auto cell = [&heap](std::string_view name, uint64_t value, uint32_t order) {
    return heap.Struct("PROPERTY_CELL_TYPE", {heap.String(name), heap.Smi(heap.DictionaryDetails({}, order)), value, 0});
  };
  const uint64_t object = heap.DictionaryObject({}, "JS_GLOBAL_OBJECT_TYPE");
  std::vector<uint64_t> words = {heap.Smi(2), heap.Smi(0), heap.Smi(4)};
  words.resize(3 + static_cast<size_t>(heap.layout().Get(LayoutConstant::kNameDictionaryPrefixSize, 3)));
  words.insert(words.end(), {cell("b", heap.Smi(2), 2), heap.undefined(), cell("a", heap.Smi(1), 1), heap.the_hole()});
  heap.Set(object, 8, heap.Array(words, "GLOBAL_DICTIONARY_TYPE"));
  return object;
}
inline uint64_t TaggedArray(FakeObjects& heap) {
  return heap.JSArray(3, heap.Array({heap.Smi(1), heap.the_hole(), heap.String("c"), heap.Smi(9)}), heap.Smi(3));
}
inline uint64_t DoubleArray(FakeObjects& heap) {
  const uint64_t store = heap.Array({std::bit_cast<uint64_t>(0.5), 0xfff7fffffff7ffff, std::bit_cast<uint64_t>(-0.0)},
                                    "FIXED_DOUBLE_ARRAY_TYPE");
  return heap.JSArray(5, store, heap.Smi(3));
}
inline uint64_t DictionaryArray(FakeObjects& heap) {
  const uint64_t store = heap.NumberDictionary({{heap.Smi(2), {.value = heap.Smi(20), .attributes = FakeObjects::kReadOnly}},
                                                {heap.HeapNumber(4e9), {.value = heap.String("far")}}});
  return heap.JSArray(heap.facts().dictionary_elements, store, heap.HeapNumber(4000000001));
}
inline uint64_t SloppyArguments(FakeObjects& heap) {
  const uint64_t context = heap.Context(heap.ScopeInfo({}), 0, {heap.Smi(0), heap.Smi(0), heap.String("aliased")});
  const uint64_t store = heap.Array({heap.the_hole(), heap.Smi(5)});
  uint64_t elements = 0;
  if (heap.HasType("SLOPPY_ARGUMENTS_ELEMENTS_TYPE")) {
    elements = heap.New(heap.Map("SLOPPY_ARGUMENTS_ELEMENTS_TYPE"), 6);
    heap.Set(elements, 8, heap.Smi(2));
    heap.Set(elements, 16, context);
    heap.Set(elements, 24, store);
    heap.Set(elements, 32, heap.Smi(4));
    heap.Set(elements, 40, heap.the_hole());
  } else {
    elements = heap.Array({context, store, heap.Smi(4), heap.the_hole()});
  }
  return heap.WithElements(heap.AnyType({"JS_ARGUMENTS_OBJECT_TYPE", "JS_ARGUMENTS_TYPE"}),
                           static_cast<uint8_t>(heap.facts().dictionary_elements + 1), elements,
                           {heap.Smi(2), heap.Function("callee")});
}
inline uint64_t JSMap(FakeObjects& heap) {
  return heap.JSObject("JS_MAP_TYPE", {heap.OrderedTable(true, {{heap.String("k"), heap.Smi(1)},
                                                                {heap.the_hole(), heap.the_hole()},
                                                                {heap.Smi(3), heap.String("v")}})});
}
inline uint64_t JSSet(FakeObjects& heap) {
  return heap.JSObject("JS_SET_TYPE", {heap.OrderedTable(false, {{heap.Smi(1), 0}, {heap.the_hole(), 0}, {heap.String("s"), 0}})});
}
// Its table is obsolete; entry 0 was removed on the way to the one in use.
inline uint64_t MapIterator(FakeObjects& heap) {
  const uint64_t now = heap.OrderedTable(true, {{heap.Smi(2), heap.Smi(20)}, {heap.Smi(3), heap.Smi(30)}});
  const uint64_t old = heap.OrderedTable(true, {{heap.the_hole(), heap.the_hole()}, {heap.Smi(2), heap.Smi(20)}});
  heap.Obsolete(old, now, {0});
  return heap.JSObject(heap.AnyType({"JS_MAP_KEY_VALUE_ITERATOR_TYPE"}), {old, heap.Smi(2)});
}
inline uint64_t SetIterator(FakeObjects& heap) {
  return heap.JSObject("JS_SET_VALUE_ITERATOR_TYPE", {heap.OrderedTable(false, {{heap.Smi(1), 0}, {heap.Smi(2), 0}}), heap.Smi(1)});
}
inline uint64_t WeakMap(FakeObjects& heap) {
  return heap.JSObject("JS_WEAK_MAP_TYPE", {heap.EphemeronTable({{heap.Object({}), heap.Smi(1)}})});
}
inline uint64_t WeakSet(FakeObjects& heap) {
  return heap.JSObject("JS_WEAK_SET_TYPE", {heap.EphemeronTable({{heap.Object({}), heap.boolean(true)}})});
}
inline uint64_t WeakRef(FakeObjects& heap) {
  return heap.HasType("JS_WEAK_REF_TYPE") ? heap.JSObject("JS_WEAK_REF_TYPE", {heap.Object({})}) : 0;
}
inline uint64_t Registry(FakeObjects& heap) {
  if (!heap.HasType("JS_FINALIZATION_REGISTRY_TYPE")) return 0;
  const uint64_t second = heap.WeakCell(heap.Object({}), heap.Smi(2), heap.undefined());
  const uint64_t first = heap.WeakCell(heap.Object({}), heap.String("held"), second);
  return heap.JSObject("JS_FINALIZATION_REGISTRY_TYPE", {0, heap.Function("cleanup"), first, heap.undefined(), 0});
}
inline uint64_t Buffer(FakeObjects& heap) {
  return heap.ArrayBuffer(heap.MallocText("bytes of it"), 11);
}
inline uint64_t Bytes(FakeObjects& heap) {
  const Address store = heap.MallocText("0123456789");
  return heap.TypedArray(0, heap.ArrayBuffer(store, 10), store + 2, 2, 4, 4);
}
inline uint64_t DataView(FakeObjects& heap) {
  return heap.DataView(heap.ArrayBuffer(heap.MallocText("0123456789"), 10), 1, 8);
}
inline uint64_t Date(FakeObjects& heap) {
  const uint64_t time = heap.facts().raw_date ? std::bit_cast<uint64_t>(1.7e12) : heap.HeapNumber(1.7e12);
  return heap.JSObject("JS_DATE_TYPE", {time, 0, 0, 0, 0, 0, 0, 0, 0});
}
inline uint64_t RegExp(FakeObjects& heap) {
  return heap.JSObject(heap.AnyType({"JS_REG_EXP_TYPE", "JS_REGEXP_TYPE"}),
                       {heap.empty_array(), heap.String("a+b"), heap.Smi(3), heap.Smi(0)});
}
inline uint64_t PendingPromise(FakeObjects& heap) {
  const uint64_t second = heap.Reaction(heap.Function("later"), heap.undefined(), heap.undefined(), heap.Smi(0));
  const uint64_t first = heap.Reaction(heap.Function("then"), heap.Function("catch"), heap.undefined(), second);
  return heap.JSObject("JS_PROMISE_TYPE", {first, heap.Smi(4)});
}
inline uint64_t RejectedPromise(FakeObjects& heap) {
  return heap.JSObject("JS_PROMISE_TYPE", {heap.JSObject("JS_ERROR_TYPE", {}), heap.Smi(2)});
}
inline uint64_t Proxy(FakeObjects& heap) {
  return heap.Struct("JS_PROXY_TYPE", {heap.empty_array(), heap.Object({}), heap.Object({})});
}
inline uint64_t BoundFunction(FakeObjects& heap) {
  return heap.JSObject("JS_BOUND_FUNCTION_TYPE",
                       {heap.Function("target"), heap.undefined(), heap.Array({heap.Smi(1), heap.String("arg")})});
}
inline uint64_t Function(FakeObjects& heap) {
  return heap.Function("named");
}
inline uint64_t Generator(FakeObjects& heap) {
  return heap.JSObject("JS_GENERATOR_OBJECT_TYPE",
                       {heap.Function("steps"), 0, heap.undefined(), heap.Smi(60), heap.Smi(0), heap.Smi(1), heap.empty_array()});
}
inline uint64_t Wrapper(FakeObjects& heap) {
  return heap.JSObject(heap.AnyType({"JS_PRIMITIVE_WRAPPER_TYPE", "JS_VALUE_TYPE"}), {heap.BigInt({5}, false)});
}
inline uint64_t ArrayIterator(FakeObjects& heap) {
  return heap.JSObject("JS_ARRAY_ITERATOR_TYPE", {TaggedArray(heap), heap.Smi(1), heap.Smi(0)});
}
inline uint64_t Namespace(FakeObjects& heap) {
  const uint64_t cell = heap.Struct("CELL_TYPE", {heap.Smi(42)});
  const uint64_t exports = heap.Array({heap.Smi(1), heap.Smi(0), heap.Smi(2), heap.String("answer"), cell, heap.undefined(), heap.undefined()},
                                      heap.AnyType({"HASH_TABLE_TYPE"}));
  const uint64_t module = heap.Struct("SOURCE_TEXT_MODULE_TYPE", {exports, 0, 0, 0});
  const uint64_t object = heap.JSObject("JS_MODULE_NAMESPACE_TYPE", {0, 0});
  heap.Set(object, ObjectField::kModuleNamespaceModule, module);
  return object;
}
inline uint64_t Context(FakeObjects& heap) {
  std::vector<uint64_t> slots(heap.facts().context_locals == 4 ? 2 : 0, heap.undefined());
  const uint64_t outer = heap.Context(heap.ScopeInfo({}), 0, slots);
  slots.insert(slots.end(), {heap.Smi(1), heap.String("two")});
  return heap.Context(heap.ScopeInfo({heap.String("first"), heap.String("second")}), outer, slots);
}
inline uint64_t ScriptFunction(FakeObjects& heap) {
  const uint64_t function = heap.Function("", Context(heap));
  const uint64_t shared = heap.Get(function, static_cast<uint64_t>(heap.offset(ObjectField::kFunctionShared)));
  heap.Set(shared, ObjectField::kSharedNameOrScope, heap.ScopeInfo({heap.String("kept")}));
  heap.Set(shared, ObjectField::kSharedScript, heap.Script("/app.js", "line1;\nf(function() {});\n"));
  return function;
}
inline uint64_t FixedArray(FakeObjects& heap) {
  return heap.Array({heap.Smi(1), heap.String("s"), heap.undefined(), heap.Array({})});
}
inline uint64_t Rope(FakeObjects& heap) {
  const uint64_t left = heap.String("left and "), middle = heap.String("the middle part of it");
  const uint64_t sliced = heap.IndirectString(43, 6, middle, heap.Smi(4));
  const uint64_t thin = heap.IndirectString(45, 6, sliced, 0);
  const uint64_t external = heap.IndirectString(42, 8, 0, heap.MallocText(" outside"));
  return heap.IndirectString(41, 23, left, heap.IndirectString(41, 14, thin, external));
}
inline uint64_t BigInt(FakeObjects& heap) {
  return heap.BigInt({0xffffffffffffffff, 1}, true);
}
inline uint64_t Symbol(FakeObjects& heap) {
  return heap.Symbol(heap.String("described"));
}
inline uint64_t Struct(FakeObjects& heap) {
  return heap.Struct("TUPLE2_TYPE", {heap.Smi(1), heap.String("second")});
}

}  // namespace zoo

inline constexpr ZooAnimal kZoo[] = {
    {"fast_object", zoo::FastObject},
    {"slow_object", zoo::SlowObject},
    {"global_object", zoo::GlobalObject},
    {"tagged_array", zoo::TaggedArray},
    {"double_array", zoo::DoubleArray},
    {"dictionary_array", zoo::DictionaryArray},
    {"sloppy_arguments", zoo::SloppyArguments},
    {"map", zoo::JSMap},
    {"set", zoo::JSSet},
    {"map_iterator", zoo::MapIterator},
    {"set_iterator", zoo::SetIterator},
    {"weakmap", zoo::WeakMap},
    {"weakset", zoo::WeakSet},
    {"weakref", zoo::WeakRef},
    {"registry", zoo::Registry},
    {"arraybuffer", zoo::Buffer},
    {"typedarray", zoo::Bytes},
    {"dataview", zoo::DataView},
    {"date", zoo::Date},
    {"regexp", zoo::RegExp},
    {"pending_promise", zoo::PendingPromise},
    {"rejected_promise", zoo::RejectedPromise},
    {"proxy", zoo::Proxy},
    {"bound_function", zoo::BoundFunction},
    {"function", zoo::Function},
    {"script_function", zoo::ScriptFunction},
    {"generator", zoo::Generator},
    {"wrapper", zoo::Wrapper},
    {"array_iterator", zoo::ArrayIterator},
    {"module_namespace", zoo::Namespace},
    {"context", zoo::Context},
    {"fixed_array", zoo::FixedArray},
    {"rope", zoo::Rope},
    {"bigint", zoo::BigInt},
    {"symbol", zoo::Symbol},
    {"struct", zoo::Struct},
};

}  // namespace corewalk::testing
