// leaks: the verdict: what fills the heap, who holds it, what to do.
#include <fmt/format.h>

#include <algorithm>

#include "analysis/histogram.h"
#include "analysis/js_stack.h"
#include "analysis/leaks/advice.h"
#include "analysis/leaks/findings.h"
#include "analysis/leaks/leak_patterns.h"
#include "analysis/leaks/verdict.h"
#include "base/text_sanitize.h"
#include "command/condition.h"
#include "command/dispatch.h"
#include "command/function_text.h"
#include "command/graph_text.h"
#include "command/holder_text.h"
#include "command/leak_text.h"
#include "command/suspect_text.h"
#include "command/target.h"
#include "node/heap_limit.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultTop = 10;

const std::vector<std::string>& QuantityNames() {
  static const std::vector<std::string> names = {"retained()", "count()",  "live",         "garbage",  "garbage.share",
                                                 "external",   "suspects", "top.retained", "top.share"};
  return names;
}

std::string_view ExcuseText(Excuse excuse) {
  switch (excuse) {
    case Excuse::kSmall:
      return "too little of the heap to be the leak";
    case Excuse::kFew:
      return "few entries: not something that grew one by one";
    case Excuse::kBounded:
      return "bounded";
    case Excuse::kStructure:
      return "a structure that refers to itself, like a syntax tree: data in use";
    case Excuse::kRunning:
      return "only a running function holds it: work in progress";
    case Excuse::kBesideRunning:
      return "one thing that does not grow, smaller than what is work in progress, which may be made from it";
    case Excuse::kInternal:
      return "nothing of the program's own holds it";
    case Excuse::kMadeAtOnce:
      return "made at once, with room for no more: data that was loaded, not added one by one";
    case Excuse::kFilledOnce:
      return "filled where it is declared, and the sources only read it: data that was loaded";
    case Excuse::kFilledAtStart:
      return "filled by code that runs once, as while the program starts, and the sources add to it nowhere else: data that was loaded";
    case Excuse::kBeingFilled:
      return "a running function fills it, once, from what it goes over: work in progress";
    case Excuse::kPool:
      return "an object pool: the sources take from it before they make a new one, and push back what was taken";
    case Excuse::kReplaced:
      return "its name is given a new one again and again, and the sources add to it nowhere";
    case Excuse::kSteady:
      return "as many go as come";
    case Excuse::kOneOfMany:
      return "several things hold about as much: none stands out";
    case Excuse::kNone:
      break;
  }
  return "";
}

