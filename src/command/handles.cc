// handles: what the event loop holds.
#include "analysis/handles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text_sanitize.h"
#include "command/handles_text.h"
#include "command/target.h"
#include "node/os_limits.h"
#include "node/process_facts.h"
#include "node/secrets.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr double kMillisecond = 1e-3;

std::string FillText(const StreamFill& fill) {
  const auto amount = [&](double value) {
    const uint64_t whole = value < 0 ? 0 : static_cast<uint64_t>(value);
    return fill.objects ? FormatCount(whole) : FormatBytesShort(whole);
  };
  return fmt::format("{} of {}{}", amount(fill.length), amount(fill.high_water_mark), fill.objects ? " objects" : "");
}

class HandlesCommand final : public Command {
 public:
  HandlesCommand()
      : Command(
            {.name = "handles",
             .group = "Process",
             .summary = "what the event loop holds: sockets, servers, pipes, child processes, watchers, ...",
             .description =
                 "Every libuv handle of Node.js's event loop, grouped by kind, or one by one with --list: whether it "
                 "is\n"
                 "active, whether it keeps the process alive (ref'd), whether it is being closed, its file "
                 "descriptor,\n"
                 "addresses, path or command, the bytes that it has taken and the kernel has not, its JavaScript "
                 "owner.\n"
                 "The kinds are those of process.getActiveResourcesInfo(), which tells the ref'd ones that belong to\n"
                 "JavaScript; the others are told here as well. Timers of JavaScript share one handle: see "
                 "`timers`.\n\n"
                 "A socket of TLS is one handle, also where an accepted Socket and a TLSSocket over it share it; the name\n"
                 "that the client asked for, the agreed protocol and a certificate that was not accepted are told.\n"
                 "Addresses of sockets are the kernel's. They are known where the program has asked for them\n"
                 "(socket.remoteAddress), where a client chose one of several, and of servers as they were asked to\n"
                 "listen; else what an Agent of HTTP or a client of fetch() has connected a socket to is told, and of\n"
                 "which child process a pipe is which end.\n\n"
                 "Of a connection of HTTP it is told what it does: the state of its request as `requests` has it, idle,\n"
                 "or receiving head, when a part of a request's head came; and for how long a request has been coming\n"
                 "in (Node.js 18 and later).\n\n"
                 "Files and directories follow that objects of fs have open, with descriptor and path (a FileHandle "
                 "keeps\n"
                 "no path). Descriptors that the program has as numbers are not among them. Streams at or above their highWaterMark follow, also those without a handle; the heap is\n"
                 "walked for them, so that one that nothing refers to any more may be among them.\n"
                 "A worker thread has a loop of its own: --isolate all.",
             .example = "handles\nhandles --list -n 0 --json\nhandles --list --filter TCPSocket",
             .options = [] {
               std::vector<OptionSpec> options = HandleListOptions("handle");
               options.push_back({.name = "internal", .help = "libuv's own handles too"});
               return options;
             }()}) {}

  Result<void> Run(CommandContext& context) const override {
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    Result<HandleCensuses> censuses = TakeHandleCensuses(context, &reader);
    if (!censuses) return std::unexpected(censuses.error());
    const bool internal = context.args.Has("internal");
    const std::string filter = context.args.Text("filter");
    for (HandleCensuses::One& one : censuses->all) {
      std::erase_if(one.census.handles, [&](const HandleEntry& handle) {
        return (!internal && handle.uv.internal()) ||
               !MatchesText(filter, {handle.kind, handle.owner_class, handle.local.raw(), handle.remote.raw(),
                                 handle.detail.raw(), handle.details.path, About(handle)});
      });
    }
    for (HandleCensuses::One& one : censuses->all) {
      std::erase_if(one.census.files,
                    [&](const OpenFile& file) { return !MatchesText(filter, {file.kind, file.path.raw()}); });
    }
    context.out.BeginDocument("handles", TargetCard(context.session));
    TellTotals(context, *censuses);
    if (context.args.Has("list")) {
      TellList(context, *censuses);
    } else {
      TellGroups(context, *censuses);
    }
    TellFiles(context, *censuses);
    TellFullStreams(context, reader, *censuses);
    context.out.EndDocument(censuses->completeness);
    return {};
  }

