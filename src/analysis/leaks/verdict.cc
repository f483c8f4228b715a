#include "analysis/leaks/verdict.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "analysis/leaks/accumulation.h"
#include "analysis/leaks/candidates.h"
#include "analysis/leaks/collection_suspects.h"
#include "analysis/leaks/further_advice.h"
#include "analysis/leaks/inner_collections.h"
#include "analysis/leaks/live_objects.h"
#include "analysis/leaks/retained_together.h"
#include "analysis/leaks/shared_texts.h"
#include "analysis/leaks/siblings.h"
#include "analysis/leaks/suspect_functions.h"
#include "analysis/leaks/suspect_pins.h"
#include "analysis/leaks/timers.h"
#include "base/number_text.h"

namespace corewalk {
namespace {

constexpr double kPointShare = 0.01;         // of the live bytes that make an accumulation point
constexpr uint64_t kLeastPoint = 64 * 1024;  // bytes
constexpr size_t kMostJudged = 64;         // candidates whose holders are looked for
constexpr size_t kMostConsidered = 16;
constexpr size_t kFewAlike = 4;
constexpr size_t kMostClasses = 12;
constexpr std::string_view kNativeContext = "system / NativeContext";
constexpr size_t kMostStandingOut = 5;          // things that are more than whatever comes next
constexpr size_t kFewThings = 3;                // that together hold most of the heap
constexpr double kMostOfTheHeap = 0.5;
constexpr double kFarMore = 2;        // times
constexpr double kPartOfOuter = 0.5;  // of a thing's size in one inside of it: then the inner one is told

// Whether one of `sorted` dominates `node`, or is it. Long ways are cut: what is further down is small.
bool IsBelowAny(const HeapGraph& graph, ObjectId node, const std::vector<ObjectId>& sorted) {
  for (size_t i = 0; i < 100'000 && node < graph.node_count(); ++i) {
    if (std::ranges::binary_search(sorted, node)) return true;
    node = graph.DominatorOf(node);
  }
  return false;
}

class Inquiry {
 public:
  Inquiry(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders, const VerdictOptions& options,
          const Cancel& cancel)
      : reader_(*reader), graph_(graph), holders_(*holders), options_(options), cancel_(cancel),
        excuses_(reader, graph, holders, options, cancel) {}

  Verdict Run(std::vector<Suspect> from_patterns) {
    verdict_.totals = TotalsOf(graph_);
    Compose();
    const double live = static_cast<double>(verdict_.totals.all_live());
    std::vector<Suspect> candidates = SuspectsFromGraph(&reader_, graph_, &holders_, LeastOf(verdict_.totals), cancel_);
    Join(&candidates, std::move(from_patterns));
    SortBySize(&candidates);
    if (candidates.size() > kMostJudged) candidates.resize(kMostJudged);
    for (Suspect& suspect : candidates) {
      Describe(&suspect);
      TellInner(&suspect);
    }
    SortBySize(&candidates);
    FindHolders(&candidates);
    excuses_.SetCandidates(candidates);
    std::vector<Considered> judged;
    for (Suspect& suspect : candidates) {
      suspect.share = live == 0 ? 0 : static_cast<double>(suspect.weight()) / live;
      Considered one{.suspect = std::move(suspect)};
      one.excuse = excuses_.Of(one.suspect, &one.detail);
      judged.push_back(std::move(one));
    }
    ExcuseWhatIsWorkedOn(&judged);
    Divide(std::move(judged));
    FindPins(graph_, reader_.names(), verdict_.suspects, options_.most_pins, cancel_);
    AddFurtherAdvice(&reader_, graph_, &holders_, verdict_.suspects, cancel_);
    return std::move(verdict_);
  }

 private:
  static void SortBySize(std::vector<Suspect>* suspects) {
    std::ranges::stable_sort(*suspects, [](const Suspect& a, const Suspect& b) {
      const ObjectId first_a = a.nodes.empty() ? kNoObject : a.nodes[0],
                     first_b = b.nodes.empty() ? kNoObject : b.nodes[0];
      return std::tuple(b.weight(), first_a) < std::tuple(a.weight(), first_b);
    });
  }

