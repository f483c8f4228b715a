#include "sb_face.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/text_sanitize.h"
#include "sb_optional.h"

namespace corewalk {
namespace {

constexpr size_t kMostBytesPerPut = 1 << 20;

bool IsInteractive(lldb::SBCommandInterpreter& interpreter) {
  if (OptionalIsInteractive != nullptr) return OptionalIsInteractive(&interpreter);
  return interpreter.IsActive() && isatty(STDIN_FILENO) == 1;
}

}  // namespace

SbFace::SbFace(PluginState* state, lldb::SBDebugger debugger, lldb::SBCommandReturnObject* result)
    : state_(state),
      debugger_(debugger),
      interpreter_(debugger_.GetCommandInterpreter()),
      result_(result),
      cancel_([this] { return Interrupted(); }),
      progress_line_(STDERR_FILENO, isatty(STDERR_FILENO) == 1 && IsInteractive(interpreter_)) {
  // Only at LLDB's own prompt or in its batch mode: a script that called HandleCommand wants the text in the result.
  if (interpreter_.IsActive()) result_->SetImmediateOutputFile(debugger_.GetOutputFile());
}

bool SbFace::Interrupted() {
  if (OptionalInterruptRequested != nullptr && OptionalInterruptRequested(&debugger_)) return true;
  return interpreter_.WasInterrupted();
}

bool SbFace::is_terminal() const {
  FILE* output = debugger_.GetOutputFileHandle();
  return output != nullptr && isatty(fileno(output)) == 1;
}

bool SbFace::WriteOut(std::string_view text) {
  while (!text.empty()) {
    const size_t size = std::min(text.size(), kMostBytesPerPut);
    result_->PutCString(text.data(), static_cast<int>(size));
    text.remove_prefix(size);
  }
  return true;
}

bool SbFace::color_wanted() const {
  return debugger_.GetUseColor() && is_terminal() && !EnvironmentForbidsColor();
}

bool SbFace::unicode() const {
  return LocaleIsUtf8();
}

int SbFace::width() const {
  return is_terminal() ? static_cast<int>(debugger_.GetTerminalWidth()) : 0;
}

ProgressFunction SbFace::progress() {
  return [this](const char* what, uint64_t done, uint64_t total) { progress_line_.Report(what, done, total); };
}

Result<Session*> SbFace::OpenSession(const Arguments& args) {
  auto entry = state_->sessions.Open(debugger_, OpenOptionsFrom(args), AsksForOtherSession(args), cancel_);
  if (!entry) return std::unexpected(entry.error());
  entry_ = *entry;
  const GraphResources resources = GraphResourcesFrom(args, entry_->session->options().graph);
  if (const Result<void> set = entry_->session->SetGraphResources(resources); !set) return std::unexpected(set.error());
  return entry_->session.get();
}

Result<uint64_t> SbFace::Evaluate(const std::string& expression) {
  lldb::SBTarget target = debugger_.GetSelectedTarget();
  if (!target.IsValid()) return Face::Evaluate(expression);
  lldb::SBValue value = target.EvaluateExpression(expression.c_str());
  lldb::SBError error = value.GetError();
  if (!value.IsValid() || error.Fail()) {
    const char* reason = error.GetCString();
    return Fail(ErrorCode::kUsage, "cannot evaluate '" + Sanitize(expression, {.max_code_points = 80}) + "'" +
                                       (reason != nullptr ? ": " + Sanitize(reason, {.max_code_points = 200}) : ""));
  }
  const uint64_t word = value.GetValueAsUnsigned(error);
  if (error.Fail()) return Face::Evaluate(expression);
  return word;
}

CommandMemory& SbFace::memory() {
  return entry_ != nullptr ? entry_->memory : no_session_;
}

void SbFace::End(int status) {
  if (status == 0) {
    if (!errors_.empty()) result_->AppendWarning(errors_.c_str());
    result_->SetStatus(lldb::eReturnStatusSuccessFinishResult);
    return;
  }
  // LLDB puts its own "error: " before the text and ends the line itself.
  constexpr std::string_view kPrefix = "error: ";
  std::string message = errors_;
  if (message.starts_with(kPrefix)) message.erase(0, kPrefix.size());
  while (message.ends_with('\n')) message.pop_back();
  if (!message.empty()) result_->SetError(message.c_str());
  result_->SetStatus(lldb::eReturnStatusFailed);
}

}  // namespace corewalk
