// LLDB as a face: one object per command line typed at the (lldb) prompt. Answers go to the terminal as they come, also
// those of a command that is interrupted (LLDB up to 16 drops what an interrupted command has only put into its
// result). When LLDB is used as a library, without its prompt, they go into the result alone.
#pragma once

#include <lldb/API/LLDB.h>

#include <string>
#include <vector>

#include "command/face.h"
#include "command/progress_line.h"
#include "sb_target.h"

namespace corewalk {

// What outlives a command: one per loaded plugin and debugger.
struct PluginState {
  std::string prefix;  // "v8"
  std::vector<OptionSpec> options = OpenOptionSpecs();
  std::string help;
  FaceSettings settings;
  SbSessions sessions;
};

class SbFace final : public Face {
 public:
  SbFace(PluginState* state, lldb::SBDebugger debugger, lldb::SBCommandReturnObject* result);

  bool WriteOut(std::string_view text) override;
  void WriteError(std::string_view text) override { errors_ += text; }
  bool color_wanted() const override;
  bool unicode() const override;
  int width() const override;
  Cancel& cancel() override { return cancel_; }
  ProgressFunction progress() override;
  void HideProgress() override { progress_line_.Hide(); }
  std::span<const OptionSpec> options() const override { return state_->options; }
  Result<Session*> OpenSession(const Arguments& args) override;
  Result<uint64_t> Evaluate(const std::string& expression) override;
  CommandMemory& memory() override;
  FaceSettings& settings() override { return state_->settings; }
  std::string_view invocation() const override { return state_->prefix; }
  std::string_view help() const override { return state_->help; }

  // Tells LLDB how it went.
  void End(int status);

 private:
  bool Interrupted();
  bool is_terminal() const;

  PluginState* state_;
  mutable lldb::SBDebugger debugger_;  // handles; LLDB's functions are not const
  lldb::SBCommandInterpreter interpreter_;
  lldb::SBCommandReturnObject* result_;
  Cancel cancel_;
  ProgressLine progress_line_;
  std::string errors_;
  CommandMemory no_session_;
  SbSessions::Entry* entry_ = nullptr;
};

}  // namespace corewalk
