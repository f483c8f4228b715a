// What each kind of JavaScript object has beyond its properties. Field offsets that never moved stand here with the V8
// file that has them, the others in layout/object_fields.cc.
#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/inspect.h"
#include "heap/views/buffers.h"
#include "heap/views/bound_functions.h"
#include "heap/views/collections.h"
#include "heap/views/functions.h"
#include "heap/views/primitives.h"

namespace corewalk {
namespace {

constexpr uint64_t kMaxReactions = 1000;

std::string_view KindOf(const Layout& layout, const MapInfo& map) {
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"JS_ARRAY_TYPE", "array"},
      {"JS_MAP_TYPE", "map"},
      {"JS_SET_TYPE", "set"},
      {"JS_WEAK_MAP_TYPE", "weakmap"},
      {"JS_WEAK_SET_TYPE", "weakset"},
      {"JS_WEAK_REF_TYPE", "weakref"},
      {"JS_FINALIZATION_REGISTRY_TYPE", "finalization_registry"},
      {"JS_ARRAY_ITERATOR_TYPE", "array_iterator"},
      {"JS_ARRAY_BUFFER_TYPE", "arraybuffer"},
      {"JS_TYPED_ARRAY_TYPE", "typedarray"},
      {"JS_DATA_VIEW_TYPE", "dataview"},
      {"JS_RAB_GSAB_DATA_VIEW_TYPE", "dataview"},
      {"JS_DATE_TYPE", "date"},
      {"JS_ERROR_TYPE", "error"},
      {"JS_PROMISE_TYPE", "promise"},
      {"JS_PROXY_TYPE", "proxy"},
      {"JS_BOUND_FUNCTION_TYPE", "bound_function"},
      {"JS_GENERATOR_OBJECT_TYPE", "generator"},
      {"JS_ASYNC_FUNCTION_OBJECT_TYPE", "async_function"},
      {"JS_ASYNC_GENERATOR_OBJECT_TYPE", "async_generator"},
      {"JS_PRIMITIVE_WRAPPER_TYPE", "wrapper"},
      {"JS_VALUE_TYPE", "wrapper"},
      {"JS_MODULE_NAMESPACE_TYPE", "module_namespace"},
      {"JS_ARGUMENTS_OBJECT_TYPE", "arguments"},
      {"JS_ARGUMENTS_TYPE", "arguments"},
      {"JS_GLOBAL_OBJECT_TYPE", "global"},
      {"JS_GLOBAL_PROXY_TYPE", "global"},
      {"JS_API_OBJECT_TYPE", "api"},
      {"JS_SPECIAL_API_OBJECT_TYPE", "api"},
  };
  const InstanceType& type = layout.types.at(map.instance_type);
  // From 11.3 on objects of FunctionTemplates have a range of instance types without names.
  if (const LayoutValue& api = layout[LayoutConstant::kApiObjectType];
      api.known() && map.instance_type >= api.value && (type.name.empty() || type.name.find("API_OBJECT") != std::string::npos))
    return "api";
  for (const auto& [name, kind] : kKinds) {
    if (type.name == name) return kind;
  }
  if (type.category == Category::kClosure) return "function";
  if (type.category == Category::kRegExp) return "regexp";
  if (type.name.starts_with("JS_MAP_") && type.name.ends_with("_ITERATOR_TYPE")) return "map_iterator";
  if (type.name.starts_with("JS_SET_") && type.name.ends_with("_ITERATOR_TYPE")) return "set_iterator";
  return "object";
}

template <typename T>
void Add(std::string_view name, T value, Inspected* out, bool hex = false) {
  out->members.push_back({.name = name, .value = std::move(value), .hex = hex});
}

