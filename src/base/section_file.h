// A file of named arrays ("sections"), so that a later run can map what this one has computed. Values stand in it as in
// memory (little endian, x86-64).
//
//   0        magic, format number; the rest of the page is zero
//   4096     the sections, each at a multiple of 4096
//   then     the directory: an identity (text that says what the file was made from) and one entry per section
//   last     a trailer that says where the directory is, and the magic again
//
// It appears whole or not at all (see OutputFile), with mode 0600. Nothing in it is believed before it has been checked:
// the directory at Open(), a section's hash when it is first asked for; a changed bit is always found. Only a file that
// belongs to the user who runs this program and that nobody else may write is opened: hashes are no signatures.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/big_array.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/output_file.h"

namespace corewalk {

namespace section_file {
inline constexpr size_t kMostSections = 64;
inline constexpr size_t kMostIdentityBytes = 16 << 10;
struct Entry {
  std::array<char, 24> name{};
  uint64_t offset = 0;
  uint64_t count = 0;  // elements
  uint64_t element_bytes = 0;
  uint64_t hash = 0;
};
}  // namespace section_file

class SectionFileWriter {
 public:
  // Errors: those of OutputFile::Create().
  // `expected_bytes` is for progress only.
  static Result<SectionFileWriter> Create(const std::string& path, uint32_t format, std::string identity,
                                          uint64_t expected_bytes = 0);

  // False once something has failed, or when cancelled; Commit() tells why. `values` may be empty.
  template <typename T>
  bool Add(std::string_view name, std::span<const T> values, const Cancel& cancel, const ProgressFunction& progress) {
    static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>);
    return AddBytes(name, std::as_bytes(values), values.size(), sizeof(T), cancel, progress);
  }
  // The same of `count` elements of so many bytes each.
  bool AddBytes(std::string_view name, std::span<const std::byte> bytes, uint64_t count, uint64_t element_bytes,
                const Cancel& cancel, const ProgressFunction& progress);
  // The size of the file in bytes.
  Result<uint64_t> Commit();

 private:
  explicit SectionFileWriter(OutputFile file) : file_(std::move(file)) {}
  bool Write(std::span<const std::byte> bytes);
  bool Skip(uint64_t bytes);
  bool PadToPage();

  OutputFile file_;
  uint32_t format_ = 0;
  std::string identity_;
  std::vector<section_file::Entry> entries_;
  uint64_t at_ = 0, expected_bytes_ = 0;
  bool interrupted_ = false;
};

class SectionFile : public std::enable_shared_from_this<SectionFile> {
 public:
  // Errors: kNotFound when there is no such file; kMismatch when it is no file of this kind (somebody else's file, which
  // is not to be written over); kUnsupported when its format is another one; kUnreadable when it may not be read or
  // others may write it; kBadFormat when it is damaged.
  static Result<std::shared_ptr<const SectionFile>> Open(const std::string& path, uint32_t format);
  ~SectionFile();

  const std::string& identity() const { return identity_; }
  std::vector<std::string> Names() const;  // of the sections, in their order
  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  uint64_t size() const { return bytes_.size(); }

  // The section, whose hash is checked. Errors: kBadFormat when it is missing, has elements of another size or was
  // changed; kInterrupted.
  template <typename T>
  Result<BigArray<T>> Get(std::string_view name, int threads, const Cancel& cancel) const {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 4096);
    const Result<std::span<const std::byte>> bytes = Checked(name, sizeof(T), threads, cancel);
    if (!bytes) return std::unexpected(bytes.error());
    return BigArray<T>(reinterpret_cast<const T*>(bytes->data()), bytes->size() / sizeof(T), shared_from_this());
  }

  // A section as it stands there; its hash is not checked. Nothing when there is none.
  struct Section {
    std::span<const std::byte> bytes;
    uint64_t count = 0;
    uint64_t element_bytes = 0;
  };
  std::optional<Section> Bytes(std::string_view name) const;

 private:
  SectionFile() = default;
  Result<void> ReadDirectory(uint32_t format);
  const section_file::Entry* Find(std::string_view name) const;
  Result<std::span<const std::byte>> Checked(std::string_view name, uint64_t element_bytes, int threads,
                                             const Cancel& cancel) const;

  std::span<const std::byte> bytes_;
  std::string identity_;
  std::vector<section_file::Entry> entries_;
};

}  // namespace corewalk
