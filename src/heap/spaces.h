// The spaces of an isolate's heap and their pages, found two ways: through the page lists of the space objects, which
// are exact, and by looking at every aligned address for a chunk header, which also finds pages that V8 has freed but
// not unmapped. Differences are kept and reported.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "heap/page_calibration.h"
#include "layout/binary_facts.h"

namespace corewalk {

enum class SpaceKind : uint8_t {
  kReadOnly,
  kNew,
  kOld,
  kCode,
  kMap,
  kLargeObject,
  kCodeLargeObject,
  kNewLargeObject,
  kTrusted,
  kTrustedLargeObject,
  kShared,
  kSharedLargeObject,
  kSharedTrusted,
  kSharedTrustedLargeObject,
  kCompaction,
  kUnknown,
  kCount
};
// As v8.getHeapSpaceStatistics() names it: "old_space", "large_object_space", ...
std::string_view SpaceName(SpaceKind kind);
// Every page of it holds exactly one object.
bool IsLargeObjectSpace(SpaceKind kind);

struct Page {
  PageDescriptor descriptor;
  SpaceKind space = SpaceKind::kUnknown;
  bool listed = false;     // met in the space's page list
  bool from_page = false;  // the half of new space that is being, or was last, evacuated
  bool to_page = false;
};

struct Space {
  SpaceKind kind = SpaceKind::kUnknown;
  Address address = 0;      // of the C++ object; 0 for a read-only space that could not be located
  std::string class_name;   // from the vtable, "" when the binary has no symbols for it
  std::vector<Page> pages;  // by rising address; for new space in list order
  uint64_t pages_only_in_list = 0;
  uint64_t pages_only_in_scan = 0;  // freed pages that are still mapped; they are not walked
  // Of new space: the number of the page in use, and how far memory of it was handed out (see new_space.h).
  size_t current_page = 0;
  Address allocation_end = 0;
  bool list_broken = false;         // its page list leads to something that is no page: pages are missing
};

// Every aligned address of the target whose header is that of a live page: pages of the given heaps, and read-only
// pages.
struct ChunkScan {
  std::vector<PageDescriptor> pages;            // of the heaps, by chunk address
  std::vector<PageDescriptor> read_only_pages;  // without an owner; they belong to all isolates
};
ChunkScan ScanChunks(const Memory& memory, const PageLayout& layout, const std::vector<IsolateRoots>& isolates,
                     const Cancel& cancel);

// Finds where list nodes stand in page descriptors ({next, prev}); 0 when no space has two pages.
uint32_t CalibrateListNode(const Memory& memory, const ChunkScan& scan);

// The spaces of one heap. `kind` is known for spaces whose vtable the binary names; the others are kUnknown and are
// classified by what their pages hold, see ClassifySpaces in heap_model.cc.
std::vector<Space> FindSpaces(const Memory& memory, const PageLayout& layout, const BinaryFacts* binary, Address heap,
                              const ChunkScan& scan);

}  // namespace corewalk
