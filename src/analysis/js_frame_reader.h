// One machine frame -> what it is to a person. Used by js_stack.cc alone.
#pragma once

#include <unordered_map>
#include <vector>

#include "analysis/js_stack.h"
#include "heap/builtin_entries.h"
#include "heap/stack_frames.h"
#include "node/code_symbols.h"

namespace corewalk {

class JsFrameReader {
 public:
  // `symbols` may be null. All must outlive the reader.
  JsFrameReader(HeapReader& reader, CodeFinder& code, const FrameMarkers& markers, const CodeSymbols* symbols)
      : reader_(reader), code_(code), facts_(code.facts()), markers_(markers), symbols_(symbols) {}

  // What is on the stack of one thread; must outlive the calls below.
  void SetThread(const StackWords* stack, BuiltinEntries builtins, const ThreadState* registers);
  // Whether code at `pc` is V8's builtins or made by V8, not C++.
  bool IsJavaScriptCode(Address pc) { return IsBuiltinCode(pc) || code_.At(pc).has_value(); }
  // The frame, and in front of it those of functions inlined into it. `caller` is the next frame up the stack (for
  // argument adaptors), or null.
  void Add(const StackFrame& frame, const StackFrame* caller, std::vector<JsFrame>* frames);

 private:
  JsFrame Typed(const StackFrame& frame, uint64_t marker);
  bool IsFunction(uint64_t word);
  bool IsV8s(uint64_t shared);
  bool IsWasmExport(uint64_t shared);
  FunctionView Named(FunctionView view);
  const FunctionView& FunctionOf(uint64_t function);
  void AddJavaScript(const StackFrame& frame, const StackFrame* caller, std::vector<JsFrame>* frames);
  void SetPosition(int64_t offset, JsFrame* frame);
  // The frame of optimized code `out`, and in front of it those of functions inlined into it.
  void AddOptimized(const StackFrame& frame, const CodeView& code, JsFrame* out, std::vector<JsFrame>* frames);
  JsFrame Inlined(const JsFrame& into, FunctionView function);
  FunctionView InlinedFunction(const StackFrame& frame, const DeoptFunction& function);
  bool IsAtLoop(const JsFrame& frame);
  void SetOrigin(JsFrame* frame);
  void SetBytecodePosition(const StackFrame& frame, uint64_t bytecode, const std::optional<CodeView>& code, JsFrame* out);
  int64_t InterpretedOffset(const StackFrame& frame, uint64_t bytecode);
  void SetArguments(const StackFrame& frame, const StackFrame* caller, JsFrame* out);
  void SetExitArguments(const StackFrame& frame, FrameMarker marker, JsFrame* out);
  void TakeArguments(Address first, uint64_t count, int64_t step, JsFrame* out);
  void SetSymbol(Address pc, bool returns, JsFrame* out);
  bool IsBuiltinCode(Address pc) const;

  HeapReader& reader_;
  CodeFinder& code_;
  const FrameFacts& facts_;
  const FrameMarkers& markers_;
  const CodeSymbols* symbols_;
  const StackWords* stack_ = nullptr;
  BuiltinEntries builtins_;
  const ThreadState* registers_ = nullptr;
  std::unordered_map<uint64_t, FunctionView> functions_;  // by tagged JSFunction
};

}  // namespace corewalk
