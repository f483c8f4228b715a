// listeners: who listens to what, event by event, and what the listeners keep alive.
#include "analysis/leaks/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "base/text_sanitize.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/leak_text.h"
#include "command/name_filter.h"
#include "command/target.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 30;
constexpr int64_t kDefaultFunctions = 5;

std::string_view KindText(EmitterKind kind) {
  switch (kind) {
    case EmitterKind::kEventEmitter:
      return "event_emitter";
    case EmitterKind::kEventEmitter3:
      return "eventemitter3";
    case EmitterKind::kEventTarget:
      return "event_target";
    case EmitterKind::kAbortSignal:
      return "abort_signal";
  }
  return "";
}

std::string_view SourceText(MaxListeners::Source source) {
  switch (source) {
    case MaxListeners::Source::kOwn:
      return "own";
    case MaxListeners::Source::kPrototype:
      return "class";
    case MaxListeners::Source::kDefault:
      return "default";
    case MaxListeners::Source::kUnknown:
      break;
  }
  return "unknown";
}

// A limit: a whole number, or nothing where there is none (0 and Infinity).
Cell LimitCell(const MaxListeners& max) {
  if (!max.limits()) return Absent{};
  return Count{static_cast<uint64_t>(max.value)};
}

Cell TextOrAbsent(const std::string& text) { return text.empty() ? Cell(Absent{}) : Cell(UntrustedText(text)); }

std::string EventText(const EventName& name) {
  if (name.symbol) return "Symbol(" + Sanitize(UntrustedText(name.text), {.max_code_points = 80}) + ")";
  return "'" + Sanitize(UntrustedText(name.text), {.max_code_points = 80}) + "'";
}

class ListenersCommand final : public Command {
 public:
  ListenersCommand()
      : Command(
            {.name = "listeners",
             .group = "Leaks",
             .summary = "event listeners: on which emitter, how many of which function, what they keep alive",
             .usage = "[OPTION...] [ADDRESS]",
             .description =
                 "One row per event of each live emitter that has listeners: EventEmitters of every class (sockets,\n"
                 "process, streams, emitters of the package eventemitter3), EventTargets and AbortSignals. Of each it\n"
                 "tells the number of listeners (listenerCount), the limit above which Node.js warns, the\n"
                 "function that most of them are closures of, with the place where it is written, and the variable of\n"
                 "these closures that keeps most memory alive. Retained bytes are those that would be freed with the\n"
                 "listeners of that event.\n\n"
                 "Thousands of listeners of one function are listeners that are added again and again and never\n"
                 "removed: on every connection, on every call. With the ADDRESS of an emitter all its events and all\n"
                 "functions are told. --by class adds up the emitters of a class. \"limit\" is that of "
                 "setMaxListeners:\n"
                 "the emitter's own, that of its class or EventEmitter.defaultMaxListeners; \"-\" = no limit (0, "
                 "Infinity).",
             .example =
                 "listeners\nlisteners --over\nlisteners --filter 'bus|update' -n 0 --json\nlisteners 0x2b8f1c0d1b49\n"
                 "listeners --by class",
             .options = {FilterOption("emitters whose class, event or holder matches"),
                         {.name = "over", .help = "only events with more listeners than their limit"},
                         {.name = "sort",
                          .letter = 's',
                          .kind = OptionKind::kChoice,
                          .value_name = "KEY",
                          .help = "retained (default) or count",
                          .choices = {"retained", "count"}},
                         {.name = "by",
                          .kind = OptionKind::kChoice,
                          .value_name = "WHAT",
                          .help = "emitter (default): a row per emitter and event; class: one per class and event",
                          .choices = {"emitter", "class"}},
                         {.name = "functions",
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "functions to tell of each event with ADDRESS or --json, 0 = all (default 5)"},
                         {.name = "limit",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "rows to print, 0 = all (default 30)"}},
             .max_words = 1}) {}

