#include "memory/elf_file.h"

#include <algorithm>
#include <bitset>
#include <unordered_map>

#include "memory/elf_format.h"
#include "memory/elf_symbols.h"

namespace corewalk {
namespace {

using elf::ByteSpan;
using elf::ReadStruct;
using elf::SaturatingAdd;

constexpr size_t kMaxLoads = 256;  // real files have a handful
constexpr uint64_t kMaxSections = 1 << 20;
constexpr uint64_t kMaxDynamicEntries = 4096;
constexpr uint64_t kMaxHashBuckets = 1 << 26;

}  // namespace

// The parts that need <elf.h>, kept out of the header.
struct ElfFile::Tables {
  Elf64_Ehdr header{};
  std::optional<Elf64_Phdr> dynamic;
  bool has_interpreter = false;
  elf::SymbolTable dynsym;
  elf::SymbolTable symtab;

  Symbol MakeSymbol(const Elf64_Sym& symbol, const std::vector<LoadSegment>& loads) const;
};

Symbol ElfFile::Tables::MakeSymbol(const Elf64_Sym& symbol, const std::vector<LoadSegment>& loads) const {
  Symbol result{.value = symbol.st_value, .size = symbol.st_size};
  if (ELF64_ST_TYPE(symbol.st_info) == STT_TLS) {
    result.section = SectionKind::kTls;
    result.is_tls = true;
    return result;
  }
  if (symbol.st_shndx == SHN_ABS) {
    result.section = SectionKind::kAbsolute;
    return result;
  }
  for (const LoadSegment& load : loads) {
    if (symbol.st_value < load.vaddr || symbol.st_value - load.vaddr >= load.memory_size) continue;
    result.is_bss = symbol.st_value - load.vaddr >= load.file_size;
    result.section = result.is_bss     ? SectionKind::kBss
                     : load.executable ? SectionKind::kCode
                     : load.writable   ? SectionKind::kData
                                       : SectionKind::kReadOnlyData;
    break;
  }
  return result;
}

ElfFile::ElfFile() : tables_(std::make_unique<Tables>()) {}
ElfFile::~ElfFile() = default;

Result<std::unique_ptr<ElfFile>> ElfFile::Open(const std::string& path) {
  Result<MappedFile> file = MappedFile::Open(path);
  if (!file) return std::unexpected(file.error());
  Result<std::unique_ptr<ElfFile>> elf_file = OpenBytes(file->bytes(), path);
  if (elf_file) (*elf_file)->file_ = std::move(*file);
  return elf_file;
}

Result<std::unique_ptr<ElfFile>> ElfFile::OpenBytes(std::span<const std::byte> bytes, std::string name) {
  std::unique_ptr<ElfFile> file(new ElfFile);
  file->bytes_ = bytes;
  file->path_ = std::move(name);
  if (Result<void> parsed = file->Parse(); !parsed) return std::unexpected(parsed.error());
  return file;
}

Result<void> ElfFile::Parse() {
  Result<Elf64_Ehdr> header = elf::ReadElfHeader(bytes_, path_);
  if (!header) return std::unexpected(header.error());
  if (header->e_type != ET_EXEC && header->e_type != ET_DYN) {
    const char* what = header->e_type == ET_CORE ? " is a core, not an executable" : " is not an executable";
    return Fail(ErrorCode::kBadFormat, path_ + what);
  }
  tables_->header = *header;
  entry_ = header->e_entry;
  ReadProgramHeaders();
  if (loads_.empty()) return Fail(ErrorCode::kBadFormat, path_ + " has no loadable segments");
  ReadSections();
  ReadDynamic();
  return {};
}

void ElfFile::ReadProgramHeaders() {
  const Elf64_Ehdr& header = tables_->header;
  type_ = header.e_type == ET_EXEC ? Type::kExecutable : Type::kSharedLibrary;
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return;
  for (uint64_t i = 0; i < header.e_phnum; ++i) {
    uint64_t at = SaturatingAdd(header.e_phoff, i * sizeof(Elf64_Phdr));
    std::optional<Elf64_Phdr> program = ReadStruct<Elf64_Phdr>(bytes_, at);
    if (!program) break;
    ByteSpan present = elf::Slice(bytes_, program->p_offset, program->p_filesz);
    switch (program->p_type) {
      case PT_LOAD: {
        if (loads_.size() >= kMaxLoads) break;
        LoadSegment load;
        load.vaddr = program->p_vaddr;
        load.file_offset = program->p_offset;
        // A segment that would wrap around the address space is cut at its end.
        load.memory_size = std::min(program->p_memsz, UINT64_MAX - program->p_vaddr);
        load.file_size = std::min<uint64_t>(present.size(), load.memory_size);
        load.readable = (program->p_flags & PF_R) != 0;
        load.writable = (program->p_flags & PF_W) != 0;
        load.executable = (program->p_flags & PF_X) != 0;
        loads_.push_back(load);
        break;
      }
      case PT_TLS:
        tls_ = TlsSegment{program->p_vaddr, present.size(), program->p_memsz, program->p_align};
        break;
      case PT_NOTE:
        if (build_id_.empty()) build_id_ = elf::BuildIdFromNotes(present, program->p_align);
        break;
      case PT_DYNAMIC:
        tables_->dynamic = *program;
        break;
      case PT_INTERP:
        tables_->has_interpreter = true;
        break;
      default:
        break;
    }
  }
  if (header.e_type == ET_DYN && tables_->has_interpreter) type_ = Type::kPositionIndependentExecutable;
}

void ElfFile::ReadSections() {
  const Elf64_Ehdr& header = tables_->header;
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr)) return;
  auto section_at = [&](uint64_t index) {
    return ReadStruct<Elf64_Shdr>(bytes_, SaturatingAdd(header.e_shoff, index * sizeof(Elf64_Shdr)));
  };
  uint64_t count = header.e_shnum;
  // 65,280 sections or more: the number stands in sh_size of section 0.
  if (count == 0) count = section_at(0).value_or(Elf64_Shdr{}).sh_size;
  count = std::min(count, kMaxSections);
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<Elf64_Shdr> section = section_at(i);
    if (!section) break;
    if (section->sh_type == SHT_NOTE && build_id_.empty()) {
      build_id_ =
          elf::BuildIdFromNotes(elf::Slice(bytes_, section->sh_offset, section->sh_size), section->sh_addralign);
    }
    if (section->sh_type != SHT_SYMTAB && section->sh_type != SHT_DYNSYM) continue;
    std::optional<Elf64_Shdr> strings = section_at(section->sh_link);
    if (!strings || strings->sh_type != SHT_STRTAB || section->sh_entsize != sizeof(Elf64_Sym)) continue;
    elf::SymbolTable table(elf::Slice(bytes_, section->sh_offset, section->sh_size),
                           elf::Slice(bytes_, strings->sh_offset, strings->sh_size));
    (section->sh_type == SHT_SYMTAB ? tables_->symtab : tables_->dynsym) = table;
  }
}

