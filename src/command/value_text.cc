#include "command/value_text.h"

#include <fmt/format.h>


#include "base/text_sanitize.h"
#include "command/value_head.h"

namespace corewalk {
namespace {

constexpr int kIndent = 4;
// llnode's colours.
constexpr std::string_view kAddressColor = "\x1b[36m", kValueColor = "\x1b[33m", kHeadColor = "\x1b[35m",
                           kKeyColor = "\x1b[1;33m", kErrorColor = "\x1b[31m", kNoColor = "\x1b[0m";

class Writer {
 public:
  explicit Writer(const ValueTextOptions& options) : options_(options) {}

  // `level` is how deep the value stands inside others; `open`: with its content.
  void Write(const Inspected& value, int level, bool open);
  std::string Take() { return std::move(out_); }

 private:
  void Prefix(const Inspected& value);
  void Colored(std::string_view color, std::string_view text) {
    if (options_.color) out_ += color;
    out_ += text;
    if (options_.color) out_ += kNoColor;
  }
  void NewLine(int level) { out_ += '\n' + std::string(static_cast<size_t>(kIndent * level), ' '); }
  void HalfLine(int level) { out_ += '\n' + std::string(static_cast<size_t>(kIndent * level + 2), ' '); }
  void WriteObject(const Inspected& value, int level, bool open);
  void WriteFunction(const Inspected& value, int level, bool open);
  void WriteInternal(const Inspected& value, int level, bool open);
  // "{" entries "}" one level deeper; false when there is nothing to write.
  void WriteElements(const Inspected& value, int level);
  void WriteProperties(const Inspected& value, int level);
  void WriteEntries(const Inspected& value, int level);
  void More(uint64_t omitted, bool first, int level);
  void Bytes(const Inspected& value, int level);
  static bool IsStandard(const Inspected& owner, const InspectedProperty& property);
  static size_t Shown(const Inspected& value);
  static std::string Key(const InspectedProperty& property);
  void PropertyValue(const InspectedProperty& property, int level);

