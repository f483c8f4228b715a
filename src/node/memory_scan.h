// Reading blocks of target memory that are searched as a whole: the data and bss of files, malloc memory, stacks. It
// knows which regions are of which kind and leaves out what the caller excludes (V8's pages, whose text is the user's).
//
// Missing memory is skipped: a block handed out holds only bytes that are there. Reads are bounded by the budget given.
#pragma once

#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "memory/memory.h"

namespace corewalk {

using AddressRange = std::pair<Address, Address>;  // [first, second)

// Reads bytes of read-only file mappings that a core does not contain, from the file itself. Returns how many bytes it
// could read. May be empty (no executable at hand). What it returns must come from the very file that was mapped.
using ImageReader = std::function<size_t(Address, std::span<std::byte>)>;

// Bytes of the target, viewed or copied.
class Block {
 public:
  Block() = default;
  // At most `size` bytes from `start`, fewer when memory ends or is missing.
  Block(const Memory& memory, Address start, size_t size);
  Block(Block&&) = default;
  Block& operator=(Block&&) = default;

  Address start() const { return start_; }
  Address end() const { return start_ + bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  bool Has(Address address, size_t size) const {
    return address >= start_ && address - start_ <= bytes_.size() && bytes_.size() - (address - start_) >= size;
  }
  std::optional<uint64_t> Word(Address address) const {
    if (!Has(address, 8)) return std::nullopt;
    uint64_t word;
    std::memcpy(&word, bytes_.data() + (address - start_), sizeof(word));
    return word;
  }

 private:
  Address start_ = 0;
  std::vector<std::byte> copy_;
  std::span<const std::byte> bytes_;
};

enum class ScanArea {
  kStaticData,  // writable private mappings of files and the anonymous region that follows one directly (bss)
  kMalloc,      // writable anonymous memory that is no stack of a thread
};

// Calls `visit` with the blocks of `area` in order of addresses until it returns true (found) or `budget` bytes were
// handed out. Blocks overlap by `overlap` bytes (less than 1 MB), so that nothing shorter is cut in two. Returns
// whether a visit returned true.
bool ScanMemory(const Memory& memory, ScanArea area, std::span<const AddressRange> excluded, size_t budget,
                size_t overlap, const std::function<bool(const Block&)>& visit);

// The text at `address` up to a NUL, at most `limit` bytes; `whole` (when given) says whether the NUL was met. Empty
// when nothing can be read.
std::string ReadText(const Memory& memory, Address address, size_t limit, bool* whole = nullptr);

// Reads the literal at `address` (through memory, else through `image`): printable ASCII, at least 2 bytes, NUL-ended.
std::optional<std::string> ReadLiteral(const Memory& memory, const ImageReader& image, Address address);

// True when `address` lies in a mapping of a file that is not writable.
bool InReadOnlyImage(const Memory& memory, Address address);

}  // namespace corewalk