  void Compose() {
    std::unordered_map<std::string, ClassShare> classes;
    for (const LiveShape& shape : graph_.shapes().shapes()) {
      if (shape.live_count == 0 || shape.space == SpaceKind::kReadOnly) continue;
      std::string name = shape.own_name ? reader_.names().ClassNameOf(shape.map, shape.sample)
                                        : reader_.names().ClassName(shape.map, shape.sample);
      ClassShare& share = classes[name];
      share.class_name = std::move(name);
      share.count += shape.live_count;
      share.bytes += shape.live_bytes;
    }
    for (auto& [name, share] : classes) verdict_.composition.push_back(std::move(share));
    std::ranges::sort(verdict_.composition, [](const ClassShare& a, const ClassShare& b) {
      return std::tie(b.bytes, a.class_name) < std::tie(a.bytes, b.class_name);
    });
    if (verdict_.composition.size() > kMostClasses) verdict_.composition.resize(kMostClasses);
    MeasureContexts();
  }

  // The program's own context is the one that retains most.
  void MeasureContexts() {
    const InstanceTypes& types = reader_.layout().types;
    const std::vector<ObjectId> contexts = LiveObjects(
        graph_, [&](const LiveShape& shape) { return types.IsNativeContext(shape.map.instance_type); }, cancel_);
    verdict_.native_contexts = contexts.size();
    uint64_t most = 0;
    for (const ObjectId context : contexts) most = std::max(most, graph_.RetainedOf(context));
    const uint64_t all = RetainedTogether(graph_, contexts);
    verdict_.context_bytes = all - std::min(all, most);
  }

  // What a pattern tells takes the place of what the graph tells about the same objects.
  void Join(std::vector<Suspect>* candidates, std::vector<Suspect> from_patterns) {
    for (Suspect& pattern : from_patterns) {
      std::ranges::sort(pattern.nodes);
      const std::vector<ObjectId> nodes = pattern.nodes;
      for (Suspect& candidate : *candidates) {
        if (candidate.nodes.empty() || !IsSame(candidate, pattern, nodes)) continue;
        // The graph may know of more that goes with it: what several things hold, of which these are most.
        if (candidate.retained_bytes > pattern.retained_bytes && IsBelowAny(graph_, candidate.container, nodes)) {
          pattern.nodes.insert(pattern.nodes.end(), candidate.nodes.begin(), candidate.nodes.end());
          std::ranges::sort(pattern.nodes);
          pattern.nodes.erase(std::ranges::unique(pattern.nodes).begin(), pattern.nodes.end());
          pattern.retained_bytes = candidate.retained_bytes;
          pattern.also = std::move(candidate.also);
        }
        candidate.nodes.clear();
      }
    }
    std::erase_if(*candidates, [](const Suspect& s) { return s.nodes.empty(); });
    for (Suspect& pattern : from_patterns) candidates->push_back(std::move(pattern));
  }

  // Whether most of a candidate's objects are held by what the pattern found.
  bool IsSame(const Suspect& candidate, const Suspect& pattern, const std::vector<ObjectId>& nodes) {
    if (candidate.container != kNoObject && candidate.container == pattern.container)
      return pattern.retained_bytes * 2 >= candidate.retained_bytes;
    if (candidate.container != kNoObject && IsBelowAny(graph_, candidate.container, nodes)) return true;
    constexpr size_t kMostTested = 256;
    const size_t step = std::max<size_t>(1, candidate.nodes.size() / kMostTested);
    size_t tested = 0, below = 0;
    for (size_t i = 0; i < candidate.nodes.size(); i += step)
      ++tested, below += IsBelowAny(graph_, candidate.nodes[i], nodes);
    return below * 2 > tested;
  }

  void FindHolders(std::vector<Suspect>* candidates) {
    // What is too small to accuse is told only when it is among the largest, or when there are several that may be alike.
    const double live = static_cast<double>(verdict_.totals.all_live());
    const auto is_small = [&](const Suspect& suspect) {
      return static_cast<double>(suspect.weight()) < options_.least_growing_share * live;
    };
    std::map<std::pair<std::string, std::string>, size_t> small;  // by what they are and consist of
    for (const Suspect& suspect : *candidates) {
      if (is_small(suspect)) ++small[{suspect.what, suspect.element_class}];
    }
    std::vector<ObjectId> asked;
    for (size_t i = 0; i < candidates->size(); ++i) {
      Suspect& suspect = (*candidates)[i];
      const bool idle = is_small(suspect) && i >= kMostConsidered && small[{suspect.what, suspect.element_class}] < kFewAlike;
      // What every program has; that one or the other of its globals leads back to it says nothing.
      const bool context = suspect.what == kNativeContext;
      if (context) suspect.holder = {.kind = HolderKind::kNative, .text = "a context's globals and what is built in"};
      asked.push_back(idle || context ? kNoObject : HeldOf(suspect));
    }
    holders_.Prepare(asked);
    for (size_t i = 0; i < candidates->size() && !cancel_.Cancelled(); ++i) {
      Suspect& suspect = (*candidates)[i];
      if (suspect.holder.kind == HolderKind::kUnknown && asked[i] != kNoObject)
        suspect.holder = holders_.Find(asked[i]);
      // Where only a list of Node.js's leads to an emitter, its class says more than that list's name.
      if (suspect.kind == SuspectKind::kListeners && suspect.holder.file.starts_with("node:") && graph_.IsObject(suspect.container))
        suspect.holder.name = ClassOfNode(reader_.names(), graph_, suspect.container);
    }
  }
  static ObjectId HeldOf(const Suspect& suspect) {
    return suspect.container != kNoObject ? suspect.container : suspect.nodes.empty() ? kNoObject : suspect.nodes[0];
  }

