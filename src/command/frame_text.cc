#include "command/frame_text.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/value_json.h"
#include "command/value_text.h"

namespace corewalk {
namespace {

constexpr size_t kShownArguments = 20;
constexpr uint64_t kShownProperties = 40;  // of an object that is opened
constexpr size_t kMostShown = 1 << 20;     // objects that are remembered
constexpr size_t kMostSymbol = 300;  // code points of a C++ name

std::string ArgumentsText(const JsFrame& frame, Inspector& inspector) {
  std::string text;
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  if (frame.receiver) add("this=" + ShortValueText(inspector.Inspect(*frame.receiver)));
  size_t shown = 0;
  for (const uint64_t word : frame.arguments) {
    if (shown++ == kShownArguments) break;
    add(ShortValueText(inspector.Inspect(word)));
  }
  const uint64_t rest = frame.arguments.size() + frame.arguments_omitted - std::min(frame.arguments.size(), kShownArguments);
  if (rest > 0) add(fmt::format("... {} more", rest));
  if (!frame.arguments_known) add("?");
  return text;
}

// Where the frame is; where it cannot be told, where its function begins.
std::string PlaceText(const JsFrame& frame) {
  const FunctionView& function = frame.function;
  if (function.script == 0) return "(no script)";
  const std::string file = function.script_name.empty() ? "(unnamed script)" : function.script_name;
  if (frame.position.line != 0)
    return fmt::format("{}:{}:{}", Sanitize(UntrustedText(file)), frame.position.line, frame.position.column);
  return Sanitize(UntrustedText(PlaceOf(function)));
}

// As V8's own stack traces tell it: who called eval() or new Function(), and where.
std::string OriginText(const EvalOrigin& origin) {
  FunctionView caller = origin.function;
  if (origin.position.line != 0) {
    caller.line = origin.position.line;
    caller.column = origin.position.column;
  }
  const std::string place = PlaceOf(caller);
  return Sanitize(UntrustedText(NameOrAnonymous(caller, true) + (place.empty() ? "" : " (" + place + ")")));
}

std::string Remarks(const JsFrame& frame) {
  std::string text(FrameTierName(frame.tier));
  const auto add = [&](const std::string& piece) { text += (text.empty() ? "" : ", ") + piece; };
  if (frame.inlined) add("inlined");
  if (frame.deoptimizes) add("deoptimized on return");
  if (frame.kind == FrameKind::kBuiltin) add("builtin");
  if (frame.kind == FrameKind::kApi) add("native");
  if (frame.origin) add("eval at " + OriginText(*frame.origin));
  if (frame.in_loop) add("somewhere in the loop that begins there");
  if (frame.unsure) add("or elsewhere in the function: the code keeps no place of this call");
  if (frame.function.script != 0 && frame.position.line == 0)
    add(frame.positions_unrecorded ? "somewhere in the function: V8 has not recorded positions for it" : "somewhere in the function");
  return text.empty() ? "" : " [" + text + "]";
}

std::string Hex(uint64_t value) {
  return fmt::format("\"0x{:x}\"", value);
}

}  // namespace

std::string Demangled(const std::string& symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      symbol.starts_with("_Z") ? abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status) : nullptr, std::free);
  return Sanitize(UntrustedText(name ? name.get() : symbol), {.max_code_points = kMostSymbol});
}

std::string FrameText(const JsFrame& frame, Inspector& inspector, bool arguments) {
  if (frame.kind == FrameKind::kWasm && frame.function.shared != 0) {
    // The name of an exported function is its index in the module.
    return fmt::format("<{}: {} of {}>", frame.symbol, Sanitize(UntrustedText(frame.function.name)), Sanitize(UntrustedText(frame.function.script_name)));
  }
  if (frame.function.shared != 0 || frame.function.function != 0) {
    std::string text = Sanitize(UntrustedText(NameOrAnonymous(frame.function, true)));
    text += "(" + (arguments && !frame.inlined ? ArgumentsText(frame, inspector) : frame.inlined ? "?" : "") + ") at " + PlaceText(frame);
    text += fmt::format(" fn=0x{:016x}", frame.function.function != 0 ? frame.function.function : frame.function.shared);
    return text + Remarks(frame);
  }
  const std::string symbol = Sanitize(UntrustedText(frame.symbol), {.max_code_points = kMostSymbol});
  switch (frame.kind) {
    case FrameKind::kEntry:
      return "<entry>";
    case FrameKind::kConstructEntry:
      return "<entry_construct>";
    case FrameKind::kExit:
      return "<exit>";
    case FrameKind::kConstruct:
      return "<constructor>";
    case FrameKind::kInternal:
      return "<internal>";
    case FrameKind::kAdaptor:
      return "<adaptor>";
    case FrameKind::kRegExp:
      return "<regexp>";
    case FrameKind::kWasm:
      return symbol.empty() ? "<wasm>" : fmt::format("<{}>", symbol);
    case FrameKind::kNative:
      if (frame.symbol.empty() && frame.module.empty()) return "<native>";
      return fmt::format("{}{}{} + {}", Sanitize(UntrustedText(frame.module)), frame.symbol.empty() || frame.module.empty() ? "" : "`",
                         frame.symbol.empty() ? "" : Demangled(frame.symbol), frame.symbol_offset);
    case FrameKind::kBuiltin:
      return symbol.empty() ? "<builtin>" : fmt::format("<builtin: {}>", symbol);
    default:
      return "<unknown>";
  }
}