// PT_DYNAMIC: tells a library with an interpreter from an executable (DF_1_PIE), and finds the dynamic symbols when the
// section headers do not. Their number is not stored there: the hash tables know it.
void ElfFile::ReadDynamic() {
  if (!tables_->dynamic) return;
  ByteSpan entries = elf::Slice(bytes_, tables_->dynamic->p_offset, tables_->dynamic->p_filesz);
  uint64_t symbols = 0, strings = 0, strings_size = 0, hash = 0, gnu_hash = 0, flags = 0;
  for (uint64_t i = 0; i < kMaxDynamicEntries; ++i) {
    std::optional<Elf64_Dyn> entry = ReadStruct<Elf64_Dyn>(entries, i * sizeof(Elf64_Dyn));
    if (!entry || entry->d_tag == DT_NULL) break;
    switch (entry->d_tag) {
      case DT_SYMTAB:
        symbols = entry->d_un.d_ptr;
        break;
      case DT_STRTAB:
        strings = entry->d_un.d_ptr;
        break;
      case DT_STRSZ:
        strings_size = entry->d_un.d_val;
        break;
      case DT_HASH:
        hash = entry->d_un.d_ptr;
        break;
      case DT_GNU_HASH:
        gnu_hash = entry->d_un.d_ptr;
        break;
      case DT_FLAGS_1:
        flags = entry->d_un.d_val;
        break;
      default:
        break;
    }
  }
  if (tables_->header.e_type == ET_DYN && (flags & DF_1_PIE) != 0) type_ = Type::kPositionIndependentExecutable;
  if (tables_->dynsym.count() != 0 || symbols == 0 || strings == 0) return;

  uint64_t count = 0;
  if (hash != 0) {
    count = ReadStruct<uint32_t>(Backed(hash), 4).value_or(0);  // nchain
  } else if (gnu_hash != 0) {
    // nbuckets, index of the first hashed symbol, words in the bloom filter, shift; filter, buckets, chains. The last
    // symbol ends the chain of the highest bucket; the last of a chain has bit 0 set.
    ByteSpan table = Backed(gnu_hash);
    uint64_t buckets = std::min<uint64_t>(ReadStruct<uint32_t>(table, 0).value_or(0), kMaxHashBuckets);
    uint64_t first = ReadStruct<uint32_t>(table, 4).value_or(0);
    uint64_t bucket_at = 16 + uint64_t{ReadStruct<uint32_t>(table, 8).value_or(0)} * sizeof(uint64_t);
    uint64_t last = 0;
    for (uint64_t i = 0; i < buckets; ++i) {
      std::optional<uint32_t> bucket = ReadStruct<uint32_t>(table, bucket_at + i * 4);
      if (!bucket) break;
      last = std::max<uint64_t>(last, *bucket);
    }
    count = first;
    if (last >= first && last != 0) {
      uint64_t chain_at = bucket_at + buckets * 4;
      for (count = last + 1;; ++count) {
        std::optional<uint32_t> link = ReadStruct<uint32_t>(table, chain_at + (count - 1 - first) * 4);
        if (!link || (*link & 1) != 0) break;
      }
    }
  }
  tables_->dynsym = elf::SymbolTable(elf::Slice(Backed(symbols), 0, count * sizeof(Elf64_Sym)),
                                     elf::Slice(Backed(strings), 0, strings_size));
}

