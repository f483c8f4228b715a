#include "command/reference_text.h"

#include <fmt/format.h>

#include "base/text_sanitize.h"
#include "base/number_text.h"
#include "command/value_text.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr size_t kShownName = 120;    // code points of a property's name
constexpr uint64_t kShownKey = 40;    // UTF-16 units of a Map's key
constexpr uint32_t kBigIntWords = 4;

std::string Safe(const std::string& text) {
  return Sanitize(UntrustedText(text), {.max_code_points = kShownName});
}

bool IsIdentifier(const std::string& text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
                       c == '#' || static_cast<unsigned char>(c) >= 0x80;
    if (!plain) return false;
  }
  return true;
}

std::string Quoted(const std::string& text, size_t most = kShownName) {
  return '"' + Sanitize(UntrustedText(text), {.max_code_points = most, .style = EscapeStyle::kQuoted}) + '"';
}

std::string ContextName(const std::string& class_name) {
  constexpr std::string_view kSystem = "system / ";
  return class_name.starts_with(kSystem) ? class_name.substr(kSystem.size()) : class_name;
}

}  // namespace

std::string BriefValue(HeapReader& reader, uint64_t tagged, uint64_t units) {
  if (IsSmi(tagged)) return std::to_string(SmiValue(tagged));
  if ((tagged & 0xffffffff) == 3) return "(collected)";
  const uint64_t value = Untag(tagged) | 1;
  const MapInfo* found = reader.MapOf(value);
  if (found == nullptr) return "(unreadable)";
  const MapInfo map = *found;
  const InstanceTypes& types = reader.layout().types;
  if (types.IsString(map.instance_type)) {
    const std::optional<StringText> text = reader.Text(value, units);
    if (!text) return "(unreadable)";
    return Quoted(text->text, 0) + (text->truncated ? "..." : "");
  }
  if (const std::optional<double> number = ReadNumber(reader, value)) return NumberText(*number);
  switch (reader.OddballOf(value)) {
    case HeapReader::Oddball::kUndefined:
      return "undefined";
    case HeapReader::Oddball::kNull:
      return "null";
    case HeapReader::Oddball::kTrue:
      return "true";
    case HeapReader::Oddball::kFalse:
      return "false";
    case HeapReader::Oddball::kNone:
      break;
    default:
      return "(hole)";
  }
  if (types.IsSymbol(map.instance_type)) return "Symbol(" + Safe(ReadKey(reader, value).text) + ")";
  if (const std::optional<BigIntText> number = ReadBigInt(reader, value, kBigIntWords))
    return number->digits + (number->truncated ? "...n" : "n");
  if (types.at(map.instance_type).name == "JS_ARRAY_TYPE") {
    if (const std::optional<double> length = ArrayLengthOf(reader, value))
      return fmt::format("{}({})", Safe(reader.ClassOf(value)), *length);
  }
  return OwnerText(reader, Untag(value));
}

std::string StepText(HeapReader& reader, std::span<const SlotName> path) {
  std::string text = PathText(reader, path);
  if (text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::string OwnerText(HeapReader& reader, Address owner) {
  const MapInfo* found = reader.MapOf(owner + 1);
  if (found == nullptr) return "(unreadable)";
  const MapInfo map = *found;
  if (map.category == Category::kClosure) return "Function " + Safe(reader.names().ObjectName(map, owner));
  const std::string name = ContextName(reader.names().ClassNameOf(map, owner));
  if (name != "(hidden)" && name != "(array)") return Safe(name);
  // V8's own kinds say more by their type: "(property cell)".
  std::string type = reader.layout().types.at(map.instance_type).name;
  if (type.empty() || type == "FIXED_ARRAY_TYPE") return name;
  if (type.ends_with("_TYPE")) type.resize(type.size() - 5);
  for (char& c : type) c = c == '_' ? ' ' : static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return "(" + type + ")";
}

std::string SlotText(HeapReader& reader, const SlotName& name) {
  switch (name.kind) {
    case SlotKind::kProperty: {
      const std::string accessor = name.label.empty() ? "" : " " + name.label;
      if (name.symbol) return "[Symbol(" + Safe(name.text) + ")]" + accessor;
      return (IsIdentifier(name.text) ? "." + Safe(name.text) : "[" + Quoted(name.text) + "]") + accessor;
    }
    case SlotKind::kVariable:
      return "." + Safe(name.text);
    case SlotKind::kElement:
      return fmt::format("[{}]", name.index);
    case SlotKind::kKey:
      return " (key)";
    case SlotKind::kMember:
      return " (member)";
    case SlotKind::kEntry:
      return "[" + BriefValue(reader, name.key, kShownKey) + "]";
    case SlotKind::kField:
      break;
  }
  return " " + name.label;
}

std::string PathText(HeapReader& reader, std::span<const SlotName> path) {
  std::string text;
  for (const SlotName& name : path) text += SlotText(reader, name);
  return text;
}

std::string RootText(const RootReferrer& root) {
  switch (root.kind) {
    case RootReferrer::Kind::kRoot:
      return root.name.empty() ? "(root)" : "(root " + Safe(root.name) + ")";
    case RootReferrer::Kind::kIsolate:
      return fmt::format("(isolate {})", root.isolate);
    case RootReferrer::Kind::kStack:
      return fmt::format("(stack of thread {})", root.thread_id);
    case RootReferrer::Kind::kNative:
      break;
  }
  return "(native memory)";
}

std::string_view SlotKindName(SlotKind kind) {
  switch (kind) {
    case SlotKind::kProperty:
      return "property";
    case SlotKind::kElement:
      return "element";
    case SlotKind::kVariable:
      return "variable";
    case SlotKind::kKey:
      return "key";
    case SlotKind::kEntry:
      return "value";
    case SlotKind::kMember:
      return "member";
    case SlotKind::kField:
      break;
  }
  return "field";
}

}  // namespace corewalk
