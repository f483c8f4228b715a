#include "layout/binary_facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>

namespace corewalk {
namespace {

constexpr size_t kMaxRoots = 4096;
constexpr size_t kMaxRootName = 128;
constexpr std::string_view kV8dbg = "v8dbg_";

// Reads what the running program has there, else what the file has.
template <typename T>
std::optional<T> ReadLive(const ElfFile& file, const Memory& memory, uint64_t bias, Address vaddr) {
  if (const std::optional<T> live = memory.ReadValue<T>(vaddr + bias)) return live;
  T value{};
  const size_t read = file.ReadVirtual(vaddr, std::as_writable_bytes(std::span(&value, 1)), ElfFile::ZeroFill::kYes);
  return read == sizeof(T) ? std::optional<T>(value) : std::nullopt;
}

// A root's name: a C identifier in the file's read-only data. Empty when the bytes are none.
std::string RootName(const ElfFile& file, Address vaddr) {
  std::array<char, kMaxRootName> buffer{};
  const size_t read = file.ReadVirtual(vaddr, std::as_writable_bytes(std::span(buffer)));
  const std::string_view text(buffer.data(), read);
  const size_t end = text.find('\0');
  if (end == std::string_view::npos || end == 0) return "";
  const std::string_view name = text.substr(0, end);
  const auto identifier = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '$'; };
  return std::ranges::all_of(name, identifier) ? std::string(name) : "";
}

std::string RootNameAt(const ElfFile& file, const Memory& memory, uint64_t bias, Address entry) {
  const std::optional<uint64_t> pointer = ReadLive<uint64_t>(file, memory, bias, entry);
  return pointer && *pointer > bias ? RootName(file, *pointer - bias) : "";
}

std::vector<std::string> RootNames(const ElfFile& file, const Memory& memory, uint64_t bias,
                                   const std::optional<Symbol>& symbol) {
  std::vector<std::string> names;
  if (symbol && symbol->size >= 8 && symbol->size <= 8 * kMaxRoots) {
    for (uint64_t i = 0; i < symbol->size / 8; ++i) {
      names.push_back(RootNameAt(file, memory, bias, symbol->value + 8 * i));
    }
    if (std::ranges::find(names, "meta_map") != names.end()) return names;
    names.clear();
  }
  // No symbol (stripped from 24 on): the string "meta_map", the one pointer to it, and its neighbours.
  const char needle[] = "\0meta_map";  // with the NUL in front and behind
  for (Address text : file.FindBytes(std::as_bytes(std::span(needle)))) {
    const Address target = text + 1 + bias;
    Address found = 0;
    for (const LoadSegment& load : file.loads()) {
      if (!load.writable || found != 0) continue;
      std::vector<uint64_t> words((load.memory_size < (64u << 20) ? load.memory_size : 0) / 8);
      const Address start = (load.vaddr + 7) & ~Address{7};
      const size_t live = memory.Read(start + bias, std::as_writable_bytes(std::span(words)));
      if (live < words.size() * 8 / 2)
        file.ReadVirtual(start, std::as_writable_bytes(std::span(words)), ElfFile::ZeroFill::kYes);
      const auto at = std::ranges::find(words, target);
      if (at != words.end()) found = start + 8 * (at - words.begin());
    }
    if (found == 0) continue;
    Address first = found;
    while (found - first < 8 * kMaxRoots && !RootNameAt(file, memory, bias, first - 8).empty()) first -= 8;
    for (Address at = first; names.size() < kMaxRoots; at += 8) {
      std::string name = RootNameAt(file, memory, bias, at);
      if (name.empty()) break;
      names.push_back(std::move(name));
    }
    if (names.size() > 256) return names;
    names.clear();
  }
  return names;
}

// "_ZTVN2v88internal8OldSpaceE" -> "OldSpace"; "" for anything that is not a class directly in v8::internal.
std::string_view ClassOfVtable(std::string_view symbol) {
  constexpr std::string_view kPrefix = "_ZTVN2v88internal";
  if (!symbol.starts_with(kPrefix) || !symbol.ends_with('E')) return "";
  symbol.remove_prefix(kPrefix.size());
  size_t length = 0;
  const auto [digits_end, error] = std::from_chars(symbol.data(), symbol.data() + symbol.size(), length);
  if (error != std::errc()) return "";
  symbol.remove_prefix(digits_end - symbol.data());
  return symbol.size() == length + 1 ? symbol.substr(0, length) : "";
}

// "_ZTVN4node2fs10FileHandleE" -> "node::fs::FileHandle"; up to the first template argument or unnamed part.
std::string NameOfVtable(std::string_view symbol) {
  constexpr std::string_view kPrefix = "_ZTVN";
  std::string name;
  for (symbol.remove_prefix(kPrefix.size()); !symbol.empty();) {
    size_t length = 0;
    const auto [digits_end, error] = std::from_chars(symbol.data(), symbol.data() + symbol.size(), length);
    if (error != std::errc()) break;
    symbol.remove_prefix(digits_end - symbol.data());
    if (length == 0 || length > symbol.size()) return "";
    const std::string_view part = symbol.substr(0, length);
    if (!part.starts_with("_GLOBAL__N")) name += (name.empty() ? "" : "::") + std::string(part);
    symbol.remove_prefix(length);
  }
  return name;
}

void ReadConstants(const ElfFile& file, const Memory& memory, BinaryFacts* facts) {
  file.ForEachSymbol(kV8dbg, [&](std::string_view name, const Symbol& symbol) {
    name.remove_prefix(kV8dbg.size());
    if (facts->v8dbg.contains(name)) return true;
    // Zero constants live in .bss and have no bytes in the file.
    int32_t value = 0;
    if (!symbol.is_bss) {
      file.ReadVirtual(symbol.value, std::as_writable_bytes(std::span(&value, 1)));
    } else if (const auto live = memory.ReadValue<int32_t>(symbol.value + facts->bias)) {
      value = *live;
    }
    facts->v8dbg.emplace(name, value);
    return true;
  });
}

void ReadVtables(const ElfFile& file, BinaryFacts* facts) {
  file.ForEachSymbol("_ZTVN2v88internal", [&](std::string_view name, const Symbol& symbol) {
    const std::string_view class_name = ClassOfVtable(name);
    if (class_name.ends_with("Space")) {
      facts->space_vtables.push_back({symbol.value + 16 + facts->bias, std::string(class_name)});
    }
    return true;
  });
  std::ranges::sort(facts->space_vtables, {}, &BinaryFacts::Vtable::address);
  const auto same = std::ranges::unique(facts->space_vtables, {}, &BinaryFacts::Vtable::address);
  facts->space_vtables.erase(same.begin(), same.end());
}

void ReadNodeVtables(const ElfFile& file, BinaryFacts* facts) {
  constexpr uint64_t kMostBytes = 1 << 14;  // of one vtable
  std::vector<BinaryFacts::ClassVtable>& vtables = facts->node_vtables;
  file.ForEachSymbol("_ZTVN4node", [&](std::string_view name, const Symbol& symbol) {
    if (symbol.size < 24 || symbol.size > kMostBytes) return true;
    const Address begin = symbol.value + facts->bias;
    if (std::string text = NameOfVtable(name); !text.empty())
      vtables.push_back({begin, begin + symbol.size, std::move(text)});
    return true;
  });
  std::ranges::stable_sort(vtables, {}, &BinaryFacts::ClassVtable::begin);
  const auto same = std::ranges::unique(vtables, {}, &BinaryFacts::ClassVtable::begin);
  vtables.erase(same.begin(), same.end());
}

}  // namespace