  Result<void> Run(CommandContext& context) const override {
    const Result<NameFilter> filter = NameFilter::From(context.args);
    if (!filter) return std::unexpected(filter.error());
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kAll);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    ObjectId only = kNoObject;
    if (!context.args.words().empty()) {
      const Result<std::vector<ObjectId>> nodes = NodesAt(context, graph, true);
      if (!nodes) return std::unexpected(nodes.error());
      only = nodes->front();
    }
    ListenerFinder finder(&reader, graph);
    const ListenerCensus census = finder.Take(context.cancel);
    if (only != kNoObject && std::ranges::find(census.emitters, only, &Emitter::node) == census.emitters.end()) {
      return Fail(ErrorCode::kNotFound,
                  fmt::format("the object at {:#x} has no listeners", graph.index().AddressOf(only)),
                  graph.index().AddressOf(only));
    }
    Told told{context, graph, reader, finder, census, *filter, HolderFinder(&reader, graph, context.cancel), {}};
    ChooseRows(told, only);

    context.out.BeginDocument("listeners", TargetCard(context.session));
    TellTotals(told);
    if (context.args.Text("by", "emitter") == "class" && only == kNoObject) {
      TellClasses(told);
    } else {
      TellEvents(told, only);
    }
    Completeness completeness = GraphCompleteness(context, graph);
    completeness.interrupted |= census.interrupted;
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  struct Told {
    CommandContext& context;
    const HeapGraph& graph;
    HeapReader& reader;
    ListenerFinder& finder;
    const ListenerCensus& census;
    const NameFilter& filter;
    HolderFinder holders;
    std::vector<uint32_t> rows;  // events, in the order of telling

    const Emitter& EmitterOf(uint32_t event) const { return census.emitters[census.events[event].emitter]; }
    std::string ClassOf(const Emitter& emitter) {
      // V8 calls an AbortSignal of 16 to 20 by the class that it was made as.
      if (emitter.kind == EmitterKind::kAbortSignal) return "AbortSignal";
      return reader.ClassOf(graph.index().AddressOf(emitter.node) + 1);
    }
  };

  static void ChooseRows(Told& told, ObjectId only) {
    const bool over = told.context.args.Has("over");
    for (uint32_t i = 0; i < told.census.events.size(); ++i) {
      const ListenedEvent& event = told.census.events[i];
      const Emitter& emitter = told.EmitterOf(i);
      if ((only != kNoObject && emitter.node != only) || (over && !event.OverLimit(emitter))) continue;
      if (told.filter.active() && !Matches(told, i)) continue;
      told.rows.push_back(i);
    }
    const bool by_count = told.context.args.Text("sort", "retained") == "count";
    std::ranges::stable_sort(told.rows, [&](uint32_t a, uint32_t b) {
      const ListenedEvent &first = told.census.events[a], &second = told.census.events[b];
      return by_count ? std::tie(second.event.count, second.retained) < std::tie(first.event.count, first.retained)
                      : std::tie(second.retained, second.event.count) < std::tie(first.retained, first.event.count);
    });
  }

  // Holders are asked for last: of a hundred thousand emitters they would take long.
  static bool Matches(Told& told, uint32_t event) {
    const Emitter& emitter = told.EmitterOf(event);
    return told.filter.Matches(NameOf(&told.reader, told.census.events[event].event).text) ||
           told.filter.Matches(told.ClassOf(emitter)) || told.filter.Matches(ShortHolderText(told.holders.Find(emitter.node)));
  }

  static void TellTotals(Told& told) {
    uint64_t over = 0;
    for (const ListenedEvent& event : told.census.events) over += event.OverLimit(told.census.emitters[event.emitter]);
    told.context.out.AddCard(
        {.key = "listeners",
         .fields = {{"emitters", "Emitters with listeners", Count{told.census.emitters.size()}},
                    {"events", "Events", Count{told.census.events.size()}},
                    {"listeners", "Listeners", Count{told.census.listeners}},
                    {"over_limit", "Events over their limit", Count{over}},
                    {"bound_to_signal", "Removed by an AbortSignal", Count{told.census.bound_to_signal.size()}}}});
  }