 private:
  static void TellTotals(CommandContext& context, const HandleCensuses& censuses) {
    uint64_t handles = 0, scripts = 0, active = 0, refed = 0, resources = 0, closing = 0, fds = 0, queued = 0,
             requests = 0, full = 0, files = 0;
    int64_t highest = -1;
    for (const HandleCensuses::One& one : censuses.all) {
      for (const HandleEntry& handle : one.census.handles) {
        ++handles;
        scripts += handle.wrap != 0;
        active += handle.uv.active();
        refed += handle.uv.ref();
        resources += handle.is_active_resource();
        closing += handle.uv.closing();
        queued += handle.details.write_queue_bytes.value_or(0);
        if (handle.details.fd) ++fds, highest = std::max(highest, *handle.details.fd);
      }
      requests += one.census.requests.size();
      full += one.census.full_streams.size();
      files += one.census.files.size();
    }
    const OsFacts os = ReadOsFacts(context.session.memory());
    const std::optional<uint64_t> limit = os.open_files_limit();
    Card card{.key = "handles", .title = "", .fields = {}};
    card.fields = {{"handles", "Handles", Count{handles}},
                   {"of_javascript", "Of JavaScript", Count{scripts}},
                   {"active_resources", "Of these ref'd (process._getActiveHandles())", Count{resources}},
                   {"active", "Active", Count{active}},
                   {"referenced", "Ref'd", Count{refed}},
                   {"closing", "Being closed", Count{closing}},
                   {"queued_bytes", "Queued in libuv, to be written", Bytes{queued}},
                   {"file_descriptors", "With a file descriptor", Count{fds}},
                   {"highest_file_descriptor", "Highest file descriptor of a handle",
                    highest < 0 ? Cell(Absent{}) : Cell(int64_t{highest})},
                   {"open_files", os.open_files ? "Open file descriptors of the process" : "",
                    os.open_files ? Cell(Count{*os.open_files}) : Cell(Absent{})},
                   {"open_files_limit", limit ? "Limit of these" : "", limit ? Cell(Count{*limit}) : Cell(Absent{})},
                   {"open_files_share", limit && os.open_files ? "Used of the limit" : "",
                    limit && os.open_files && *limit != 0
                        ? Cell(Share{static_cast<double>(*os.open_files) / static_cast<double>(*limit)})
                        : Cell(Absent{})},
                   {"files", "Files open in objects of fs", Count{files}},
                   {"requests", "Requests under way", Count{requests}},
                   {"full_streams", "Streams at or above their highWaterMark", Count{full}}};
    context.out.AddCard(card);
    if (!os.open_files && !limit)
      context.out.AddNote(context.session.memory().Kind() == TargetKind::kDebugger
                              ? "the limit of open files and the descriptors without a handle are the kernel's, which a debugger does not ask"
                              : "the limit of open files and the descriptors without a handle are the kernel's and not in a core");
  }

  struct Group {
    uint64_t count = 0, active = 0, refed = 0, closing = 0, listening = 0, queued = 0;
    std::map<std::string, uint64_t> owners;
    std::string detail;
    Address sample = 0;
  };