  // The text that a parser is at work on, where what it has made of it so far is larger: neither is a leak. A text that
  // is made of pieces, and anything that is a collection, may have grown.
  static void ExcuseWhatIsWorkedOn(std::vector<Considered>* judged) {
    uint64_t running = 0;
    for (const Considered& one : *judged) {
      if (one.excuse == Excuse::kRunning || one.excuse == Excuse::kBeingFilled) running = std::max(running, one.suspect.weight());
    }
    for (Considered& one : *judged) {
      const Suspect& suspect = one.suspect;
      const bool text = suspect.kind == SuspectKind::kStrings && suspect.what == "(string)";
      const bool memory = suspect.kind == SuspectKind::kObject && suspect.what == "ArrayBuffer";
      if (one.excuse == Excuse::kNone && (text || memory) && !suspect.grows && suspect.weight() < running)
        one.excuse = Excuse::kBesideRunning;
    }
  }

  // A leak stands out: few things hold most of the heap, or far more than whatever comes next. Where nothing does,
  // nobody is accused, however much each grows; where something does, smaller things that grow are told too.
  void FindThoseThatStandOut(std::vector<Considered>* judged) {
    std::vector<double> shares;
    for (const Considered& one : *judged) {
      if (one.excuse == Excuse::kNone && !one.suspect.nodes.empty()) shares.push_back(one.suspect.share);
    }
    size_t standing_out = 0;
    double sum = 0;
    for (size_t k = 0; k < std::min(shares.size(), kMostStandingOut); ++k) {
      sum += shares[k];
      if (shares[k] < options_.least_share) break;
      const double next = k + 1 < shares.size() ? shares[k + 1] : 0;
      if ((k < kFewThings && sum >= kMostOfTheHeap) || shares[k] >= kFarMore * next) standing_out = k + 1;
    }
    const double least = standing_out > 0 ? shares[standing_out - 1] : 2;
    for (Considered& one : *judged) {
      if (one.excuse != Excuse::kNone || one.suspect.share >= least) continue;
      if (standing_out > 0 && one.suspect.grows) continue;
      one.excuse = standing_out > 0 || one.suspect.share < options_.least_share ? Excuse::kSmall : Excuse::kOneOfMany;
    }
  }

  // Milliseconds that the process has lived at most, by the clock of its timers, which stands still in a callback; so
  // twice that and a while. Nothing when it is unknown.
  std::optional<double> MostLived() {
    constexpr double kWhile = 600'000;
    if (!lived_) {
      const TimerClock& clock = excuses_.Clock();
      lived_ = clock.source == TimerClock::Source::kLoop ? 2 * clock.now + kWhile : -1;
    }
    return *lived_ < 0 ? std::nullopt : lived_;
  }

  // Counts, values and evidence of growth of a collection.
  void Describe(Suspect* suspect) {
    if (suspect->kind != SuspectKind::kCollection || !graph_.IsObject(suspect->container)) return;
    suspect->text_bytes = SharedTextBytes(&reader_, graph_, suspect->container, suspect->nodes, cancel_);
    std::optional<CollectionFacts> facts = DescribeCollection(&reader_, graph_, suspect->container, cancel_);
    if (!facts) return;
    constexpr double kLongTime = 600'000;  // ms, below which nobody asks for the process's age
    if (facts->growth.times && facts->growth.times->newest - facts->growth.times->oldest > kLongTime) {
      if (const std::optional<double> lived = MostLived()) DropForeignTimes(*lived, &*facts);
    }
    Suspect told = CollectionSuspect(&reader_, *facts);
    // An array too long for its holes to be counted; one that is a dictionary has fewer elements than its length says.
    const bool by_length = facts->kind == CollectionKind::kArray && !facts->holes;
    suspect->count = by_length ? std::min(facts->length, facts->entries) : facts->entries;
    // Which kind of texts they are is known from the graph.
    const bool texts = told.element_class == "(string)" && suspect->element_class == "(sliced string)";
    if (!told.element_class.empty() && !texts) suspect->element_class = std::move(told.element_class);
    suspect->growth = std::move(told.growth);
    suspect->sample = std::move(told.sample);
    suspect->advice = std::move(told.advice);
    suspect->grows |= told.grows;
    suspect->bounded |= told.bounded;
    suspect->collection = std::make_shared<const CollectionFacts>(std::move(*facts));
    DescribeElementFunctions(&reader_, graph_, suspect, cancel_);
  }

