#include "heap/views/module_records.h"

#include <algorithm>

#include "heap/views/functions.h"
#include "heap/views/scripts.h"
#include "heap/views/suspended.h"

namespace corewalk {
namespace {

constexpr int kExports = 8, kStatus = 24;
constexpr int kExceptionOld = 40, kExceptionNew = 48;  // 14.6 has a namespace for `import defer` in between
constexpr int kFirstCode = 40, kLastCode = 72;         // where the code may stand
constexpr int kFirstName = 32, kLastName = 64;         // of a SyntheticModule: where its name may stand
constexpr int kRequestedBehindCode = 24;
constexpr int kScriptOld = 80;  // up to 8.4
constexpr int64_t kStatusLinked = 3, kStatusEvaluating = 4, kLastStatus = 7;
constexpr uint64_t kMostExports = 1 << 16, kMostRequests = 1 << 16;
constexpr uint64_t kTablePrefix = 3;  // ObjectHashTable: elements, deleted, capacity

bool IsModule(std::string_view type) {
  return type == "SOURCE_TEXT_MODULE_TYPE" || type == "SYNTHETIC_MODULE_TYPE";
}

void ReadExports(HeapReader& reader, uint64_t table, ModuleRecordView* view) {
  const uint64_t length = reader.ArrayLength(table).value_or(0);
  for (uint64_t i = kTablePrefix; i + 1 < length && view->exports.size() < kMostExports; i += 2) {
    const uint64_t key = reader.ArrayElement(table, i).value_or(0);
    if (LooksLikePointer(key) && reader.IsString(key)) view->exports.push_back(reader.ShortText(key, 200));
  }
}

ModuleState StateOf(HeapReader& reader, const ModuleRecordView& view, int64_t status) {
  if (status < 0 || status > kLastStatus) return ModuleState::kUnknown;
  if (status < kStatusLinked) return ModuleState::kLinking;
  if (status == kStatusLinked) return ModuleState::kLinked;
  const std::optional<SuspendedView> code = ReadSuspended(reader, view.code);
  if (code && code->kind == GeneratorKind::kAsyncFunction) {
    if (code->state == GeneratorState::kSuspended)
      return code->promise == 0 ? ModuleState::kWaiting : ModuleState::kAwaiting;
    return status == kStatusEvaluating ? ModuleState::kEvaluating : ModuleState::kEvaluated;
  }
  if (status == kStatusEvaluating) return ModuleState::kEvaluating;
  // A module without an await of its own has a generator, which is begun when what it imports has ended.
  if (code && code->state == GeneratorState::kSuspended) return ModuleState::kWaiting;
  return ModuleState::kEvaluated;
}

}  // namespace

bool IsModuleRecord(std::string_view type) {
  return type == "SOURCE_TEXT_MODULE_TYPE";
}

std::string SyntheticModuleName(HeapReader& reader, uint64_t module) {
  constexpr uint64_t kMostName = 4096;
  if (reader.TypeOf(module) != "SYNTHETIC_MODULE_TYPE") return "";
  // src/objects/synthetic-module.tq: the name is its first string.
  for (int at = kFirstName; at <= kLastName; at += 8) {
    const uint64_t value = reader.Field(module, at).value_or(0);
    if (LooksLikePointer(value) && reader.IsString(value)) return reader.ShortText(value, kMostName);
  }
  return "";
}

std::optional<ModuleRecordView> ReadModuleRecord(HeapReader& reader, uint64_t module) {
  if (!IsModuleRecord(reader.TypeOf(module))) return std::nullopt;
  ModuleRecordView view{.module = module};
  ReadExports(reader, reader.Field(module, kExports).value_or(0), &view);
  int code_at = 0;
  for (int at = kFirstCode; at <= kLastCode && code_at == 0; at += 8) {
    const uint64_t value = reader.Field(module, at).value_or(0);
    if (!LooksLikePointer(value)) continue;
    const MapInfo* map = reader.MapOf(value);
    if (map == nullptr) continue;
    const std::string type(reader.TypeOf(value));
    uint64_t shared = 0;
    if (IsGeneratorType(type)) {
      view.code = value;
      shared =
          reader.Field(reader.Field(value, kGeneratorFunction).value_or(0), ObjectField::kFunctionShared).value_or(0);
    } else if (reader.layout().types.IsSharedFunctionInfo(map->instance_type)) {
      shared = value;
    } else if (at > kFirstCode && map->category == Category::kClosure) {
      shared = reader.Field(value, ObjectField::kFunctionShared).value_or(0);
    } else {
      continue;
    }
    code_at = at;
    view.script = ScriptOf(reader, shared);
  }
  if (view.script == 0) {
    const uint64_t script = reader.Field(module, kScriptOld).value_or(0);
    if (ReadScript(reader, script) != nullptr) view.script = script;
  }
  if (code_at != 0) {
    const uint64_t array = reader.Field(module, code_at + kRequestedBehindCode).value_or(0);
    const uint64_t length = std::min(reader.ArrayLength(array).value_or(0), kMostRequests);
    for (uint64_t i = 0; i < length; ++i) {
      const uint64_t requested = reader.ArrayElement(array, i).value_or(0);
      if (LooksLikePointer(requested) && IsModule(reader.TypeOf(requested)) &&
          std::ranges::find(view.requested, requested) == view.requested.end())
        view.requested.push_back(requested);
    }
  }
  const uint64_t status = reader.Field(module, kStatus).value_or(1);
  if (!IsSmi(status)) return view;
  view.state = StateOf(reader, view, SmiValue(status));
  const uint64_t old_place = reader.Field(module, kExceptionOld).value_or(0);
  const uint64_t new_place = reader.Field(module, kExceptionNew).value_or(0);
  if (SmiValue(status) > kStatusEvaluating && !reader.IsTheHole(old_place) && !reader.IsTheHole(new_place)) {
    view.state = ModuleState::kFailed;
    view.exception =
        reader.IsUndefined(old_place) && !reader.IsType(new_place, "JS_PROMISE_TYPE") ? new_place : old_place;
    return view;
  }
  for (const int exception : {kExceptionOld, kExceptionNew}) {
    const uint64_t promise = reader.Field(module, exception + 8).value_or(0);
    if (view.evaluation == 0 && reader.IsType(promise, "JS_PROMISE_TYPE")) view.evaluation = promise;
  }
  return view;
}

}  // namespace corewalk
