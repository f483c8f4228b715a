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

// What a session is opened with, and keeps.
std::vector<OptionSpec> SessionOptionSpecs() {
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

// What its graphs may use: it can change while the session is open.
std::vector<OptionSpec> GraphOptionSpecs() {
  return {
      {.name = "index",
       .kind = OptionKind::kString,
       .value_name = "FILE",
       .help = "keep what is live, dominators and retained sizes in FILE: the next call starts at once"},
      {.name = "scratch",
       .kind = OptionKind::kString,
       .value_name = "DIR",
       .help = "keep big arrays in nameless files in DIR where memory is short"},
      {.name = "memory",
       .kind = OptionKind::kSize,
       .value_name = "SIZE",
       .help = "plan with so much memory (default: what is available)",
       .minimum = 1},
  };
}

}  // namespace

Result<uint64_t> Face::Evaluate(const std::string& expression) {
  return Fail(ErrorCode::kUsage, "'" + Sanitize(UntrustedText(expression), {.max_code_points = 80}) +
                                     "' is not an address (write it in hexadecimal, as it is printed)");
}

std::vector<OptionSpec> OpenOptionSpecs() {
  std::vector<OptionSpec> specs = SessionOptionSpecs();
  // Help tells the one for tests last.
  const std::vector<OptionSpec> graph = GraphOptionSpecs();
  specs.insert(specs.end() - 1, graph.begin(), graph.end());
  return specs;
}

bool AsksForOtherSession(const Arguments& args) {
  return std::ranges::any_of(SessionOptionSpecs(), [&](const OptionSpec& option) { return args.Has(option.name); });
}

GraphResources GraphResourcesFrom(const Arguments& args, GraphResources resources) {
  if (args.Has("index")) resources.index = args.Text("index");
  if (args.Has("scratch")) resources.scratch = args.Text("scratch");
  resources.memory = args.Size("memory", resources.memory);
  return resources;
}

OpenOptions OpenOptionsFrom(const Arguments& args) {
  OpenOptions options;
  options.executable = args.Text("executable");
  options.force = args.Has("force");
  options.hide_tables = args.Has("hide-tables");
  options.graph = GraphResourcesFrom(args, {});
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
