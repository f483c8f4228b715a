#include "analysis/leaks/strings.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include "analysis/leaks/duplicate_table.h"
#include "analysis/leaks/largest.h"
#include "analysis/leaks/string_slices.h"
#include "analysis/leaks/string_walk.h"

namespace corewalk {
namespace {

constexpr uint64_t kHeaderBytes = 16;  // of a flat string in front of its characters

uint64_t HeapSize(uint64_t characters_bytes) {
  return (kHeaderBytes + characters_bytes + 7) & ~uint64_t{7};
}

// A flat string that was read, and the upper half of its hash.
struct SeenText {
  ObjectId id = kNoObject;
  uint32_t hash = 0;
};
uint32_t HalfOf(uint64_t hash) {
  return static_cast<uint32_t>(hash >> 32);
}

struct DuplicateRow : Copies {
  uint64_t rank = 0, number = 0;
};

// What one thread has found.
struct Tallies {
  explicit Tallies(const StringQuery& query)
      : widest(query.most), largest(query.most), ropes(query.most), wide_sample(query.sample) {}
  std::array<StringTally, kStringForms> forms;
  uint64_t unreadable = 0;
  StringTally wide;
  uint64_t wide_wasted = 0;
  Largest<StringRow> widest, largest, ropes;
  ObjectSample wide_sample;
  std::vector<Slice> slices;
  std::vector<SeenText> seen;
  std::vector<ObjectId> conses;
  uint64_t rope_tops = 0, flat_conses = 0;
};

class Analysis {
 public:
  Analysis(const HeapReader& reader, const HeapGraph& graph, const StringQuery& query, const Cancel& cancel,
           const ProgressFunction& progress)
      : graph_(graph),
        query_(query),
        cancel_(cancel),
        progress_(progress),
        walk_(graph, cancel, progress),
        repeated_(LiveStrings(graph)),
        parts_(graph.node_count()) {
    for (size_t i = 0; i < walk_.threads(); ++i) {
      tallies_.emplace_back(query);
      texts_.emplace_back(reader.memory());
      hashers_.emplace_back();
    }
  }

  StringReport Run() {
    StringReport report;
    report.wide_sample = ObjectSample(query_.sample);
    walk_.ForEach("reading strings", [this](size_t thread, const WalkedString& string) { First(thread, string); });
    ForEachOf<ObjectId>(&Tallies::conses, "looking at ropes",
                        [this](size_t thread, ObjectId id) { LookAtCons(thread, id); });
    ForEachOf<SeenText>(&Tallies::seen, "comparing strings",
                        [this](size_t thread, const SeenText& seen) { Compare(thread, seen); });
    Merge(&report);
    if (cancel_.Cancelled()) return report;
    ReportDuplicates(&report);
    ReportSlices(graph_, walk_, &tallies_[0].slices, query_, cancel_, &report);
    return report;
  }

  std::vector<StringRow> RopeTops() const { return tallies_[0].ropes.Sorted(); }

 private:
  static uint64_t LiveStrings(const HeapGraph& graph) {
    const InstanceTypes& types = graph.index().model().layout().types;
    uint64_t count = 0;
    for (const LiveShape& shape : graph.shapes().shapes()) {
      if (types.IsString(shape.map.instance_type)) count += shape.live_count;
    }
    return count;
  }

  void First(size_t thread, const WalkedString& string) {
    Tallies& tallies = tallies_[thread];
    StringTally& form = tallies.forms[static_cast<size_t>(string.form)];
    const uint64_t outside = string.outside(), bytes = string.size + outside;
    ++form.count;
    form.bytes += string.size;
    form.outside += outside;
    if (tallies.largest.Wants(bytes)) tallies.largest.Add({bytes, string.id, string.form, string.length(), bytes});
    if (string.form == StringForm::kCons) {
      tallies.conses.push_back(string.id);
      Part(string.first());
      Part(string.second());
      return;
    }
    if (string.form == StringForm::kSliced) {
      const ObjectId parent = BehindThin(string.first());
      const int64_t offset = SmiValue(string.second());
      if (parent == kNoObject || offset < 0 || !IsFlat(walk_.FormOf(parent))) return;
      if (slices_.fetch_add(1, std::memory_order_relaxed) >= kMostSlices) return;
      tallies.slices.push_back({parent, string.id, static_cast<uint32_t>(offset), string.length()});
      return;
    }
    if (!IsFlat(string.form)) return;
    const std::optional<FlatText> text = texts_[thread].Read(string.form, string.bytes);
    if (!text) {
      ++tallies.unreadable;
      return;
    }
    const bool fits = FitsOneByte(*text);
    const uint32_t hash = HalfOf(hashers_[thread].Hash(*text, fits));
    repeated_.Add(hash);
    tallies.seen.push_back({string.id, hash});
    if (!IsWide(string.form) || !fits || text->length() == 0) return;
    const uint64_t wasted =
        IsExternal(string.form) ? text->length() : string.size - std::min(string.size, HeapSize(text->length()));
    ++tallies.wide.count;
    tallies.wide.bytes += string.size;
    tallies.wide.outside += outside;
    tallies.wide_wasted += wasted;
    tallies.wide_sample.Add(string.id, wasted);
    if (tallies.widest.Wants(wasted)) tallies.widest.Add({wasted, string.id, string.form, text->length(), bytes});
  }

