#include "layout/frame_facts.h"

#include <array>
#include <span>

#include "layout/binary_facts.h"

namespace corewalk {
namespace {

// argument count, with receiver | bytecode array, offset | formal | Code: deopt, positions, flags, start, size, header |
// kind of baseline code, Maglev | literals, inlining | exit frames: receiver, extra, API | kinds
constexpr auto kFacts = std::to_array<FrameFacts>({
    {{7, 4}, 0, false, -24, -32, 42, 16, 24, 44, 0, 40, 64, 0, false, 2, 7, 48, 5, 0, 0, 0},
    {{8, 0}, 0, false, -24, -32, 42, 16, 24, 44, 0, 40, 96, 0, false, 2, 7, 48, 5, 0, 0, 0},
    {{8, 9}, -24, false, -32, -40, 42, 16, 24, 48, 0, 40, 96, 0, false, 2, 7, 48, 5, 0, 0, 0},
    {{9, 5}, -24, false, -32, -40, 42, 16, 24, 48, 0, 40, 128, 11, false, 2, 7, 48, 5, 0, 0, 0},
    {{9, 7}, -24, true, -32, -40, 42, 16, 24, 48, 0, 40, 128, 11, false, 2, 7, 48, 5, 0, 24, 25},
    {{10, 9}, -24, true, -32, -40, 42, 16, 24, 48, 40, 56, 0, 11, true, 2, 7, 48, 5, 0, 24, 25},
    {{11, 8}, -24, true, -32, -40, 42, 8, 16, 40, 32, 44, 0, 11, true, 2, 7, 48, 5, 88, 24, 25},
    {{12, 4}, -24, true, -32, -40, 42, 8, 16, 48, 40, 52, 0, 10, true, 2, 7, 48, 5, 88, 24, 25},
    {{12, 9}, -24, true, -32, -40, 50, 8, 16, 48, 40, 52, 0, 10, true, 2, 7, 48, 5, 0, 24, 25},
    {{13, 6}, -24, true, -32, -40, 50, 8, 16, 52, 40, 56, 0, 10, true, 3, 8, 48, 5, 0, 24, 25},
    {{14, 6}, -24, true, -32, -40, 50, 8, 16, 52, 40, 56, 0, 11, true, 3, 8, 40, 4, 48, 24, 26},
});

// STACK_FRAME_TYPE_LIST of src/execution/frames.h for cores whose binary is gone, as v8dbg_frametype_* says it. Numbers
// 1, 2 and 3 are the same in every line.
struct MarkerTable {
  V8Version first;
  struct Entry {
    uint8_t number;
    const char* name;
  };
  std::span<const Entry> entries;
};
using Entry = MarkerTable::Entry;
constexpr Entry k7_4[] = {{9, "CWasmEntry"}, {5, "WasmCompiled"}, {6, "WasmToJs"}, {7, "JsToWasm"}, {12, "Stub"}, {13, "BuiltinContinuation"},
                          {14, "JavaScriptBuiltinContinuation"}, {15, "JavaScriptBuiltinContinuationWithCatch"}, {16, "Internal"},
                          {17, "Construct"}, {18, "ArgumentsAdaptor"}, {19, "Builtin"}, {20, "BuiltinExit"}, {21, "Native"}};
constexpr Entry k7_6[] = {{9, "CWasmEntry"}, {5, "WasmCompiled"}, {6, "WasmToJs"}, {7, "JsToWasm"}, {13, "Stub"}, {14, "BuiltinContinuation"},
                          {15, "JavaScriptBuiltinContinuation"}, {16, "JavaScriptBuiltinContinuationWithCatch"}, {17, "Internal"},
                          {18, "Construct"}, {19, "ArgumentsAdaptor"}, {20, "Builtin"}, {21, "BuiltinExit"}, {22, "Native"}};
constexpr Entry k8_9[] = {{4, "Wasm"}, {5, "WasmToJs"}, {6, "JsToWasm"}, {8, "CWasmEntry"}, {14, "Stub"}, {15, "BuiltinContinuation"},
                          {16, "JavaScriptBuiltinContinuation"}, {17, "JavaScriptBuiltinContinuationWithCatch"}, {18, "Internal"},
                          {19, "Construct"}, {20, "Builtin"}, {21, "BuiltinExit"}, {22, "Native"}};
constexpr Entry k10_1[] = {{4, "Wasm"}, {5, "WasmToJs"}, {6, "JsToWasm"}, {9, "CWasmEntry"}, {15, "Stub"}, {16, "BuiltinContinuation"},
                           {17, "JavaScriptBuiltinContinuation"}, {18, "JavaScriptBuiltinContinuationWithCatch"}, {19, "Internal"},
                           {20, "Construct"}, {21, "Builtin"}, {22, "BuiltinExit"}, {23, "Native"}};
constexpr Entry k11_3[] = {{4, "Wasm"}, {5, "WasmToJs"}, {7, "JsToWasm"}, {10, "CWasmEntry"}, {17, "Stub"}, {18, "TurbofanStubWithContext"},
                           {19, "BuiltinContinuation"}, {20, "JavaScriptBuiltinContinuation"},
                           {21, "JavaScriptBuiltinContinuationWithCatch"}, {22, "Internal"}, {23, "Construct"}, {24, "Builtin"},
                           {25, "BuiltinExit"}, {26, "Native"}, {27, "Irregexp"}};
constexpr Entry k11_8[] = {{4, "Wasm"}, {5, "WasmToJs"}, {7, "JsToWasm"}, {10, "CWasmEntry"}, {17, "Stub"}, {18, "TurbofanStubWithContext"},
                           {19, "BuiltinContinuation"}, {20, "JavaScriptBuiltinContinuation"},
                           {21, "JavaScriptBuiltinContinuationWithCatch"}, {22, "Internal"}, {23, "Construct"}, {24, "FastConstruct"},
                           {25, "Builtin"}, {26, "BuiltinExit"}, {27, "ApiCallbackExit"}, {28, "Native"}, {29, "Irregexp"}};
constexpr Entry k12_9[] = {{4, "Wasm"}, {5, "WasmToJs"}, {7, "JsToWasm"}, {10, "CWasmEntry"}, {17, "Stub"}, {18, "TurbofanStubWithContext"},
                           {19, "BuiltinContinuation"}, {20, "JavaScriptBuiltinContinuation"},
                           {21, "JavaScriptBuiltinContinuationWithCatch"}, {22, "Internal"}, {23, "Construct"}, {24, "FastConstruct"},
                           {25, "Builtin"}, {26, "BuiltinExit"}, {27, "ApiCallbackExit"}, {28, "ApiAccessorExit"}, {29, "Native"},
                           {30, "Irregexp"}};
constexpr Entry k13_6[] = {{4, "Wasm"}, {5, "WasmToJs"}, {7, "JsToWasm"}, {10, "CWasmEntry"}, {18, "Stub"}, {19, "TurbofanStubWithContext"},
                           {20, "BuiltinContinuation"}, {21, "JavaScriptBuiltinContinuation"},
                           {22, "JavaScriptBuiltinContinuationWithCatch"}, {23, "Internal"}, {24, "Construct"}, {25, "FastConstruct"},
                           {26, "Builtin"}, {27, "BuiltinExit"}, {28, "ApiCallbackExit"}, {29, "ApiAccessorExit"}, {30, "Native"},
                           {31, "Irregexp"}};
constexpr Entry k14_6[] = {{8, "Stub"}, {9, "TurbofanStubWithContext"}, {10, "BuiltinContinuation"}, {11, "JavaScriptBuiltinContinuation"},
                           {12, "JavaScriptBuiltinContinuationWithCatch"}, {13, "Internal"}, {14, "Construct"}, {15, "FastConstruct"},
                           {16, "Builtin"}, {17, "BuiltinExit"}, {18, "ApiCallbackExit"}, {19, "ApiConstructExit"},
                           {20, "ApiNamedAccessorExit"}, {21, "ApiIndexedAccessorExit"}, {22, "Native"}, {23, "Irregexp"}, {24, "Wasm"},
                           {25, "WasmToJs"}, {26, "JsToWasm"}, {29, "CWasmEntry"}};
constexpr MarkerTable kMarkers[] = {{{7, 4}, k7_4},   {{7, 6}, k7_6},   {{8, 9}, k8_9},   {{10, 1}, k10_1}, {{11, 3}, k11_3},
                                    {{11, 8}, k11_8}, {{12, 9}, k12_9}, {{13, 6}, k13_6}, {{14, 6}, k14_6}};

template <typename Table>
const auto& Newest(const Table& table, const V8Version& version) {
  const V8Version line{version.major, version.minor};
  size_t best = version.known() ? 0 : std::size(table) - 1;
  for (size_t i = 0; version.known() && i < std::size(table); ++i) {
    if (table[i].first <= line) best = i;
  }
  return table[best];
}

}  // namespace

const FrameFacts& FindFrameFacts(const V8Version& version) {
  return Newest(kFacts, version);
}

FrameMarkers::FrameMarkers(const BinaryFacts* binary, const V8Version& version) {
  constexpr std::string_view kPrefix = "frametype_", kSuffix = "Frame";
  if (binary != nullptr) {
    for (auto at = binary->v8dbg.lower_bound(kPrefix); at != binary->v8dbg.end() && at->first.starts_with(kPrefix); ++at) {
      std::string_view name = at->first;
      name.remove_prefix(kPrefix.size());
      if (name.ends_with(kSuffix)) name.remove_suffix(kSuffix.size());
      names_.emplace(static_cast<uint64_t>(at->second), name);
    }
  }
  if (!names_.empty()) return;
  names_ = {{1, "Entry"}, {2, "ConstructEntry"}, {3, "Exit"}};
  for (const Entry& entry : Newest(kMarkers, version).entries) names_.emplace(entry.number, entry.name);
}

std::string_view FrameMarkers::NameOf(uint64_t word) const {
  const auto found = names_.find(word / 2);
  return found == names_.end() || (word & 1) != 0 ? std::string_view() : found->second;
}

FrameMarker FrameMarkers::Of(uint64_t word) const {
  using enum FrameMarker;
  const std::string_view name = NameOf(word);
  if (name == "Entry" || name == "CWasmEntry") return kEntry;
  if (name == "ConstructEntry") return kConstructEntry;
  if (name == "Exit" || name == "WasmExit") return kExit;
  if (name == "BuiltinExit") return kBuiltinExit;
  if (name == "ApiCallbackExit" || name == "ApiConstructExit") return kApiCallbackExit;
  if (name.starts_with("Api") && name.ends_with("AccessorExit")) return kApiAccessorExit;
  if (name == "Stub" || name == "TurbofanStubWithContext") return kStub;
  if (name == "Internal") return kInternal;
  if (name == "Construct" || name == "FastConstruct") return kConstruct;
  if (name == "ArgumentsAdaptor") return kArgumentsAdaptor;
  if (name == "Builtin") return kBuiltin;
  if (name == "BuiltinContinuation") return kBuiltinContinuation;
  if (name.starts_with("JavaScriptBuiltinContinuation")) return kJavaScriptBuiltinContinuation;
  if (name == "Irregexp") return kRegExp;
  if (name == "Native") return kNative;
  if (name == "JsToWasm") return kJsToWasm;
  if (name == "WasmToJs" || name == "WasmToJsFunction") return kWasmToJs;
  if (name.starts_with("Wasm")) return kWasm;
  return kUnknown;
}

}  // namespace corewalk
