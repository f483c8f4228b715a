#include "command/value_head.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "base/number_text.h"

namespace corewalk {

std::string DoubleText(double number) {
  std::string text = fmt::format("{:f}", number);
  if (std::isfinite(number) && (std::strtod(text.c_str(), nullptr) != number || text.size() > 24)) text = NumberText(number);
  return text;
}

uint64_t Unsigned(const Inspected& value, std::string_view name) {
  const uint64_t* found = Member<uint64_t>(value, name);
  return found == nullptr ? 0 : *found;
}

std::string TextOf(const Inspected& value, std::string_view name) {
  if (const auto* text = Member<std::string>(value, name)) return *text;
  if (const auto* text = Member<UntrustedText>(value, name)) return Safe(*text);
  return "";
}

std::string ValueHead(const Inspected& value, bool llnode_strict) {
  const std::string_view kind = value.kind;
  const std::string name = Safe(value.class_name);
  const auto titled = [&](std::string_view word, std::string_view usual) {
    return name == usual || name.empty() ? fmt::format("JS{}", word) : fmt::format("JS{} {}", word, name);
  };
  if (kind == "array") return fmt::format("{}: length={}", name.empty() ? "Array" : name, value.length);
  if (kind == "map") return fmt::format("{}: size={}", titled("Map", "Map"), value.length);
  if (kind == "set") return fmt::format("{}: size={}", titled("Set", "Set"), value.length);
  if (kind == "weakmap") return fmt::format("{}: size={}", titled("WeakMap", "WeakMap"), value.length);
  if (kind == "weakset") return fmt::format("{}: size={}", titled("WeakSet", "WeakSet"), value.length);
  if (kind == "date") {
    const double* time = Member<double>(value, "time");
    const double t = time != nullptr ? *time : std::nan("");
    const bool smi = t == std::floor(t) && std::fabs(t) < 2147483648.0;
    return fmt::format("JSDate: {}{}", smi ? fmt::format("{}", static_cast<int64_t>(t)) : fmt::format("{:f}", t),
                       llnode_strict ? "" : " " + DateText(t));
  }
  if (kind == "regexp")
    return fmt::format("JSRegExp source=/{}/{}", TextOf(value, "source"),
                       llnode_strict ? "" : TextOf(value, "flags"));
  if (kind == "promise") return fmt::format("{}: {}", titled("Promise", "Promise"), TextOf(value, "state"));
  if (kind == "arraybuffer") {
    const bool* detached = Member<bool>(value, "detached");
    if (detached != nullptr && *detached) return "ArrayBuffer [neutered]";
    return fmt::format("ArrayBuffer: backingStore=0x{:016x}, byteLength={}", Unsigned(value, "backing_store"), value.length);
  }
  if (kind == "typedarray" || kind == "dataview") {
    const bool* detached = Member<bool>(value, "detached");
    if (detached != nullptr && *detached) return "ArrayBufferView [neutered]";
    return fmt::format("ArrayBufferView: backingStore=0x{:016x}, byteOffset={}, byteLength={}", Unsigned(value, "data"),
                       Unsigned(value, "byte_offset"), Unsigned(value, "byte_length"));
  }
  if (kind == "proxy") return "JSProxy";
  if (kind == "generator" || kind == "async_function" || kind == "async_generator")
    return fmt::format("Object: {} {}", name, TextOf(value, "state"));
  return "";
}

}  // namespace corewalk
