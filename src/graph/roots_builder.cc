#include "graph/roots_builder.h"

namespace corewalk {
namespace {

constexpr size_t kMostRoots = 1 << 24;
constexpr size_t kPollWords = 1 << 16;

}  // namespace

RootsBuilder::RootsBuilder(const HeapModel& model, const IsolateHeap& isolate, const BinaryFacts* binary,
                           const Cancel& cancel, int threads)
    : model_(model),
      isolate_(isolate),
      binary_(binary),
      cancel_(cancel),
      threads_(threads),
      words_(ReadIsolateWords(model.memory(), isolate)),
      maps_(model.memory(), model.layout()) {
  roots_.labels.emplace_back();
}

bool RootsBuilder::PointsIntoHeap(uint64_t word) const {
  if (!LooksLikePointer(word)) return false;
  const Page* page = model_.index().At(Untag(word));
  if (page == nullptr || page->space == SpaceKind::kReadOnly || page->descriptor.heap == 0) return false;
  if (Untag(word) < page->descriptor.area_start || Untag(word) >= page->descriptor.area_end) return false;
  // Objects of the shared spaces belong to the main isolate's heap, and others refer to them.
  return page->descriptor.heap == isolate_.heap ||
         (page->space >= SpaceKind::kShared && page->space <= SpaceKind::kSharedTrustedLargeObject);
}

bool RootsBuilder::IsObject(uint64_t word) {
  if (!PointsIntoHeap(word)) return false;
  const uint64_t map = memory().ReadWord(Untag(word)).value_or(0);
  if (LooksLikePointer(map)) return maps_.Find(map) != nullptr;
  // Moved away: the new address, untagged, stands in place of the Map.
  const Page* page = (map & 3) == 0 && map != 0 ? model_.index().At(map) : nullptr;
  return page != nullptr;
}

bool RootsBuilder::IsAnyObject(uint64_t word) {
  if (!LooksLikePointer(word) || model_.index().At(Untag(word)) == nullptr) return false;
  const uint64_t map = memory().ReadWord(Untag(word)).value_or(0);
  return LooksLikePointer(map) && maps_.Find(map) != nullptr;
}

std::string_view RootsBuilder::TypeOf(uint64_t word) {
  if (!LooksLikePointer(word)) return "";
  const uint64_t map = memory().ReadWord(Untag(word)).value_or(0);
  MapCache::Slot* slot = LooksLikePointer(map) ? maps_.Find(map) : nullptr;
  return slot == nullptr ? "" : std::string_view(model_.layout().types.at(maps_.info(*slot).instance_type).name);
}

bool RootsBuilder::IsNative(Address address) const {
  if ((address & 7) != 0 || address < 0x10000 || address >= kUserAddressEnd) return false;
  const Region* region = memory().RegionAt(address);
  return region != nullptr && region->readable && region->writable && address < region->present_end &&
         model_.index().At(address) == nullptr;
}

uint32_t RootsBuilder::Label(std::string text) {
  if (text.empty()) return 0;
  const auto [at, added] = label_of_.emplace(std::move(text), static_cast<uint32_t>(roots_.labels.size()));
  if (added) roots_.labels.push_back(at->first);
  return at->second;
}

bool RootsBuilder::Add(Address slot, uint64_t word, RootGroup group, RootStrength strength, uint32_t label) {
  if (!IsObject(word)) return false;
  if (roots_.roots.size() >= kMostRoots) {
    state(group).problem = "there are more roots than are kept";
    return false;
  }
  roots_.roots.push_back({slot, word, group, strength, label});
  ++state(group).count;
  if (strength == RootStrength::kWeak) ++state(group).weak;
  return true;
}

size_t RootsBuilder::AddAll(Address first, const std::vector<uint64_t>& words, RootGroup group, RootStrength strength,
                            uint32_t label) {
  size_t added = 0;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i % kPollWords == 0 && cancel_.Cancelled()) break;
    added += Add(first + 8 * i, words[i], group, strength, label);
  }
  return added;
}

}  // namespace corewalk
