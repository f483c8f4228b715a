#include "heap/views/contexts.h"

#include <algorithm>

#include "heap/scope_info.h"

namespace corewalk {
namespace {

// src/objects/contexts.h
constexpr uint64_t kExtension = 2;
constexpr uint64_t kFirstLocal = 2;         // without an extension slot
constexpr int64_t kLengthMask = 0x3fffffff;  // bit 30 is a flag in 7.9
constexpr uint64_t kMaxNameLength = 4096;

// The names of the scope's variables by index. src/objects/name-to-index-hash-table.h: entries of name and index (Smi)
// behind three words, in an array; empty ones hold undefined.
std::vector<uint64_t> NamesOf(HeapReader& reader, const ScopeInfoParts& parts, uint64_t count) {
  constexpr uint64_t kPrefix = 3, kEntry = 2;
  if (!parts.hashed_names) return ReadWords(reader.memory(), parts.names, count);
  std::vector<uint64_t> names(count);
  const uint64_t table = reader.Word(parts.names).value_or(0);
  const uint64_t length = std::min(reader.ArrayLength(table).value_or(0), kPrefix + 8 * kEntry * (uint64_t{parts.locals} + 8));
  for (uint64_t i = kPrefix; i + 1 < length; i += kEntry) {
    const std::optional<uint64_t> name = reader.ArrayElement(table, i);
    const std::optional<uint64_t> index = reader.ArrayElement(table, i + 1);
    if (!name || !index) break;
    if (!IsSmi(*index) || SmiValue(*index) < 0 || SmiValue(*index) >= static_cast<int64_t>(count) || IsSmi(*name)) continue;
    names[static_cast<size_t>(SmiValue(*index))] = *name;
  }
  return names;
}

ContextVariable VariableAt(HeapReader& reader, uint64_t context, uint64_t slot, std::string name) {
  ContextVariable variable{.name = std::move(name), .slot = Untag(context) + 16 + 8 * slot};
  const std::optional<uint64_t> word = reader.ArrayElement(context, slot);
  variable.readable = word.has_value();
  if (!word) return variable;
  const HeapReader::SlotValue value = reader.ThroughCell(*word);
  variable.value = value.value;
  variable.raw_double = value.raw_double;
  if (value.cell != 0) variable.slot = value.cell;
  return variable;
}

}  // namespace

std::vector<ScopeVariable> VariablesOfScope(HeapReader& reader, uint64_t scope_info) {
  std::vector<ScopeVariable> variables;
  if (!reader.IsType(scope_info, "SCOPE_INFO_TYPE")) return variables;
  const std::optional<ScopeInfoParts> parts = LocateScopeInfo(reader.memory(), reader.layout(), scope_info);
  if (!parts) return variables;
  const uint8_t fixed = reader.facts().context_locals;
  const uint64_t first = fixed != 0 ? fixed : kFirstLocal + parts->has_extension_slot;
  const std::vector<uint64_t> names = NamesOf(reader, *parts, parts->locals);
  for (uint64_t i = 0; i < names.size(); ++i)
    variables.push_back({reader.ShortText(names[i], kMaxNameLength), first + i});
  const auto add = [&](Address slot_at, std::string name) {
    const std::optional<uint64_t> slot = slot_at == 0 ? std::nullopt : reader.Word(slot_at);
    if (slot && IsSmi(*slot) && SmiValue(*slot) >= static_cast<int64_t>(first + names.size()))
      variables.push_back({std::move(name), static_cast<uint64_t>(SmiValue(*slot))});
  };
  add(parts->receiver_slot, "this");
  if (parts->function_slot != 0)
    add(parts->function_slot, reader.ShortText(reader.Word(parts->function_name).value_or(0)));
  return variables;
}

std::optional<ContextView> ReadContext(HeapReader& reader, uint64_t context) {
  const MapInfo* map = reader.MapOf(context);
  if (map == nullptr) return std::nullopt;
  const InstanceTypes& types = reader.layout().types;
  if (types.IsNativeContext(map->instance_type)) return ContextView{.context = context, .scope_type = "native"};
  if (!types.IsContext(map->instance_type)) return std::nullopt;
  ContextView view{.context = context};
  view.scope_info = reader.ArrayElement(context, kContextScopeInfo).value_or(0);
  if (const uint64_t previous = reader.ArrayElement(context, kContextPrevious).value_or(0); reader.MapOf(previous) != nullptr)
    view.previous = previous;
  else if (!IsSmi(previous))
    view.whole = false;
  std::optional<ScopeInfoParts> parts;
  if (reader.IsType(view.scope_info, "SCOPE_INFO_TYPE"))
    parts = LocateScopeInfo(reader.memory(), reader.layout(), view.scope_info);
  if (!parts) {
    // The empty ScopeInfo of older lines has no parts.
    view.whole &= reader.IsType(view.scope_info, "SCOPE_INFO_TYPE") && reader.ArrayLength(view.scope_info) == 0;
    return view;
  }
  view.scope_type = ScopeTypeName(parts->type);
  view.function_name = reader.names().ScopeName(view.scope_info);

  const uint8_t fixed = reader.facts().context_locals;
  if (fixed != 0 || parts->has_extension_slot) {
    const uint64_t extension = reader.ArrayElement(context, kExtension).value_or(0);
    // Without one the slot holds undefined or the hole.
    if (reader.MapOf(extension) != nullptr && reader.OddballOf(extension) == HeapReader::Oddball::kNone)
      view.extension = extension;
  }
  const uint64_t first = fixed != 0 ? fixed : kFirstLocal + parts->has_extension_slot;
  const int64_t length = SmiValue(reader.Field(context, 8).value_or(0)) & kLengthMask;
  if (length <= static_cast<int64_t>(first)) return view;
  const uint64_t count = std::min<uint64_t>(parts->locals, static_cast<uint64_t>(length) - first);
  const std::vector<uint64_t> names = NamesOf(reader, *parts, count);
  view.whole &= names.size() == parts->locals && std::ranges::all_of(names, [&](uint64_t name) { return reader.IsString(name); });
  view.variables.reserve(names.size());
  for (uint64_t i = 0; i < names.size(); ++i)
    view.variables.push_back(VariableAt(reader, context, first + i, reader.ShortText(names[i], kMaxNameLength)));
  // `this` and a function expression's own name have slots of their own.
  const auto add = [&](Address slot_at, std::string name) {
    const std::optional<uint64_t> slot = slot_at == 0 ? std::nullopt : reader.Word(slot_at);
    if (!slot || !IsSmi(*slot) || SmiValue(*slot) < static_cast<int64_t>(first) || SmiValue(*slot) >= length) return;
    const uint64_t index = static_cast<uint64_t>(SmiValue(*slot));
    if (index >= first + count) view.variables.push_back(VariableAt(reader, context, index, std::move(name)));
  };
  add(parts->receiver_slot, "this");
  if (parts->function_slot != 0) add(parts->function_slot, reader.ShortText(reader.Word(parts->function_name).value_or(0)));
  return view;
}

}  // namespace corewalk
