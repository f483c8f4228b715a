#include "heap/views/code_objects.h"

#include <algorithm>
#include <utility>

#include "heap/heap_walk.h"
#include "heap/views/bytecodes.h"
#include "heap/views/source_positions.h"
#include "heap/views/translations.h"

namespace corewalk {
namespace {

constexpr int kMostInlined = 200;          // levels; V8 inlines a handful
constexpr uint64_t kInliningEntryBytes = 16;  // InliningPosition {SourcePosition position; int inlined_function_id}
constexpr uint64_t kMostStreamHead = 8;    // words in front of the instructions of an InstructionStream
constexpr uint64_t kMostInstructions = 1 << 28;  // bytes of one Code
constexpr int kMostCodeHeader = 128;             // bytes of a Code object's own fields
constexpr size_t kMostPlaces = 1 << 16;          // that are remembered
constexpr size_t kMostSafepoints = 1 << 18;      // bytes of a table
// DeoptimizationData (src/objects/deoptimization-data.h): behind the inlining positions where the exits begin, the counts of
// eager and lazy entries, then the entries of bytecode offset, index into the translations, pc.
constexpr uint64_t kDeoptCounts = 2, kDeoptEntries = 4, kDeoptEntryWords = 3;
constexpr int64_t kCallerStackPointer = 16;       // StandardFrameConstants::kCallerSPOffset
constexpr int kWrapperShared = 8;          // SharedFunctionInfoWrapper, src/objects/shared-function-info.tq

}  // namespace

std::string_view CodeTierName(CodeTier tier) {
  static constexpr std::string_view kNames[] = {"unknown", "baseline", "Maglev", "TurboFan", "optimized", "builtin", "regexp", "wasm"};
  return kNames[static_cast<size_t>(tier)];
}

CodeFinder::CodeFinder(const HeapModel& model, HeapReader& reader, const BinaryFacts* binary, BytecodeSizes sizes)
    : model_(model),
      reader_(reader),
      facts_(FindFrameFacts(reader.layout().version)),
      binary_(binary),
      sizes_(std::move(sizes)) {}

const std::vector<CodeFinder::Object>& CodeFinder::ObjectsOf(const Page& page) {
  const auto [at, added] = pages_.try_emplace(page.descriptor.chunk);
  if (added) {
    PageTally tally;
    VisitPage(
        model_, page,
        [&](const MapInfo& map, Address address, uint64_t size, const Page&) {
          at->second.push_back({address, address + size, map.instance_type});
          return true;
        },
        &tally);
  }
  return at->second;
}

uint64_t CodeFinder::CodeOfStream(uint64_t stream) {
  for (uint64_t i = 1; i < kMostStreamHead; ++i) {
    const uint64_t word = reader_.Word(Untag(stream) + 8 * i).value_or(0);
    if (LooksLikePointer(word) && reader_.IsType(word, "CODE_TYPE")) return word;
  }
  return 0;
}

std::optional<CodeView> CodeFinder::At(Address pc) {
  const Page* page = model_.index().At(pc);
  if (page == nullptr) return std::nullopt;
  const std::vector<Object>& objects = ObjectsOf(*page);
  auto at = std::ranges::upper_bound(objects, pc, {}, &Object::begin);
  if (at == objects.begin() || pc >= (--at)->end) return std::nullopt;
  const std::string& type = reader_.layout().types.at(static_cast<uint32_t>(at->type)).name;
  CodeView view;
  if (facts_.code_start == 0) {
    if (type != "CODE_TYPE") return std::nullopt;
    view.code = at->begin | 1;
    view.start = at->begin + facts_.code_header;
  } else {
    if (type != "INSTRUCTION_STREAM_TYPE") return std::nullopt;
    view.code = CodeOfStream(at->begin | 1);
    if (view.code == 0) return std::nullopt;
    view.start = reader_.Field(view.code, facts_.code_start).value_or(0);
  }
  const uint32_t size = reader_.Raw<uint32_t>(view.code, facts_.code_size).value_or(0);
  // The size is only good for the end, which the page knows as well.
  view.end = std::min<Address>(at->end, size == 0 ? at->end : view.start + size);
  if (view.start < at->begin || view.start >= at->end || pc < view.start) return std::nullopt;
  if (pc >= view.end) view.end = at->end;
  view.tier = TierOf(view.code);
  return view;
}

CodeTier CodeFinder::TierOf(uint64_t code) {
  const uint64_t data = reader_.Field(code, facts_.code_deoptimization_data).value_or(0);
  const std::string_view type = reader_.TypeOf(data);
  if (type == "BYTECODE_ARRAY_TYPE" || type == "INTERPRETER_DATA_TYPE") return CodeTier::kBaseline;
  const bool has_data = type.find("FIXED_ARRAY") != std::string_view::npos && reader_.ArrayLength(data).value_or(0) > facts_.inlining_positions;
  if (!has_data) return CodeTier::kUnknown;
  // Maglev's code is like TurboFan's; only the kind tells them apart. CodeKind: BASELINE, MAGLEV, TURBOFAN follow each
  // other from 10.x on (src/objects/code-kind.h).
  const auto baseline = binary_ == nullptr ? std::nullopt : binary_->Constant("CodeKindBaseline");
  const std::optional<uint32_t> flags = reader_.Raw<uint32_t>(code, facts_.code_flags);
  const int64_t base = baseline.value_or(facts_.baseline_kind);
  if (!flags || base == 0) return facts_.has_maglev ? CodeTier::kOptimized : CodeTier::kTurboFan;
  const int64_t kind = (*flags & 15) - base;
  if (!facts_.has_maglev) return CodeTier::kTurboFan;
  return kind == 1 ? CodeTier::kMaglev : kind == 2 ? CodeTier::kTurboFan : CodeTier::kOptimized;
}

// Up to 9.4 it does not refer to its bytecode; but it has a table of bytecode offsets, which no builtin has.
bool CodeFinder::IsBaseline(const CodeView& code) {
  return code.tier == CodeTier::kBaseline ||
         (code.tier == CodeTier::kUnknown && !ReadByteArray(reader_, reader_.Field(code.code, facts_.code_source_positions).value_or(0)).empty());
}

std::vector<CodeFunction> CodeFinder::FunctionsAt(const CodeView& code, Address pc, bool returns) {
  const std::vector<std::byte> table = ReadByteArray(reader_, reader_.Field(code.code, facts_.code_source_positions).value_or(0));
  const int64_t offset = static_cast<int64_t>(pc - code.start) - (returns ? 1 : 0);
  std::optional<TablePosition> position = FindTablePosition(table, PositionTableFormatOf(reader_.layout().version), offset);
  if (!position) return {};
  const uint64_t data = reader_.Field(code.code, facts_.code_deoptimization_data).value_or(0);
  const uint64_t literals = reader_.ArrayElement(data, facts_.literals).value_or(0);
  const uint64_t literal_count = reader_.ArrayLength(literals).value_or(0);
  const std::vector<std::byte> inlined = ReadByteArray(reader_, reader_.ArrayElement(data, facts_.inlining_positions).value_or(0));
  std::vector<CodeFunction> functions;
  for (int level = 0; level < kMostInlined && position->inlining_id >= 0; ++level) {
    const uint64_t entry = kInliningEntryBytes * static_cast<uint64_t>(position->inlining_id);
    if (entry + kInliningEntryBytes > inlined.size()) return {};
    uint64_t raw;
    int32_t id;
    std::memcpy(&raw, inlined.data() + entry, 8);
    std::memcpy(&id, inlined.data() + entry + 8, 4);
    if (id < 0 || static_cast<uint64_t>(id) >= literal_count) return {};
    const uint64_t shared = SharedOf(reader_.ArrayElement(literals, static_cast<uint64_t>(id)).value_or(0));
    if (shared == 0) return {};
    functions.push_back({shared, static_cast<int32_t>(position->position)});
    position = UnpackPosition(raw);
  }
  if (position->inlining_id >= 0) return {};
  functions.push_back({0, static_cast<int32_t>(position->position)});
  return functions;
}

std::optional<ReturnPlace> CodeFinder::ReturnPlaceOf(const CodeView& code, Address pc) {
  if (places_.size() > kMostPlaces) places_.clear();
  const auto [at, added] = places_.try_emplace(pc);
  if (added) at->second = FindReturnPlaceOf(code, pc);
  return at->second;
}

std::optional<ReturnPlace> CodeFinder::FindReturnPlaceOf(const CodeView& code, Address pc) {
  const uint64_t size = code.end - code.start;
  if (pc < code.start || pc - code.start > size || size > kMostInstructions) return std::nullopt;
  const uint32_t instructions = reader_.Raw<uint32_t>(code.code, facts_.code_size).value_or(static_cast<uint32_t>(size));
  // The table follows the instructions (the object's metadata); in older lines it is among them, at an offset that a field of
  // the Code object says. Where the field stands changed often: every one is tried, the table proves itself.
  std::vector<uint32_t> starts = {(instructions + 3) & ~3u, (instructions + 7) & ~7u};
  for (int field = 8; field < kMostCodeHeader; field += 4) {
    const uint32_t start = reader_.Raw<uint32_t>(code.code, field).value_or(0);
    if (start > 0 && start < instructions) starts.push_back(start);
  }
  std::vector<std::byte> bytes(kMostSafepoints);
  for (const uint32_t start : starts) {
    const size_t got = reader_.memory().Read(code.start + start, bytes);
    if (const auto place = FindReturnPlace(std::span(bytes).first(got), instructions, static_cast<uint32_t>(pc - code.start))) return place;
  }
  return std::nullopt;
}

uint64_t CodeFinder::SharedOf(uint64_t literal) {
  if (reader_.IsType(literal, "SHARED_FUNCTION_INFO_WRAPPER_TYPE")) literal = reader_.Field(literal, kWrapperShared).value_or(0);
  const uint64_t shared = Untag(literal) | 1;
  return reader_.IsType(shared, "SHARED_FUNCTION_INFO_TYPE") ? shared : 0;
}

std::vector<DeoptFunction> CodeFinder::DeoptFunctionsOf(const CodeView& code, int32_t entry) {
  const uint64_t data = reader_.Field(code.code, facts_.code_deoptimization_data).value_or(0);
  const auto number = [&](uint64_t index) -> int64_t {
    const uint64_t word = reader_.ArrayElement(data, index).value_or(1);
    return IsSmi(word) ? SmiValue(word) : -1;
  };
  const uint64_t counts = facts_.inlining_positions + kDeoptCounts, first = facts_.inlining_positions + kDeoptEntries;
  const int64_t eager = number(counts), lazy = number(counts + 1);
  const uint64_t length = reader_.ArrayLength(data).value_or(0);
  if (entry < 0 || eager < 0 || lazy < 0 || entry >= eager + lazy) return {};
  if (length != first + kDeoptEntryWords * static_cast<uint64_t>(eager + lazy)) return {};
  const int64_t translation = number(first + kDeoptEntryWords * static_cast<uint64_t>(entry) + 1);
  if (translation < 0) return {};
  const std::vector<std::byte> bytes = ReadByteArray(reader_, reader_.ArrayElement(data, 0).value_or(0));
  const auto functions = ReadTranslation(bytes, static_cast<size_t>(translation), TranslationFormatOf(reader_.layout().version));
  if (!functions) return {};
  const uint64_t literals = reader_.ArrayElement(data, facts_.literals).value_or(0), literal_count = reader_.ArrayLength(literals).value_or(0);
  const auto literal = [&](int32_t index) -> uint64_t {
    if (index < 0 || static_cast<uint64_t>(index) >= literal_count) return 0;
    return reader_.ArrayElement(literals, static_cast<uint64_t>(index)).value_or(0);
  };
  std::vector<DeoptFunction> found;
  for (const TranslatedFunction& function : *functions) {
    DeoptFunction out;
    out.bytecode_offset = function.bytecode_offset;
    out.continuation = function.continuation;
    out.shared = SharedOf(literal(function.shared));
    if (out.shared == 0) return {};
    out.closure = Untag(literal(function.closure)) | 1;  // it may be held weakly
    // OptimizedJSFrame::StackSlotOffsetRelativeToFp, src/execution/frames.cc: slots lie below the caller's stack pointer.
    if (function.closure_slot) out.closure_at = kCallerStackPointer - 8 * (int64_t{*function.closure_slot} + 1);
    found.push_back(out);
  }
  std::ranges::reverse(found);
  return found;
}

std::optional<int64_t> CodeFinder::BytecodeOffsetAt(const CodeView& code, Address pc, uint64_t bytecode) {
  const std::vector<std::byte> table = ReadByteArray(reader_, reader_.Field(code.code, facts_.code_source_positions).value_or(0));
  if (table.empty()) return std::nullopt;
  return BytecodeOffsetOfBaseline(table, ReadBytecodes(reader_, bytecode), sizes_, pc - code.start);
}

}  // namespace corewalk