  static void TellGroups(CommandContext& context, const HandleCensuses& censuses) {
    std::map<std::string, Group> groups;
    for (const HandleCensuses::One& one : censuses.all) {
      for (const HandleEntry& handle : one.census.handles) {
        // What is not JavaScript's is told apart by its purpose.
        Group& group = groups[handle.wrap != 0 ? handle.kind : handle.kind + '\0' + handle.detail.raw()];
        if (group.count++ == 0) {
          group.sample = handle.wrap != 0 ? handle.owner - 1 : handle.uv.address;
          if (handle.wrap == 0) group.detail = handle.detail.raw();
        }
        group.active += handle.uv.active();
        group.refed += handle.uv.ref();
        group.closing += handle.uv.closing();
        group.listening += handle.details.listening;
        group.queued += handle.details.write_queue_bytes.value_or(0);
        if (!handle.owner_class.empty()) ++group.owners[handle.owner_class];
      }
    }
    std::vector<std::pair<std::string, const Group*>> rows;
    for (const auto& [key, group] : groups) rows.emplace_back(key.substr(0, key.find('\0')), &group);
    std::ranges::stable_sort(rows, std::greater<>(), [](const auto& row) { return row.second->count; });
    context.out.BeginTable({.columns = {{"count", "Count"},
                                        {"active", "Active"},
                                        {"referenced", "Ref'd"},
                                        {"closing", "Closing"},
                                        {"listening", ""},
                                        {"queued_bytes", "Queued"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"owners", "Owners", Align::kLeft},
                                        {"sample", "Sample"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0;
    for (const auto& [kind, group] : rows) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell row[] = {
          Count{group->count},      Count{group->active}, Count{group->refed}, Count{group->closing},
          Count{group->listening},  Bytes{group->queued}, UntrustedText(kind), UntrustedText(OwnersText(*group)),
          HexAddress{group->sample}};
      context.out.AddRow(row);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
  }

  static std::string OwnersText(const Group& group) {
    constexpr size_t kShown = 4;
    if (group.owners.empty()) return group.detail;
    std::vector<std::pair<uint64_t, std::string>> owners;
    for (const auto& [name, count] : group.owners) owners.emplace_back(count, name);
    std::ranges::stable_sort(owners, std::greater<>(), [](const auto& owner) { return owner.first; });
    std::string text;
    for (size_t i = 0; i < owners.size() && i < kShown; ++i)
      text += (i == 0 ? "" : ", ") +
              (owners.size() == 1 ? owners[i].second : FormatCount(owners[i].first) + " " + owners[i].second);
    return owners.size() > kShown ? text + ", ..." : text;
  }

  static std::string StateText(const HandleEntry& handle) {
    std::string text = handle.uv.closing() ? "closing" : handle.uv.active() ? "active" : "inactive";
    if (handle.details.listening) text += ", listening";
    if (!handle.uv.ref()) text += ", unref'd";
    return text;
  }

  // What a person wants to know of it in one column.
  static std::string About(const HandleEntry& handle) {
    std::string text = handle.local.raw();
    const auto add = [&](const std::string& more) {
      if (!more.empty()) text += (text.empty() ? "" : ", ") + more;
    };
    if (!handle.remote.empty()) add("to " + handle.remote.raw());
    if (handle.child_pid) add(fmt::format("{} of child {}", handle.child_stream, *handle.child_pid));
    add(MaskSecrets(handle.detail.raw()));
    if (handle.details.path != handle.detail.raw() && handle.details.path != handle.local.raw())
      add(handle.details.path);
    if (handle.http)
      add("HTTP " + std::string(HttpStateName(*handle.http)) +
          (handle.http_for_ms ? fmt::format(" for {:.1f} s", *handle.http_for_ms * kMillisecond) : ""));
    if (handle.details.pid) add(fmt::format("pid {}", *handle.details.pid));
    if (handle.details.signal) add(SignalName(static_cast<int>(*handle.details.signal)));
    if (handle.details.interval_ms) add(fmt::format("every {} ms", *handle.details.interval_ms));
    if (handle.writable && handle.writable->full()) add("to write: " + FillText(*handle.writable));
    if (handle.readable && handle.readable->full()) add("to read: " + FillText(*handle.readable));
    return text;
  }

  static Cell LengthCell(const std::optional<StreamFill>& fill, bool mark) {
    if (!fill) return Absent{};
    return int64_t(mark ? fill->high_water_mark : fill->length);
  }

  static void TellList(CommandContext& context, const HandleCensuses& censuses) {
    context.out.BeginTable({.columns = {{"isolate", ""},
                                        {"address", ""},
                                        {"kind", "Kind", Align::kLeft},
                                        {"uv_type", ""},
                                        {"", "State", Align::kLeft},
                                        {"is_active", ""},
                                        {"is_referenced", ""},
                                        {"is_closing", ""},
                                        {"is_listening", ""},
                                        {"is_active_resource", ""},
                                        {"fd", "Fd"},
                                        {"queued_bytes", "Queued"},
                                        {"owner_class", "Owner", Align::kLeft},
                                        {"owner", "Address"},
                                        {"", "About", Align::kLeft},
                                        {"object", ""},
                                        {"wrap", ""},
                                        {"local", ""},
                                        {"remote", ""},
                                        {"detail", ""},
                                        {"path", ""},
                                        {"pid", ""},
                                        {"signal", ""},
                                        {"due_in", ""},
                                        {"http_state", ""},
                                        {"http_for", ""},
                                        {"child_pid", ""},
                                        {"child_stream", ""},
                                        {"is_tls", ""},
                                        {"tls_side", ""},
                                        {"tls_established", ""},
                                        {"tls_server_name", ""},
                                        {"tls_protocol", ""},
                                        {"tls_authorized", ""},
                                        {"tls_authorization_error", ""},
                                        {"tls_socket", ""},
                                        {"writable_length", ""},
                                        {"writable_high_water_mark", ""},
                                        {"readable_length", ""},
                                        {"readable_high_water_mark", ""}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0, total = 0;
    for (const HandleCensuses::One& one : censuses.all) {
      total += one.census.handles.size();
      for (const HandleEntry& handle : one.census.handles) {
        if (limit != 0 && shown >= limit) break;
        ++shown;
        const UvDetails& details = handle.details;
        const std::optional<TlsView>& tls = handle.tls;
        const Cell row[] = {
            Count{static_cast<uint64_t>(one.isolate)},
            HexAddress{handle.uv.address},
            UntrustedText(handle.kind),
            std::string(UvTypeName(handle.uv.type)),
            StateText(handle),
            handle.uv.active(),
            handle.uv.ref(),
            handle.uv.closing(),
            details.listening,
            handle.is_active_resource(),
            Maybe(details.fd),
            details.write_queue_bytes ? Cell(Bytes{*details.write_queue_bytes}) : Cell(Absent{}),
            MaybeText(UntrustedText(handle.owner_class)),
            ObjectCell(handle.owner),
            UntrustedText(About(handle)),
            ObjectCell(handle.object),
            handle.wrap == 0 ? Cell(Absent{}) : Cell(HexAddress{handle.wrap}),
            MaybeText(handle.local),
            MaybeText(handle.remote),
            MaybeText(UntrustedText(MaskSecrets(handle.detail.raw()))),
            MaybeText(UntrustedText(details.path)),
            Maybe(details.pid),
            Maybe(details.signal),
            details.due_in_ms ? Cell(Seconds{static_cast<double>(*details.due_in_ms) * kMillisecond}) : Cell(Absent{}),
            handle.http ? Cell(std::string(HttpStateName(*handle.http))) : Cell(Absent{}),
            handle.http_for_ms ? Cell(Seconds{*handle.http_for_ms * kMillisecond}) : Cell(Absent{}),
            Maybe(handle.child_pid),
            handle.child_stream.empty() ? Cell(Absent{}) : Cell(handle.child_stream),
            tls.has_value() || handle.tls_server,
            tls ? Cell(std::string(tls->server ? "server" : "client")) : Cell(Absent{}),
            tls ? Cell(tls->established) : Cell(Absent{}),
            tls ? MaybeText(UntrustedText(tls->server_name)) : Cell(Absent{}),
            tls ? MaybeText(UntrustedText(tls->protocol)) : Cell(Absent{}),
            tls && tls->authorized ? Cell(*tls->authorized) : Cell(Absent{}),
            tls ? MaybeText(UntrustedText(tls->authorization_error)) : Cell(Absent{}),
            ObjectCell(tls ? tls->socket : 0),
            LengthCell(handle.writable, false),
            LengthCell(handle.writable, true),
            LengthCell(handle.readable, false),
            LengthCell(handle.readable, true)};
        context.out.AddRow(row);
      }
    }
    context.out.EndTable({.omitted = total - shown});
  }

  static void TellFiles(CommandContext& context, const HandleCensuses& censuses) {
    uint64_t total = 0, shown = 0;
    for (const HandleCensuses::One& one : censuses.all) total += one.census.files.size();
    if (total == 0 && context.out.is_text()) return;
    context.out.BeginTable({.key = "files",
                            .title = "Open files",
                            .columns = {{"isolate", ""},
                                        {"fd", "Fd"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"bytes", "Read or written"},
                                        {"path", "Path", Align::kLeft},
                                        {"address", "Address"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    for (const HandleCensuses::One& one : censuses.all) {
      for (const OpenFile& file : one.census.files) {
        if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
        ++shown;
        const Cell row[] = {Count{static_cast<uint64_t>(one.isolate)},
                            Maybe(file.fd),
                            UntrustedText(file.kind),
                            file.bytes ? Cell(Bytes{*file.bytes}) : Cell(Absent{}),
                            MaybeText(file.path),
                            ObjectCell(file.object)};
        context.out.AddRow(row);
      }
    }
    context.out.EndTable({.omitted = total - shown});
  }

  static void TellFullStreams(CommandContext& context, HeapReader& reader, const HandleCensuses& censuses) {
    std::vector<FullStream> streams;
    for (const HandleCensuses::One& one : censuses.all)
      streams.insert(streams.end(), one.census.full_streams.begin(), one.census.full_streams.end());
    if (streams.empty() && context.out.is_text()) return;
    std::ranges::stable_sort(streams, std::greater<>(), [](const FullStream& stream) { return stream.fill.length; });
    context.out.BeginTable({.key = "full_streams",
                            .title = "Streams at or above their highWaterMark",
                            .columns = {{"class", "Stream", Align::kLeft},
                                        {"side", "Side", Align::kLeft},
                                        {"length", ""},
                                        {"high_water_mark", ""},
                                        {"objects", ""},
                                        {"", "Holds"},
                                        {"address", "Address"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0;
    for (const FullStream& stream : streams) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const Cell row[] = {UntrustedText(reader.ClassOf(stream.stream)),
                          std::string(stream.writable ? "writable" : "readable"),
                          int64_t(stream.fill.length),
                          int64_t(stream.fill.high_water_mark),
                          stream.fill.objects,
                          FillText(stream.fill),
                          ObjectCell(stream.stream)};
      context.out.AddRow(row);
    }
    context.out.EndTable({.omitted = streams.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeHandlesCommand() {
  return std::make_unique<HandlesCommand>();
}

}  // namespace corewalk