  struct EventDetails {
    std::vector<ListenerGroup> groups;
    ClosurePins pinned;  // by the first of the groups
    uint64_t once = 0;
  };

  static EventDetails DetailsOf(Told& told, uint32_t index) {
    EventDetails details;
    details.groups = told.finder.Group(told.census, told.census.events[index], told.context.cancel);
    for (const ListenerGroup& group : details.groups) details.once += group.once;
    if (!details.groups.empty())
      details.pinned = FindClosurePins(&told.reader, told.graph, details.groups[0].members, told.context.cancel);
    return details;
  }

  static void TellEvents(Told& told, ObjectId only) {
    Reporter& out = told.context.out;
    const bool text = out.is_text();
    const uint64_t limit = static_cast<uint64_t>(told.context.args.Integer("limit", kDefaultRows));
    const size_t shown = limit == 0 ? told.rows.size() : std::min<size_t>(limit, told.rows.size());
    std::vector<ObjectId> emitters;
    for (size_t i = 0; i < shown; ++i) emitters.push_back(told.EmitterOf(told.rows[i]).node);
    told.holders.Prepare(emitters);
    if (only != kNoObject) TellEmitter(told, only);

    out.BeginTable({.columns = {{"count", "Listeners"},
                                {"retained_bytes", "Retained"},
                                {"max_listeners", "Limit"},
                                {"", "Event", Align::kLeft},
                                {"event", ""},
                                {"event_is_symbol", ""},
                                {"class_name", only == kNoObject ? "Emitter" : "", Align::kLeft},
                                {"address", only == kNoObject ? "Address" : ""},
                                {"", only == kNoObject ? "Held by" : "", Align::kLeft},
                                {"", "Most of them", Align::kLeft},
                                {"", "They keep alive", Align::kLeft},
                                {"kind", ""},
                                {"holder", ""},
                                {"holder_kind", ""},
                                {"holder_text", ""},
                                {"holder_file", ""},
                                {"holder_line", ""},
                                {"max_source", ""},
                                {"over_limit", ""},
                                {"warned", ""},
                                {"listener_count", ""},
                                {"once", ""},
                                {"functions", ""},
                                {"function_name", ""},
                                {"script", ""},
                                {"line", ""},
                                {"column", ""},
                                {"function_count", ""},
                                {"pinned_variable", ""},
                                {"pinned_class", ""},
                                {"pinned_bytes", ""},
                                {"aborted", ""},
                                {"dependants", ""}}});
    std::vector<std::pair<uint32_t, EventDetails>> details;
    const bool functions = !text || only != kNoObject;
    size_t told_rows = 0;
    for (size_t i = 0; i < shown && !told.context.cancel.Cancelled(); ++i, ++told_rows) {
      EventDetails one = DetailsOf(told, told.rows[i]);
      TellEvent(told, told.rows[i], one);
      if (functions) {
        for (ListenerGroup& group : one.groups) group.members.resize(std::min<size_t>(group.members.size(), kKept));
        details.emplace_back(told.rows[i], std::move(one));
      }
    }
    out.EndTable({.omitted = told.rows.size() - told_rows});
    if (functions) TellFunctions(told, details);
    if (only == kNoObject) TellEmittersOfManyEvents(told);
  }

