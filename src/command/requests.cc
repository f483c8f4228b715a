// requests: what is under way: libuv's requests, and those of HTTP.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/handles.h"
#include "base/number_text.h"
#include "base/text_sanitize.h"
#include "command/function_text.h"
#include "command/handles_text.h"
#include "command/target.h"
#include "node/secrets.h"
#include "report/format.h"

namespace corewalk {
namespace {

class RequestsCommand final : public Command {
 public:
  RequestsCommand()
      : Command(
            {.name = "requests",
             .group = "Process",
             .summary = "what is under way: files, DNS, connects, writes, and HTTP requests with method and URL",
             .description =
                 "Requests of Node.js to libuv, as process._getActiveRequests() tells them, grouped by kind and "
                 "operation\n"
                 "or one by one with --list: path or host, file descriptor, bytes, the callback. libuv's own count may "
                 "be\n"
                 "higher: native add-ons give it work that has no such object, and it may be lower: a write that the\n"
                 "kernel took at once waits only for its callback.\n\n"
                 "Then work that is under way and that process._getActiveRequests() does not tell: queries of\n"
                 "dns.resolve() and its like, jobs of crypto, pieces that streams and calls of zlib work on, or hold\n"
                 "until somebody reads what came out.\n\n"
                 "Then the HTTP requests in flight, those of servers and of clients: connecting, sending, waiting for "
                 "the\n"
                 "answer, receiving (a body that is not complete), handling (no header sent yet), responding (header\n"
                 "sent), flushing (ended, not yet written), pipelined (its answer, begun, ended or not, waits for those\n"
                 "before it on the connection),\n"
                 "queued (in an Agent without a free socket). Age: of requests of fetch() since it was called, of a server's\n"
                 "that are being received since their first byte came (Node.js 18 and later), by the event loop's clock.\n"
                 "Of others Node.js keeps no time of their begin; Started is told where\n"
                 "the program keeps one on the request (startTime and the like). The URL is the one that came: where a\n"
                 "framework has taken from request.url what a router is mounted at (Express), what it kept of it.\n\n"
                 "Requests of fetch() and of undici are among them until their answer is complete, whether somebody "
                 "has read\n"
                 "it or not. The peer of a connection is told where the process knows it (see `handles`).\n\n"
                 "Streams of HTTP/2 are among them. Of a server that listens to 'stream' Node.js keeps no headers: method\n"
                 "and URL are told where it listens to 'request'. Of a client it keeps no sign of an answer but the "
                 "part\n"
                 "of its body that nobody has read: without that a stream is open. A connection on which the head of "
                 "a\n"
                 "request is not complete has no request yet: those are counted, and `handles --list --filter HTTP` shows\n"
                 "them (HTTP receiving head). Fd and, in JSON, the handle of a request are those of `handles`.",
             .example = "requests\nrequests --list -n 0 --json\nrequests --filter /api/",
             .options = HandleListOptions("request")}) {}

  Result<void> Run(CommandContext& context) const override {
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    Result<HandleCensuses> censuses = TakeHandleCensuses(context, &reader);
    if (!censuses) return std::unexpected(censuses.error());
    const std::string filter = context.args.Text("filter");
    for (HandleCensuses::One& one : censuses->all) {
      std::erase_if(one.census.requests, [&](const RequestEntry& request) {
        return !MatchesText(filter, {request.kind, request.detail.raw(), request.uv.operation});
      });
      std::erase_if(one.census.other_work, [&](const RequestEntry& work) {
        return !MatchesText(filter, {work.kind, work.detail.raw(), work.uv.operation});
      });
      std::erase_if(one.census.exchanges, [&](const HttpExchange& exchange) {
        return !MatchesText(filter, {exchange.url.raw(), exchange.handler_url.raw(), exchange.host.raw(), exchange.method.raw()});
      });
    }
    context.out.BeginDocument("requests", TargetCard(context.session));
    TellTotals(context, *censuses);
    if (context.args.Has("list")) {
      TellList(context, reader, *censuses, &HandleCensus::requests, {});
    } else {
      TellGroups(context, reader, *censuses, &HandleCensus::requests, {});
    }
    TellOtherWork(context, reader, *censuses);
    TellHttp(context, reader, *censuses);
    context.out.EndDocument(censuses->completeness);
    return {};
  }