std::string FlagsOf(uint64_t word) {
  // src/regexp/regexp-flags.h, in the order in which RegExp.prototype.flags writes them.
  static constexpr std::pair<char, int> kFlags[] = {{'d', 128}, {'g', 1},  {'i', 2},   {'l', 64}, {'m', 4},
                                                    {'s', 32},  {'u', 16}, {'v', 256}, {'y', 8}};
  std::string flags;
  if (!IsSmi(word)) return flags;
  for (const auto& [letter, bit] : kFlags) {
    if ((SmiValue(word) & bit) != 0) flags += letter;
  }
  return flags;
}

}  // namespace

void Inspector::DescribeObject(uint64_t word, const MapInfo& map, int depth, Inspected* out) {
  const InstanceTypes& types = reader_.layout().types;
  out->kind = KindOf(reader_.layout(), map);
  out->type = out->kind == "function" || out->kind == "bound_function" ? Inspected::Type::kFunction : Inspected::Type::kObject;
  out->class_name = UntrustedText(reader_.ClassOf(word));
  out->cut = depth <= 0;
  DescribeKind(word, types.at(map.instance_type).name, depth, out);
  if (depth <= 0) return;
  // A proxy has none of its own, and a namespace's are its exports.
  if (out->kind == "proxy" || out->kind == "module_namespace") return;
  // globalThis is a proxy that stands for the real global object, which is its prototype (JSGlobalProxy).
  const uint64_t owner = out->instance_type == "JS_GLOBAL_PROXY_TYPE" ? map.prototype : word;
  AddProperties(owner, depth, out);
  if (out->kind != "typedarray") AddElements(owner, depth, out);
}