class LeaksCommand final : public Command {
 public:
  LeaksCommand()
      : Command(
            {.name = "leaks",
             .group = "Leaks",
             .summary = "the verdict: what fills the heap, which variable of which file holds it, what to do",
             .usage = "[OPTION...]",
             .description =
                 "What holds the heap, as suspects, the largest first, one paragraph each:\n"
                 "  retains   what would be freed with it, and its share of all that is live; texts that it refers\n"
                 "            to and V8's string table has, too, are told apart, as heap snapshots do\n"
                 "  held by   the variable, property or global that holds it, with the line that declares it, and\n"
                 "            the properties that lead from its object to what grows\n"
                 "  alike     others of the same declaration, as one of which each object of a class has\n"
                 "  and by    what else holds the same things and would have to let go, too\n"
                 "  function  of listeners, timers and functions: where they are written\n"
                 "  captured  the variables that these functions keep alive\n"
                 "  growth    what the heap shows of how it grew: never deleted from, entries per second\n"
                 "  sample    some of its keys and entries\n"
                 "  pins      what is freed with it, by class, shallow bytes\n"
                 "  way       the references from a root to it\n"
                 "  try       what to change\n\n"
                 "A suspect needs 10 % of what is live and must stand out: three or fewer hold half of the heap, or\n"
                 "each holds twice as much as whatever comes next. Beside such a one, what grows is told from 2 %\n"
                 "on. What has an excuse is no suspect, but is listed with it: a cache that keeps its limit, a\n"
                 "syntax tree, what only a running function holds or what it fills, once, from what it goes over, a\n"
                 "table that is filled where it is declared or while the program starts and then only read, timers\n"
                 "of which as many go as come. When nothing stands out, the verdict is \"no single holder\", with the\n"
                 "reason and what the heap is made of.\n"
                 "Said as well: much of the heap is garbage, the limit is too small or far away, the memory is outside\n"
                 "of the heap, one object is most of it, there are many vm contexts or isolates.\n\n"
                 "--fail-if CONDITION ends with exit status 3 when the condition holds, for CI. Quantities:\n"
                 "  retained(CLASS)  bytes that all live objects of a class retain, as histogram counts them, or what a\n"
                 "                   suspect of that class is told to retain, whichever is more\n"
                 "  count(CLASS)     live objects of a class\n"
                 "  live             bytes of all live objects, memory outside of the heap not included\n"
                 "  external         bytes outside of the heap that live objects hold\n"
                 "  garbage          bytes of what the next collection would have freed; garbage.share of the heap\n"
                 "  suspects         how many; top.retained, top.share: of the first (0 when there is none)\n"
                 "compared by < <= > >= == != with a number in B, KB, MB, GB (powers of 1024) or %; joined by &&\n"
                 "and ||. To look further: collections, listeners, timers, closures, path ADDRESS, inspect ADDRESS.",
             .example =
                 "leaks\nleaks --top 3\nleaks --json\nleaks --fail-if 'retained(Map) > 200MB || top.share > 50%'",
             .options = {{.name = "top",
                          .letter = 'n',
                          .kind = OptionKind::kInteger,
                          .value_name = "N",
                          .help = "suspects to tell, 0 = all (default 10)"},
                         {.name = "fail-if",
                          .kind = OptionKind::kString,
                          .value_name = "CONDITION",
                          .help = "exit status 3 when it holds; may be given several times"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    std::vector<Condition> conditions;
    for (const std::string& text : context.args.All("fail-if")) {
      Result<Condition> condition = Condition::Parse(text, QuantityNames());
      if (!condition) return std::unexpected(condition.error());
      conditions.push_back(std::move(*condition));
    }
    const Result<HeapGraph*> built = GraphFor(context, Session::GraphNeed::kAll);
    if (!built) return std::unexpected(built.error());
    const HeapGraph& graph = **built;
    HeapReader reader(context.session.memory_and_image(), context.session.layout(), &context.session.names());
    HolderFinder holders(&reader, graph, context.cancel);
    context.progress("looking for leaks", 0, 1);
    std::vector<Suspect> patterns = SuspectsOfPatterns(&reader, graph, LeastOf(TotalsOf(graph)), context.cancel);
    const FindingFacts facts = FactsFor(context.session, graph);
    const VerdictOptions options{.out_of_memory = facts.out_of_memory, .limit = facts.limit, .running = Running(context, reader, graph)};
    Verdict verdict = FindVerdict(&reader, graph, &holders, std::move(patterns), options, context.cancel);

    context.out.BeginDocument("leaks", TargetCard(context.session));
    context.out.AddCard(LivenessCard(graph));
    if (facts.limit) {
      const double live = static_cast<double>(verdict.totals.live_bytes);
      context.out.AddCard({.key = "limit",
                           .fields = {{"old_generation_limit", "Limit of the heap", Bytes{*facts.limit}},
                                      {"live_of_limit", "of it live", Share{live / static_cast<double>(*facts.limit)}}}});
    }
    std::vector<Finding> findings = FindFindings(verdict, facts);
    // With a part of the core the roots and holders that lay there are missing: what looks like garbage may be live.
    const uint64_t missing = MissingBytes(context, graph);
    if (missing != 0) std::erase_if(findings, [](const Finding& f) { return f.kind == FindingKind::kGarbage; });
    context.out.AddCard(VerdictCard(verdict, findings, missing));
    // As text, what is the verdict itself is not told twice.
    if (const Finding* itself = VerdictItself(findings); context.out.is_text() && verdict.suspects.empty() && itself != nullptr)
      findings.erase(findings.begin() + (itself - findings.data()));
    TellFindings(context, findings, !verdict.suspects.empty());
    if (context.out.is_text()) {
      TellSuspects(context, reader, graph, holders, verdict);
    } else {
      TabulateSuspects(context, reader, graph, holders, verdict);
    }
    TellConsidered(context, reader, graph, verdict);
    TellComposition(context, verdict);
    const Result<void> judged = Judge(context, reader, graph, verdict, conditions);
    context.out.EndDocument(GraphCompleteness(context, graph));
    return judged;
  }

 private:
  static uint64_t Top(const CommandContext& context, const Verdict& verdict) {
    const uint64_t top = static_cast<uint64_t>(context.args.Integer("top", kDefaultTop));
    return top == 0 ? verdict.suspects.size() : std::min<uint64_t>(top, verdict.suspects.size());
  }

  // Where the program's own code is.
  static std::vector<Activation> Running(CommandContext& context, HeapReader& reader, const HeapGraph& graph) {
    std::vector<Activation> running;
    const JsStacks stacks = ReadJsStacks(context.session, reader, {.isolate = graph.options().isolate}, context.cancel);
    for (const JsThread& thread : stacks.threads) {
      for (const JsFrame& frame : thread.frames) {
        if (frame.function.script != 0) running.push_back({frame.function.script, frame.offset >= 0 ? frame.offset : frame.function.start, true});
      }
    }
    return running;
  }

  static FindingFacts FactsFor(Session& session, const HeapGraph& graph) {
    const ProcessFacts& process = session.process();
    FindingFacts facts{.out_of_memory = process.fatal.kind == FatalKind::kOutOfMemory,
                       .isolate = static_cast<uint64_t>(graph.options().isolate)};
    for (const IsolateHeap& isolate : session.model().isolates()) {
      uint64_t bytes = 0;
      for (const Space& space : isolate.spaces) {
        if (space.kind == SpaceKind::kReadOnly) continue;
        for (const Page& page : space.pages) bytes += page.descriptor.area_end - page.descriptor.area_start;
      }
      facts.isolate_bytes.push_back(bytes);
    }
    const Address heap = session.model().isolates()[facts.isolate].heap;
    const std::optional<HeapLimits> limits = FindHeapLimits(session.memory(), heap);
    if (limits && limits->old_generation > 0) facts.limit = limits->old_generation;
    // Which of several isolates it was is not known; mostly the main one.
    if (graph.options().isolate != 0) facts.out_of_memory = false;
    return facts;
  }

  static std::string FindingText(const Finding& finding, bool suspects) {
    switch (finding.kind) {
      case FindingKind::kGarbage:
        if (suspects)
          return fmt::format("beside what is live, {} of the heap ({}) is garbage, which the next collection would have freed",
                             FormatShare(finding.share), FormatBytesShort(finding.bytes));
        return fmt::format(
            "garbage, not a leak: {} of the heap ({}) is reached by nothing, and the next collection would have freed "
            "it",
            FormatShare(finding.share), FormatBytesShort(finding.bytes));
      case FindingKind::kLimitTooSmall:
        return fmt::format(
            "the heap limit is too small: {}{} is live and no single thing stands out; raise --max-old-space-size",
            FormatBytesShort(finding.bytes), finding.limit == 0 ? "" : " of " + FormatBytesShort(finding.limit));
      case FindingKind::kFarFromLimit:
        return fmt::format("the heap was nowhere near its limit: {} of {} is live; what follows is the largest of it, and may be in order",
                           FormatShare(finding.share), FormatBytesShort(finding.limit));
      case FindingKind::kExternal:
        return fmt::format(
            "most memory is outside of the heap: live objects hold {} there ({} of all that is live); "
            "--max-old-space-size does "
            "not limit it",
            FormatBytesShort(finding.bytes), FormatShare(finding.share));
      case FindingKind::kOneObject:
        return fmt::format("one huge object: {} ({} of what is live) is in a single object, not in many that pile up",
                           FormatBytesShort(finding.bytes), FormatShare(finding.share));
      case FindingKind::kContexts:
        return fmt::format("{} vm contexts are alive beside the program's own; what only they hold is {}",
                           FormatCount(finding.count), FormatBytesShort(finding.bytes));
      case FindingKind::kIsolates:
        return fmt::format(
            "{} isolates (worker threads), each with a heap and a limit of its own: this verdict is of one of them, "
            "--isolate N asks about another",
            FormatCount(finding.count));
      case FindingKind::kLargerIsolate:
        return fmt::format("another isolate (a worker thread) has a larger heap, {} of pages: leaks --isolate {}",
                           FormatBytesShort(finding.bytes), finding.count);
    }
    return "";
  }

  static void TellFindings(CommandContext& context, std::span<const Finding> findings, bool suspects) {
    if (context.out.is_text()) {
      for (const Finding& finding : findings) context.out.AddTextLine("Note: " + FindingText(finding, suspects));
      return;
    }
    context.out.BeginTable(
        {.key = "findings",
         .columns = {{"kind", ""}, {"text", ""}, {"count", ""}, {"bytes", ""}, {"share", ""}, {"limit_bytes", ""}}});
    for (const Finding& finding : findings) {
      const Cell cells[] = {std::string(FindingName(finding.kind)),
                            FindingText(finding, suspects),
                            Count{finding.count},
                            Bytes{finding.bytes},
                            Share{finding.share},
                            finding.limit == 0 ? Cell(Absent{}) : Cell(Bytes{finding.limit})};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  // One sentence that says it all.
  static uint64_t MissingBytes(const CommandContext& context, const HeapGraph& graph) {
    const Completeness completeness = GraphCompleteness(context, graph);
    return completeness.core_truncated ? std::max<uint64_t>(completeness.core_bytes_missing, 1) : 0;
  }

  // The finding that is the verdict where there are no suspects; null when none is.
  static const Finding* VerdictItself(const std::vector<Finding>& findings) {
    const auto found = std::ranges::find_if(findings, [](const Finding& finding) {
      return finding.kind == FindingKind::kGarbage || finding.kind == FindingKind::kLimitTooSmall;
    });
    return found == findings.end() ? nullptr : &*found;
  }

  static std::string Sentence(const Verdict& verdict, const std::vector<Finding>& findings, uint64_t missing) {
    if (missing != 0 && verdict.suspects.empty()) {
      return fmt::format("cannot be told: the core is cut, {} are missing, and with them roots and objects that hold others",
                         FormatBytesShort(missing));
    }
    if (verdict.suspects.empty()) {
      if (const Finding* finding = VerdictItself(findings); finding != nullptr) return FindingText(*finding, false);
      if (!verdict.considered.empty()) {
        const Considered& first = verdict.considered.front();
        return fmt::format(
            "no single holder: the largest thing, {} ({} of what is live), is no suspect: {}{}",
            SuspectTitle(first.suspect), FormatShare(first.suspect.share), ExcuseText(first.excuse),
            first.detail.empty() ? "" : " (" + Sanitize(UntrustedText(first.detail), {.max_code_points = 80}) + ")");
      }
      return "no single holder: what is live is spread over many things, none of them large";
    }
    const Suspect& first = verdict.suspects.front();
    const std::string place = HolderPlace(first.holder);
    const std::string many = first.alike.empty() ? "" : FormatCount(first.alike.size() + 1) + " alike, the largest ";
    return fmt::format("{} of what is live ({}) is held by {}{}{}{}", FormatShare(first.share),
                       FormatBytesShort(first.weight()), many, SuspectTitle(first), place.empty() ? "" : " at " + place,
                       missing == 0 ? "" : fmt::format("; but the core is cut, {} are missing", FormatBytesShort(missing)));
  }

  static Card VerdictCard(const Verdict& verdict, const std::vector<Finding>& findings, uint64_t missing) {
    return {.key = "verdict",
            .fields = {{"text", "Verdict", Sentence(verdict, findings, missing)},
                       {"suspect_count", "", Count{verdict.suspects.size()}},
                       {"live_bytes", "", Bytes{verdict.totals.live_bytes}},
                       {"external_bytes", "", Bytes{verdict.totals.external_bytes}},
                       {"all_live_bytes", "", Bytes{verdict.totals.all_live()}},
                       {"garbage_bytes", "", Bytes{verdict.totals.garbage_bytes}},
                       {"native_contexts", "", Count{verdict.native_contexts}}}};
  }

  static ObjectId NodeOf(const Suspect& suspect) {
    return suspect.container != kNoObject ? suspect.container : suspect.nodes.empty() ? kNoObject : suspect.nodes[0];
  }

  static void TellSuspects(CommandContext& context, HeapReader& reader, const HeapGraph& graph, HolderFinder& holders,
                           const Verdict& verdict) {
    const uint64_t top = Top(context, verdict);
    for (uint64_t i = 0; i < top; ++i) {
      const Suspect& suspect = verdict.suspects[i];
      const auto line = [&](const char* label, const std::string& text) {
        if (!text.empty()) context.out.AddTextLine(fmt::format("   {:<9} {}", label, text));
      };
      context.out.AddTextLine(i == 0 ? "" : "");
      context.out.AddTextLine(fmt::format("{}. {}", i + 1, SuspectTitle(suspect)));
      line("retains", RetainsText(suspect));
      line("alike", AlikeText(graph, suspect));
      line("held by", HolderText(suspect.holder) + BelowText(reader, suspect));
      for (const std::string& also : AlsoTexts(holders, suspect)) line("and by", also);
      for (const SuspectFunction& function : suspect.functions) line("function", FunctionText(suspect, function));
      line("captured", CapturedText(reader, graph, suspect));
      line("growth", GrowthText(suspect));
      line("sample", SampleText(reader, graph, suspect));
      line("pins", PinsText(reader, graph, suspect));
      line("way", WayText(reader, graph, suspect));
      if (NodeOf(suspect) != kNoObject) line("address", fmt::format("{:#x}", NodeAddress(graph, NodeOf(suspect))));
      line("try", JoinClauses(AdviceFor(suspect), "; "));
    }
    if (top < verdict.suspects.size())
      context.out.AddTextLine(fmt::format("... {} more (use --top 0 for all)", verdict.suspects.size() - top));
  }

  // Each once: two tables of one variable (an old one and that which it grows into) are told by the same words.
  static std::vector<std::string> AlsoTexts(HolderFinder& holders, const Suspect& suspect) {
    std::vector<std::string> texts;
    const std::string first = HolderText(suspect.holder);
    for (const ObjectId also : suspect.also) {
      std::string text = HolderText(holders.Find(also));
      if (text != first && std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
    return texts;
  }

  static bool FunctionsAreSample(const Suspect& suspect) {
    return suspect.functions_looked != 0 && suspect.functions_looked < suspect.count;
  }

  static std::string CapturedText(HeapReader& reader, const HeapGraph& graph, const Suspect& suspect) {
    const std::string text = PinnedText(reader, graph, suspect.captured);
    if (text.empty() || !FunctionsAreSample(suspect)) return text;
    return fmt::format("{} (by {} of {} functions, which were looked at)", text, FormatCount(suspect.functions_looked),
                       FormatCount(suspect.count));
  }

  static std::string RetainsText(const Suspect& suspect) {
    const std::string texts = suspect.text_bytes == 0 ? ""
                                                      : fmt::format(" and {} of texts that V8's string table has, too",
                                                                    FormatBytesShort(suspect.text_bytes));
    const std::string alike =
        suspect.alike.empty() ? ""
                              : fmt::format("; with {} more like it {}", FormatCount(suspect.alike.size()),
                                            FormatBytesShort(suspect.weight()));
    return fmt::format("{}{}{}, {} of what is live", FormatBytesLong(suspect.retained_bytes), texts, alike,
                       FormatShare(suspect.share));
  }

  // The others of the same declaration, the largest first.
  static std::string AlikeText(const HeapGraph& graph, const Suspect& suspect) {
    constexpr size_t kShown = 4;
    std::string text;
    for (size_t i = 0; i < std::min(suspect.alike.size(), kShown); ++i) {
      const Alike& one = suspect.alike[i];
      text += fmt::format("{}{:#x} with {} ({})", i == 0 ? "" : ", ", NodeAddress(graph, one.node),
                          FormatCount(one.count), FormatBytesShort(one.bytes));
    }
    if (suspect.alike.size() > kShown) text += fmt::format(", {} more", FormatCount(suspect.alike.size() - kShown));
    return text;
  }

  static std::string FunctionText(const Suspect& suspect, const SuspectFunction& function) {
    const bool sampled = FunctionsAreSample(suspect);
    const std::string place =
        function.file.empty()
            ? ""
            : fmt::format(" at {}:{}:{}", Sanitize(UntrustedText(function.file)), function.line, function.column);
    return fmt::format(
        "{}{} x {}{}", FormatCount(function.count),
        sampled ? " of " + FormatCount(suspect.functions_looked) + " looked at" : "",
        function.name.empty() ? "(anonymous)" : Sanitize(UntrustedText(function.name), {.max_code_points = 80}), place);
  }

  static Cell TextOrAbsent(std::string text) { return text.empty() ? Cell(Absent{}) : Cell(std::move(text)); }

  static void TabulateSuspects(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                               HolderFinder& holders, const Verdict& verdict) {
    TableSpec spec{.key = "suspects", .columns = {}};
    for (const char* key :
         {"rank",         "kind",        "what",   "count",  "element_class", "retained_bytes", "share",
          "held_by",      "holder_kind", "name",   "owner",  "text",          "file",           "line",
          "column",       "address",     "growth", "grows",  "sample",        "functions",      "captured",
          "also_held_by", "pins",        "way",    "advice", "text_bytes",    "alike_count",    "alike_bytes",
          "bytes"})
      spec.columns.push_back({key, ""});
    context.out.BeginTable(spec);
    const uint64_t top = Top(context, verdict);
    for (uint64_t i = 0; i < top; ++i) {
      const Suspect& suspect = verdict.suspects[i];
      const Holder& holder = suspect.holder;
      std::vector<std::string> functions;
      const std::vector<std::string> also = AlsoTexts(holders, suspect);
      for (const SuspectFunction& function : suspect.functions) functions.push_back(FunctionText(suspect, function));
      const auto raw = [](const std::string& text) {
        return text.empty() ? Cell(Absent{}) : Cell(UntrustedText(text));
      };
      const ObjectId node = NodeOf(suspect);
      const Cell cells[] = {Count{i + 1},
                            std::string(SuspectKindName(suspect.kind)),
                            raw(suspect.what),
                            Count{suspect.count},
                            raw(suspect.element_class),
                            Bytes{suspect.retained_bytes},
                            Share{suspect.share},
                            HolderText(holder),
                            std::string(HolderKindName(holder.kind)),
                            raw(holder.name),
                            raw(holder.owner),
                            raw(holder.text),
                            raw(holder.file),
                            PositionCell(holder.line),
                            PositionCell(holder.column),
                            node == kNoObject ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, node)}),
                            TextOrAbsent(GrowthText(suspect)),
                            suspect.grows,
                            TextOrAbsent(SampleText(reader, graph, suspect)),
                            TextOrAbsent(JoinClauses(functions)),
                            TextOrAbsent(CapturedText(reader, graph, suspect)),
                            TextOrAbsent(JoinClauses(also)),
                            TextOrAbsent(PinsText(reader, graph, suspect)),
                            TextOrAbsent(WayText(reader, graph, suspect)),
                            TextOrAbsent(JoinClauses(AdviceFor(suspect))),
                            Bytes{suspect.text_bytes},
                            Count{suspect.alike.size()},
                            Bytes{suspect.alike_bytes},
                            Bytes{suspect.weight()}};
      context.out.AddRow(cells);
    }
    context.out.EndTable({.omitted = verdict.suspects.size() - top});
  }

  static void TellConsidered(CommandContext& context, HeapReader& reader, const HeapGraph& graph,
                             const Verdict& verdict) {
    (void)reader;
    if (verdict.considered.empty()) return;
    const bool texts = std::ranges::any_of(verdict.considered, [](const Considered& one) { return one.suspect.text_bytes > 0; });
    context.out.BeginTable({.key = "considered",
                            .title = fmt::format("Large, but no suspects ({}{})", ShareOf(verdict),
                                                 texts ? "; texts that several refer to are counted with each" : ""),
                            .columns = {{"bytes", "Bytes"},
                                        {"retained_bytes", ""},
                                        {"text_bytes", ""},
                                        {"alike_bytes", ""},
                                        {"share", "Share"},
                                        {"", "What", Align::kLeft},
                                        {"what", ""},
                                        {"count", ""},
                                        {"element_class", ""},
                                        {"held_by", "Held by", Align::kLeft},
                                        {"name", ""},
                                        {"file", ""},
                                        {"line", ""},
                                        {"address", ""},
                                        {"excuse", ""},
                                        {"detail", ""},
                                        {"", "Why not", Align::kLeft}}});
    for (const Considered& one : verdict.considered) {
      const Suspect& suspect = one.suspect;
      const ObjectId node = NodeOf(suspect);
      const Cell cells[] = {
          Bytes{suspect.weight()},
          Bytes{suspect.retained_bytes},
          Bytes{suspect.text_bytes},
          Bytes{suspect.alike_bytes},
          Share{suspect.share},
          SuspectTitle(suspect),
          UntrustedText(suspect.what),
          Count{suspect.count},
          UntrustedText(suspect.element_class),
          HolderText(suspect.holder),
          UntrustedText(suspect.holder.name),
          UntrustedText(suspect.holder.file),
          PositionCell(suspect.holder.line),
          node == kNoObject ? Cell(Absent{}) : Cell(HexAddress{NodeAddress(graph, node)}),
          std::string(ExcuseName(one.excuse)),
          UntrustedText(one.detail),
          std::string(ExcuseText(one.excuse)) +
              (one.detail.empty() ? "" : ": " + Sanitize(UntrustedText(one.detail), {.max_code_points = 80}))};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  // What all shares of this command are shares of.
  static std::string ShareOf(const Verdict& verdict) {
    return fmt::format("share of all that is live, {}{}", FormatBytesShort(verdict.totals.all_live()),
                       verdict.totals.external_bytes == 0 ? "" : fmt::format(", {} of it outside of the heap", FormatBytesShort(verdict.totals.external_bytes)));
  }

  static void TellComposition(CommandContext& context, const Verdict& verdict) {
    if (context.out.is_text() && !verdict.suspects.empty()) return;  // histogram tells it
    context.out.BeginTable({.key = "composition",
                            .title = "What the live heap is made of (" + ShareOf(verdict) + ")",
                            .columns = {{"count", "Count"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"share", "Share"},
                                        {"name", "Name", Align::kLeft}}});
    for (const ClassShare& share : verdict.composition) {
      const Cell cells[] = {Count{share.count}, Bytes{share.bytes},
                            Share{verdict.totals.all_live() == 0 ? 0
                                                                 : static_cast<double>(share.bytes) /
                                                                       static_cast<double>(verdict.totals.all_live())},
                            UntrustedText(share.class_name)};
      context.out.AddRow(cells);
    }
    context.out.EndTable({});
  }

  // The conditions of --fail-if.
  static Result<void> Judge(CommandContext& context, HeapReader& reader, const HeapGraph& graph, const Verdict& verdict,
                            const std::vector<Condition>& conditions) {
    std::optional<Histogram> histogram;
    Error error;
    const auto of_class = [&](const std::string& name) -> const HistogramRow* {
      if (!histogram) {
        Result<Histogram> made =
            MakeHistogram(graph, HistogramOf::kLive, context.session.names(), context.session.layout(),
                          HistogramBy::kConstructor, HistogramSort::kRetained, context.cancel);
        if (!made) {
          error = made.error();
          return nullptr;
        }
        histogram = std::move(*made);
      }
      const auto row = std::ranges::find(histogram->rows, name, &HistogramRow::name);
      return row == histogram->rows.end() ? nullptr : &*row;
    };
    // What several things hold together, none of them retains alone.
    const auto suspected = [&](const std::string& name) {
      uint64_t most = 0;
      for (const Suspect& suspect : verdict.suspects) {
        if (NodeOf(suspect) != kNoObject && NodeClass(reader, graph, NodeOf(suspect)) == name)
          most = std::max(most, suspect.retained_bytes);
      }
      return most;
    };
    const HeapTotals& totals = verdict.totals;
    const double heap = static_cast<double>(totals.live_bytes + totals.garbage_bytes);
    for (const Condition& condition : conditions) {
      const bool holds = condition.Holds([&](const Quantity& quantity) -> double {
        if (quantity.has_of) {
          const HistogramRow* row = of_class(quantity.of);
          if (row == nullptr) return 0;
          return static_cast<double>(quantity.name == "count" ? row->count : std::max(row->retained, suspected(quantity.of)));
        }
        if (quantity.name == "live") return static_cast<double>(totals.live_bytes);
        if (quantity.name == "external") return static_cast<double>(totals.external_bytes);
        if (quantity.name == "garbage") return static_cast<double>(totals.garbage_bytes);
        if (quantity.name == "garbage.share") return heap == 0 ? 0 : static_cast<double>(totals.garbage_bytes) / heap;
        if (quantity.name == "suspects") return static_cast<double>(verdict.suspects.size());
        if (verdict.suspects.empty()) return 0;
        return quantity.name == "top.share" ? verdict.suspects[0].share
                                            : static_cast<double>(verdict.suspects[0].weight());
      });
      if (error.code == ErrorCode::kInterrupted) return std::unexpected(error);
      if (!holds) continue;
      context.out.AddNote(fmt::format("--fail-if holds: {}", Sanitize(condition.text(), {.max_code_points = 200})));
      context.exit_status = kExitCondition;
    }
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeLeaksCommand() {
  return std::make_unique<LeaksCommand>();
}

}  // namespace corewalk
