#include "heap/name_check.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_set>

#include "heap/map_cache.h"
#include "heap/names.h"
#include "heap/page_walker.h"

namespace corewalk {
namespace {

constexpr size_t kPagesOfSpace = 24;  // evenly spread
constexpr size_t kMaxPageBytes = 1 << 20;
constexpr size_t kMaxFunctions = 20000;
constexpr size_t kMaxShapes = 50000;   // a program may make thousands of odd ones: one per generator function, ...
constexpr uint64_t kAgreeing = 64;     // ... and so many plain ones say enough
constexpr size_t kFewAgreeing = 8;     // below, all pages are looked at
constexpr std::array<std::string_view, NameCheck::kBuiltins> kNames = {"Array",  "Date",   "Function", "Map",
                                                                       "Number", "Object", "Promise",  "String"};

}  // namespace

NameCheck CheckNames(const Memory& memory, const Layout& layout, std::span<const Space> spaces) {
  NameCheck check;
  MapCache maps(memory, layout);
  PageWalker walker(memory, layout, &maps, nullptr);
  NameResolver names(memory, layout);
  std::array<bool, NameCheck::kBuiltins> met{};
  std::unordered_set<uint64_t> shapes;
  const auto meet = [&](const std::string& name) {
    const auto at = std::ranges::find(kNames, name) - kNames.begin();
    if (at == static_cast<ptrdiff_t>(kNames.size()) || met[at]) return;
    met[at] = true;
    ++check.builtins;
  };
  const auto visit = [&](MapCache::Slot& slot, Address address, uint64_t, const std::byte*) {
    const MapInfo& map = maps.info(slot);
    if (map.category == Category::kClosure) {
      if (check.functions >= kMaxFunctions || check.builtins == met.size()) return;
      ++check.functions;
      meet(names.FunctionName(address + 1));
    } else if (map.category == Category::kObject && shapes.size() < kMaxShapes && check.agreeing < kAgreeing &&
               shapes.insert(slot.word).second) {
      ++check.shapes;
      check.agreeing += names.PrototypeLeadsBack(map);
      meet(names.MapConstructorName(map));
    }
  };
  // Objects of a program may fill nearly all pages, so that some pages say too little: then the others are asked, too.
  for (const bool sampled : {true, false}) {
    for (const Space& space : spaces) {
      if (space.kind == SpaceKind::kNew || space.kind == SpaceKind::kReadOnly || space.kind == SpaceKind::kMap) continue;
      const size_t stride = space.pages.size() / kPagesOfSpace + 1;
      for (size_t i = 0; i < space.pages.size(); ++i) {
        if ((i % stride == 0) != sampled) continue;
        if (!sampled && check.agreeing >= kFewAgreeing && check.builtins > 0) return check;
        const Page& page = space.pages[i];
        if (page.descriptor.area_end - page.descriptor.area_start > kMaxPageBytes) continue;
        PageTally tally;
        walker.Walk(page, page.descriptor.area_end, {}, visit, &tally);
      }
    }
  }
  return check;
}

}  // namespace corewalk