void Inspector::DescribeKind(uint64_t word, const std::string& type, int depth, Inspected* out) {
  const std::string_view kind = out->kind;
  if (kind == "array") {
    const double length = ArrayLengthOf(reader_, word).value_or(-1);
    out->damaged |= !(length >= 0 && length < 4294967296.0 && length == std::floor(length));
    out->length = out->damaged ? 0 : static_cast<uint64_t>(length);
    Add("length", out->length, out);
  } else if (kind == "map" || kind == "set" || kind == "map_iterator" || kind == "set_iterator") {
    const std::optional<TableView> table = TableOf(reader_, word);
    // An iterator that is done has an empty table of the other kind, or undefined.
    if (table) out->length = table->size;
    const auto is_done = [&] { return reader_.IsUndefined(reader_.Field(word, 24).value_or(0)); };  // JSCollection::table
    out->damaged |= table ? !table->whole : !kind.ends_with("iterator") || !is_done();
    if (!kind.ends_with("iterator")) {
      Add("size", out->length, out);
    } else {
      const uint64_t index = reader_.Field(word, 32).value_or(0);  // JSCollectionIterator::index
      Add("index", SmiValue(index), out);
    }
    if (depth > 0 && table) AddEntries(word, depth, out);
  } else if (kind == "weakmap" || kind == "weakset") {
    const std::optional<TableView> table = ForEachWeakEntry(reader_, word, [](uint64_t, uint64_t, Address) { return false; });
    out->damaged |= !table || !table->whole;
    if (table) out->length = table->size;
    Add("size", out->length, out);
    if (depth > 0) AddEntries(word, depth, out);
  } else if (kind == "weakref") {
    if (depth > 0) AddField("target", word, 24, depth - 1, out);  // JSWeakRef::target
  } else if (kind == "finalization_registry" && depth > 0) {
    AddField("cleanup", word, 32, 0, out);  // JSFinalizationRegistry::cleanup
    std::vector<InspectedMember::Record> cells;
    const uint64_t limit = options_.array_length == 0 ? ~uint64_t{0} : options_.array_length;
    const auto table = ForEachCell(reader_, word, [&](uint64_t target, uint64_t holdings, Address) {
      if (cells.size() >= limit) {
        ++out->entries_omitted;
        return !cancel_.Cancelled();
      }
      cells.push_back({{.name = "target", .value = Describe(target, depth - 1), .hex = false},
                       {.name = "holdings", .value = Describe(holdings, depth - 1), .hex = false}});
      return !stopped_;
    });
    out->damaged |= !table || !table->whole;
    Add("cells", std::move(cells), out);
  } else if (kind == "array_iterator") {
    if (depth > 0) AddField("iterated", word, 24, depth - 1, out);  // JSArrayIterator
    AddField("index", word, 32, 0, out);
  } else if (kind == "arraybuffer") {
    DescribeBuffer(word, depth, out);
  } else if (kind == "typedarray" || kind == "dataview") {
    DescribeView(word, depth, out);
  } else if (kind == "date") {
    const std::optional<double> time = ReadDate(reader_, word);
    out->damaged |= !time;
    Add("time", time.value_or(std::numeric_limits<double>::quiet_NaN()), out);
  } else if (kind == "regexp") {
    const std::optional<StringText> source = reader_.Text(reader_.Field(word, 32).value_or(0), 65536);  // JSRegExp
    out->damaged |= !source || source->damaged || !IsSmi(reader_.Field(word, 40).value_or(1));
    Add("source", UntrustedText(source ? source->text : ""), out);
    Add("flags", FlagsOf(reader_.Field(word, 40).value_or(0)), out);
    AddField("last_index", word, 48, 0, out);
  } else if (kind == "promise") {
    DescribePromise(word, depth, out);
  } else if (kind == "proxy") {
    if (depth > 0) {
      AddField("target", word, 16, depth - 1, out);  // JSProxy
      AddField("handler", word, 24, depth - 1, out);
    }
    Add("revoked", !reader_.layout().types.IsJSReceiver([&] {
      const MapInfo* handler = reader_.MapOf(reader_.Field(word, 24).value_or(0));
      return handler == nullptr ? 0u : uint32_t{handler->instance_type};
    }()), out);
  } else if (kind == "bound_function") {
    if (depth > 0) {
      AddField("bound_target", word, kBoundTarget, depth - 1, out);
      AddField("bound_this", word, kBoundThis, depth - 1, out);
      std::vector<Inspected> arguments;
      const uint64_t array = reader_.Field(word, kBoundArguments).value_or(0);
      out->damaged |= reader_.TypeOf(array) != "FIXED_ARRAY_TYPE" || !reader_.ArrayLength(array);
      const uint64_t count = std::min<uint64_t>(reader_.ArrayLength(array).value_or(0), 1000);
      for (uint64_t i = 0; i < count && !stopped_; ++i)
        arguments.push_back(Describe(reader_.ArrayElement(array, i).value_or(1), depth - 1));
      Add("bound_arguments", std::move(arguments), out);
    }
  } else if (kind == "function") {
    DescribeFunction(word, depth, out);
  } else if (kind == "generator" || kind == "async_function" || kind == "async_generator") {
    DescribeGenerator(word, depth, out);
  } else if (kind == "wrapper") {
    AddField("value", word, 24, 0, out);  // JSPrimitiveWrapper
  } else if (kind == "module_namespace") {
    if (depth > 0) DescribeNamespace(word, depth, out);
  } else if (kind == "api" && depth > 0) {
    const MapInfo* map = reader_.MapOf(word);
    const int first = reader_.offset(ObjectField::kEmbedderFields);
    const int end = map == nullptr ? 0 : 8 * std::min<int>(map->in_object_start, map->instance_size_in_words);
    std::vector<InspectedMember::Record> fields;
    for (int at = first; at + 8 <= end; at += 8)
      fields.push_back({{.name = "word", .value = reader_.Field(word, at).value_or(0), .hex = true}});
    Add("internal_fields", std::move(fields), out);
  }
  (void)type;
}

bool Inspector::IsName(uint64_t word) {
  if (IsSmi(word) || reader_.IsType(word, "SCOPE_INFO_TYPE")) return true;
  const std::optional<StringText> text = reader_.Text(word, 256);
  return text && !text->damaged;
}

