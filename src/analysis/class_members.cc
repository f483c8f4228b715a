#include "analysis/class_members.h"

#include <algorithm>
#include <memory>

#include "base/on_threads.h"
#include "heap/names.h"

namespace corewalk {

Result<std::vector<ObjectId>> ClassMembers(const ObjectIndex& index, const NodeSet& among, const std::string& class_name,
                                           int thread_count, const Cancel& cancel, const ProgressFunction& progress) {
  constexpr uint8_t kOther = 1, kMember = 2, kAskEach = 3;  // marks of MapCache slots
  struct Worker {
    MapCache maps;
    NameResolver names;
    PageWalker walker;
    std::vector<ObjectId> found;
    Worker(const ObjectIndex& index, const Cancel& cancel)
        : maps(index.model().memory(), index.model().layout()),
          names(index.model().memory(), index.model().layout()),
          walker(index.MakeWalker(&maps, &cancel)) {}
  };
  const size_t threads = ClampThreads(thread_count);
  std::vector<std::unique_ptr<Worker>> workers;  // a walker refers to its maps: they stay where they are
  for (size_t i = 0; i < threads; ++i) workers.push_back(std::make_unique<Worker>(index, cancel));
  const Memory& memory = index.model().memory();
  memory.Advise(AccessPattern::kSequential);
  InPieces(index.page_count(), threads, cancel, progress, "looking for the class", [&](size_t thread, size_t page) {
    Worker& worker = *workers[thread];
    index.VisitPage(page, &worker.walker, [&](ObjectId id, MapCache::Slot& slot, Address address, uint64_t, const std::byte*) {
      if (!among.Has(id)) return;
      const MapInfo& map = worker.maps.info(slot);
      if (slot.mark == 0) [[unlikely]] {
        slot.mark = worker.names.SharesDictionaryMap(map)                    ? kAskEach
                    : worker.names.ClassName(map, address) == class_name ? kMember
                                                                             : kOther;
      }
      if (slot.mark == kOther) return;
      if (slot.mark == kAskEach) {
        const bool own = worker.names.HasOwnName(map, address);
        const bool member = own ? worker.names.ClassNameOf(map, address) == class_name
                                : worker.names.ClassName(map, address) == class_name;
        if (!member) return;
      }
      worker.found.push_back(id);
    });
  });
  memory.Advise(AccessPattern::kNormal);
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while the class was looked for");
  std::vector<ObjectId> found = std::move(workers[0]->found);
  for (size_t i = 1; i < workers.size(); ++i) found.insert(found.end(), workers[i]->found.begin(), workers[i]->found.end());
  std::ranges::sort(found);
  return found;
}

}  // namespace corewalk