  // Emitters that have a name of its own for each single event (once('reply:' + id)): no row tells how many there are.
  static void TellEmittersOfManyEvents(Told& told) {
    constexpr uint32_t kManyEvents = 100;
    constexpr size_t kMostTold = 10;
    std::vector<bool> chosen(told.census.emitters.size());
    for (const uint32_t row : told.rows) chosen[told.census.events[row].emitter] = true;
    std::vector<const Emitter*> many;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] && told.census.emitters[i].event_count >= kManyEvents) many.push_back(&told.census.emitters[i]);
    }
    if (many.empty()) return;
    std::ranges::stable_sort(many, std::ranges::greater(), &Emitter::listeners);
    const size_t all = many.size();
    if (all > kMostTold) many.resize(kMostTold);
    told.context.out.BeginTable({.key = "many_events",
                                 .title = "Emitters of many events, with all their listeners",
                                 .columns = {{"count", "Listeners"},
                                             {"events", "Events"},
                                             {"retained_bytes", "Retained"},
                                             {"class_name", "Emitter", Align::kLeft},
                                             {"address", "Address"},
                                             {"holder", "Held by", Align::kLeft}}});
    for (const Emitter* emitter : many) {
      const Cell cells[] = {Count{emitter->listeners},
                            Count{emitter->event_count},
                            Bytes{told.graph.RetainedOf(emitter->node)},
                            UntrustedText(told.ClassOf(*emitter)),
                            HexAddress{told.graph.index().AddressOf(emitter->node)},
                            ShortHolderText(told.holders.Find(emitter->node))};
      told.context.out.AddRow(cells);
    }
    told.context.out.EndTable({.omitted = all - many.size()});
  }

  // So many functions of a group are looked into for what they pin.
  static constexpr size_t kKept = size_t{1} << 20;

  static void TellEmitter(Told& told, ObjectId node) {
    const Emitter& emitter = *std::ranges::find(told.census.emitters, node, &Emitter::node);
    Card card{.key = "emitter",
              .fields = {{"address", "Emitter", HexAddress{told.graph.index().AddressOf(node)}},
                         {"class_name", "Class", UntrustedText(told.ClassOf(emitter))},
                         {"kind", "Kind", std::string(KindText(emitter.kind))},
                         {"", "Held by", HolderText(told.holders.Find(node))},
                         {"listeners", "Listeners", Count{emitter.listeners}},
                         {"max_listeners", "Limit", LimitCell(emitter.max)},
                         {"max_source", "Limit is", std::string(SourceText(emitter.max.source))},
                         {"retained_bytes", "Retained", Bytes{told.graph.RetainedOf(node)}}}};
    if (emitter.aborted) card.fields.push_back({"aborted", "Aborted", *emitter.aborted});
    if (emitter.dependants > 0) card.fields.push_back({"dependants", "Signals made of it", Count{emitter.dependants}});
    told.context.out.AddCard(card);
    Card holder = HolderCard(told.holders.Find(node));
    holder.fields.erase(holder.fields.begin());  // the text stands in the card before
    if (!told.context.out.is_text()) told.context.out.AddCard(holder);
  }

  static void TellEvent(Told& told, uint32_t index, const EventDetails& details) {
    const ListenedEvent& event = told.census.events[index];
    const Emitter& emitter = told.EmitterOf(index);
    const EventName name = NameOf(&told.reader, event.event);
    const Holder& holder = told.holders.Find(emitter.node);
    const ListenerGroup* first = details.groups.empty() ? nullptr : &details.groups[0];
    const FunctionView view = first == nullptr ? FunctionView() : ViewOfFunction(told.reader, first->function);
    const PinnedVariable* pinned = details.pinned.variables.empty() ? nullptr : &details.pinned.variables[0];
    if (pinned != nullptr && pinned->largest == kNoObject) pinned = nullptr;
    std::string most;
    if (first != nullptr) {
      most = first->count == event.event.count && event.event.count == 1
                 ? FunctionText(view)
                 : fmt::format("{} x {}", first->count, FunctionText(view));
      if (details.groups.size() > 1) most += fmt::format(" and {} more", details.groups.size() - 1);
    }
    const Cell cells[] = {
        Count{event.event.count},
        Bytes{event.retained},
        LimitCell(emitter.max),
        EventText(name) + (event.OverLimit(emitter) ? " (over)" : ""),
        UntrustedText(name.text),
        name.symbol,
        UntrustedText(told.ClassOf(emitter)),
        HexAddress{told.graph.index().AddressOf(emitter.node)},
        ShortHolderText(holder),
        most,
        PinnedText(told.reader, told.graph, details.pinned),
        std::string(KindText(emitter.kind)),
        HolderName(holder),
        std::string(HolderKindName(holder.kind)),
        TextOrAbsent(holder.text),
        TextOrAbsent(holder.file),
        PositionCell(holder.line),
        std::string(SourceText(emitter.max.source)),
        event.OverLimit(emitter),
        event.event.warned,
        Count{event.event.told_count},
        Count{details.once},
        Count{details.groups.size()},
        first == nullptr ? Cell(Absent{}) : Cell(UntrustedText(view.name)),
        view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
        PositionCell(view.line),
        PositionCell(view.column),
        first == nullptr ? Cell(Absent{}) : Cell(Count{first->count}),
        pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(pinned->name)),
        pinned == nullptr ? Cell(Absent{}) : Cell(UntrustedText(NodeClass(told.reader, told.graph, pinned->largest))),
        pinned == nullptr ? Cell(Absent{}) : Cell(Bytes{pinned->retained}),
        emitter.aborted ? Cell(*emitter.aborted) : Cell(Absent{}),
        emitter.kind == EmitterKind::kAbortSignal ? Cell(Count{emitter.dependants}) : Cell(Absent{})};
    told.context.out.AddRow(cells);
  }

  static void TellFunctions(Told& told, const std::vector<std::pair<uint32_t, EventDetails>>& details) {
    Reporter& out = told.context.out;
    const uint64_t most = static_cast<uint64_t>(told.context.args.Integer("functions", kDefaultFunctions));
    out.BeginTable({.key = "functions",
                    .title = "Functions",
                    .columns = {{"count", "Listeners"},
                                {"retained_bytes", "Retained"},
                                {"", "Event", Align::kLeft},
                                {"emitter", ""},
                                {"event", ""},
                                {"event_is_symbol", ""},
                                {"", "Function", Align::kLeft},
                                {"name", ""},
                                {"script", ""},
                                {"line", ""},
                                {"column", ""},
                                {"distinct", "Distinct"},
                                {"once", "Once"},
                                {"", "Of them", Align::kLeft},
                                {"weak", ""},
                                {"gone", ""},
                                {"capture", ""},
                                {"passive", ""},
                                {"bound_to_signal", ""},
                                {"sample", "Sample"},
                                {"", "They keep alive", Align::kLeft},
                                {"pinned_variable", ""},
                                {"pinned_class", ""},
                                {"pinned_bytes", ""}}});
    uint64_t omitted = 0;
    for (const auto& [index, one] : details) {
      if (told.context.cancel.Cancelled()) break;
      for (size_t i = 0; i < one.groups.size(); ++i) {
        if (most != 0 && i >= most) {
          ++omitted;
          continue;
        }
        const ClosurePins pinned =
            i == 0 ? one.pinned : FindClosurePins(&told.reader, told.graph, one.groups[i].members, told.context.cancel);
        TellFunction(told, index, one.groups[i], pinned);
      }
    }
    out.EndTable({.omitted = omitted});
  }

  static void TellFunction(Told& told, uint32_t index, const ListenerGroup& group, const ClosurePins& pinned) {
    const EventName name = NameOf(&told.reader, told.census.events[index].event);
    const FunctionView view = ViewOfFunction(told.reader, group.function);
    const PinnedVariable* first = pinned.variables.empty() ? nullptr : &pinned.variables[0];
    if (first != nullptr && first->largest == kNoObject) first = nullptr;
    std::string kinds;
    const auto say = [&](uint64_t count, const char* what) {
      if (count > 0) kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", count, what);
    };
    say(group.weak, "weak");
    say(group.gone, "gone");
    say(group.bound_to_signal, "bound to a signal");
    say(group.capture, "capture");
    say(group.passive, "passive");
    const Cell cells[] = {
        Count{group.count},
        Bytes{group.retained},
        EventText(name),
        HexAddress{told.graph.index().AddressOf(told.EmitterOf(index).node)},
        UntrustedText(name.text),
        name.symbol,
        group.function == 0 ? std::string("(gone)") : FunctionText(view),
        group.function == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.name)),
        view.script == 0 ? Cell(Absent{}) : Cell(UntrustedText(view.script_name)),
        PositionCell(view.line),
        PositionCell(view.column),
        Count{group.functions},
        Count{group.once},
        kinds,
        Count{group.weak},
        Count{group.gone},
        Count{group.capture},
        Count{group.passive},
        Count{group.bound_to_signal},
        group.function == 0 ? Cell(Absent{}) : Cell(HexAddress{Untag(group.function)}),
        PinnedText(told.reader, told.graph, pinned),
        first == nullptr ? Cell(Absent{}) : Cell(UntrustedText(first->name)),
        first == nullptr ? Cell(Absent{}) : Cell(UntrustedText(NodeClass(told.reader, told.graph, first->largest))),
        first == nullptr ? Cell(Absent{}) : Cell(Bytes{first->retained})};
    told.context.out.AddRow(cells);
  }

  struct ClassRow {
    std::string class_name;
    EventName event;
    uint64_t emitters = 0, listeners = 0, most = 0, retained = 0, over = 0;
    ObjectId sample = kNoObject;  // the emitter with most listeners
  };

  static void TellClasses(Told& told) {
    std::map<std::tuple<std::string, std::string, bool>, ClassRow> rows;
    size_t looked_at = 0;
    for (const uint32_t index : told.rows) {
      if (++looked_at % 4096 == 0 && told.context.cancel.Cancelled()) break;
      const ListenedEvent& event = told.census.events[index];
      const Emitter& emitter = told.EmitterOf(index);
      const EventName name = NameOf(&told.reader, event.event);
      const std::string class_name = told.ClassOf(emitter);
      ClassRow& row = rows[{class_name, name.text, name.symbol}];
      if (row.emitters++ == 0) row.class_name = class_name, row.event = name;
      row.listeners += event.event.count;
      row.retained += event.retained;
      row.over += event.OverLimit(emitter);
      if (row.sample == kNoObject || event.event.count > row.most)
        row.most = event.event.count, row.sample = emitter.node;
    }
    std::vector<ClassRow> sorted;
    for (auto& [key, row] : rows) sorted.push_back(std::move(row));
    const bool by_count = told.context.args.Text("sort", "retained") == "count";
    std::ranges::stable_sort(sorted, [&](const ClassRow& a, const ClassRow& b) {
      return by_count ? std::tie(b.listeners, b.retained) < std::tie(a.listeners, a.retained)
                      : std::tie(b.retained, b.listeners) < std::tie(a.retained, a.listeners);
    });
    Reporter& out = told.context.out;
    out.BeginTable({.columns = {{"count", "Listeners"},
                                {"retained_bytes", "Retained"},
                                {"emitters", "Emitters"},
                                {"most", "Most on one"},
                                {"over_limit", "Over limit"},
                                {"class_name", "Class", Align::kLeft},
                                {"", "Event", Align::kLeft},
                                {"event", ""},
                                {"event_is_symbol", ""},
                                {"sample", "Sample"}}});
    const uint64_t limit = static_cast<uint64_t>(told.context.args.Integer("limit", kDefaultRows));
    const size_t shown = limit == 0 ? sorted.size() : std::min<size_t>(limit, sorted.size());
    for (size_t i = 0; i < shown; ++i) {
      const ClassRow& row = sorted[i];
      const Cell cells[] = {Count{row.listeners}, Bytes{row.retained},
                            Count{row.emitters},  Count{row.most},
                            Count{row.over},      UntrustedText(row.class_name),
                            EventText(row.event), UntrustedText(row.event.text),
                            row.event.symbol,     HexAddress{told.graph.index().AddressOf(row.sample)}};
      out.AddRow(cells);
    }
    out.EndTable({.omitted = sorted.size() - shown});
  }
};

}  // namespace

std::unique_ptr<Command> MakeListenersCommand() {
  return std::make_unique<ListenersCommand>();
}

}  // namespace corewalk