  const ValueTextOptions& options_;
  std::string out_;
};

void Writer::Prefix(const Inspected& value) {
  if (value.address == 0 || !options_.print_address) return;
  if (options_.print_map) {
    Colored(kAddressColor, fmt::format("0x{:016x}", value.address + 1));
    out_ += fmt::format("(map=0x{:016x}):", value.map != 0 ? value.map + 1 : 0);
  } else {
    Colored(kAddressColor, fmt::format("0x{:x}", value.address + 1));
    out_ += ':';
  }
}

std::string Writer::Key(const InspectedProperty& property) {
  if (!property.valid_key) return "<non-string>";
  if (!property.symbol || (property.is_private && property.key.raw().starts_with("#"))) return Safe(property.key);
  return property.described ? "Symbol('" + Safe(property.key) + "')" : "Symbol()";
}

void Writer::PropertyValue(const InspectedProperty& property, int level) {
  if (property.native) {
    out_ += "<accessor of V8>";
  } else if (property.accessor) {
    out_ += "<accessor get=";
    Write(property.value, level, false);
    out_ += " set=";
    Write(property.setter.front(), level, false);
    out_ += '>';
  } else {
    Write(property.value, level, true);
  }
}

void Writer::More(uint64_t omitted, bool first, int level) {
  if (omitted == 0) return;
  if (!first) out_ += ',';
  NewLine(level + 1);
  out_ += fmt::format("... {} more", omitted);
}

void Writer::WriteElements(const Inspected& value, int level) {
  out_ += '{';
  bool first = true;
  for (const InspectedProperty& element : value.elements) {
    if (!first) out_ += ',';
    first = false;
    NewLine(level + 1);
    Colored(kKeyColor, fmt::format("[{}]", element.index));
    out_ += '=';
    PropertyValue(element, level + 1);
  }
  More(value.elements_omitted, first, level);
  out_ += '}';
}

// What every array or function has, and llnode leaves out.
bool Writer::IsStandard(const Inspected& owner, const InspectedProperty& property) {
  if (property.symbol) return false;
  const std::string& key = property.key.raw();
  if (owner.kind == "array") return key == "length";
  if (owner.kind == "regexp") return key == "lastIndex";
  if (owner.type == Inspected::Type::kFunction)
    return key == "length" || key == "name" || key == "prototype" || key == "arguments" || key == "caller";
  return false;
}

size_t Writer::Shown(const Inspected& value) {
  size_t count = 0;
  for (const InspectedProperty& property : value.properties) count += !IsStandard(value, property);
  return count;
}

void Writer::WriteProperties(const Inspected& value, int level) {
  out_ += "properties {";
  bool first = true;
  for (const InspectedProperty& property : value.properties) {
    if (IsStandard(value, property)) continue;
    if (!first) out_ += ',';
    first = false;
    NewLine(level + 1);
    Colored(kKeyColor, '.' + Key(property));
    out_ += '=';
    PropertyValue(property, level + 1);
  }
  More(value.properties_omitted, first, level);
  out_ += '}';
}

void Writer::WriteEntries(const Inspected& value, int level) {
  out_ += '{';
  bool first = true;
  for (const InspectedEntry& entry : value.entries) {
    if (!first) out_ += ',';
    first = false;
    NewLine(level + 1);
    Write(entry.key, level + 1, true);
    if (!entry.has_value) continue;
    out_ += " => ";
    Write(entry.value, level + 1, true);
  }
  More(value.entries_omitted, first, level);
  out_ += '}';
}

void Writer::Bytes(const Inspected& value, int level) {
  // As llnode: two-digit hexadecimal.
  const std::string hex = TextOf(value, "bytes");
  if (hex.empty()) return;
  out_ += ": [";
  HalfLine(level);
  for (size_t i = 0; i + 1 < hex.size(); i += 2) out_ += (i == 0 ? "" : ", ") + hex.substr(i, 2);
  if (hex.size() / 2 < Unsigned(value, "byte_length")) out_ += " ...";
  NewLine(level);
  out_ += ']';
}

void Writer::WriteObject(const Inspected& value, int level, bool open) {
  const std::string head = ValueHead(value, options_.llnode_strict);
  out_ += '<';
  Colored(kHeadColor, !head.empty() ? head : "Object: " + (value.class_name.empty() ? "no constructor" : Safe(value.class_name)));
  if (!open || value.cut) {
    out_ += '>';
    return;
  }
  const std::string_view kind = value.kind;
  if (kind == "arraybuffer" || kind == "typedarray" || kind == "dataview") Bytes(value, level);
  // The bytes of byte arrays are their elements.
  const bool is_bytes = kind == "typedarray" && TextOf(value, "element_type").find("int8") != std::string::npos;
  const bool listed = kind == "array" || (kind == "typedarray" && !is_bytes);
  bool any = false;
  if (listed && value.has_elements && (!value.elements.empty() || value.elements_omitted > 0)) {
    out_ += ' ';
    WriteElements(value, level);
    any = true;
  }
  if (value.has_entries && (!value.entries.empty() || value.entries_omitted > 0)) {
    out_ += ' ';
    WriteEntries(value, level);
    any = true;
  }
  if (!listed && !is_bytes && !value.elements.empty()) {
    out_ += " elements ";
    WriteElements(value, level);
    any = true;
  }
  // The kind's own fields that hold values.
  for (const InspectedMember& member : value.members) {
    if (const auto* inner = std::get_if<Inspected>(&member.value)) {
      if (member.name == "buffer" || member.name == "last_index") continue;
      HalfLine(level);
      out_ += std::string(member.name) + "=";
      Write(*inner, level + 1, true);
    } else if (const auto* records = std::get_if<std::vector<InspectedMember::Record>>(&member.value)) {
      if (records->empty()) continue;
      const bool internal_fields = member.name == "internal_fields";
      if (internal_fields) continue;  // llnode writes them last
      HalfLine(level);
      out_ += std::string(member.name) + " {";
      for (const InspectedMember::Record& record : *records) {
        NewLine(level + 1);
        bool first = true;
        for (const InspectedMember& part : record) {
          if (!first) out_ += ' ';
          first = false;
          if (const auto* text = std::get_if<UntrustedText>(&part.value)) {
            out_ += Safe(*text);
          } else if (const auto* shown = std::get_if<Inspected>(&part.value)) {
            out_ += std::string(part.name) + "=";
            Write(*shown, level + 1, false);
          }
        }
      }
      out_ += '}';
    }
  }
  if (Shown(value) > 0 || value.properties_omitted > 0) {
    if (any || !head.empty()) {
      HalfLine(level);
    } else {
      out_ += ' ';
    }
    WriteProperties(value, level);
  }
  if (const auto* records = Member<std::vector<InspectedMember::Record>>(value, "internal_fields"); records && !records->empty()) {
    HalfLine(level);
    out_ += "internal fields {";
    bool first = true;
    for (const InspectedMember::Record& record : *records) {
      if (!first) out_ += ',';
      first = false;
      NewLine(level + 1);
      if (const auto* word = std::get_if<uint64_t>(&record.front().value)) out_ += fmt::format("0x{:016x}", *word);
    }
    out_ += '}';
  }
  if (value.damaged) {
    HalfLine(level);
    out_ += "???";
  }
  out_ += '>';
}

void Writer::WriteFunction(const Inspected& value, int level, bool open) {
  if (value.kind == "bound_function") {
    out_ += "<JSBoundFunction";
    if (open && !value.cut) {
      for (const char* name : {"bound_target", "bound_this"}) {
        if (const Inspected* inner = Member<Inspected>(value, name)) {
          HalfLine(level);
          out_ += std::string(name) + "=";
          Write(*inner, level + 1, true);
        }
      }
      if (const auto* list = Member<std::vector<Inspected>>(value, "bound_arguments"); list && !list->empty()) {
        HalfLine(level);
        out_ += "bound_arguments=(";
        for (size_t i = 0; i < list->size(); ++i) {
          if (i > 0) out_ += ", ";
          Write((*list)[i], level + 1, false);
        }
        out_ += ')';
      }
    }
    out_ += '>';
    return;
  }
  const std::string name = value.text.empty() ? "(anonymous)" : Safe(value.text);
  out_ += "<function: " + name;
  if (const auto* script = Member<UntrustedText>(value, "script")) {
    // llnode counts columns from 0.
    out_ += fmt::format(" at {}:{}:{}", script->empty() ? "(no script)" : Safe(*script), Unsigned(value, "line"),
                        Unsigned(value, "column") > 0 ? Unsigned(value, "column") - 1 : 0);
  } else {
    out_ += " at (no script)";
  }
  if (open && !value.cut) {
    if (const Inspected* scope = Member<Inspected>(value, "scope")) {
      HalfLine(level);
      out_ += "context=";
      Write(*scope, level, true);
    }
    if (const auto* source = Member<UntrustedText>(value, "source")) {
      HalfLine(level);
      out_ += "source:\nfunction " + (value.text.empty() ? std::string() : Safe(value.text));
      // Its line breaks are wanted here.
      std::string_view rest = source->raw();
      while (true) {
        const size_t end = rest.find('\n');
        out_ += Sanitize(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        out_ += '\n';
        rest.remove_prefix(end + 1);
      }
      out_ += '\n';
    }
    if (Shown(value) > 0) {
      HalfLine(level);
      WriteProperties(value, level);
    }
  }
  out_ += '>';
}

void Writer::WriteInternal(const Inspected& value, int level, bool open) {
  const std::string_view kind = value.kind;
  if (kind == "context") {
    out_ += "<Context";
    if (open && !value.cut) {
      out_ += ": {";
      bool first = true;
      const auto line = [&] {
        if (!first) out_ += ',';
        first = false;
        NewLine(level + 1);
      };
      for (const char* name : {"previous", "scope_info", "extension"}) {
        const Inspected* inner = Member<Inspected>(value, name);
        if (inner == nullptr) continue;
        line();
        out_ += fmt::format("({})=", name);
        if (std::string_view(name) == "scope_info") {
          const std::string function = TextOf(value, "function");
          Prefix(*inner);
          out_ += function.empty() ? "<ScopeInfo>" : "<ScopeInfo: for function " + function + ">";
        } else {
          Write(*inner, level + 1, false);
        }
      }
      for (const InspectedProperty& variable : value.properties) {
        line();
        out_ += Safe(variable.key) + "=";
        Write(variable.value, level + 1, true);
      }
      out_ += '}';
    }
    out_ += '>';
  } else if (kind == "fixed_array") {
    out_ += fmt::format("<FixedArray, len={}", value.length);
    if (open && !value.cut && (!value.elements.empty() || value.elements_omitted > 0)) {
      out_ += " contents=";
      WriteElements(value, level);
    }
    out_ += '>';
  } else if (kind == "shape") {
    out_ += fmt::format("<Map own_descriptors={} in_object_size={} instance_size={} descriptors=0x{:016x}>",
                        Unsigned(value, "own_descriptors"), Unsigned(value, "in_object_size"), Unsigned(value, "instance_size"),
                        Unsigned(value, "descriptors"));
  } else if (kind == "oddball") {
    out_ += "<" + Safe(value.text) + ">";
  } else if (kind == "scope_info") {
    out_ += "<ScopeInfo>";
  } else if (kind == "shared_function_info") {
    out_ += fmt::format("<SharedFunctionInfo: {} at {}:{}>", TextOf(value, "name"), TextOf(value, "script"), Unsigned(value, "line"));
  } else if (kind == "script") {
    out_ += fmt::format("<Script: {}>", TextOf(value, "name"));
  } else if (kind == "cleared_weak_reference") {
    out_ += "<cleared weak reference>";
  } else {
    const std::string type = value.instance_type.ends_with("_TYPE") ? value.instance_type.substr(0, value.instance_type.size() - 5)
                                                                    : value.instance_type;
    out_ += fmt::format("<{}", type.empty() ? "unknown" : type);
    const auto* records = Member<std::vector<InspectedMember::Record>>(value, "fields");
    if (open && records != nullptr && !records->empty()) {
      out_ += " fields {";
      for (const InspectedMember::Record& record : *records) {
        NewLine(level + 1);
        for (const InspectedMember& part : record) {
          if (part.name == "offset") out_ += fmt::format("+{}=", std::get<uint64_t>(part.value));
          if (const auto* word = std::get_if<uint64_t>(&part.value); word && part.hex) out_ += fmt::format("0x{:x}", *word);
          if (const auto* inner = std::get_if<Inspected>(&part.value)) Write(*inner, level + 1, false);
        }
      }
      out_ += '}';
    }
    out_ += '>';
  }
}

void Writer::Write(const Inspected& value, int level, bool open) {
  using enum Inspected::Type;
  if (value.type == kUnreadable) {
    Colored(kErrorColor, "???");
    return;
  }
  if (value.type == kNumber && value.double_field) {
    Colored(kValueColor, DoubleText(value.number));
    return;
  }
  Prefix(value);
  switch (value.type) {
    case kUndefined:
      Colored(kValueColor, "<undefined>");
      break;
    case kNull:
      Colored(kValueColor, "<null>");
      break;
    case kHole:
      Colored(kValueColor, "<hole>");
      break;
    case kBoolean:
      Colored(kValueColor, value.boolean ? "<true>" : "<false>");
      break;
    case kNumber:
      Colored(kValueColor, value.smi ? fmt::format("<Smi: {}>", static_cast<int64_t>(value.number))
                                      : "<Number: " + DoubleText(value.number) + ">");
      break;
    case kBigInt:
      Colored(kValueColor, "<BigInt: " + Safe(value.text) + (value.truncated ? "..." : "") + ">");
      break;
    case kString:
      Colored(kValueColor,
              options_.llnode_strict && value.representation == "external"
                  ? "<String: \"(external)\">"
                  : "<String: \"" + Safe(value.text) + (value.truncated ? "..." : "") + (value.damaged ? "???" : "") + "\">");
      break;
    case kSymbol:
      Colored(kValueColor, value.described ? "<Symbol: " + Safe(value.text) + ">" : "<Symbol>");
      break;
    case kSeen:
      out_ += "<Object: " + Safe(value.class_name) + "> [seen above]";
      break;
    case kFunction:
      WriteFunction(value, level, open);
      break;
    case kInternal:
      WriteInternal(value, level, open);
      break;
    default:
      WriteObject(value, level, open);
  }
}

}  // namespace

std::string ValueText(const Inspected& value, const ValueTextOptions& options) {
  Writer writer(options);
  writer.Write(value, 0, true);
  return writer.Take();
}

std::string ShortValueText(const Inspected& value, const ValueTextOptions& options) {
  Writer writer(options);
  writer.Write(value, 0, false);
  return writer.Take();
}

void AddValueLines(std::string_view text, Reporter* out) {
  while (true) {
    const size_t end = text.find('\n');
    out->AddTextLine(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace corewalk
