// The face of the stand-alone program: output to stdout, errors to stderr, the target named by -c or -p. Assumes that
// SIGPIPE is ignored, so that a closed pipe is a failed write. Errors of opening are those of ElfCore, LiveProcess and
// Session.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "command/face.h"
#include "command/progress_line.h"

namespace corewalk {

class CliFace final : public Face {
 public:
  // `interrupts` counts the SIGINTs received and must outlive the face.
  explicit CliFace(const std::atomic<int>* interrupts);
  ~CliFace() override;

  bool WriteOut(std::string_view text) override;
  std::string output_error() const override;
  void WriteError(std::string_view text) override;
  bool color_wanted() const override;
  bool unicode() const override;
  int width() const override;
  Cancel& cancel() override { return cancel_; }
  ProgressFunction progress() override;
  void HideProgress() override { progress_line_.Hide(); }
  std::span<const OptionSpec> options() const override { return options_; }
  Result<Session*> OpenSession(const Arguments& args) override;
  CommandMemory& memory() override { return memory_; }
  FaceSettings& settings() override { return settings_; }
  std::string_view invocation() const override { return "corewalk"; }
  std::string_view help() const override { return help_; }

  // The reader of stdout has gone away (head, a pager).
  bool pipe_closed() const;

 private:
  Cancel cancel_;
  ProgressLine progress_line_;
  std::vector<OptionSpec> options_;
  std::string help_;
  int write_error_ = 0;  // errno of the first failed write to stdout
  CommandMemory memory_;
  FaceSettings settings_;
  std::unique_ptr<Session> session_;
};

}  // namespace corewalk
