#include "heap/heap_model.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "heap/layout_builder.h"
#include "heap/name_check.h"
#include "heap/new_space.h"
#include "heap/page_walker.h"
#include "heap/size_calibration.h"
#include "heap/stack_frames.h"
#include "heap/strings.h"
#include "heap/tagged.h"
#include "heap/young_survivors.h"

namespace corewalk {
namespace {

constexpr uint64_t kRootsWithin = 0x400;  // the roots table stands this near behind the Isolate's start
constexpr size_t kHeapHeadWords = 0x400 / 8;
constexpr size_t kIsolateTailWords = 0x2000 / 8;  // from the Heap's start on
constexpr size_t kMaxStackBytes = 1 << 20;
constexpr size_t kEnoughFunctions = 300;  // so many can be seen without a builtin among them only by misreading
constexpr size_t kEnoughBuiltins = 1;     // a wrong layout meets none
constexpr size_t kEnoughShapes = 30;
constexpr size_t kEnoughAgreeing = 4;

// The Isolate: Heap::isolate_ is among the first fields of the Heap, and the roots table is part of the Isolate's head.
// Where the memory of an earlier Isolate was used again, other words of the Heap may look like it: the true one is what
// many structs start with to which the Heap's neighbours in the Isolate point.
Address FindIsolate(const Memory& memory, const IsolateRoots& roots) {
  std::map<Address, size_t> votes;
  const std::vector<uint64_t> words = ReadWords(memory, roots.heap, kIsolateTailWords);
  for (size_t i = 0; i < words.size() && i < kHeapHeadWords; ++i) {
    const uint64_t word = words[i];
    if ((word & 7) == 0 && word < roots.roots.address && word + kRootsWithin > roots.roots.address) ++votes[word];
  }
  if (votes.empty()) return 0;
  if (votes.size() > 1) {
    for (const uint64_t word : words) {
      if ((word & 7) != 0 || word == 0 || word >= kUserAddressEnd) continue;
      const auto start = votes.find(memory.ReadWord(word).value_or(0));
      if (start != votes.end()) ++start->second;
    }
  }
  return std::ranges::max_element(votes, {}, [](const auto& v) { return v.second; })->first;
}

// The thread-local current isolate of a thread, by the mechanism that the binary names.
std::optional<Address> CurrentIsolate(const Memory& memory, const BinaryFacts& binary, const ThreadState& thread) {
  const Address fs_base = thread.reg(Register::kFsBase);
  if (fs_base == 0) return std::nullopt;
  if (binary.current_isolate_tls) return memory.ReadWord(fs_base + static_cast<uint64_t>(*binary.current_isolate_tls));
  if (binary.isolate_key) {
    const auto key = memory.ReadValue<uint32_t>(*binary.isolate_key);
    // glibc's struct pthread: the first 32 keys live in specific_1stblock at 0x310, {seq, data} each (nptl/descr.h).
    if (key && *key < 32) return memory.ReadWord(fs_base + 0x310 + 16 * *key + 8);
  }
  return std::nullopt;
}

// How often a thread's stack points into [low, high).
size_t StackReferences(const Memory& memory, const ThreadState& thread, Address low, Address high) {
  const Region* region = StackRegion(memory, thread.reg(Register::kRsp));
  if (region == nullptr) return 0;
  const Address sp = std::max(thread.reg(Register::kRsp) & ~Address{7}, region->start);
  std::vector<uint64_t> words(
      std::min<uint64_t>(region->present_end > sp ? region->present_end - sp : 0, kMaxStackBytes) / 8);
  words.resize(memory.Read(sp, std::as_writable_bytes(std::span(words))) / 8);
  return std::ranges::count_if(words, [&](uint64_t w) { return w >= low && w < high; });
}

}  // namespace

Result<std::unique_ptr<HeapModel>> HeapModel::Build(const HeapModelInput& input, const Cancel& cancel) {
  const Memory& memory = *input.memory;
  std::unique_ptr<HeapModel> model(new HeapModel());
  model->memory_ = &memory;
  memory.Advise(AccessPattern::kRandom);
  static const std::vector<std::string> kNoNames;
  const std::vector<std::string>& names = input.binary != nullptr ? input.binary->root_names : kNoNames;
  Result<PageCalibration> calibration = CalibratePages(memory, FindRootsTables(memory, names, cancel));
  if (!calibration && !cancel.Cancelled()) {
    // What looks like a chunk and is none may hide the Isolate.
    Result<PageCalibration> again = CalibratePages(memory, FindRootsTables(memory, names, cancel, true));
    if (again) calibration = std::move(again);
  }
  if (!calibration) return std::unexpected(calibration.error());
  model->layout_.page = calibration->layout;
  model->layout_.version = input.version;
  model->layout_.version_source = input.version_source;

  const ChunkScan scan = ScanChunks(memory, model->layout_.page, calibration->isolates, cancel);
  model->layout_.page.list_next = CalibrateListNode(memory, scan);
  if (const Result<void> built = model->BuildLayout(input, calibration->isolates); !built) {
    return std::unexpected(built.error());
  }
  for (IsolateRoots& roots : calibration->isolates) {
    IsolateHeap isolate;
    isolate.heap = roots.heap;
    isolate.isolate = FindIsolate(memory, roots);
    isolate.spaces = FindSpaces(memory, model->layout_.page, input.binary, roots.heap, scan);
    isolate.roots = std::move(roots.roots);
    model->isolates_.push_back(std::move(isolate));
  }
  // What has no space with pages is no isolate (or one that was being made or torn down: nothing of it can be read).
  std::erase_if(model->isolates_, [](const IsolateHeap& isolate) {
    return std::ranges::all_of(isolate.spaces, [](const Space& space) { return space.pages.empty(); });
  });
  if (model->isolates_.empty()) {
    return Fail(ErrorCode::kBadFormat, "V8's roots were found, but none of its heap pages can be read");
  }
  model->CollectReadOnly(scan);
  std::vector<const Page*> pages;
  for (const Page& page : model->read_only_.pages) pages.push_back(&page);
  for (const IsolateHeap& isolate : model->isolates_) {
    for (const Space& space : isolate.spaces) {
      for (const Page& page : space.pages) pages.push_back(&page);
    }
  }
  CalibrateSizes(memory, pages, &model->layout_, cancel);
  model->ClassifySpaces();
  model->FindThreads(input);
  for (const Page* page : pages) model->index_.Add(page);
  model->index_.Finish();
  for (IsolateHeap& isolate : model->isolates_) {
    isolate.areas = FindLinearAreas(memory, model->index_, isolate.roots.address, isolate.spaces);
  }
  model->FindHiddenAreas(cancel);
  if (const Result<void> checked = model->SelfCheck(input); !checked) return std::unexpected(checked.error());
  memory.Advise(AccessPattern::kNormal);
  return model;
}

Result<void> HeapModel::BuildLayout(const HeapModelInput& input, const std::vector<IsolateRoots>& isolates) {
  const LayoutTable* table = input.hide_tables ? nullptr : FindLayoutTable(input.version);
  layout_.has_table = table != nullptr;
  const bool has_names = input.binary != nullptr && (!input.binary->root_names.empty() || !input.binary->v8dbg.empty());
  if (!has_names && table == nullptr) {
    return Fail(ErrorCode::kUnsupported,
                input.version.known()
                    ? "there is no layout table for V8 " + input.version.Line() +
                          " and no executable to read the layout from: give the node binary with -e"
                    : "the version of V8 is unknown and there is no executable to read the layout from: give the node "
                      "binary with -e");
  }
  FillLayout(*memory_, input.binary, table, isolates.front().roots, &layout_);
  return {};
}

void HeapModel::FindHiddenAreas(const Cancel& cancel) {
  std::vector<Address> heaps;
  for (const IsolateHeap& isolate : isolates_) heaps.push_back(isolate.heap);
  std::ranges::sort(heaps);
  hidden_ = std::make_unique<HiddenLinearAreas>(*memory_, index_, std::move(heaps));
  for (IsolateHeap& isolate : isolates_) {
    for (Space& space : isolate.spaces) {
      if (space.kind == SpaceKind::kNew) FindAllocationEnd(*memory_, isolate.areas, &space);
    }
    for (const LinearArea& area : hidden_->Known(&cancel)) {
      const Page* page = index_.At(area.top);
      if (page != nullptr && page->descriptor.heap == isolate.heap) isolate.areas.push_back(area);
    }
    std::ranges::sort(isolate.areas, {}, &LinearArea::top);
  }
}

void HeapModel::CollectReadOnly(const ChunkScan& scan) {
  read_only_.kind = SpaceKind::kReadOnly;
  for (const PageDescriptor& descriptor : scan.read_only_pages) {
    read_only_.pages.push_back({.descriptor = descriptor, .space = SpaceKind::kReadOnly});
  }
  // From 8.6 to 10.1 read-only pages have a heap and an owner, like any others: the space that holds the meta map.
  for (IsolateHeap& isolate : isolates_) {
    for (Space& space : isolate.spaces) {
      const bool read_only = std::ranges::any_of(space.pages, [&](const Page& page) {
        return isolate.roots.meta_map > page.descriptor.area_start && isolate.roots.meta_map < page.descriptor.area_end;
      });
      if (read_only) space.kind = SpaceKind::kReadOnly;
      for (Page& page : space.pages) page.space = space.kind;
    }
  }
}

// Names spaces that no vtable names, by what their pages hold.
void HeapModel::ClassifySpaces() {
  MapCache maps(*memory_, layout_);
  PageWalker walker(*memory_, layout_, &maps, nullptr);
  for (IsolateHeap& isolate : isolates_) {
    for (Space& space : isolate.spaces) {
      if (space.pages.empty()) continue;
      const bool semispace = space.kind == SpaceKind::kNew;
      if (!space.class_name.empty() || (space.kind != SpaceKind::kUnknown && !semispace)) continue;
      uint64_t objects = 0, code = 0, trusted = 0, map_objects = 0;
      bool large = true;
      size_t looked_at = 0;
      for (const Page& page : space.pages) {
        if (++looked_at > 4) break;
        const uint64_t area = page.descriptor.area_end - page.descriptor.area_start;
        uint64_t first = 0;
        uint64_t on_page = 0;
        PageTally tally;
        walker.Walk(
            page, page.descriptor.area_end, {},
            [&](MapCache::Slot& slot, Address, uint64_t size, const std::byte*) {
              if (on_page++ == 0) first = size;
              const std::string& type = layout_.types.at(maps.info(slot).instance_type).name;
              ++objects;
              code += type == "INSTRUCTION_STREAM_TYPE" || (type == "CODE_TYPE" && slot.fixed_size == 0);
              trusted += type.starts_with("TRUSTED_") || type.starts_with("PROTECTED_") ||
                         type.starts_with("UNCOMPILED_DATA") || type == "BYTECODE_ARRAY_TYPE" || type == "CODE_TYPE" ||
                         type == "INTERPRETER_DATA_TYPE";
              map_objects += layout_.types.IsMap(maps.info(slot).instance_type);
            },
            &tally);
        // Up to 8.4 code as short as a few hundred bytes had large pages of its own.
        large &= on_page == 1 && first + 8 > area - 8 && (area > layout_.page.page_size / 4 || code == objects);
      }
      const bool is_code = 2 * code > objects;
      const bool is_trusted = !is_code && 10 * trusted > 9 * objects;
      if (semispace) {
        if (large) space.kind = SpaceKind::kNewLargeObject;
      } else if (objects == 0) {
        space.kind = SpaceKind::kUnknown;
      } else if (large) {
        space.kind = is_code      ? SpaceKind::kCodeLargeObject
                     : is_trusted ? SpaceKind::kTrustedLargeObject
                                  : SpaceKind::kLargeObject;
      } else {
        space.kind = is_code                          ? SpaceKind::kCode
                     : is_trusted                     ? SpaceKind::kTrusted
                     : 10 * map_objects > 9 * objects ? SpaceKind::kMap
                                                      : SpaceKind::kOld;
      }
      for (Page& page : space.pages) page.space = space.kind;
    }
  }
}

void HeapModel::FindThreads(const HeapModelInput& input) {
  const int pid = memory_->Process().pid;
  for (IsolateHeap& isolate : isolates_) {
    for (const ThreadState& thread : memory_->Threads()) {
      std::optional<Address> current;
      if (input.binary != nullptr) current = CurrentIsolate(*memory_, *input.binary, thread);
      if (!current || *current == 0) continue;
      const bool same = isolate.isolate != 0
                            ? *current == isolate.isolate
                            : *current<isolate.roots.address&& * current + kRootsWithin> isolate.roots.address;
      if (!same) continue;
      isolate.isolate = *current;
      // From 26 on V8's helper threads carry the isolate too while they collect: the main thread wins.
      if (isolate.thread_id == 0 || thread.tid == pid) isolate.thread_id = thread.tid;
    }
  }
  // No symbol for it: the thread whose stack points most into the Isolate.
  for (IsolateHeap& isolate : isolates_) {
    if (isolate.thread_id != 0) continue;
    size_t most = 0;
    for (const ThreadState& thread : memory_->Threads()) {
      const size_t references =
          StackReferences(*memory_, thread, isolate.roots.address - kRootsWithin, isolate.heap + 0x1000);
      if (references > most) most = references, isolate.thread_id = thread.tid;
    }
  }
  for (IsolateHeap& isolate : isolates_) isolate.is_main = isolate.thread_id != 0 && isolate.thread_id == pid;
  if (std::ranges::none_of(isolates_, &IsolateHeap::is_main) && isolates_.size() == 1) isolates_.front().is_main = true;
  std::ranges::stable_sort(isolates_, [](const IsolateHeap& a, const IsolateHeap& b) {
    return std::pair(!a.is_main, a.heap) < std::pair(!b.is_main, b.heap);
  });
  for (size_t i = 0; i < isolates_.size(); ++i) isolates_[i].number = static_cast<int>(i);
}

Address HeapModel::ObjectsEnd(const Space& space, size_t page_number) {
  const PageDescriptor& page = space.pages[page_number].descriptor;
  if (space.kind != SpaceKind::kNew) return page.area_end;
  if (!space.pages[page_number].to_page || page_number > space.current_page) return page.area_start;
  return page_number < space.current_page ? page.area_end : space.allocation_end;
}

std::span<const YoungSurvivor> HeapModel::survivors(const Cancel& cancel) const {
  const std::lock_guard lock(survivors_mutex_);
  if (!survivors_) {
    std::vector<YoungSurvivor> found = FindYoungSurvivors(*this, PagesToWalk(*this, -1, false), cancel);
    if (cancel.Cancelled()) return {};
    survivors_ = std::move(found);
  }
  return *survivors_;
}

Result<void> HeapModel::SelfCheck(const HeapModelInput& input) {
  const auto add = [this](std::string what, bool passed, std::string detail) {
    self_check_.push_back({std::move(what), passed, std::move(detail)});
  };
  const RootsTable& roots = isolates_.front().roots;
  MapInfo meta;
  const bool is_map = ReadMap(*memory_, layout_, roots.meta_map, &meta) && layout_.types.IsMap(meta.instance_type);
  add("the meta map is a Map", is_map, "instance type " + std::to_string(meta.instance_type));

  // Roots called <text>_string hold that text.
  if (input.binary != nullptr && !input.binary->root_names.empty()) {
    size_t strings = 0, equal = 0, maps = 0, maps_right = 0;
    const std::vector<std::string>& names = input.binary->root_names;
    for (size_t i = 0; i < names.size() && i < roots.entries.size(); ++i) {
      if (names[i].ends_with("_map")) {
        ++maps;
        MapInfo map;
        maps_right += ReadMap(*memory_, layout_, roots.entries[i], &map);
      }
      static constexpr std::string_view kKnown[] = {"length_string", "constructor_string", "prototype_string",
                                                    "value_string",  "name_string",        "message_string"};
      if (std::ranges::find(kKnown, names[i]) == std::end(kKnown)) continue;
      ++strings;
      const auto text = ReadString(*memory_, layout_, roots.entries[i], 64);
      equal += text && text->text + "_string" == names[i];
    }
    add("roots called *_map are Maps", 100 * maps_right >= 99 * maps,
        std::to_string(maps_right) + " of " + std::to_string(maps));
    add("strings of the roots table read as they are called", strings > 0 && equal == strings,
        std::to_string(equal) + " of " + std::to_string(strings));
    const auto find = [&](std::string_view name) -> uint64_t {
      const auto at = std::ranges::find(names, name) - names.begin();
      return at < static_cast<ptrdiff_t>(roots.entries.size()) ? roots.entries[at] : 0;
    };
    const uint64_t empty = find("empty_fixed_array");
    add("empty_fixed_array has length 0", empty != 0 && memory_->ReadWord(Untag(empty) + 8) == 0, "");
    const auto undefined =
        ReadString(*memory_, layout_, memory_->ReadWord(Untag(find("undefined_value")) + 16).value_or(0), 16);
    add("undefined calls itself undefined", undefined && undefined->text == "undefined", "");
  }
  // Read-only pages must be understood to the last byte.
  MapCache maps(*memory_, layout_);
  PageWalker walker(*memory_, layout_, &maps, nullptr);
  PageTally tally;
  bool known_string = false;
  const auto visit = [&](MapCache::Slot& slot, Address address, uint64_t size, const std::byte*) {
    if (known_string || size != 32 || !layout_.types.IsString(maps.info(slot).instance_type)) return;
    const auto text = ReadString(*memory_, layout_, address + 1, 16);
    known_string = text && text->text == "constructor";
  };
  for (const Page& page : read_only_.pages) walker.Walk(page, page.descriptor.area_end, {}, visit, &tally);
  for (const Space& space : isolates_.front().spaces) {
    if (space.kind != SpaceKind::kReadOnly) continue;
    for (const Page& page : space.pages) walker.Walk(page, page.descriptor.area_end, {}, visit, &tally);
  }
  add("the string \"constructor\" is in read-only space", known_string, "");
  add("read-only space is walked without losing step",
      tally.objects > 0 && tally.lost_bytes * 100 <= tally.object_bytes,
      std::to_string(tally.objects) + " objects, " + std::to_string(tally.lost_bytes) + " bytes lost");

  // What names are read through: offsets, property details, instance types of functions.
  const NameCheck names = CheckNames(*memory_, layout_, isolates_.front().spaces);
  const bool builtins_right = names.functions < kEnoughFunctions || names.builtins >= kEnoughBuiltins;
  const bool constructors_right = names.shapes < kEnoughShapes || names.agreeing >= kEnoughAgreeing;
  add("built-in constructors are called as they are called", builtins_right,
      std::to_string(names.builtins) + " of " + std::to_string(NameCheck::kBuiltins) + " met among " +
          std::to_string(names.functions) + " functions");
  add("prototypes lead back to the constructors of their objects", constructors_right,
      std::to_string(names.agreeing) + " of " + std::to_string(names.shapes) + " shapes");
  const bool from_table = layout_[LayoutConstant::kFunctionShared].source == LayoutSource::kTable;
  if (from_table && (!builtins_right || !constructors_right)) {
    return Fail(ErrorCode::kUnsupported, "the layout table of V8 " + layout_.version.Line() +
                                             " does not fit this core; give the node binary with -e");
  }

  std::string failed;
  for (const SelfCheckItem& item : self_check_) {
    if (item.passed) continue;
    failed += (failed.empty() ? "" : "; ") + item.what + (item.detail.empty() ? "" : " (" + item.detail + ")");
  }
  if (!failed.empty() && !is_map)
    return Fail(ErrorCode::kUnsupported, "V8's layout could not be verified on this core: not true: " + failed);
  const size_t passed = std::ranges::count_if(self_check_, &SelfCheckItem::passed);
  if (2 * passed < self_check_.size() || !known_string) {
    return Fail(ErrorCode::kUnsupported, "V8's layout could not be verified on this core: not true: " + failed);
  }
  return {};
}

}  // namespace corewalk