  // The collections in its entries are what grows.
  void TellInner(Suspect* suspect) {
    if (suspect->kind != SuspectKind::kCollection || suspect->nodes.empty()) return;
    std::optional<InnerCollections> inner = FindInnerCollections(&reader_, graph_, suspect->container, suspect->count, cancel_);
    if (!inner) return;
    // One of its collections was described, and there are others.
    if (inner->property.empty() && suspect->collection && suspect->collection->inner != 0) {
      suspect->parts = inner->all.size();
      suspect->count = inner->entries;
    }
    const std::string together = "the " + CountText(inner->all.size()) + " " + inner->class_name + "s in " +
                                 (inner->property.empty() ? "it" : "the entries of a " + suspect->what) + " have " + CountText(inner->entries) +
                                 " entries together, " + CountText(inner->entries / inner->all.size()) + " each: they grow rather than it";
    if (inner->property.empty()) {
      suspect->growth.insert(suspect->growth.begin(), together);
      suspect->advice.insert(suspect->advice.begin(), "bound what is in it, each " + inner->class_name + " by itself");
      return;
    }
    const Alike first = inner->all[0];
    Suspect told{.kind = SuspectKind::kCollection, .nodes = {first.node}, .container = first.node, .what = inner->class_name,
                 .count = first.count, .retained_bytes = first.bytes};
    Describe(&told);
    told.inner = true;
    told.growth.insert(told.growth.begin(), together);
    told.alike.assign(inner->all.begin() + 1, inner->all.end());
    told.alike_bytes = inner->bytes - first.bytes;
    *suspect = std::move(told);
  }

  // Suspects and what was only considered; of two of which one is a part of the other, one is told.
  void Divide(std::vector<Considered> judged) {
    JoinAlike(&judged);
    JoinSiblings(&reader_, graph_, &holders_, verdict_.totals, &judged, cancel_);
    DropNested(&judged);
    FindThoseThatStandOut(&judged);
    for (Considered& one : judged) {
      if (one.suspect.nodes.empty()) continue;
      if (one.excuse == Excuse::kNone) {
        verdict_.suspects.push_back(std::move(one.suspect));
      } else if (verdict_.considered.size() < kMostConsidered) {
        verdict_.considered.push_back(std::move(one));
      }
    }
  }

  static bool AreAlike(const Considered& a, const Considered& b) {
    const Holder &x = a.suspect.holder, &y = b.suspect.holder;
    // One listener that is hung on each of several sockets, which nothing of the program's own has a name for.
    if (a.suspect.kind == SuspectKind::kListeners && b.suspect.kind == SuspectKind::kListeners && x.file.starts_with("node:") && y.file.starts_with("node:")) {
      const auto place = [](const Suspect& suspect) {
        return suspect.functions.empty() ? std::tuple(std::string(), 0, 0)
                                         : std::tuple(suspect.functions[0].file, suspect.functions[0].line, suspect.functions[0].column);
      };
      return a.suspect.what == b.suspect.what && x.name == y.name && !a.suspect.functions.empty() && place(a.suspect) == place(b.suspect);
    }
    // What lies somewhere below one variable is not alike for that.
    const bool declared = x.kind == HolderKind::kVariable || x.kind == HolderKind::kProperty;
    return a.suspect.kind == b.suspect.kind && a.suspect.what == b.suspect.what &&
           a.suspect.element_class == b.suspect.element_class && x.kind == y.kind && declared && x.line > 0 &&
           std::tie(x.file, x.line, x.column, x.name, x.owner) == std::tie(y.file, y.line, y.column, y.name, y.owner);
  }