FrameValues::FrameValues(HeapReader& reader, uint64_t string_length, bool opens, const Cancel& cancel)
    : opens_options_{.depth = 1, .string_length = string_length, .property_count = kShownProperties},
      closed_options_{.depth = 0, .string_length = string_length},
      opened_(reader, opens_options_, cancel),
      closed_(reader, closed_options_, cancel),
      opens_(opens) {}

FrameValues::Value FrameValues::Show(uint64_t word, size_t frame) {
  if (!opens_) return {closed_.Inspect(word), std::nullopt};
  if (const auto before = shown_.find(word); before != shown_.end()) return {closed_.Inspect(word), before->second};
  Value shown{opened_.Inspect(word), std::nullopt};
  const bool is_object = shown.value.type == Inspected::Type::kObject || shown.value.type == Inspected::Type::kFunction;
  if (is_object && shown_.size() < kMostShown) shown_.emplace(word, frame);
  return shown;
}

std::string FrameJson(const JsFrame& frame, size_t index, FrameValues& values) {
  const auto value = [&](uint64_t word) {
    const FrameValues::Value shown = values.Show(word, index);
    std::string json = ValueJson(shown.value);
    if (shown.shown_at) json.insert(json.size() - 1, fmt::format(",\"shown_at_frame\":{}", *shown.shown_at));
    return json;
  };
  std::string json = fmt::format("{{\"index\":{},\"kind\":\"{}\"", index, FrameKindName(frame.kind));
  const auto add = [&](std::string_view key, const std::string& value) { json += fmt::format(",\"{}\":{}", key, value); };
  const auto text = [](std::string_view target) { return fmt::format("\"{}\"", JsonEscapeExact(target)); };
  const auto position = [](int value) { return value == 0 ? std::string("null") : std::to_string(value); };
  if (frame.tier != FrameTier::kNone) add("tier", text(FrameTierName(frame.tier)));
  if (frame.inlined) add("inlined", "true");
  if (frame.deoptimizes) add("deoptimizes_on_return", "true");
  add("pc", frame.pc == 0 ? "null" : Hex(frame.pc));
  add("fp", frame.fp == 0 ? "null" : Hex(frame.fp));
  if (!frame.symbol.empty()) {
    add("symbol", text(Demangled(frame.symbol)));
  }
  if (frame.kind == FrameKind::kNative) add("offset", std::to_string(frame.symbol_offset));
  if (!frame.module.empty()) add("module", text(frame.module));
  const FunctionView& function = frame.function;
  if (function.shared == 0 && function.function == 0) return json + "}";
  add("function", text(function.name));
  if (function.function != 0) add("function_address", Hex(function.function - 1));
  add("shared_address", Hex(function.shared - 1));
  add("script", function.script == 0 ? "null" : text(function.script_name));
  if (frame.origin) {
    const FunctionView& caller = frame.origin->function;
    add("eval_origin", fmt::format("{{\"function\":{},\"script\":{},\"line\":{},\"column\":{}}}", text(caller.name),
                                   caller.script == 0 ? "null" : text(caller.script_name), position(frame.origin->position.line),
                                   position(frame.origin->position.column)));
  }
  add("line", position(frame.position.line));
  add("column", position(frame.position.column));
  add("function_line", position(function.line));
  add("function_column", position(function.column));
  if (frame.positions_unrecorded) add("positions_unrecorded", "true");
  if (frame.in_loop) add("in_loop", "true");
  if (frame.unsure) add("place_unsure", "true");
  if (frame.inlined) return json + "}";
  if (frame.context != 0) add("context", Hex(frame.context - 1));
  if (frame.receiver) add("this", value(*frame.receiver));
  if (frame.arguments_known) {
    std::string list;
    for (const uint64_t word : frame.arguments) list += (list.empty() ? "" : ",") + value(word);
    add("arguments", "[" + list + "]");
    if (frame.arguments_omitted > 0) add("arguments_omitted", std::to_string(frame.arguments_omitted));
  }
  return json + "}";
}

}  // namespace corewalk
