#include "command/face.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/text_sanitize.h"

namespace corewalk {

namespace {

// More workers than this wait for memory rather than work.
constexpr unsigned kMostDefaultThreads = 8;

}  // namespace

Result<uint64_t> Face::Evaluate(const std::string& expression) {
  return Fail(ErrorCode::kUsage, "'" + Sanitize(UntrustedText(expression), {.max_code_points = 80}) +
                                     "' is not an address (write it in hexadecimal, as it is printed)");
}

std::vector<OptionSpec> OpenOptionSpecs() {
  return {
      {.name = "executable",
       .letter = 'e',
       .kind = OptionKind::kString,
       .value_name = "NODE",
       .help = "the node binary that the process ran"},
      {.name = "force", .help = "go on although node binary and core do not belong together"},
      {.name = "threads",
       .kind = OptionKind::kInteger,
       .value_name = "N",
       .help = "worker threads",
       .minimum = 1,
       .maximum = 256},
      {.name = "hide-tables", .help = "for tests: ignore the built-in tables of V8's layout"},
  };
}

OpenOptions OpenOptionsFrom(const Arguments& args) {
  OpenOptions options;
  options.executable = args.Text("executable");
  options.force = args.Has("force");
  options.hide_tables = args.Has("hide-tables");
  const auto cores = static_cast<int64_t>(std::clamp(std::thread::hardware_concurrency(), 1u, kMostDefaultThreads));
  options.threads = static_cast<int>(args.Integer("threads", cores));
  return options;
}

bool EnvironmentForbidsColor() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color != nullptr && *no_color != 0) || (term != nullptr && std::string_view(term) == "dumb");
}

bool LocaleIsUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == 0) continue;
    const std::string_view locale(value);
    for (const char* spelling : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (locale.find(spelling) != std::string_view::npos) return true;
    }
    return false;
  }
  return false;
}

}  // namespace corewalk
