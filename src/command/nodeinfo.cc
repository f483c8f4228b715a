// nodeinfo: what the Node.js process was: versions, arguments, environment, working directory, limits, what it used.
#include <fmt/format.h>

#include <algorithm>

#include "base/text_sanitize.h"
#include "command/target.h"
#include "heap/heap_walk.h"
#include "node/environment_variables.h"
#include "node/event_loop.h"
#include "node/os_limits.h"
#include "node/process_object.h"
#include "node/secrets.h"

namespace corewalk {
namespace {

constexpr double kNanosecond = 1e-9, kMillisecond = 1e-3;

std::string_view ChangeText(VariableChange change) {
  switch (change) {
    case VariableChange::kNone:
      return "";
    case VariableChange::kAdded:
      return "added";
    case VariableChange::kChanged:
      return "changed";
    case VariableChange::kDeleted:
      break;
  }
  return "deleted";
}

// What one walk over the heap finds.
struct Found {
  struct Object {
    ProcessObject process;
    int isolate = 0;
  };
  std::vector<Object> processes;
  std::optional<UntrustedText> working_directory;
  std::optional<double> start_time;  // seconds
  std::optional<double> loop_time;   // seconds
  VisitGaps gaps;
};

class NodeInfoCommand final : public Command {
 public:
  NodeInfoCommand()
      : Command(
            {.name = "nodeinfo",
             .group = "Process",
             .summary = "the Node.js process: versions, arguments, environment, working directory, limits",
             .description =
                 "First what llnode prints, in its format, of each `process` object (a worker thread has its own:\n"
                 "--isolate all). Then, of the whole process: the working directory (as process.cwd() last told, else "
                 "as\n"
                 "PWD said at start), the title, the time since Node.js began up to when its event loop last looked "
                 "at\n"
                 "the clock, use of memory and CPU, and the environment, of which the values at start and those at "
                 "the\n"
                 "end are told apart. Limits of the operating system are known of live processes only: cores have "
                 "none.\n\n"
                 "Values of variables and options whose names look like those of secrets, passwords in URLs and\n"
                 "well-known forms of tokens are shown as ********. That is a guess: look before you pass the answer\n"
                 "on. --reveal shows them.",
             .example = "nodeinfo\nnodeinfo --isolate all --json\nnodeinfo --reveal --filter DATABASE",
             .options = {{.name = "reveal", .help = "show what looks like a secret"},
                         {.name = "filter",
                          .kind = OptionKind::kString,
                          .value_name = "TEXT",
                          .help = "only variables whose name contains TEXT"},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "variables to print, 0 = all (default 200)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    Session& session = context.session;
    const Found found = Search(context, *options);
    const HeapWalkResult walk = WalkHeap(
        session.model(), {.isolate = -1, .threads = session.options().threads, .read_only = false, .external = true},
        context.cancel, context.progress);

    context.out.BeginDocument("nodeinfo", TargetCard(session));
    TellProcesses(context, found);
    TellWhole(context, found, walk);
    TellEnvironment(context);
    TellLimits(context);
    Completeness completeness = StartCompleteness(context);
    found.gaps.Describe(&completeness);
    walk.Describe(&completeness);
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static Found Search(CommandContext& context, const HeapWalkOptions& options) {
    Session& session = context.session;
    HeapReader reader(session.memory_and_image(), session.layout(), &session.names());
    const InstanceTypes& types = session.layout().types;
    Found found;
    const auto is_process = [&](const MapInfo& map, Address first) {
      return types.IsJSReceiver(map.instance_type) && session.names().ClassName(map, first) == "process";
    };
    for (const IsolateHeap& isolate : session.model().isolates()) {
      // The working directory and the clocks are those of the main thread.
      const bool wanted = options.isolate < 0 || options.isolate == isolate.number;
      if (!wanted && !isolate.is_main && isolate.number != 0) continue;
      LibraryFacts library(&reader);
      std::vector<uint64_t> native_contexts;
      const VisitGaps gaps = VisitObjects(
          session.model(), {.isolate = isolate.number, .threads = options.threads, .read_only = false}, context.cancel,
          [&](const MapInfo& map, Address first) {
            return types.IsContext(map.instance_type) || types.IsNativeContext(map.instance_type) ||
                   is_process(map, first) || library.Wants(map, first);
          },
          [&](const MapInfo& map, Address address, uint64_t, const Page&) {
            if (types.IsNativeContext(map.instance_type)) {
              native_contexts.push_back(address + 1);
            } else if (types.IsContext(map.instance_type)) {
              library.LookAtContext(address + 1);
            } else {
              library.LookAtObject(map, address);
              if (!wanted) return true;
              if (std::optional<ProcessObject> process = ReadProcessObject(reader, address + 1))
                found.processes.push_back({std::move(*process), isolate.number});
            }
            return true;
          });
      if (wanted) {
        found.gaps.bytes_lost += gaps.bytes_lost;
        found.gaps.places_lost += gaps.places_lost;
        found.gaps.bytes_unreadable += gaps.bytes_unreadable;
        found.gaps.gc_in_progress |= gaps.gc_in_progress;
      }
      found.gaps.interrupted |= gaps.interrupted;
      if (isolate.number != 0) continue;
      found.working_directory = library.working_directory();
      if (library.start_time()) found.start_time = *library.start_time() * kNanosecond;
      if (const std::optional<EventLoop> loop = FindEventLoop(&reader, native_contexts))
        found.loop_time = static_cast<double>(loop->time) * kMillisecond;
    }
    return found;
  }

  static std::string Safe(const UntrustedText& text) { return Sanitize(text); }

  // llnode's src/llnode.cc, NodeInfoCmd.
  static void TellProcesses(CommandContext& context, const Found& found) {
    const bool reveal = context.args.Has("reveal");
    if (!context.out.is_text()) {
      TellRows(context, found, reveal);
      return;
    }
    if (found.processes.empty()) context.out.AddTextLine("No process objects found.");
    for (const Found::Object& each : found.processes) {
      const ProcessObject& process = each.process;
      const auto line = [&](const std::string& text) { context.out.AddTextLine(text); };
      line(fmt::format("Information for process id {} (process=0x{:x})", *process.pid, process.object));
      line(fmt::format("Platform = {}, Architecture = {}, Node Version = {}", Safe(process.platform),
                       Safe(process.arch), Safe(process.version)));
      line(fmt::format("Component versions (process.versions=0x{:x}):", process.versions_object));
      for (const auto& [name, value] : process.versions) line(fmt::format("    {} = {}", Safe(name), Safe(value)));
      line(fmt::format("Release Info (process.release=0x{:x}):", process.release_object));
      for (const auto& [name, value] : process.release) line(fmt::format("    {} = {}", Safe(name), Safe(value)));
      line(fmt::format("Executable Path = {}", Safe(process.exec_path)));
      line(fmt::format("Command line arguments (process.argv=0x{:x}):", process.argv_object));
      TellWords(context, reveal ? process.argv : MaskArguments(process.argv));
      line(fmt::format("Node.js Command line arguments (process.execArgv=0x{:x}):", process.exec_argv_object));
      TellWords(context, reveal ? process.exec_argv : MaskArguments(process.exec_argv));
      line("");
    }
  }

  static void TellWords(CommandContext& context, const std::vector<UntrustedText>& words) {
    for (size_t i = 0; i < words.size(); ++i)
      context.out.AddTextLine(fmt::format("    [{}] = '{}'", i, Safe(words[i])));
  }

  static std::string JsonStrings(const std::vector<UntrustedText>& words) {
    std::string json;
    for (const UntrustedText& word : words) json += (json.empty() ? "\"" : ",\"") + JsonEscape(word) + "\"";
    return "[" + json + "]";
  }
  static std::string JsonPairs(const std::vector<std::pair<UntrustedText, UntrustedText>>& pairs) {
    std::string json;
    for (const auto& [name, value] : pairs)
      json += (json.empty() ? "\"" : ",\"") + JsonEscape(name) + "\":\"" + JsonEscape(value) + "\"";
    return "{" + json + "}";
  }

  static void TellRows(CommandContext& context, const Found& found, bool reveal) {
    std::string json;
    for (const Found::Object& each : found.processes) {
      const ProcessObject& process = each.process;
      const auto text = [](const UntrustedText& value) { return "\"" + JsonEscape(value) + "\""; };
      json += fmt::format(
          "{}{{\"isolate\":{},\"address\":\"0x{:x}\",\"pid\":{},\"platform\":{},\"arch\":{},\"version\":{},"
          "\"exec_path\":{},\"versions\":{},\"release\":{},\"argv\":{},\"exec_argv\":{}}}",
          json.empty() ? "" : ",", each.isolate, process.object - 1, *process.pid, text(process.platform),
          text(process.arch), text(process.version), text(process.exec_path), JsonPairs(process.versions),
          JsonPairs(process.release), JsonStrings(reveal ? process.argv : MaskArguments(process.argv)),
          JsonStrings(reveal ? process.exec_argv : MaskArguments(process.exec_argv)));
    }
    context.out.AddJson("processes", "[" + json + "]");
  }

  static void TellWhole(CommandContext& context, const Found& found, const HeapWalkResult& walk) {
    Session& session = context.session;
    const ProcessFacts& facts = session.process();
    const OsFacts os = ReadOsFacts(session.memory());
    const bool reveal = context.args.Has("reveal");
    Card card{.key = "process", .title = "Process", .fields = {}};
    const auto add = [&](std::string key, std::string title, Cell value) {
      card.fields.push_back({std::move(key), std::move(title), std::move(value)});
    };
    add("pid", "Process id", int64_t{facts.pid});
    if (facts.arguments.title) add("title", "Title", *facts.arguments.title);
    const std::optional<UntrustedText> cwd = os.working_directory      ? os.working_directory
                                             : found.working_directory ? found.working_directory
                                                                       : facts.arguments.pwd;
    add("cwd", "Working directory", cwd ? Cell(*cwd) : Cell(Absent{}));
    add("cwd_source", "That is known from",
        std::string(os.working_directory      ? "the system"
                    : found.working_directory ? "process.cwd()"
                    : cwd                     ? "PWD at start"
                                              : "unknown"));
    const std::optional<UntrustedText>& options = facts.arguments.node_options;
    if (options)
      add("node_options", "NODE_OPTIONS at start", reveal ? *options : UntrustedText(MaskSecrets(options->raw())));
    const bool timed = found.start_time && found.loop_time && *found.loop_time >= *found.start_time;
    add("uptime_seconds", "Uptime, at least",
        timed ? Cell(Seconds{*found.loop_time - *found.start_time}) : Cell(Absent{}));
    add("threads", "Threads", Count{facts.thread_count});
    uint64_t cpu = 0;
    for (const ThreadFact& thread : facts.threads) cpu += thread.cpu_user_us + thread.cpu_system_us;
    if (cpu > 0) add("cpu_seconds", "CPU time of the threads", Seconds{static_cast<double>(cpu) / 1e6});
    add("isolates", "Isolates", Count{session.model().isolates().size()});
    add("heap_used_bytes", "Used in V8's heaps", Bytes{walk.Total().object_bytes});
    add("external_bytes", "Outside the heaps, held by ArrayBuffers and strings",
        Bytes{walk.external.buffer_bytes + walk.external.string_bytes});
    if (facts.heap_limits)
      add("old_generation_limit_bytes", "Limit of the old generation", Bytes{facts.heap_limits->old_generation});
    add("open_files", os.open_files ? "Open file descriptors" : "",
        os.open_files ? Cell(Count{*os.open_files}) : Cell(Absent{}));
    context.out.AddCard(card);
  }

  static void TellEnvironment(CommandContext& context) {
    Session& session = context.session;
    const ProcessFacts& facts = session.process();
    std::vector<AddressRange> excluded;
    for (const Page* page : session.model().index().pages())
      excluded.emplace_back(page->descriptor.chunk, page->descriptor.area_end);
    const Environment environment = ReadEnvironment(session.memory(), excluded, facts.arguments);
    const bool reveal = context.args.Has("reveal");
    const std::string filter = context.args.Text("filter");
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultVariables));
    context.out.BeginTable({.key = "environment",
                            .title = "Environment",
                            .columns = {{"name", "Name", Align::kLeft},
                                        {"change", "Since start", Align::kLeft},
                                        {"value", "Value", Align::kLeft},
                                        {"value_at_start", ""},
                                        {"masked", ""}}});
    uint64_t shown = 0, omitted = 0;
    for (const Variable& variable : environment.variables) {
      const std::string& name = variable.name.raw();
      if (!filter.empty() && name.find(filter) == std::string::npos) continue;
      if (limit != 0 && shown >= limit) {
        ++omitted;
        continue;
      }
      ++shown;
      bool masked = false;
      const auto show = [&](const std::optional<UntrustedText>& value) -> Cell {
        if (!value) return Absent{};
        if (reveal) return *value;
        UntrustedText safe = MaskVariable(name, *value);
        masked |= safe != *value;
        return safe;
      };
      const Cell value = show(variable.value), at_start = show(variable.at_start);
      const Cell row[] = {variable.name, std::string(ChangeText(variable.change)), value, at_start, masked};
      context.out.AddRow(row);
    }
    context.out.EndTable({.omitted = omitted});
    if (!environment.start_known && !environment.now_known) {
      context.out.AddNote("the environment is not in this target: the end of the main thread's stack is missing");
    } else if (!environment.now_known) {
      context.out.AddNote("values are those at start: what the program changed in process.env was not found");
    } else if (!environment.start_known) {
      context.out.AddNote("values are those at the end: the environment at start was not found");
    }
    if (environment.cut) context.out.AddNote("very long variables, or very many, were cut");
    if (session.model().isolates().size() > 1)
      context.out.AddNote(
          "the environment is the process's: a worker thread has a copy of its own, or what its option `env` gave it, "
          "which is not read");
  }

  static void TellLimits(CommandContext& context) {
    const OsFacts os = ReadOsFacts(context.session.memory());
    if (os.limits.empty()) {
      context.out.AddNote(
          "limits of the operating system (open files, stack, ...) are unknown: the kernel does not write them into a "
          "core");
      return;
    }
    context.out.BeginTable(
        {.key = "limits",
         .title = "Limits of the operating system",
         .columns = {
             {"name", "Limit", Align::kLeft}, {"soft", "Soft"}, {"hard", "Hard"}, {"unit", "Unit", Align::kLeft}}});
    for (const OsLimit& limit : os.limits) {
      const auto number = [&](const std::optional<uint64_t>& value) -> Cell {
        if (value) return Count{*value};
        return context.out.is_text() ? Cell(std::string("unlimited")) : Cell(Absent{});
      };
      const Cell row[] = {limit.name, number(limit.soft), number(limit.hard), limit.unit};
      context.out.AddRow(row);
    }
    context.out.EndTable({});
  }

  static constexpr int64_t kDefaultVariables = 200;
};

}  // namespace

std::unique_ptr<Command> MakeNodeInfoCommand() {
  return std::make_unique<NodeInfoCommand>();
}

}  // namespace corewalk