  // Things of one declaration are one suspect: each of them may be too small to be one.
  void JoinAlike(std::vector<Considered>* judged) {
    const auto may_join = [](const Considered& one) {
      return !one.suspect.nodes.empty() && (one.excuse == Excuse::kNone || one.excuse == Excuse::kSmall);
    };
    for (size_t i = 0; i < judged->size(); ++i) {
      Considered& first = (*judged)[i];  // those behind it are smaller
      if (!may_join(first)) continue;
      for (size_t j = i + 1; j < judged->size(); ++j) {
        Considered& other = (*judged)[j];
        if (!may_join(other) || !AreAlike(first, other)) continue;
        if (std::ranges::find(first.suspect.alike, HeldOf(other.suspect), &Alike::node) != first.suspect.alike.end()) {
          other.suspect.nodes.clear();  // told already: see TellInner()
          continue;
        }
        // The parts of a tree are of one declaration, but in one another.
        if (IsBelowAny(graph_, other.suspect.nodes[0], first.suspect.nodes)) continue;
        first.suspect.alike.push_back({HeldOf(other.suspect), other.suspect.count, other.suspect.weight()});
        first.suspect.alike_bytes += other.suspect.weight();
        first.suspect.share += other.suspect.share;
        first.suspect.grows |= other.suspect.grows;
        other.suspect.nodes.clear();
      }
      if (!first.suspect.alike.empty() && first.excuse == Excuse::kSmall)
        first.excuse = excuses_.Of(first.suspect, &first.detail);
    }
    std::ranges::stable_sort(*judged, std::ranges::greater(), [](const Considered& one) { return one.suspect.weight(); });
  }

  void DropNested(std::vector<Considered>* all) {
    std::vector<Considered>& judged = *all;
    for (size_t i = 0; i < judged.size(); ++i) {
      Considered& outer = judged[i];
      if (outer.suspect.nodes.empty()) continue;
      for (size_t j = 0; j < judged.size(); ++j) {
        Considered& inner = judged[j];
        if (i == j || inner.suspect.nodes.empty() || inner.suspect.weight() > outer.suspect.weight()) continue;
        if (!IsBelowAny(graph_, inner.suspect.nodes[0], outer.suspect.nodes) ||
            inner.suspect.nodes[0] == outer.suspect.nodes[0])
          continue;
        const bool inner_is_most =
            static_cast<double>(inner.suspect.weight()) >= kPartOfOuter * static_cast<double>(outer.suspect.weight());
        if (outer.excuse == Excuse::kNone && !(inner_is_most && inner.excuse == Excuse::kNone)) {
          inner.suspect.nodes.clear();
        } else if (inner_is_most && inner.excuse == Excuse::kNone) {
          outer.suspect.nodes.clear();
          break;
        }
      }
    }
  }

  HeapReader& reader_;
  const HeapGraph& graph_;
  HolderFinder& holders_;
  const VerdictOptions options_;
  const Cancel& cancel_;
  ExcuseFinder excuses_;
  std::optional<double> lived_;  // -1 = unknown
  Verdict verdict_;
};

}  // namespace

std::string_view SuspectKindName(SuspectKind kind) {
  static constexpr std::string_view kNames[] = {"collection", "listeners", "timers",  "closures", "promises", "objects",
                                                "object",     "strings",   "buffers", "contexts", "modules",  "queue"};
  return kNames[static_cast<size_t>(kind)];
}

HeapTotals TotalsOf(const HeapGraph& graph) {
  HeapTotals totals;
  for (const LiveShape& shape : graph.shapes().shapes()) {
    if (shape.space == SpaceKind::kReadOnly) continue;
    totals.live_count += shape.live_count;
    totals.live_bytes += shape.live_bytes;
    totals.garbage_count += shape.garbage_count;
    totals.garbage_bytes += shape.garbage_bytes;
  }
  for (size_t i = 0; i < graph.external().size(); ++i) {
    if (graph.IsLive(static_cast<ObjectId>(graph.object_count() + i)))
      totals.external_bytes += graph.external()[i].bytes;
  }
  return totals;
}

uint64_t LeastOf(const HeapTotals& totals) {
  return std::max(kLeastPoint, static_cast<uint64_t>(static_cast<double>(totals.all_live()) * kPointShare));
}

Verdict FindVerdict(HeapReader* reader, const HeapGraph& graph, HolderFinder* holders,
                    std::vector<Suspect> from_patterns, const VerdictOptions& options, const Cancel& cancel) {
  return Inquiry(reader, graph, holders, options, cancel).Run(std::move(from_patterns));
}

}  // namespace corewalk