bool Inspector::HasNoScript(uint64_t shared) {
  const uint64_t script = reader_.Field(shared, ObjectField::kSharedScript).value_or(1);
  // Up to 11.x DebugInfo may stand before the Script.
  return IsSmi(script) || reader_.IsUndefined(script) || reader_.IsType(script, "DEBUG_INFO_TYPE");
}

bool Inspector::IsWholeScript(uint64_t script) {
  constexpr int kSource = 8, kName = 16;  // src/objects/script.tq
  for (const int field : {kSource, kName}) {
    const uint64_t word = reader_.Field(script, field).value_or(1);
    // A name may be any value of the program.
    if (!IsSmi(word) && reader_.MapOf(word) == nullptr) return false;
  }
  return true;
}

bool Inspector::IsContext(uint64_t word) {
  const MapInfo* map = reader_.MapOf(word);
  const InstanceTypes& types = reader_.layout().types;
  return IsSmi(word) || (map != nullptr && (types.IsContext(map->instance_type) || types.IsNativeContext(map->instance_type)));
}

void Inspector::DescribeFunction(uint64_t word, int depth, Inspected* out) {
  const std::optional<FunctionView> view = ReadFunction(reader_, word);
  if (!view) {
    out->damaged = true;
    return;
  }
  out->damaged |= view->shared == 0 || !IsName(reader_.Field(view->shared, ObjectField::kSharedNameOrScope).value_or(1)) ||
                  (view->script == 0 ? !HasNoScript(view->shared) : !IsWholeScript(view->script)) || !IsContext(view->context);
  // What the program calls it: a `name` of its own, which computed and redefined names are, before that of its source.
  std::string name = view->name;
  if (const uint64_t own = OwnValue(reader_, word, "name"); reader_.IsString(own)) name = reader_.ShortText(own, 1 << 16);
  out->text = UntrustedText(name);
  Add("name", UntrustedText(name), out);
  if (view->script != 0) Add("script", UntrustedText(view->script_name), out);
  if (view->line > 0) {
    Add("line", static_cast<uint64_t>(view->line), out);
    Add("column", static_cast<uint64_t>(view->column), out);
  }
  Add("context", static_cast<uint64_t>(Untag(view->context)), out, true);
  if (view->class_constructor) Add("class_constructor", true, out);
  // The variables that it keeps alive, for the function that was asked about.
  if (depth > 0 && path_.size() == 1 && view->context != 0) Add("scope", Describe(view->context, 1), out);
  if (!options_.source || depth <= 0 || view->script == 0 || view->start < 0 || view->end < view->start) return;
  constexpr int kScriptSource = 8;  // src/objects/script.tq
  const std::optional<StringText> source = reader_.TextRange(reader_.Field(view->script, kScriptSource).value_or(0),
                                                        static_cast<uint64_t>(view->start), static_cast<uint64_t>(view->end));
  if (source) Add("source", UntrustedText(source->text), out);
}

void Inspector::DescribeBuffer(uint64_t word, int depth, Inspected* out) {
  const std::optional<ArrayBufferInfo> info = ReadArrayBuffer(reader_, word);
  if (!info) {
    out->damaged = true;
    return;
  }
  out->length = info->byte_length;
  out->damaged |= info->backing_store >= kUserAddressEnd;
  Add("byte_length", info->byte_length, out);
  if (info->resizable) Add("max_byte_length", info->max_byte_length, out);
  Add("shared", info->shared, out);
  Add("detached", info->detached, out);
  Add("backing_store", info->backing_store, out, true);
  if (depth <= 0 || info->backing_store == 0) return;
  AddBytes(info->backing_store, info->byte_length, out);
}