std::optional<int64_t> BinaryFacts::Constant(std::string_view key) const {
  const auto at = v8dbg.lower_bound(key);
  if (at == v8dbg.end()) return std::nullopt;
  if (key.ends_with("__") ? at->first.starts_with(key) : at->first == key) return at->second;
  return std::nullopt;
}

std::string_view BinaryFacts::SpaceClass(Address vtable) const {
  const auto at = std::ranges::lower_bound(space_vtables, vtable, {}, &Vtable::address);
  return at != space_vtables.end() && at->address == vtable ? std::string_view(at->name) : "";
}

std::string_view BinaryFacts::NodeClass(uint64_t word) const {
  auto at = std::ranges::upper_bound(node_vtables, word, {}, &ClassVtable::begin);
  if (at == node_vtables.begin()) return "";
  --at;
  return word < at->end && word >= at->begin + 16 ? std::string_view(at->name) : "";
}

BinaryFacts ReadBinaryFacts(const ElfFile& file, const Memory& memory, uint64_t bias) {
  BinaryFacts facts;
  facts.path = file.path();
  facts.build_id = file.build_id();
  facts.stripped = !file.has_symtab();
  facts.bias = bias;

  constexpr auto kNames = std::to_array<std::string_view>({
      "_ZN2v88internal7Version6major_E",
      "_ZN2v88internal7Version6minor_E",
      "_ZN2v88internal7Version6build_E",
      "_ZN2v88internal7Version6patch_E",
      "_ZN2v88internal10RootsTable11root_names_E",
      "_ZN2v88internal7Isolate12isolate_key_E",
      "_ZN2v88internal18g_current_isolate_E",
  });
  const std::vector<std::optional<Symbol>> symbols = file.FindSymbols(kNames);
  const std::array<int*, 4> parts = {&facts.version.major, &facts.version.minor, &facts.version.build,
                                     &facts.version.patch};
  for (size_t i = 0; i < parts.size(); ++i) {
    int32_t value = 0;
    if (symbols[i] && !symbols[i]->is_bss)
      file.ReadVirtual(symbols[i]->value, std::as_writable_bytes(std::span(&value, 1)));
    *parts[i] = value;
  }
  facts.root_names = RootNames(file, memory, bias, symbols[4]);
  if (symbols[5]) facts.isolate_key = symbols[5]->value + bias;
  if (symbols[6] && symbols[6]->is_tls && file.tls() && file.type() != ElfFile::Type::kSharedLibrary) {
    // TLS variant II: the executable's block ends at fs_base. The rounding is glibc's (elf/dl-tls.c,
    // _dl_determine_tlsoffset): the block keeps the misalignment of the segment's address.
    const TlsSegment& tls = *file.tls();
    const uint64_t align = std::max<uint64_t>(tls.align, 1);
    const uint64_t first_byte = (0 - tls.vaddr) & (align - 1);
    const uint64_t offset = (tls.memory_size - first_byte + align - 1) / align * align + first_byte;
    facts.current_isolate_tls = static_cast<int64_t>(symbols[6]->value) - static_cast<int64_t>(offset);
  }
  ReadConstants(file, memory, &facts);
  ReadVtables(file, &facts);
  ReadNodeVtables(file, &facts);
  return facts;
}

}  // namespace corewalk
