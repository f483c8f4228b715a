#include "command/value_json.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text_sanitize.h"
#include "base/number_text.h"

namespace corewalk {
namespace {

std::string Quoted(std::string_view text) {
  return '"' + JsonEscapeExact(text) + '"';
}

std::string NumberJson(double number) {
  const bool plain = std::isfinite(number) && !(number == 0 && std::signbit(number));
  return plain ? NumberText(number) : Quoted(NumberText(number));
}

class Writer {
 public:
  void Write(const Inspected& value);
  std::string Take() { return std::move(out_); }

 private:
  void Member(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void Text(std::string_view name, std::string_view text) { Member(name), out_ += Quoted(text); }
  void Flag(std::string_view name, bool value) { Member(name), out_ += value ? "true" : "false"; }
  void Number(std::string_view name, uint64_t value) { Member(name), out_ += std::to_string(value); }
  void Hex(std::string_view name, uint64_t value) { Member(name), out_ += fmt::format("\"0x{:x}\"", value); }
  void Property(const InspectedProperty& property, bool indexed);
  void Properties(std::string_view name, const std::vector<InspectedProperty>& properties, bool indexed);
  void Entries(const Inspected& value);
  void OwnMember(const InspectedMember& member);
  static std::string_view TypeName(Inspected::Type type);

  std::string out_;
};

std::string_view Writer::TypeName(Inspected::Type type) {
  static constexpr std::string_view kNames[] = {"undefined", "null",   "hole",     "boolean",  "number",     "bigint", "string",
                                                "symbol",    "object", "function", "internal", "unreadable", "seen"};
  return kNames[static_cast<size_t>(type)];
}

void Writer::Property(const InspectedProperty& property, bool indexed) {
  out_ += '{';
  if (indexed) {
    Number("index", property.index);
  } else if (!property.valid_key) {
    Member("key");
    out_ += "null";
  } else {
    Member("key");
    out_ += property.described ? Quoted(property.key.raw()) : "null";
    const bool is_private = property.is_private && property.key.raw().starts_with("#");
    if (is_private) Flag("private", true);
    if (property.symbol && !is_private) Flag("symbol", true);
  }
  if (property.native) {
    Flag("native", true);
  } else if (property.accessor) {
    Member("getter");
    Write(property.value);
    Member("setter");
    Write(property.setter.front());
  } else {
    Member("value");
    Write(property.value);
  }
  if (property.read_only && (!property.accessor || property.native)) Flag("writable", false);
  if (property.dont_enum) Flag("enumerable", false);
  if (property.dont_delete) Flag("configurable", false);
  out_ += '}';
}

void Writer::Properties(std::string_view name, const std::vector<InspectedProperty>& properties, bool indexed) {
  Member(name);
  out_ += '[';
  for (const InspectedProperty& property : properties) {
    if (out_.back() != '[') out_ += ',';
    Property(property, indexed);
  }
  out_ += ']';
}

void Writer::Entries(const Inspected& value) {
  Member("entries");
  out_ += '[';
  for (const InspectedEntry& entry : value.entries) {
    if (out_.back() != '[') out_ += ',';
    if (entry.has_value) out_ += '[';
    Write(entry.key);
    if (entry.has_value) {
      out_ += ',';
      Write(entry.value);
      out_ += ']';
    }
  }
  out_ += ']';
  if (value.entries_omitted > 0) Number("entries_omitted", value.entries_omitted);
}

void Writer::OwnMember(const InspectedMember& member) {
  Member(member.name);
  std::visit(
      [this, &member](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>) {
          out_ += value ? "true" : "false";
        } else if constexpr (std::is_same_v<T, uint64_t>) {
          out_ += member.hex ? fmt::format("\"0x{:x}\"", value) : std::to_string(value);
        } else if constexpr (std::is_same_v<T, int64_t>) {
          out_ += std::to_string(value);
        } else if constexpr (std::is_same_v<T, double>) {
          out_ += NumberJson(value);
        } else if constexpr (std::is_same_v<T, std::string>) {
          out_ += Quoted(value);
        } else if constexpr (std::is_same_v<T, UntrustedText>) {
          out_ += Quoted(value.raw());
        } else if constexpr (std::is_same_v<T, Inspected>) {
          Write(value);
        } else if constexpr (std::is_same_v<T, std::vector<Inspected>>) {
          out_ += '[';
          for (const Inspected& item : value) {
            if (out_.back() != '[') out_ += ',';
            Write(item);
          }
          out_ += ']';
        } else {
          out_ += '[';
          for (const InspectedMember::Record& record : value) {
            if (out_.back() != '[') out_ += ',';
            out_ += '{';
            for (const InspectedMember& part : record) OwnMember(part);
            out_ += '}';
          }
          out_ += ']';
        }
      },
      member.value);
  if (member.name == "time") {
    if (const auto* time = std::get_if<double>(&member.value)) Text("iso", DateText(*time));
  }
}

void Writer::Write(const Inspected& value) {
  using enum Inspected::Type;
  out_ += '{';
  Text("type", TypeName(value.type));
  switch (value.type) {
    case kBoolean:
      Flag("value", value.boolean);
      break;
    case kNumber:
      Member("value");
      out_ += NumberJson(value.number);
      break;
    case kBigInt:
      Text("value", value.text.raw());
      if (value.truncated) Flag("truncated", true);
      break;
    case kString:
      Text("value", value.text.raw());
      Number("length", value.length);
      Text("representation", value.representation);
      if (value.truncated) Flag("truncated", true);
      break;
    case kSymbol:
      Member("description");
      out_ += value.described ? Quoted(value.text.raw()) : "null";
      if (value.is_private) Flag("private", true);
      break;
    case kUnreadable:
      Text("reason", value.reason);
      break;
    default:
      break;
  }
  const bool has_content = value.type == kObject || value.type == kFunction || value.type == kInternal;
  if (has_content) {
    if (!value.kind.empty()) Text("kind", value.kind);
    Text("class", value.class_name.raw());
    if (value.type == kInternal) Text("instance_type", value.instance_type);
    if (value.kind == "oddball") Text("name", value.text.raw());
  }
  const bool singleton = value.type == kUndefined || value.type == kNull || value.type == kHole || value.type == kBoolean;
  if (value.address != 0 && !singleton) Hex("address", value.address);
  if (has_content) {
    Hex("map", value.map);
    for (const InspectedMember& member : value.members) OwnMember(member);
    if (value.has_entries) Entries(value);
    if (value.has_elements) {
      Properties("elements", value.elements, true);
      if (value.elements_omitted > 0) Number("elements_omitted", value.elements_omitted);
    }
    if (value.has_properties) {
      Properties(value.kind == "context" ? "variables" : "properties", value.properties, false);
      if (value.properties_omitted > 0) Number("properties_omitted", value.properties_omitted);
    }
    if (value.cut) Flag("cut", true);
  }
  if (value.damaged) Flag("damaged", true);
  out_ += '}';
}

}  // namespace

std::string ValueJson(const Inspected& value) {
  Writer writer;
  writer.Write(value);
  return writer.Take();
}

}  // namespace corewalk