 private:
  static void TellTotals(CommandContext& context, const HandleCensuses& censuses) {
    uint64_t requests = 0, uv = 0, other = 0, server = 0, client = 0, queued = 0, heads = 0;
    for (const HandleCensuses::One& one : censuses.all) {
      requests += one.census.requests.size();
      uv += one.census.active_uv_requests;
      other += one.census.other_work.size();
      heads += static_cast<uint64_t>(std::ranges::count(one.census.handles, HttpState::kHead, &HandleEntry::http));
      for (const HttpExchange& exchange : one.census.exchanges) {
        server += exchange.server;
        client += !exchange.server;
        queued += exchange.state == HttpState::kQueued;
      }
    }
    context.out.AddCard({.key = "requests",
                         .fields = {{"requests", "Requests (process._getActiveRequests())", Count{requests}},
                                    {"active_uv_requests", "Active in libuv, of whoever", Count{uv}},
                                    {"other_work", "Other work (DNS queries, crypto, zlib)", Count{other}},
                                    {"http_server", "HTTP requests being served", Count{server}},
                                    {"http_heads", "Connections with a part of a request's head", Count{heads}},
                                    {"http_client", "HTTP requests made", Count{client}},
                                    {"http_queued", "Of these waiting for a socket", Count{queued}}}});
  }

  struct Group {
    uint64_t count = 0, bytes = 0;
    std::map<std::string, uint64_t> details;
    const RequestEntry* first = nullptr;
  };

  static Cell CallbackCell(HeapReader& reader, uint64_t callback) {
    if (callback == 0) return Absent{};
    const std::optional<FunctionView> view = ReadFunction(reader, callback);
    if (!view) return Absent{};
    const std::string place = PlaceOf(*view);
    return UntrustedText(NameOrAnonymous(*view, true) + (place.empty() ? "" : " " + place));
  }

  using Requests = std::vector<RequestEntry> HandleCensus::*;
  struct Heading {
    std::string key = "rows", title;
  };

  static void TellOtherWork(CommandContext& context, HeapReader& reader, const HandleCensuses& censuses) {
    const bool any = std::ranges::any_of(
        censuses.all, [](const HandleCensuses::One& one) { return !one.census.other_work.empty(); });
    if (!any && context.out.is_text()) return;
    const Heading heading{"other_work", "Other work under way, which process._getActiveRequests() does not tell"};
    if (context.args.Has("list")) {
      TellList(context, reader, censuses, &HandleCensus::other_work, heading);
    } else {
      TellGroups(context, reader, censuses, &HandleCensus::other_work, heading);
    }
  }

