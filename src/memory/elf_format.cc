#include "memory/elf_format.h"

#include <algorithm>

namespace corewalk::elf {
namespace {

constexpr size_t kMaxBuildIdBytes = 64;

struct Magic {
  std::string_view bytes;
  const char* what;
};

// What people pass by mistake; systemd-coredump stores zstd, lz4 or xz files.
constexpr Magic kMagics[] = {
    {"MDMP", "a minidump, not an ELF core; open it in LLDB and use the plugin"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd; decompress it first (zstd -d)"},
    {"\x1f\x8b", "compressed with gzip; decompress it first (gzip -d)"},
    {"\xfd"
     "7zXZ",
     "compressed with xz; decompress it first (xz -d)"},
    {"\x04\x22\x4d\x18", "compressed with lz4; decompress it first (lz4 -d)"},
    {"BZh", "compressed with bzip2; decompress it first (bzip2 -d)"},
    {"\xcf\xfa\xed\xfe", "a Mach-O file of macOS; corewalk reads Linux x86-64"},
    {"KDUMP   ", "a kernel crash dump, not the core of a process"},
};

std::string MachineName(uint16_t machine, bool is_64_bit) {
  switch (machine) {
    case EM_X86_64:
      return is_64_bit ? "an x86-64" : "an x32";
    case EM_386:
      return "a 32-bit x86";
    case EM_AARCH64:
      return "an AArch64";
    case EM_ARM:
      return "an ARM";
    case EM_PPC64:
      return "a PowerPC 64";
    case EM_PPC:
      return "a PowerPC";
    case EM_S390:
      return "an s390";
    case EM_RISCV:
      return "a RISC-V";
    case EM_MIPS:
      return "a MIPS";
    case EM_LOONGARCH:
      return "a LoongArch";
    default:
      return "a machine " + std::to_string(machine);
  }
}

std::string NotElf(ByteSpan bytes) {
  std::string_view head(reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 64));
  for (const Magic& magic : kMagics) {
    if (head.starts_with(magic.bytes)) return std::string("is ") + magic.what;
  }
  bool text = std::ranges::all_of(
      head, [](unsigned char c) { return c == '\n' || c == '\t' || c == '\r' || (c >= 0x20 && c != 0x7f); });
  return text ? "is not an ELF file but looks like text" : "is not an ELF file";
}

}  // namespace

Result<Elf64_Ehdr> ReadElfHeader(ByteSpan bytes, const std::string& name) {
  auto fail = [&name](const std::string& what) { return Fail(ErrorCode::kBadFormat, name + " " + what); };
  if (bytes.empty()) return fail("is empty");
  // A cut inside the magic number still counts as ELF.
  if (std::memcmp(bytes.data(), ELFMAG, std::min<size_t>(bytes.size(), SELFMAG)) != 0) return fail(NotElf(bytes));
  // e_type and e_machine stand at the same place in 32-bit files, but in the byte order of the file.
  std::optional<uint16_t> type = ReadStruct<uint16_t>(bytes, 16);
  std::optional<uint16_t> machine = ReadStruct<uint16_t>(bytes, 18);
  if (!type || !machine) return fail("ends inside its ELF header");
  auto ident = [&bytes](size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  bool big_endian = ident(EI_DATA) == ELFDATA2MSB;
  if (big_endian) {
    type = __builtin_bswap16(*type);
    machine = __builtin_bswap16(*machine);
  }
  bool is_64_bit = ident(EI_CLASS) == ELFCLASS64;
  if (!is_64_bit || big_endian || *machine != EM_X86_64) {
    std::string what = *type == ET_CORE ? "is a core of " : "is a file for ";
    what += MachineName(*machine, is_64_bit);
    what += *type == ET_CORE ? " process" : " machine";
    if (big_endian) what += " (big-endian)";
    if (!is_64_bit) what += " (not a 64-bit ELF file)";
    return fail(what + "; corewalk reads x86-64");
  }
  std::optional<Elf64_Ehdr> header = ReadStruct<Elf64_Ehdr>(bytes, 0);
  if (!header) return fail("ends inside its ELF header");
  if (ident(EI_DATA) != ELFDATA2LSB) return fail("has a damaged ELF header");
  return *header;
}

std::optional<Note> NoteReader::Next() {
  std::optional<Elf64_Nhdr> header = ReadStruct<Elf64_Nhdr>(bytes_, offset_);
  if (!header) return std::nullopt;
  // Sizes are 32-bit and offset_ is within the bytes, so none of these sums can overflow.
  uint64_t name_at = offset_ + sizeof(Elf64_Nhdr);
  uint64_t desc_at = (name_at + header->n_namesz + align_ - 1) & ~(align_ - 1);
  if (name_at + header->n_namesz > bytes_.size()) return std::nullopt;
  Note note;
  note.type = header->n_type;
  note.name = std::string_view(reinterpret_cast<const char*>(bytes_.data() + name_at), header->n_namesz);
  note.name = note.name.substr(0, note.name.find('\0'));
  note.desc = Slice(bytes_, desc_at, header->n_descsz);
  offset_ = std::min<uint64_t>((desc_at + header->n_descsz + align_ - 1) & ~(align_ - 1), bytes_.size());
  return note;
}

std::string BuildIdFromNotes(ByteSpan notes, uint64_t align) {
  NoteReader reader(notes, align);
  while (std::optional<Note> note = reader.Next()) {
    if (note->type != NT_GNU_BUILD_ID || note->name != "GNU") continue;
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (std::byte b : note->desc.first(std::min(note->desc.size(), kMaxBuildIdBytes))) {
      hex += kDigits[std::to_integer<unsigned>(b) >> 4];
      hex += kDigits[std::to_integer<unsigned>(b) & 15];
    }
    return hex;
  }
  return "";
}

}  // namespace corewalk::elf