bool ElfFile::has_symtab() const {
  return tables_->symtab.count() != 0;
}

// The bytes of the file from address `vaddr` to the end of its segment.
std::span<const std::byte> ElfFile::Backed(Address vaddr) const {
  for (const LoadSegment& load : loads_) {
    if (vaddr < load.vaddr || vaddr - load.vaddr >= load.file_size) continue;
    uint64_t skip = vaddr - load.vaddr;
    return elf::Slice(bytes_, load.file_offset + skip, load.file_size - skip);
  }
  return {};
}

std::vector<std::optional<Symbol>> ElfFile::FindSymbols(std::span<const std::string_view> names) const {
  std::vector<std::optional<Symbol>> found(names.size());
  // Most symbols are thrown out by the length of their name; no name is hashed that cannot match.
  std::bitset<elf::kMaxSymbolName + 1> lengths;
  std::unordered_map<std::string_view, size_t> wanted;
  std::vector<std::pair<size_t, size_t>> repeated;  // (index, index of the same name earlier)
  size_t longest = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || names[i].size() > elf::kMaxSymbolName) continue;
    auto [it, added] = wanted.try_emplace(names[i], i);
    if (!added) repeated.emplace_back(i, it->second);
    lengths.set(names[i].size());
    longest = std::max(longest, names[i].size());
  }
  size_t left = wanted.size();
  for (const elf::SymbolTable* table : {&tables_->dynsym, &tables_->symtab}) {
    if (left == 0) break;
    table->ForEach("", longest, [&](std::string_view name, const Elf64_Sym& symbol) {
      if (!lengths.test(name.size())) return true;
      auto it = wanted.find(name);
      if (it == wanted.end()) return true;
      bool is_local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
      std::optional<Symbol>& slot = found[it->second];
      if (!slot || !is_local) slot = tables_->MakeSymbol(symbol, loads_);
      // A local symbol stays wanted: a global one of that name may follow.
      if (!is_local) {
        wanted.erase(it);
        --left;
      }
      return left != 0;
    });
  }
  for (auto [index, same] : repeated) found[index] = found[same];
  return found;
}

std::optional<Symbol> ElfFile::FindSymbol(std::string_view name) const {
  return FindSymbols(std::span(&name, 1))[0];
}

void ElfFile::ForEachSymbol(std::string_view prefix,
                            const std::function<bool(std::string_view name, const Symbol& symbol)>& fn) const {
  auto call = [&](std::string_view name, const Elf64_Sym& symbol) {
    return fn(name, tables_->MakeSymbol(symbol, loads_));
  };
  if (!tables_->dynsym.ForEach(prefix, elf::kMaxSymbolName, call)) return;
  tables_->symtab.ForEach(prefix, elf::kMaxSymbolName, call);
}

size_t ElfFile::ReadVirtual(Address vaddr, std::span<std::byte> out, ZeroFill zero_fill) const {
  size_t done = 0;
  while (done < out.size()) {
    Address at = vaddr + done;
    size_t want = out.size() - done;
    if (ByteSpan bytes = Backed(at); !bytes.empty()) {
      size_t count = std::min(want, bytes.size());
      std::memcpy(out.data() + done, bytes.data(), count);
      done += count;
      continue;
    }
    if (zero_fill == ZeroFill::kNo) break;
    auto load = std::ranges::find_if(
        loads_, [at](const LoadSegment& l) { return at >= l.vaddr && at - l.vaddr < l.memory_size; });
    if (load == loads_.end()) break;
    size_t count = std::min<uint64_t>(want, load->vaddr + load->memory_size - at);
    std::memset(out.data() + done, 0, count);
    done += count;
  }
  return done;
}

std::vector<Address> ElfFile::FindBytes(std::span<const std::byte> pattern, size_t limit) const {
  std::vector<Address> found;
  if (pattern.empty()) return found;
  // Segments of one file share at most a page; many that cover the same bytes are damage and would cost a pass each.
  uint64_t budget = 2 * static_cast<uint64_t>(bytes_.size());
  for (const LoadSegment& load : loads_) {
    ByteSpan left = elf::Slice(bytes_, load.file_offset, load.file_size);
    if (left.size() > budget) break;
    budget -= left.size();
    Address at = load.vaddr;
    while (found.size() < limit && left.size() >= pattern.size()) {
      const void* hit = memmem(left.data(), left.size(), pattern.data(), pattern.size());
      if (hit == nullptr) break;
      size_t skip = static_cast<size_t>(static_cast<const std::byte*>(hit) - left.data());
      found.push_back(at + skip);
      left = left.subspan(skip + 1);
      at += skip + 1;
    }
  }
  return found;
}

}  // namespace corewalk
