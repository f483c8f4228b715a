#include "memory/elf_core.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "memory/core_notes.h"
#include "memory/elf_format.h"

namespace corewalk {
namespace {

using elf::SaturatingAdd;

constexpr uint64_t kMaxProgramHeaders = 1 << 20;       // vm.max_map_count is 65,530 unless raised
constexpr uint64_t kMaxNoteBytes = uint64_t{1} << 28;  // all PT_NOTE segments together
constexpr size_t kMaxFetchBytes = 4 << 20;             // read ahead of a view at most: memory may be scarce
// Nothing is mapped behind vsyscall's page on x86-64 Linux (arch/x86/include/uapi/asm/vsyscall.h); above it, arithmetic
// with addresses would wrap around.
constexpr Address kLastAddress = 0xffffffffff601000;
// In a real core no two segments share bytes. A forged one could make a small file look like terabytes of memory.
constexpr uint64_t kMaxSharing = 4;
constexpr size_t kNoRegion = std::numeric_limits<size_t>::max();

const char* TypeName(uint16_t type) {
  switch (type) {
    case ET_EXEC:
      return "is an executable, not a core";
    case ET_DYN:
      return "is an executable or shared library, not a core";
    case ET_REL:
      return "is an object file, not a core";
    default:
      return "is an ELF file of unknown type, not a core";
  }
}

// The real number of program headers. With 65,535 or more (PN_XNUM), it stands in sh_info of section header 0, which
// the kernel writes at the very end: a truncated core has lost it. Then the notes, which the kernel puts right behind
// the table, tell where the table ends.
uint64_t ProgramHeaderCount(elf::ByteSpan bytes, const Elf64_Ehdr& header) {
  if (header.e_phnum != PN_XNUM) return header.e_phnum;
  if (auto section = elf::ReadStruct<Elf64_Shdr>(bytes, header.e_shoff); header.e_shoff != 0 && section) {
    if (section->sh_info != 0) return section->sh_info;
  }
  auto first = elf::ReadStruct<Elf64_Phdr>(bytes, header.e_phoff);
  if (first && first->p_type == PT_NOTE && first->p_offset > header.e_phoff) {
    return (first->p_offset - header.e_phoff) / sizeof(Elf64_Phdr);
  }
  return PN_XNUM;
}

}  // namespace

Result<std::unique_ptr<ElfCore>> ElfCore::Open(const std::string& path) {
  Result<MappedFile> file = MappedFile::Open(path);
  if (!file) return std::unexpected(file.error());
  Result<std::unique_ptr<ElfCore>> core = OpenBytes(file->bytes(), path);
  if (core) (*core)->file_ = std::move(*file);
  return core;
}

Result<std::unique_ptr<ElfCore>> ElfCore::OpenBytes(std::span<const std::byte> bytes, std::string name) {
  std::unique_ptr<ElfCore> core(new ElfCore);
  core->bytes_ = bytes;
  core->name_ = std::move(name);
  if (Result<void> parsed = core->Parse(); !parsed) return std::unexpected(parsed.error());
  return core;
}

Result<void> ElfCore::Parse() {
  Result<Elf64_Ehdr> header = elf::ReadElfHeader(bytes_, name_);
  if (!header) return std::unexpected(header.error());
  if (header->e_type != ET_CORE) return Fail(ErrorCode::kBadFormat, name_ + " " + TypeName(header->e_type));
  uint64_t promised_headers = ProgramHeaderCount(bytes_, *header);
  if (promised_headers == 0 || header->e_phoff == 0) {
    return Fail(ErrorCode::kBadFormat, name_ + " is a core without program headers");
  }
  if (header->e_phentsize != sizeof(Elf64_Phdr)) {
    return Fail(ErrorCode::kBadFormat, name_ + " has a damaged ELF header (program header size)");
  }
  uint64_t table_bytes = elf::Slice(bytes_, header->e_phoff, UINT64_MAX).size();
  uint64_t count = std::min({promised_headers, table_bytes / sizeof(Elf64_Phdr), kMaxProgramHeaders});
  gaps_.file_bytes = bytes_.size();
  gaps_.file_bytes_promised = SaturatingAdd(header->e_phoff, promised_headers * sizeof(Elf64_Phdr));
  if (count < promised_headers) gaps_.truncated = true;

  CoreNotes notes;
  uint64_t note_budget = kMaxNoteBytes;
  uint64_t present_budget = kMaxSharing * bytes_.size();
  std::vector<Segment> segments;
  for (uint64_t i = 0; i < count; ++i) {
    Elf64_Phdr program = *elf::ReadStruct<Elf64_Phdr>(bytes_, header->e_phoff + i * sizeof(Elf64_Phdr));
    if (program.p_type != PT_NOTE && program.p_type != PT_LOAD) continue;
    uint64_t size = program.p_filesz;
    if (program.p_type == PT_LOAD) size = std::min(size, program.p_memsz);
    elf::ByteSpan present = elf::Slice(bytes_, program.p_offset, size);
    if (size > 0) {
      gaps_.file_bytes_promised = std::max(gaps_.file_bytes_promised, SaturatingAdd(program.p_offset, size));
    }
    if (program.p_type == PT_NOTE) {
      present = present.first(std::min<uint64_t>(present.size(), note_budget));
      note_budget -= present.size();
      notes.Parse(present);
      continue;
    }
    if (present.size() > present_budget) gaps_.truncated = true;
    present = present.first(std::min<uint64_t>(present.size(), present_budget));
    present_budget -= present.size();
    gaps_.bytes_cut_off = SaturatingAdd(gaps_.bytes_cut_off, size - present.size());
    Region region;
    region.start = std::min(program.p_vaddr, kLastAddress);
    region.end = std::min(SaturatingAdd(program.p_vaddr, program.p_memsz), kLastAddress);
    region.present_end = std::min(SaturatingAdd(region.start, present.size()), region.end);
    region.readable = (program.p_flags & PF_R) != 0;
    region.writable = (program.p_flags & PF_W) != 0;
    region.executable = (program.p_flags & PF_X) != 0;
    if (region.readable) gaps_.bytes_not_dumped = SaturatingAdd(gaps_.bytes_not_dumped, program.p_memsz - size);
    if (region.size() > 0) segments.push_back({region, present.empty() ? nullptr : present.data()});
  }
  if (notes.kernel_dump)
    return Fail(ErrorCode::kBadFormat, name_ + " is a kernel crash dump, not the core of a process");
  if (gaps_.file_bytes_promised > gaps_.file_bytes) gaps_.truncated = true;
  AddSegments(std::move(segments));
  notes.Finish();
  threads_ = std::move(notes.threads);
  mappings_ = std::move(notes.mappings);
  process_ = std::move(notes.process);
  return {};
}

// Sorts, and makes segments disjoint: of two with the same start, the one with more bytes stays; otherwise the earlier
// one ends where the later one begins.
void ElfCore::AddSegments(std::vector<Segment> segments) {
  std::ranges::stable_sort(segments, [](const Segment& a, const Segment& b) {
    if (a.region.start != b.region.start) return a.region.start < b.region.start;
    return a.region.present_end > b.region.present_end;
  });
  regions_.reserve(segments.size());
  data_.reserve(segments.size());
  for (const Segment& segment : segments) {
    if (!regions_.empty()) {
      Region& last = regions_.back();
      if (last.start == segment.region.start) continue;
      last.end = std::min(last.end, segment.region.start);
      last.present_end = std::min(last.present_end, last.end);
    }
    regions_.push_back(segment.region);
    data_.push_back(segment.data);
  }
}

size_t ElfCore::IndexAt(Address address) const {
  std::atomic<uint32_t>& hint = hints_[(address >> kHintShift) % kHints];
  size_t hinted = hint.load(std::memory_order_relaxed);
  if (hinted < regions_.size() && regions_[hinted].contains(address)) return hinted;
  auto after = std::upper_bound(regions_.begin(), regions_.end(), address,
                                [](Address a, const Region& r) { return a < r.start; });
  if (after == regions_.begin()) return kNoRegion;
  size_t index = static_cast<size_t>(after - regions_.begin()) - 1;
  if (!regions_[index].contains(address)) return kNoRegion;
  hint.store(static_cast<uint32_t>(index), std::memory_order_relaxed);
  return index;
}

size_t ElfCore::Read(Address address, std::span<std::byte> out) const {
  if (out.empty()) return 0;
  size_t done = 0;
  for (size_t index = IndexAt(address); index < regions_.size(); ++index) {
    const Region& region = regions_[index];
    if (address < region.start || address >= region.present_end) break;
    size_t count = std::min<uint64_t>(out.size() - done, region.present_end - address);
    std::memcpy(out.data() + done, data_[index] + (address - region.start), count);
    done += count;
    address += count;
    if (done == out.size() || address != region.end) break;
  }
  return done;
}

std::span<const std::byte> ElfCore::View(Address address, size_t size) const {
  size_t index = size == 0 ? kNoRegion : IndexAt(address);
  if (index == kNoRegion || address >= regions_[index].present_end) return {};
  const std::byte* begin = data_[index] + (address - regions_[index].start);
  // Goes on into the next region as long as both its address and its place in the file follow on.
  for (size_t left = size; index < regions_.size(); ++index) {
    const Region& region = regions_[index];
    if (region.start > address || data_[index] == nullptr) return {};
    if (data_[index] + (address - region.start) != begin + (size - left)) return {};
    uint64_t here = region.present_end - address;
    if (left <= here) {
      FetchWhole({begin, size});
      return {begin, size};
    }
    if (region.present_end != region.end) return {};
    left -= here;
    address += here;
  }
  return {};
}

// Who views a large piece is going to read all of it: it is mapped with one request to the kernel. Without this, a fault
// every 64 KB costs more than the walk over the bytes, and while read-ahead is off a cold file would be read 4 KB at a time.
void ElfCore::FetchWhole(std::span<const std::byte> view) const {
  constexpr size_t kLargePiece = 32 << 10;
  constexpr uintptr_t kPage = 4096;
  if (view.size() < kLargePiece || file_.bytes().empty()) return;
  const uintptr_t begin = reinterpret_cast<uintptr_t>(view.data()) & ~(kPage - 1);
  const size_t size = std::min(view.size(), kMaxFetchBytes) + (reinterpret_cast<uintptr_t>(view.data()) - begin);
  void* const start = reinterpret_cast<void*>(begin);
  if (read_ahead_is_off_.load(std::memory_order_relaxed)) (void)madvise(start, size, MADV_WILLNEED);
#ifdef MADV_POPULATE_READ
  (void)madvise(start, size, MADV_POPULATE_READ);  // from Linux 5.14 on
#endif
}

void ElfCore::Prefetch(Address address, size_t size) const {
  constexpr uintptr_t kPage = 4096;
  const size_t index = IndexAt(address);
  if (file_.bytes().empty() || index == kNoRegion || address >= regions_[index].present_end) return;
  const uintptr_t data = reinterpret_cast<uintptr_t>(data_[index] + (address - regions_[index].start));
  const size_t here = std::min<uint64_t>(size, regions_[index].present_end - address);
  (void)madvise(reinterpret_cast<void*>(data & ~(kPage - 1)), here + (data & (kPage - 1)), MADV_WILLNEED);
}

UsedPages ElfCore::FindUsedPages() const {
  // Coarser blocks would make untouched pages look touched; a file without a single hole is a copy.
  constexpr uint64_t kFineBlocks = 4096;
  UsedPages pages;
  if (file_.bytes().empty() || file_.block_bytes() > kFineBlocks) return pages;
  bool any_hole = false;
  for (size_t i = 0; i < regions_.size(); ++i) {
    if (data_[i] == nullptr) continue;
    const uint64_t begin = static_cast<uint64_t>(data_[i] - bytes_.data());
    const uint64_t end = begin + (regions_[i].present_end - regions_[i].start);
    uint64_t found = 0;
    for (const auto& [from, to] : file_.DataExtents(begin, end)) {
      pages.ranges.emplace_back(regions_[i].start + (from - begin), regions_[i].start + (to - begin));
      found += to - from;
    }
    any_hole |= found < end - begin;
  }
  if (!any_hole) return {};
  pages.source = UsedPages::Source::kFileHoles;
  return pages;
}

void ElfCore::Advise(AccessPattern pattern) const {
  if (file_.bytes().empty()) return;
  read_ahead_is_off_.store(pattern == AccessPattern::kRandom, std::memory_order_relaxed);
  int advice = MADV_NORMAL;
  if (pattern == AccessPattern::kRandom) advice = MADV_RANDOM;
  if (pattern == AccessPattern::kSequential) advice = MADV_SEQUENTIAL;
  // Only a hint; failure changes nothing.
  (void)madvise(const_cast<std::byte*>(file_.bytes().data()), file_.bytes().size(), advice);
}

}  // namespace corewalk