void Inspector::AddBytes(Address data, uint64_t length, Inspected* out) {
  constexpr uint64_t kMostBytes = 1 << 20;
  const uint64_t wanted = std::min({length, kMostBytes, options_.array_length == 0 ? kMostBytes : options_.array_length});
  std::vector<std::byte> bytes(wanted);
  bytes.resize(reader_.memory().Read(data, bytes));
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const std::byte b : bytes) {
    hex += kDigits[static_cast<uint8_t>(b) >> 4];
    hex += kDigits[static_cast<uint8_t>(b) & 15];
  }
  Add("bytes", std::move(hex), out);
  if (bytes.size() < wanted) Add("bytes_missing", wanted - bytes.size(), out);
}

void Inspector::DescribeView(uint64_t word, int depth, Inspected* out) {
  const std::optional<ArrayBufferViewInfo> info = ReadArrayBufferView(reader_, word);
  if (!info) {
    out->damaged = true;
    return;
  }
  const bool typed = out->kind == "typedarray";
  out->damaged |= !info->whole;
  out->length = info->length;
  if (typed) {
    Add("element_type", std::string(NumberTypeName(info->type)), out);
    Add("length", info->length, out);
  }
  Add("byte_offset", info->byte_offset, out);
  Add("byte_length", info->byte_length, out);
  Add("detached", info->detached, out);
  Add("data", info->data, out, true);
  InspectedMember buffer{.name = "buffer", .value = Describe(info->buffer, depth - 1), .hex = false};
  out->members.push_back(std::move(buffer));
  if (depth <= 0) return;
  if (info->data != 0) AddBytes(info->data, info->byte_length, out);
  if (!typed) return;
  out->has_elements = true;
  const uint64_t limit = std::min<uint64_t>(options_.array_length == 0 ? ~uint64_t{0} : options_.array_length, info->length);
  for (uint64_t i = 0; i < limit && !Enough(); ++i) {
    const std::optional<TypedElement> element = ReadTypedElement(reader_, *info, i);
    InspectedProperty shown;
    shown.index = i;
    if (!element) {
      shown.value.reason = "this memory is not in the core";
      shown.value.address = info->data + i * NumberTypeSize(info->type);
      out->elements.push_back(std::move(shown));
      out->damaged = true;
      break;
    }
    if (info->type == NumberType::kBigInt64 || info->type == NumberType::kBigUint64) {
      shown.value.type = Inspected::Type::kBigInt;
      shown.value.text = UntrustedText(info->type == NumberType::kBigInt64 ? std::to_string(static_cast<int64_t>(element->bits))
                                                                           : std::to_string(element->bits));
    } else {
      shown.value = InspectedNumber(element->number);
    }
    out->elements.push_back(std::move(shown));
  }
  out->elements_omitted = info->length - std::min<uint64_t>(info->length, out->elements.size());
}

void Inspector::DescribePromise(uint64_t word, int depth, Inspected* out) {
  // JSPromise: reactions_or_result at +24, flags at +32 (bits 0-1 the state, bit 2 has a handler); src/objects/promise.tq.
  static constexpr std::string_view kStates[] = {"pending", "fulfilled", "rejected", "damaged"};
  const uint64_t flags = reader_.Field(word, 32).value_or(0);
  const size_t state = IsSmi(flags) ? static_cast<size_t>(SmiValue(flags) & 3) : 3;
  out->damaged |= state == 3;
  Add("state", std::string(kStates[state]), out);
  Add("has_handler", (SmiValue(flags) & 4) != 0, out);
  if (depth <= 0) return;
  if (state != 0) {
    AddField("result", word, 24, depth - 1, out);
    return;
  }
  std::vector<InspectedMember::Record> reactions;
  uint64_t reaction = reader_.Field(word, 24).value_or(1);
  uint64_t landmark = 0;
  while (reactions.size() < kMaxReactions && reader_.IsType(reaction, "PROMISE_REACTION_TYPE") && !stopped_) {
    reactions.push_back(
        {{.name = "fulfill", .value = Describe(reader_.Field(reaction, ObjectField::kReactionFulfill).value_or(0), 0), .hex = false},
         {.name = "reject", .value = Describe(reader_.Field(reaction, ObjectField::kReactionReject).value_or(0), 0), .hex = false},
         {.name = "promise", .value = Describe(reader_.Field(reaction, ObjectField::kReactionPromise).value_or(0), 0), .hex = false}});
    // A damaged list may be a ring (Brent).
    if (const size_t count = reactions.size(); (count & (count - 1)) == 0) landmark = reaction;
    reaction = reader_.Field(reaction, ObjectField::kReactionNext).value_or(1);
    if (reaction == landmark) break;
  }
  if (reactions.size() < kMaxReactions && !stopped_) out->damaged |= reaction != 0;
  // V8 keeps the newest in front; a reader wants them in the order in which they will run.
  std::ranges::reverse(reactions);
  Add("reactions", std::move(reactions), out);
}

