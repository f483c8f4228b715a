#include "cli/cli_face.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

#include "command/help.h"
#include "memory/elf_core.h"
#include "memory/live_process.h"

namespace corewalk {
namespace {

// 0 when all was written, else errno.
int WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (n < 0 && errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

Result<std::unique_ptr<Memory>> OpenMemory(const Arguments& args) {
  if (args.Has("core") && args.Has("pid")) return Fail(ErrorCode::kUsage, "give either -c CORE or -p PID, not both");
  if (args.Has("core")) {
    auto core = ElfCore::Open(args.Text("core"));
    if (!core) return std::unexpected(core.error());
    return std::move(*core);
  }
  if (args.Has("pid")) {
    auto process = LiveProcess::Open(static_cast<int>(args.Integer("pid", 0)));
    if (!process) return std::unexpected(process.error());
    return std::move(*process);
  }
  return Fail(ErrorCode::kUsage, "what shall be looked at? Name a core file with -c CORE or a process with -p PID");
}

}  // namespace

CliFace::CliFace(const std::atomic<int>* interrupts)
    : cancel_([interrupts] { return interrupts->load(std::memory_order_relaxed) != 0; }),
      progress_line_(STDERR_FILENO, isatty(STDERR_FILENO) == 1) {
  options_ = {
      {.name = "core", .letter = 'c', .kind = OptionKind::kString, .value_name = "CORE", .help = "the core file"},
      {.name = "pid",
       .letter = 'p',
       .kind = OptionKind::kInteger,
       .value_name = "PID",
       .help = "a live process; it is stopped meanwhile",
       .minimum = 1,
       .maximum = std::numeric_limits<int>::max()},
  };
  for (OptionSpec& option : OpenOptionSpecs()) options_.push_back(std::move(option));
  help_ =
      "Usage: corewalk -c CORE [-e NODE] COMMAND [OPTION...] [WORD...]\n"
      "       corewalk -p PID COMMAND [OPTION...] [WORD...]\n"
      "       corewalk help [COMMAND] | --version\n\nThe target:\n" +
      OptionLines(options_);
}

CliFace::~CliFace() = default;

bool CliFace::WriteOut(std::string_view text) {
  if (write_error_ == 0) write_error_ = WriteAll(STDOUT_FILENO, text);
  return write_error_ == 0;
}

std::string CliFace::output_error() const {
  if (write_error_ == 0 || write_error_ == EPIPE) return "";
  return std::generic_category().message(write_error_);
}

bool CliFace::pipe_closed() const {
  return write_error_ == EPIPE;
}

void CliFace::WriteError(std::string_view text) {
  // Nobody is left to be told when this fails.
  (void)WriteAll(STDERR_FILENO, text);
}

bool CliFace::color_wanted() const {
  return isatty(STDOUT_FILENO) == 1 && !EnvironmentForbidsColor();
}

bool CliFace::unicode() const {
  return LocaleIsUtf8();
}

int CliFace::width() const {
  if (isatty(STDOUT_FILENO) != 1) return 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

ProgressFunction CliFace::progress() {
  return [this](const char* what, uint64_t done, uint64_t total) { progress_line_.Report(what, done, total); };
}

Result<Session*> CliFace::OpenSession(const Arguments& args) {
  if (session_ != nullptr) return session_.get();
  auto memory = OpenMemory(args);
  if (!memory) return std::unexpected(memory.error());
  auto session = Session::Open(std::move(*memory), OpenOptionsFrom(args), cancel_);
  if (!session) {
    // What a dying process does not answer looks like all sorts of damage.
    const int pid = static_cast<int>(args.Integer("pid", 0));
    if (args.Has("pid") && !LiveProcess::IsRunning(pid))
      return Fail(ErrorCode::kNotFound, "process " + std::to_string(pid) + " ended while it was read");
    return std::unexpected(session.error());
  }
  session_ = std::move(*session);
  return session_.get();
}

}  // namespace corewalk