  static void TellGroups(CommandContext& context, HeapReader& reader, const HandleCensuses& censuses,
                         Requests requests, const Heading& heading) {
    std::map<std::string, Group> groups;
    for (const HandleCensuses::One& one : censuses.all) {
      for (const RequestEntry& request : one.census.*requests) {
        Group& group = groups[request.kind + '\0' + request.uv.operation];
        if (group.count++ == 0) group.first = &request;
        group.bytes += request.uv.bytes.value_or(0);
      }
    }
    std::vector<const Group*> rows;
    for (const auto& [key, group] : groups) rows.push_back(&group);
    std::ranges::stable_sort(rows, std::greater<>(), &Group::count);
    context.out.BeginTable({.key = heading.key,
                            .title = heading.title,
                            .columns = {{"count", "Count"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"operation", "Operation", Align::kLeft},
                                        {"bytes", "Bytes"},
                                        {"example", "For example", Align::kLeft},
                                        {"callback", "Callback", Align::kLeft},
                                        {"sample", "Sample"}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0;
    for (const Group* group : rows) {
      if (limit != 0 && shown >= limit) break;
      ++shown;
      const RequestEntry& first = *group->first;
      const Cell row[] = {Count{group->count},          UntrustedText(first.kind), Operation(first),
                          Bytes{group->bytes},          MaybeText(first.detail),   CallbackCell(reader, first.callback),
                          ObjectCell(first.wrap.object)};
      context.out.AddRow(row);
    }
    context.out.EndTable({.omitted = rows.size() - shown});
  }

  static Cell Operation(const RequestEntry& request) {
    if (!request.uv.operation.empty()) return request.uv.operation;
    if (request.uv.type == UvRequestType::kUnknown) return Absent{};
    return std::string(UvRequestTypeName(request.uv.type));
  }

  static void TellList(CommandContext& context, HeapReader& reader, const HandleCensuses& censuses, Requests requests,
                       const Heading& heading) {
    context.out.BeginTable({.key = heading.key,
                            .title = heading.title,
                            .columns = {{"isolate", ""},
                                        {"address", "Address"},
                                        {"kind", "Kind", Align::kLeft},
                                        {"operation", "Operation", Align::kLeft},
                                        {"fd", "Fd"},
                                        {"bytes", "Bytes"},
                                        {"detail", "About", Align::kLeft},
                                        {"remote", ""},
                                        {"handle", ""},
                                        {"callback", "Callback", Align::kLeft}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0, total = 0;
    for (const HandleCensuses::One& one : censuses.all) {
      total += (one.census.*requests).size();
      for (const RequestEntry& request : one.census.*requests) {
        if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
        ++shown;
        const Cell row[] = {Count{static_cast<uint64_t>(one.isolate)},
                            ObjectCell(request.wrap.object),
                            UntrustedText(request.kind),
                            Operation(request),
                            Maybe(request.uv.fd ? request.uv.fd : request.handle_fd),
                            request.uv.bytes ? Cell(Bytes{*request.uv.bytes}) : Cell(Absent{}),
                            MaybeText(request.detail),
                            MaybeText(request.remote),
                            request.uv.handle == 0 ? Cell(Absent{}) : Cell(HexAddress{request.uv.handle}),
                            CallbackCell(reader, request.callback)};
        context.out.AddRow(row);
      }
    }
    context.out.EndTable({.omitted = total - shown});
  }

  static void TellHttp(CommandContext& context, HeapReader& reader, const HandleCensuses& censuses) {
    std::vector<const HttpExchange*> exchanges;
    for (const HandleCensuses::One& one : censuses.all) {
      for (const HttpExchange& exchange : one.census.exchanges) exchanges.push_back(&exchange);
    }
    if (exchanges.empty() && context.out.is_text()) return;
    const bool timed = std::ranges::any_of(exchanges, [](const HttpExchange* exchange) { return exchange->started_ms.has_value(); });
    const bool aged = std::ranges::any_of(exchanges, [](const HttpExchange* exchange) { return exchange->age_ms.has_value(); });
    context.out.BeginTable({.key = "http",
                            .title = "HTTP requests in flight",
                            .columns = {{"side", "Side", Align::kLeft},
                                        {"state", "State", Align::kLeft},
                                        {"method", "Method", Align::kLeft},
                                        {"url", "URL", Align::kLeft},
                                        {"handler_url", ""},
                                        {"host", "Host", Align::kLeft},
                                        {"remote", "Peer", Align::kLeft},
                                        {"fd", "Fd"},
                                        {"handle", ""},
                                        {"status", "Status"},
                                        {"age", aged ? "Age" : ""},
                                        {"started_at_ms", ""},
                                        {"", timed ? "Started" : ""},
                                        {"protocol", ""},
                                        {"is_tls", ""},
                                        {"message_class", ""},
                                        {"message", "Address"},
                                        {"incoming", ""},
                                        {"socket", ""}}});
    const uint64_t limit = static_cast<uint64_t>(context.args.Integer("limit", kDefaultHandleRows));
    uint64_t shown = 0;
    for (const HttpExchange* exchange : exchanges) {
      if ((limit != 0 && shown >= limit) || context.cancel.Cancelled()) break;
      ++shown;
      const Cell row[] = {
          std::string(exchange->server ? "server" : "client"),
          std::string(HttpStateName(exchange->state)),
          MaybeText(exchange->method),
          MaybeText(UntrustedText(MaskSecrets(exchange->url.raw()))),
          MaybeText(UntrustedText(MaskSecrets(exchange->handler_url.raw()))),
          MaybeText(exchange->host),
          MaybeText(exchange->remote),
          Maybe(exchange->fd),
          exchange->handle == 0 ? Cell(Absent{}) : Cell(HexAddress{exchange->handle}),
          Maybe(exchange->status),
          exchange->age_ms ? Cell(Seconds{*exchange->age_ms / 1000}) : Cell(Absent{}),
          exchange->started_ms ? Cell(int64_t(*exchange->started_ms)) : Cell(Absent{}),
          exchange->started_ms ? Cell(DateText(*exchange->started_ms)) : Cell(Absent{}),
          std::string(exchange->http2 ? "http2" : "http1"),
          exchange->tls,
          exchange->message == 0 ? Cell(Absent{}) : Cell(UntrustedText(reader.ClassOf(exchange->message))),
          ObjectCell(exchange->message != 0 ? exchange->message : exchange->incoming),
          ObjectCell(exchange->incoming),
          ObjectCell(exchange->socket)};
      context.out.AddRow(row);
    }
    context.out.EndTable({.omitted = exchanges.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeRequestsCommand() {
  return std::make_unique<RequestsCommand>();
}

}  // namespace corewalk
