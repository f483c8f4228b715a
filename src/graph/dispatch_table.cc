#include "graph/dispatch_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr uint64_t kEntryBytes = 16;
constexpr uint64_t kEncodedWord = 8;
constexpr int kCodeShift = 16;
constexpr uint64_t kParameterMask = 0xffff;
constexpr uint64_t kBaseAlignment = 4096;  // of the reserved range; 26.0 has one that is not aligned to segments

constexpr size_t kFewestUses = 8;  // with fewer, chance would decide
constexpr size_t kQuickUses = 16;  // that a place is looked at with before all are
constexpr size_t kMostCandidates = 4096;
constexpr uint64_t kPollSteps = 1024;
// Where a SharedFunctionInfo may have its number of parameters, in units of 2 bytes.
constexpr size_t kFirstHalf = 4, kHalves = 48;

}  // namespace

bool IsCodeObject(Address address, MapCache* maps) {
  if (address == 0 || (address & 7) != 0) return false;
  const std::optional<uint64_t> word = maps->memory().ReadWord(address);
  const MapCache::Slot* slot = word ? maps->Find(*word) : nullptr;
  return slot != nullptr && maps->layout().types.at(maps->info(*slot).instance_type).name == "CODE_TYPE";
}

Address DispatchTable::CodeOf(uint32_t handle) const {
  const std::optional<uint64_t> word = memory_->ReadWord(base_ + kEntryBytes * (handle >> shift_) + kEncodedWord);
  return word ? *word >> kCodeShift & ~uint64_t{1} : 0;
}

class DispatchTableSearch {
 public:
  DispatchTableSearch(const HeapModel& model, const IsolateHeap& isolate, std::span<const DispatchUse> uses, int shift,
                      const Cancel& cancel)
      : model_(model),
        memory_(model.memory()),
        heap_(isolate.heap),
        maps_(model.memory(), model.layout()),
        shift_(shift),
        cancel_(cancel) {
    for (const DispatchUse& use : uses) {
      Function function{use.handle >> shift, {}};
      memory_.Read(use.shared, std::as_writable_bytes(std::span(function.shared)));
      functions_.push_back(function);
    }
  }

  std::optional<DispatchTable> Run() {
    // Its first segment is read-only, so that no other mapping in front of it becomes one with it.
    for (const Region& region : memory_.Regions()) {
      if (cancel_.Cancelled()) return std::nullopt;
      if (LooksLikeTable(region.start)) AddCandidate(region.start);
    }
    if (std::optional<DispatchTable> table = BestCandidate()) return table;
    // Anywhere. Three functions are tried, as one may be dead and its entry free.
    for (const size_t probe : {functions_.size() / 2, functions_.size() - 1, size_t{0}})
      CollectCandidates(functions_[probe]);
    return BestCandidate();
  }

 private:
  struct Function {
    uint64_t index;
    std::array<uint16_t, kHalves> shared;  // the first bytes of its SharedFunctionInfo
  };
  // Entries are dense, so that a table taken for another, or shifted by a segment, leads to Code nearly as often: the
  // numbers of parameters tell.
  struct Score {
    size_t same_parameters = 0;
    size_t hits = 0;
    auto operator<=>(const Score&) const = default;
  };

  // The encoded word of an entry that leads to a Code of this isolate, or of a read-only page; else 0.
  uint64_t EntryAt(Address address) {
    const std::optional<uint64_t> word = memory_.ReadWord(address + kEncodedWord);
    if (!word) return 0;
    const Address code = *word >> kCodeShift & ~uint64_t{1};
    const Page* page = code == 0 ? nullptr : model_.index().At(code);
    if (page == nullptr || (page->descriptor.heap != heap_ && page->space != SpaceKind::kReadOnly)) return 0;
    return IsCodeObject(code, &maps_) ? *word : 0;
  }

  bool LooksLikeTable(Address base) {
    size_t hits = 0, seen = 0;
    const size_t step = std::max<size_t>(1, functions_.size() / kQuickUses);
    for (size_t i = 0; i < functions_.size() && hits + kQuickUses / 4 >= seen; i += step, ++seen)
      hits += EntryAt(base + kEntryBytes * functions_[i].index) != 0;
    return hits * 2 > seen;
  }

  void AddCandidate(Address base) {
    if (candidates_.size() < kMostCandidates) candidates_.push_back(base);
  }

  std::optional<DispatchTable> BestCandidate() {
    Score best;
    Address base = 0;
    for (const Address candidate : candidates_) {
      if (cancel_.Cancelled()) return std::nullopt;
      const Score score = ScoreOf(candidate);
      if (best < score) best = score, base = candidate;
    }
    candidates_.clear();
    // All functions of a sound heap have their Code and its number of parameters; those that died since the last
    // collection keep their handles, although the entries may be others' by now.
    if (best.hits * 10 < functions_.size() * 8 || best.same_parameters * 10 < best.hits * 8) return std::nullopt;
    return DispatchTable(memory_, base, shift_);
  }

  // All places where the table can be when the entry of `function` is in memory outside of V8's pages.
  void CollectCandidates(const Function& function) {
    const uint64_t offset = kEntryBytes * function.index;
    uint64_t steps = 0;
    for (const Region& region : memory_.Regions()) {
      if (!region.readable || region.executable || region.present_end < offset + kEntryBytes) continue;
      const uint64_t first = region.start > offset ? region.start - offset : 0;
      for (Address base = (first + kBaseAlignment - 1) & ~(kBaseAlignment - 1);
           base + offset + kEntryBytes <= region.present_end; base += kBaseAlignment) {
        if (++steps % kPollSteps == 0 && cancel_.Cancelled()) return;
        if (model_.index().At(base + offset) != nullptr || EntryAt(base + offset) == 0 || !LooksLikeTable(base))
          continue;
        AddCandidate(base);
      }
    }
  }

  Score ScoreOf(Address base) {
    Score score;
    std::array<size_t, kHalves> same{};
    for (const Function& function : functions_) {
      const uint64_t word = EntryAt(base + kEntryBytes * function.index);
      if (word == 0) continue;
      ++score.hits;
      for (size_t i = kFirstHalf; i < kHalves; ++i) same[i] += function.shared[i] == (word & kParameterMask);
    }
    score.same_parameters = *std::ranges::max_element(same);
    return score;
  }

  const HeapModel& model_;
  const Memory& memory_;
  const Address heap_;
  MapCache maps_;
  const int shift_;
  const Cancel& cancel_;
  std::vector<Function> functions_;
  std::vector<Address> candidates_;
};

std::vector<DispatchUse> DispatchHandles::Uses(const HeapModel& model) const {
  constexpr size_t kMostUses = 512;
  std::vector<std::pair<uint32_t, Address>> handles(functions_.begin(), functions_.end());
  std::ranges::sort(handles);
  const uint64_t shared = static_cast<uint64_t>(model.layout().Get(LayoutConstant::kFunctionShared, 24));
  std::vector<DispatchUse> uses;
  for (size_t i = 0; i < handles.size(); i += (handles.size() + kMostUses - 1) / kMostUses)
    uses.push_back({handles[i].first, Untag(model.memory().ReadWord(handles[i].second + shared).value_or(0))});
  return uses;
}

std::optional<DispatchTable> DispatchTable::Find(const HeapModel& model, const IsolateHeap& isolate,
                                                 std::span<const DispatchUse> uses, uint32_t handle_bits,
                                                 const Cancel& cancel) {
  if (uses.size() < kFewestUses) return std::nullopt;
  return DispatchTableSearch(model, isolate, uses, std::countr_zero(handle_bits), cancel).Run();
}

}  // namespace corewalk
