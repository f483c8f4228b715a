// corewalk, the stand-alone program. Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted; killed by SIGPIPE
// when the reader of its output goes away, as other filters are.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <string>
#include <vector>

#include "cli/cli_face.h"
#include "command/dispatch.h"
#include "command/help.h"

namespace {

constexpr int kExitInterrupted = 130;

// A signal handler has nowhere else to put what it saw.
std::atomic<int> interrupts{0};
static_assert(std::atomic<int>::is_always_lock_free);

// The first Ctrl-C asks the command to stop and show what it has, the second one ends the program at once.
void OnInterrupt(int) {
  if (interrupts.fetch_add(1, std::memory_order_relaxed) > 0) _exit(kExitInterrupted);
}

void SetSignals() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &action, nullptr);
}

int Run(const std::vector<std::string>& words, bool* pipe_closed) {
  corewalk::CliFace face(&interrupts);
  int status = 0;
  if (words.size() == 1 && (words[0] == "--version" || words[0] == "-V")) {
    status =
        face.WriteOut(fmt::format("corewalk {}\n", corewalk::Version())) ? corewalk::kExitOk : corewalk::kExitFailure;
  } else {
    status = corewalk::RunCommand(face, corewalk::BuiltinCommands(), words);
  }
  *pipe_closed = face.pipe_closed();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  SetSignals();
  bool pipe_closed = false;
  int status = corewalk::kExitFailure;
  try {
    status = Run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), &pipe_closed);
  } catch (...) {
    constexpr char kMessage[] = "error: out of memory\n";
    (void)!write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  }
  if (interrupts.load() != 0) return kExitInterrupted;
  if (pipe_closed) {
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
  }
  return status;
}