  // A string that became an internalized one later leads to it, until a collection replaces the reference.
  ObjectId BehindThin(uint64_t tagged) const {
    ObjectId id = graph_.index().At(tagged);
    if (id != kNoObject && walk_.FormOf(id) == StringForm::kThin)
      id = graph_.index().At(graph_.index().model().memory().ReadWord(Untag(tagged) + 16).value_or(0));
    return id;
  }

  // A cons string inside of another is no rope of its own.
  void Part(uint64_t tagged) {
    const ObjectId id = graph_.index().At(tagged);
    if (id != kNoObject && walk_.FormOf(id) == StringForm::kCons) parts_.AddShared(id);
  }

  // visit(size_t thread, const T&) for all that the threads have noted, on all threads.
  template <typename T, typename Visit>
  void ForEachOf(std::vector<T> Tallies::*list, const char* what, Visit&& visit) {
    constexpr size_t kPiece = 1 << 14;
    std::vector<std::span<const T>> pieces;
    for (const Tallies& tallies : tallies_) {
      for (std::span<const T> left = tallies.*list; !left.empty();) {
        pieces.push_back(left.first(std::min(kPiece, left.size())));
        left = left.subspan(pieces.back().size());
      }
    }
    InPieces(pieces.size(), walk_.threads(), cancel_, progress_, what, [&](size_t thread, size_t piece) {
      for (const T& one : pieces[piece]) visit(thread, one);
    });
  }

  void LookAtCons(size_t thread, ObjectId id) {
    if (parts_.Has(id)) return;
    Tallies& tallies = tallies_[thread];
    const Memory& memory = graph_.index().model().memory();
    const Address address = graph_.index().AddressOf(id);
    const uint64_t second = memory.ReadWord(address + 24).value_or(0);
    // A flattened one has the empty string, which is read-only, for its second part.
    if (graph_.index().At(second) == kNoObject && memory.ReadValue<uint32_t>(Untag(second) + 12).value_or(1) == 0) {
      ++tallies.flat_conses;
      return;
    }
    ++tallies.rope_tops;
    const uint32_t length = memory.ReadValue<uint32_t>(address + 12).value_or(0);
    if (tallies.ropes.Wants(length)) tallies.ropes.Add({length, id, StringForm::kCons, length, 0});
  }

  void Compare(size_t thread, const SeenText& seen) {
    if (!repeated_.MayRepeat(seen.hash)) return;
    const StringForm form = walk_.FormOf(seen.id);
    const Address address = graph_.index().AddressOf(seen.id);
    const std::optional<FlatText> text = texts_[thread].ReadAt(form, address, 0);
    if (!text) return;
    const uint64_t hash = hashers_[thread].Hash(*text, FitsOneByte(*text));
    const bool added = table_.Add(hash, address, BytesOf(form, *text), [&](uint64_t other, uint64_t) {
      const std::optional<FlatText> one = texts_[thread].ReadAt(walk_.FormAt(thread, other), other);
      return one && EqualTexts(*one, *text);
    });
    if (!added) cut_.store(true, std::memory_order_relaxed);
  }

  // In the heap and outside.
  static uint64_t BytesOf(StringForm form, const FlatText& text) {
    constexpr uint64_t kExternalBytes = 32;
    return IsExternal(form) ? kExternalBytes + ((text.bytes.size() + 7) & ~uint64_t{7}) : HeapSize(text.bytes.size());
  }