void Inspector::DescribeGenerator(uint64_t word, int depth, Inspected* out) {
  // JSGeneratorObject, src/objects/js-generator.tq.
  constexpr int kFunction = 24, kReceiver = 40, kContinuation = 64;
  const uint64_t continuation = reader_.Field(word, kContinuation).value_or(1);
  const int64_t value = IsSmi(continuation) ? SmiValue(continuation) : -3;
  Add("state",
      std::string(value >= 0    ? "suspended"
                  : value == -1 ? "closed"
                  : value == -2 ? "running"
                                : "damaged"),
      out);
  out->damaged |= value < -2;
  AddField("function", word, kFunction, 0, out);
  if (depth > 0) AddField("receiver", word, kReceiver, depth - 1, out);
}

void Inspector::DescribeNamespace(uint64_t word, int depth, Inspected* out) {
  // SourceTextModule::exports at +8, an ObjectHashTable of name -> Cell; Cell::value at +8 (src/objects/module.tq).
  constexpr int kExports = 8, kCellValue = 8;
  const uint64_t module = reader_.Field(word, ObjectField::kModuleNamespaceModule).value_or(0);
  const uint64_t table = reader_.Field(module, kExports).value_or(0);
  const uint64_t count = std::min<uint64_t>(reader_.ArrayLength(table).value_or(0), 1 << 16);
  out->damaged |= !reader_.ArrayLength(table);
  out->damaged |= reader_.TypeOf(module).find("MODULE") == std::string_view::npos ||
                  reader_.TypeOf(table).find("HASH_TABLE") == std::string_view::npos;
  struct Export {
    std::string name;
    Inspected value;
  };
  std::vector<Export> exports;
  bool damaged = false;
  for (uint64_t i = 3; i + 1 < count && !stopped_ && !out->damaged; i += 2) {
    const uint64_t key = reader_.ArrayElement(table, i).value_or(0);
    const uint64_t cell = reader_.ArrayElement(table, i + 1).value_or(0);
    if (!reader_.IsString(key) || !reader_.IsType(cell, "CELL_TYPE")) {
      // Empty and deleted entries, and names that another module gives a value.
      const HeapReader::Oddball oddball = IsSmi(key) ? HeapReader::Oddball::kNone : reader_.OddballOf(key);
      damaged |= !(oddball == HeapReader::Oddball::kUndefined || oddball == HeapReader::Oddball::kHole ||
                   (reader_.IsString(key) && reader_.MapOf(cell) != nullptr));
      continue;
    }
    exports.push_back({reader_.ShortText(key), Describe(reader_.Field(cell, kCellValue).value_or(0), depth - 1)});
  }
  out->damaged |= damaged;
  std::ranges::sort(exports, {}, &Export::name);
  std::vector<InspectedMember::Record> records;
  for (Export& e : exports) {
    records.push_back({{.name = "key", .value = UntrustedText(std::move(e.name)), .hex = false},
                       {.name = "value", .value = std::move(e.value), .hex = false}});
  }
  Add("exports", std::move(records), out);
}

}  // namespace corewalk
