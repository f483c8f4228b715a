#include "analysis/js_frame_reader.h"

#include <algorithm>
#include <utility>

#include "heap/strings.h"
#include "heap/tagged.h"
#include "heap/views/properties.h"
#include "heap/views/script_kind.h"
#include "heap/views/source_positions.h"

namespace corewalk {
namespace {

constexpr int64_t kCallerSp = 16;  // StandardFrameConstants, the same from 7.4 to 14.6
constexpr uint64_t kMostArguments = 1000;   // that are told
constexpr uint64_t kMostPassed = 1 << 17;   // more makes no sense (src/codegen/code-desc.h: Code::kMaxArguments is 65534)
constexpr size_t kMostFunctions = 1 << 16;   // that are remembered
constexpr uint32_t kKindMask = 31;          // of SharedFunctionInfo::flags: FunctionKind
constexpr uint16_t kDontAdapt = 0xffff;     // formal parameter count of builtins that take what they get
// BuiltinExitFrameConstants (src/execution/frame-constants.h): new target, target, a Smi with the count of arguments,
// which counts these, the padding and the receiver, then the receiver and the arguments.
constexpr int64_t kExitTarget = 24, kExitCount = 32;
// The function of an API callback stands in one of these words above fp, from first to last; it moved in every version.
constexpr int64_t kApiFirst = 16, kApiLast = 72;
// ArgumentsAdaptorFrameConstants, lines up to 8.8.
constexpr int64_t kAdaptorCount = -24;
// V8's own names of the wrappers (src/wasm/wasm-code-manager.cc, src/objects/code-kind.h).
constexpr char kJsToWasmName[] = "js-to-wasm", kWasmToJsName[] = "wasm-to-js";

}  // namespace

void JsFrameReader::SetThread(const StackWords* stack, BuiltinEntries builtins, const ThreadState* registers) {
  stack_ = stack;
  builtins_ = std::move(builtins);
  registers_ = registers;
}

bool JsFrameReader::IsFunction(uint64_t word) {
  if (!LooksLikePointer(word)) return false;
  const MapInfo* map = reader_.MapOf(word);
  return map != nullptr && map->category == Category::kClosure && !reader_.IsType(word, "JS_BOUND_FUNCTION_TYPE");
}

// As V8 names functions in stack traces: JSFunction::GetDebugName (src/objects/js-function.cc) prefers an own property
// `name` that is a plain string, CallSiteInfo::GetFunctionName (src/objects/call-site-info.cc) calls code of eval so.
FunctionView JsFrameReader::Named(FunctionView view) {
  const uint32_t kind = reader_.Raw<uint32_t>(view.shared, reader_.offset(ObjectField::kSharedFlags)).value_or(0) & kKindMask;
  if (view.script != 0 && kind != 0 && kind == facts_.members_initializer) view.name = "<instance_members_initializer>";
  if (view.script != 0 && kind != 0 && kind == facts_.static_initializer) view.name = "<static_initializer>";
  if (view.name.empty() && view.script != 0 && IsEvalScript(reader_, view.script)) view.name = "eval";
  return view;
}

const FunctionView& JsFrameReader::FunctionOf(uint64_t function) {
  if (functions_.size() > kMostFunctions) functions_.clear();
  const auto [at, added] = functions_.try_emplace(function);
  if (!added) return at->second;
  FunctionView view = ReadFunction(reader_, function).value_or(FunctionView());
  const uint64_t name = OwnValue(reader_, function, "name");
  if (name != 0 && reader_.IsString(name)) {
    if (std::string text = reader_.ShortText(name); !text.empty()) view.name = std::move(text);
  }
  at->second = Named(std::move(view));
  return at->second;
}

// Builtins of V8 have their number where other functions have their code or template.
bool JsFrameReader::IsV8s(uint64_t shared) {
  for (const ObjectField field : {ObjectField::kSharedUntrusted, ObjectField::kSharedData}) {
    const std::optional<uint64_t> data = reader_.Field(shared, field);
    if (data && *data != 0) return IsSmi(*data);
  }
  return true;  // the Smi 0 is a number, too
}

// What is compiled or built in to call a function of WebAssembly from JavaScript has a frame like that of JavaScript where
// optimized code could call it (JSToWasmWrapper, from 8.1 on), with the exported function in it.
bool JsFrameReader::IsWasmExport(uint64_t shared) {
  for (const ObjectField field : {ObjectField::kSharedUntrusted, ObjectField::kSharedData}) {
    const std::optional<uint64_t> data = reader_.Field(shared, field);
    if (data && LooksLikePointer(*data) && reader_.IsType(*data, "WASM_EXPORTED_FUNCTION_DATA_TYPE")) return true;
  }
  return false;
}

bool JsFrameReader::IsBuiltinCode(Address pc) const {
  if (symbols_ != nullptr && symbols_->NamesBuiltins()) return !symbols_->BuiltinAt(pc, builtins_).empty();
  return builtins_.Contains(pc);
}

void JsFrameReader::SetSymbol(Address pc, bool returns, JsFrame* out) {
  if (symbols_ == nullptr || pc == 0) return;
  const Address within = pc - (returns ? 1 : 0);
  out->symbol = symbols_->BuiltinAt(within, builtins_);
  if (!out->symbol.empty()) return;
  if (const std::optional<CodeSymbol> symbol = symbols_->At(within); symbol && !builtins_.Contains(pc)) {
    out->symbol = symbol->name;
    out->symbol_offset = symbol->offset + (returns ? 1 : 0);
  }
}

void JsFrameReader::Add(const StackFrame& frame, const StackFrame* caller, std::vector<JsFrame>* frames) {
  const uint64_t marker = stack_->At(frame.fp + kFrameContext);
  if (IsFunction(stack_->At(frame.fp + kFrameFunction)) && (marker & 1) != 0) return AddJavaScript(frame, caller, frames);
  frames->push_back(Typed(frame, marker));
}

JsFrame JsFrameReader::Typed(const StackFrame& frame, uint64_t marker) {
  using enum FrameMarker;
  JsFrame out{.pc = frame.pc, .fp = frame.fp, .function = {}, .symbol = {}, .position = {}, .receiver = {}, .arguments = {}};
  const FrameMarker type = (marker & 1) == 0 ? markers_.Of(marker) : kUnknown;
  switch (type) {
    case kEntry:
      out.kind = FrameKind::kEntry;
      break;
    case kConstructEntry:
      out.kind = FrameKind::kConstructEntry;
      break;
    case kExit:
      out.kind = FrameKind::kExit;
      break;
    case kBuiltinExit:
    case kApiCallbackExit:
    case kApiAccessorExit:
      out.kind = FrameKind::kExit;
      SetExitArguments(frame, type, &out);
      break;
    case kConstruct:
      out.kind = FrameKind::kConstruct;
      break;
    case kInternal:
      out.kind = FrameKind::kInternal;
      break;
    case kArgumentsAdaptor:
      out.kind = FrameKind::kAdaptor;
      break;
    case kRegExp:
      out.kind = FrameKind::kRegExp;
      break;
    case kWasm:
    case kJsToWasm:
    case kWasmToJs:
      out.kind = FrameKind::kWasm;
      if (type != kWasm) out.symbol = type == kJsToWasm ? kJsToWasmName : kWasmToJsName;
      break;
    case kStub:
    case kBuiltin:
    case kBuiltinContinuation:
    case kJavaScriptBuiltinContinuation:
      // BuiltinContinuationFrameConstants::kFunctionOffset: of those that stand for a function, where others have it.
      if (const uint64_t function = stack_->At(frame.fp + kFrameFunction); type == kJavaScriptBuiltinContinuation && IsFunction(function)) {
        out.function = FunctionOf(function);
      }
      out.kind = out.function.shared == 0 || IsV8s(out.function.shared) ? FrameKind::kBuiltin : FrameKind::kApi;
      SetSymbol(frame.pc, frame.returns, &out);
      break;
    case kNative:
    case kUnknown:
      SetSymbol(frame.pc, frame.returns, &out);
      out.kind = IsBuiltinCode(frame.pc) || code_.At(frame.pc) ? FrameKind::kBuiltin
                 : !out.symbol.empty() || type == kNative      ? FrameKind::kNative
                                                               : FrameKind::kUnknown;
      break;
  }
  return out;
}

void JsFrameReader::TakeArguments(Address first, uint64_t count, int64_t step, JsFrame* out) {
  if (count > kMostPassed) return;
  out->arguments_known = true;
  for (uint64_t i = 0; i < count; ++i) {
    const Address slot = first + static_cast<uint64_t>(step) * i;
    if (!stack_->Contains(slot)) {
      out->arguments_known = false;
      break;
    }
    if (i >= kMostArguments) {
      out->arguments_omitted = count - i;
      break;
    }
    out->arguments.push_back(stack_->At(slot));
  }
}

void JsFrameReader::SetArguments(const StackFrame& frame, const StackFrame* caller, JsFrame* out) {
  const Address first = frame.fp + kCallerSp;
  if (facts_.argument_count != 0) {
    out->receiver = stack_->At(first);
    const uint64_t count = stack_->At(frame.fp + static_cast<uint64_t>(int64_t{facts_.argument_count}));
    if (count >= (facts_.count_has_receiver ? 1u : 0u)) TakeArguments(first + 8, count - (facts_.count_has_receiver ? 1 : 0), 8, out);
    return;
  }
  // Arguments were pushed from left to right: the last one lies lowest. As many as declared, unless an adaptor frame above
  // holds those that were passed.
  uint64_t count = reader_.Raw<uint16_t>(out->function.shared, facts_.formal_count).value_or(kDontAdapt);
  Address base = first;
  if (caller != nullptr && markers_.Of(stack_->At(caller->fp + kFrameContext)) == FrameMarker::kArgumentsAdaptor) {
    const uint64_t passed = stack_->At(caller->fp + static_cast<uint64_t>(kAdaptorCount));
    if (!IsSmi(passed) || SmiValue(passed) < 0) return;
    count = static_cast<uint64_t>(SmiValue(passed));
    base = caller->fp + kCallerSp;
  }
  if (count == kDontAdapt || count > kMostPassed) return;
  out->receiver = stack_->At(base + 8 * count);
  TakeArguments(base + 8 * count - 8, count, -8, out);
}

void JsFrameReader::SetExitArguments(const StackFrame& frame, FrameMarker marker, JsFrame* out) {
  const auto take = [&](uint64_t function) {
    out->function = FunctionOf(function);
    out->kind = IsV8s(out->function.shared) ? FrameKind::kBuiltin : FrameKind::kApi;
  };
  if (marker == FrameMarker::kBuiltinExit) {
    const uint64_t target = stack_->At(frame.fp + kExitTarget), count = stack_->At(frame.fp + kExitCount);
    if (!IsFunction(target)) return;
    take(target);
    if (!IsSmi(count) || SmiValue(count) < int64_t{facts_.exit_extra}) return;
    const uint64_t passed = static_cast<uint64_t>(SmiValue(count)) - facts_.exit_extra;
    if (passed > kMostPassed) return;
    const Address receiver = frame.fp + facts_.exit_receiver;
    if (facts_.argument_count != 0) {
      out->receiver = stack_->At(receiver);
      TakeArguments(receiver + 8, passed, 8, out);
    } else {
      out->receiver = stack_->At(receiver + 8 * passed);
      TakeArguments(receiver + 8 * passed - 8, passed, -8, out);
    }
    return;
  }
  for (int64_t at = kApiFirst; at <= kApiLast; at += 8) {
    const uint64_t word = stack_->At(frame.fp + static_cast<uint64_t>(at));
    if (!IsFunction(word)) continue;
    take(word);
    break;
  }
  if (out->function.function == 0 || marker != FrameMarker::kApiCallbackExit) return;
  // v8::FunctionCallbackInfo (ApiCallbackExitFrameConstants, src/execution/frame-constants.h): its count of arguments stands
  // with the function up to 12.4, later under the frame, first with a pointer to them.
  const Address values = stack_->At(frame.fp - 32);
  const uint64_t below = stack_->At(frame.fp - 24), above = stack_->At(frame.fp + 24);
  if (facts_.api_receiver == 0) {
    if (values <= frame.fp || !stack_->Contains(values)) return;
    out->receiver = stack_->At(values - 8);
    TakeArguments(values, below, 8, out);
    return;
  }
  const bool with_function = IsFunction(stack_->At(frame.fp + kApiFirst));
  const uint64_t passed = !with_function ? below : IsSmi(above) && (above & 0xffffffff) == 0 ? static_cast<uint64_t>(SmiValue(above)) : above;
  const Address receiver = frame.fp + facts_.api_receiver;
  out->receiver = stack_->At(receiver);
  TakeArguments(receiver + 8, passed, 8, out);
}

int64_t JsFrameReader::InterpretedOffset(const StackFrame& frame, uint64_t bytecode) {
  // While a bytecode runs, its offset is in a register and in the frame only from time to time
  // (kInterpreterBytecodeOffsetRegister, kInterpreterBytecodeArrayRegister: src/codegen/x64/register-x64.h).
  if (!frame.returns && registers_ != nullptr && registers_->reg(Register::kR12) == bytecode) {
    const uint64_t offset = registers_->reg(Register::kR9);
    if (offset < uint64_t{1} << 30) return static_cast<int64_t>(offset) - (BytecodeHeader(reader_.layout()) - 1);
  }
  const uint64_t slot = stack_->At(frame.fp + static_cast<uint64_t>(int64_t{facts_.bytecode_offset}));
  return IsSmi(slot) ? SmiValue(slot) - (BytecodeHeader(reader_.layout()) - 1) : -1;
}

void JsFrameReader::SetPosition(int64_t offset, JsFrame* frame) {
  const ScriptView* script = frame->function.script == 0 ? nullptr : ReadScript(reader_, frame->function.script);
  if (script == nullptr || offset < 0 || (script->source != 0 && static_cast<uint64_t>(offset) > script->source_length)) return;
  frame->offset = static_cast<int32_t>(offset);
  frame->position = PositionIn(reader_, frame->function.script, offset);
}

void JsFrameReader::SetOrigin(JsFrame* frame) {
  if (frame->function.script != 0 && frame->function.script_name.empty()) frame->origin = EvalOriginOf(reader_, frame->function.script);
}

void JsFrameReader::SetBytecodePosition(const StackFrame& frame, uint64_t bytecode, const std::optional<CodeView>& code,
                                        JsFrame* out) {
  std::optional<int64_t> offset;
  if (out->tier == FrameTier::kBaseline) {
    offset = code_.BytecodeOffsetAt(*code, frame.pc, bytecode);
  } else {
    offset = InterpretedOffset(frame, bytecode);
  }
  if (PositionTableOf(reader_, bytecode) == 0) {
    out->positions_unrecorded = true;
  } else if (offset) {
    if (const std::optional<TablePosition> position = PositionOfBytecode(reader_, bytecode, *offset)) SetPosition(position->position, out);
  }
}

// Whether the source reads `for`, `while` or `do` at the place: no call stands there.
bool JsFrameReader::IsAtLoop(const JsFrame& frame) {
  constexpr uint64_t kWord = 6;
  const ScriptView* script = frame.function.script == 0 ? nullptr : ReadScript(reader_, frame.function.script);
  if (script == nullptr || frame.offset < 0) return false;
  const std::optional<StringText> text = ReadStringFrom(reader_.memory(), reader_.layout(), script->source, static_cast<uint64_t>(frame.offset), kWord);
  if (!text) return false;
  for (const std::string_view word : {"for", "while", "do"}) {
    if (!text->text.starts_with(word)) continue;
    const char next = text->text.size() > word.size() ? text->text[word.size()] : ' ';
    if (next == ' ' || next == '(' || next == '{' || next == '\n' || next == '\r' || next == '\t' || next == '/') return true;
  }
  return false;
}

JsFrame JsFrameReader::Inlined(const JsFrame& into, FunctionView function) {
  JsFrame inlined{.kind = FrameKind::kJavaScript, .tier = into.tier, .inlined = true, .deoptimizes = into.deoptimizes, .pc = into.pc, .fp = into.fp, .function = {}, .symbol = {}, .position = {}, .receiver = {}, .arguments = {}};
  inlined.function = std::move(function);
  if (inlined.function.script == 0) inlined.kind = IsV8s(inlined.function.shared) ? FrameKind::kBuiltin : FrameKind::kApi;
  SetOrigin(&inlined);
  return inlined;
}

FunctionView JsFrameReader::InlinedFunction(const StackFrame& frame, const DeoptFunction& function) {
  uint64_t closure = function.closure;
  if (function.closure_at) closure = stack_->At(frame.fp + static_cast<uint64_t>(*function.closure_at));
  if (IsFunction(closure)) {
    // Maglev gives continuations the SharedFunctionInfo of the function that calls the builtin (14.6).
    if (const FunctionView& view = FunctionOf(closure); function.continuation || view.shared == function.shared) return view;
  }
  return Named(ReadShared(reader_, function.shared).value_or(FunctionView()));
}

// V8 does not look at the positions that optimized code keeps; it asks what the frame would be made into by a deoptimization,
// which has the functions themselves, inlined ones included, and the bytecode that each is at. Only where that is not had,
// the positions are taken: Maglev's are empty up to 13.6.233.10, and while it peels the first turn off a loop its iterator
// over source positions runs ahead, so that all calls of the other turns get the place of the loop itself
// (MaglevGraphBuilder::PeelLoop, 13.6 to 14.6).
void JsFrameReader::AddOptimized(const StackFrame& frame, const CodeView& code, JsFrame* out, std::vector<JsFrame>* frames) {
  const std::optional<ReturnPlace> place = frame.returns ? code_.ReturnPlaceOf(code, frame.pc) : std::nullopt;
  out->deoptimizes = place && place->deoptimizes;
  const Address pc = out->deoptimizes ? code.start + place->offset : frame.pc;
  const std::vector<CodeFunction> positions = code_.FunctionsAt(code, pc, frame.returns);
  std::vector<DeoptFunction> functions = place ? code_.DeoptFunctionsOf(code, place->entry) : std::vector<DeoptFunction>();
  if (!functions.empty() && functions.back().shared != out->function.shared) functions.clear();
  if (functions.empty()) {
    // What cannot deoptimize, like allocations, may have no place of its own: then the code's table tells that of whatever
    // code comes before, or the beginning of the function, which is none.
    const bool unsure = place && place->entry < 0;
    for (const CodeFunction& function : positions) {
      JsFrame inlined;
      if (function.shared != 0) inlined = Inlined(*out, Named(ReadShared(reader_, function.shared).value_or(FunctionView())));
      JsFrame& at = function.shared == 0 ? *out : inlined;
      if (!unsure || function.position != at.function.start) SetPosition(function.position, &at);
      at.unsure = unsure && at.position.line != 0;
      at.in_loop = code.tier == CodeTier::kMaglev && IsAtLoop(at);
      if (function.shared != 0) frames->push_back(std::move(inlined));
    }
    return;
  }
  // The positions of the code are a second source, for functions whose bytecode has none (yet): when they tell of the same
  // functions.
  std::vector<const CodeFunction*> same;
  for (const CodeFunction& position : positions) same.push_back(&position);
  const auto is_same = [&](const DeoptFunction& function, const CodeFunction& position) {
    return position.shared == function.shared || (position.shared == 0 && &function == &functions.back());
  };
  size_t next = 0;
  bool agree = true;
  for (const DeoptFunction& function : functions) {
    if (!function.continuation) agree = agree && next < same.size() && is_same(function, *same[next++]);
  }
  agree = agree && next == same.size();
  next = 0;
  for (const DeoptFunction& function : functions) {
    const bool own = &function == &functions.back();
    JsFrame inlined;
    if (!own) inlined = Inlined(*out, InlinedFunction(frame, function));
    if (function.continuation && inlined.function.script != 0) continue;  // of which builtin is not known
    // What C++ made and is called directly has an exit frame, too, from 22 on with its function.
    if (!own && inlined.kind == FrameKind::kApi && !frames->empty() && frames->back().kind == FrameKind::kApi &&
        frames->back().function.function == inlined.function.function && !frames->back().inlined) {
      continue;
    }
    JsFrame& at = own ? *out : inlined;
    if (!function.continuation) {
      const uint64_t bytecode = BytecodeOf(reader_, function.shared);
      const CodeFunction* position = agree ? same[next++] : nullptr;
      if (const std::optional<TablePosition> place_of = PositionOfBytecode(reader_, bytecode, function.bytecode_offset)) {
        SetPosition(place_of->position, &at);
      } else if (position != nullptr) {
        SetPosition(position->position, &at);
        at.in_loop = code.tier == CodeTier::kMaglev && IsAtLoop(at);
      }
      if (at.position.line == 0) at.positions_unrecorded = bytecode != 0 && PositionTableOf(reader_, bytecode) == 0;
    }
    if (!own) frames->push_back(std::move(inlined));
  }
}

void JsFrameReader::AddJavaScript(const StackFrame& frame, const StackFrame* caller, std::vector<JsFrame>* frames) {
  JsFrame out{.kind = FrameKind::kJavaScript, .pc = frame.pc, .fp = frame.fp, .function = {}, .symbol = {}, .position = {}, .receiver = {}, .arguments = {}};
  out.function = FunctionOf(stack_->At(frame.fp + kFrameFunction));
  out.context = stack_->At(frame.fp + kFrameContext);
  SetArguments(frame, caller, &out);
  if (IsWasmExport(out.function.shared)) {
    out.kind = FrameKind::kWasm;
    out.symbol = kJsToWasmName;
    frames->push_back(std::move(out));
    return;
  }
  const std::optional<CodeView> code = code_.At(frame.pc - (frame.returns ? 1 : 0));
  const uint64_t slot = stack_->At(frame.fp + static_cast<uint64_t>(int64_t{facts_.bytecode_array}));
  const bool has_bytecode = LooksLikePointer(slot) && reader_.IsType(slot, "BYTECODE_ARRAY_TYPE") &&
                            (out.function.script != 0 || !IsV8s(out.function.shared));  // of V8's own the word is another's
  const bool optimized = code && (code->tier == CodeTier::kMaglev || code->tier == CodeTier::kTurboFan || code->tier == CodeTier::kOptimized);
  if (optimized) {
    out.tier = code->tier == CodeTier::kMaglev     ? FrameTier::kMaglev
               : code->tier == CodeTier::kTurboFan ? FrameTier::kTurboFan
                                                   : FrameTier::kOptimized;
    AddOptimized(frame, *code, &out, frames);
  } else if (has_bytecode) {
    // Code in the heap that is not baseline code is a copy of the interpreter's entry, made for profilers
    // (--interpreted-frames-native-stack). Code that is not found there says nothing.
    if (code && code_.IsBaseline(*code)) {
      out.tier = FrameTier::kBaseline;
    } else if (code || !code_.IsInCodePage(frame.pc)) {
      out.tier = FrameTier::kInterpreted;
    }
    if (out.tier != FrameTier::kNone) SetBytecodePosition(frame, slot, code, &out);
  } else {
    SetSymbol(frame.pc, frame.returns, &out);
    if (out.function.script == 0) out.kind = FrameKind::kBuiltin;
  }
  SetOrigin(&out);
  frames->push_back(std::move(out));
}

}  // namespace corewalk