  void Merge(StringReport* report) {
    Tallies& all = tallies_[0];
    for (size_t i = 1; i < tallies_.size(); ++i) {
      const Tallies& one = tallies_[i];
      for (size_t form = 0; form < kStringForms; ++form) {
        all.forms[form].count += one.forms[form].count;
        all.forms[form].bytes += one.forms[form].bytes;
        all.forms[form].outside += one.forms[form].outside;
      }
      all.unreadable += one.unreadable;
      all.wide.count += one.wide.count;
      all.wide.bytes += one.wide.bytes;
      all.wide.outside += one.wide.outside;
      all.wide_wasted += one.wide_wasted;
      all.widest.Merge(one.widest);
      all.largest.Merge(one.largest);
      all.ropes.Merge(one.ropes);
      all.wide_sample.Merge(one.wide_sample);
      all.slices.insert(all.slices.end(), one.slices.begin(), one.slices.end());
      all.rope_tops += one.rope_tops;
      all.flat_conses += one.flat_conses;
    }
    report->forms = all.forms;
    for (const StringTally& form : all.forms) {
      report->all.count += form.count;
      report->all.bytes += form.bytes;
      report->all.outside += form.outside;
    }
    report->unreadable = all.unreadable;
    report->wide = all.wide;
    report->wide_wasted = all.wide_wasted;
    report->widest = all.widest.Sorted();
    report->wide_sample = all.wide_sample;
    report->largest = all.largest.Sorted();
    report->ropes = all.rope_tops;
    report->flat_conses = all.flat_conses;
    report->slices_cut = slices_.load() > kMostSlices;
    report->duplicates_cut = cut_.load();
  }

  void ReportDuplicates(StringReport* report) {
    Largest<DuplicateRow> largest(query_.most);
    table_.ForEach([&](const Copies& copies) {
      const uint64_t wasted = copies.bytes - copies.bytes / copies.count;
      ++report->duplicate_texts;
      report->duplicate_copies += copies.count;
      report->duplicate_wasted += wasted;
      if (!largest.Wants(wasted)) return;
      DuplicateRow row;
      static_cast<Copies&>(row) = copies;
      row.rank = wasted;
      row.number = copies.address;
      largest.Add(row);
    });
    // Some copies of these few, whose holders will be asked for.
    std::unordered_map<uint64_t, size_t> rows;  // by hash
    constexpr uint32_t kWanted = 1 << 16;
    std::vector<bool> wanted(kWanted);
    for (const DuplicateRow& row : largest.Sorted()) {
      const std::optional<FlatText> text = texts_[0].ReadAt(walk_.FormAt(0, row.address), row.address);
      if (!text) continue;
      rows.emplace(row.hash, report->duplicates.size());
      wanted[HalfOf(row.hash) % kWanted] = true;
      report->duplicates.push_back({.example = graph_.index().At(row.address),
                                    .length = text->length(),
                                    .count = row.count,
                                    .bytes = row.bytes,
                                    .wasted = row.rank,
                                    .copies = ObjectSample(query_.sample)});
    }
    if (rows.empty() || query_.sample == 0) return;
    std::vector<std::vector<ObjectSample>> samples(
        walk_.threads(), std::vector<ObjectSample>(report->duplicates.size(), ObjectSample(query_.sample)));
    ForEachOf<SeenText>(&Tallies::seen, "finding copies", [&](size_t thread, const SeenText& seen) {
      if (!wanted[seen.hash % kWanted]) return;
      const StringForm form = walk_.FormOf(seen.id);
      const std::optional<FlatText> text = texts_[thread].ReadAt(form, graph_.index().AddressOf(seen.id), 0);
      if (!text) return;
      const auto row = rows.find(hashers_[thread].Hash(*text, FitsOneByte(*text)));
      if (row != rows.end()) samples[thread][row->second].Add(seen.id, BytesOf(form, *text));
    });
    for (const std::vector<ObjectSample>& of_thread : samples) {
      for (size_t i = 0; i < of_thread.size(); ++i) report->duplicates[i].copies.Merge(of_thread[i]);
    }
  }

  const HeapGraph& graph_;
  const StringQuery& query_;
  const Cancel& cancel_;
  const ProgressFunction& progress_;
  StringWalk walk_;
  RepeatedHashes repeated_;
  DuplicateTable table_;
  NodeSet parts_;  // cons strings inside of others
  std::vector<Tallies> tallies_;
  std::vector<FlatTextReader> texts_;
  std::vector<TextHasher> hashers_;
  std::atomic<uint64_t> slices_{0};
  std::atomic<bool> cut_{false};
};

}  // namespace

StringReport AnalyseStrings(HeapReader* reader, const HeapGraph& graph, const StringQuery& query, const Cancel& cancel,
                            const ProgressFunction& progress) {
  Analysis analysis(*reader, graph, query, cancel, progress);
  StringReport report = analysis.Run();
  for (const StringRow& row : analysis.RopeTops()) {
    if (cancel.Cancelled()) break;
    report.longest_ropes.push_back(MeasureRope(reader, graph, row.id(), cancel));
  }
  return report;
}

}  // namespace corewalk
