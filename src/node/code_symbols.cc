#include "node/code_symbols.h"

#include <algorithm>
#include <array>

namespace corewalk {
namespace {

constexpr std::string_view kBuiltinPrefix = "Builtins_";
constexpr std::string_view kSizesSymbol = "_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE";
constexpr size_t kFewestBytecodes = 150, kMostBytecodes = 256;
constexpr uint64_t kMostBehind = 1 << 20;  // bytes behind a symbol that has no size

// How a table of sizes begins: four prefixes, then DebugBreak0 to 3, which have that many operands.
constexpr std::array<uint8_t, 8> kNormal = {1, 1, 1, 1, 1, 2, 3, 4}, kDouble = {1, 1, 1, 1, 1, 3, 5, 7},
                                 kQuadruple = {1, 1, 1, 1, 1, 5, 9, 13};

bool BeginsLike(std::span<const std::byte> bytes, const std::array<uint8_t, 8>& wanted) {
  return bytes.size() >= wanted.size() &&
         std::ranges::equal(bytes.first(wanted.size()), wanted, {}, [](std::byte b) { return static_cast<uint8_t>(b); });
}

// The table at `address` of the file, if there is one; its length shows where its second and third part begin.
BytecodeSizes SizesAt(const ElfFile& file, Address address) {
  std::vector<std::byte> bytes(3 * kMostBytecodes);
  bytes.resize(file.ReadVirtual(address, bytes));
  const std::span<const std::byte> all(bytes);
  for (size_t count = kFewestBytecodes; count <= kMostBytecodes && 3 * count <= all.size(); ++count) {
    if (!BeginsLike(all, kNormal) || !BeginsLike(all.subspan(count), kDouble) || !BeginsLike(all.subspan(2 * count), kQuadruple)) continue;
    BytecodeSizes sizes;
    for (const std::byte b : all.first(3 * count)) sizes.sizes.push_back(static_cast<uint8_t>(b));
    return sizes;
  }
  return {};
}

}  // namespace

std::unique_ptr<CodeSymbols> CodeSymbols::OpenFile(const std::string& path, const std::string& build_id, Address bias) {
  Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
  if (!file || (*file)->build_id() != build_id) return nullptr;
  return std::unique_ptr<CodeSymbols>(new CodeSymbols(std::move(*file), bias));
}

CodeSymbols::CodeSymbols(std::unique_ptr<ElfFile> file, Address bias) : file_(std::move(file)), bias_(bias) {
  file_->ForEachSymbol("", [&](std::string_view name, const Symbol& symbol) {
    if (symbol.section == SectionKind::kCode) functions_.push_back({symbol.value, symbol.size, name});
    return true;
  });
  std::ranges::stable_sort(functions_, {}, &Function::begin);
  for (const Function& function : functions_) {
    if (!function.name.starts_with(kBuiltinPrefix)) continue;
    first_builtin_ = function.begin;
    break;
  }
}

std::optional<CodeSymbol> CodeSymbols::InFile(Address address) const {
  auto at = std::ranges::upper_bound(functions_, address, {}, &Function::begin);
  // Of several at one address, and of those inside which others begin, the nearest that reaches so far.
  for (int tries = 0; at != functions_.begin() && tries < 8; ++tries) {
    --at;
    const uint64_t offset = address - at->begin;
    if (at->size == 0 ? offset < kMostBehind && tries == 0 : offset < at->size) return CodeSymbol{at->name, offset};
  }
  return std::nullopt;
}

std::optional<CodeSymbol> CodeSymbols::At(Address pc) const {
  return InFile(pc - bias_);
}

std::string CodeSymbols::BuiltinAt(Address pc, const BuiltinEntries& entries) const {
  if (first_builtin_ == 0) return "";
  // The copy and the original are the same bytes, so the first ones correspond.
  const Address address = entries.Contains(pc) ? pc - entries.entries.front() + first_builtin_ : pc - bias_;
  const std::optional<CodeSymbol> symbol = InFile(address);
  if (!symbol || !symbol->name.starts_with(kBuiltinPrefix)) return "";
  return std::string(symbol->name.substr(kBuiltinPrefix.size()));
}

BytecodeSizes CodeSymbols::Bytecodes() const {
  if (const std::optional<Symbol> symbol = file_->FindSymbol(kSizesSymbol)) {
    if (BytecodeSizes sizes = SizesAt(*file_, symbol->value); sizes.known()) return sizes;
  }
  for (const Address address : file_->FindBytes(std::as_bytes(std::span(kNormal)))) {
    if (BytecodeSizes sizes = SizesAt(*file_, address); sizes.known()) return sizes;
  }
  return {};
}

}  // namespace corewalk
