#include "base/section_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/hash_bytes.h"
#include "base/on_threads.h"
#include "base/text_sanitize.h"

namespace corewalk {
namespace {

using section_file::Entry;
using section_file::kMostIdentityBytes;
using section_file::kMostSections;

constexpr size_t kPage = 4096;
constexpr size_t kPieceBytes = 1 << 20;  // hashed, written and checked at a time
constexpr std::array<char, 16> kMagic = {'c', 'o', 'r', 'e', 'w', 'a', 'l', 'k', ' ', 'i', 'n', 'd', 'e', 'x', '\n', 0};

struct Head {
  std::array<char, 16> magic = kMagic;
  uint32_t format = 0;
  std::array<char, kPage - 20> zero{};
};
static_assert(sizeof(Head) == kPage);

struct Trailer {
  uint64_t directory_offset = 0;
  uint64_t directory_hash = 0;  // of identity and entries
  uint64_t identity_bytes = 0;
  uint64_t entry_count = 0;
  uint64_t file_bytes = 0;
  uint64_t format = 0;
  std::array<char, 16> magic = kMagic;
};

std::string Reason(int error) {
  return std::generic_category().message(error);
}

std::span<const std::byte> BytesOf(const auto& value) {
  return std::as_bytes(std::span(&value, 1));
}

uint64_t PieceCount(uint64_t bytes) {
  return (bytes + kPieceBytes - 1) / kPieceBytes;
}

std::span<const std::byte> Piece(std::span<const std::byte> bytes, uint64_t number) {
  const uint64_t begin = number * kPieceBytes;
  return bytes.subspan(begin, std::min<uint64_t>(kPieceBytes, bytes.size() - begin));
}

uint64_t HashOfPieces(std::span<const uint64_t> hashes) {
  return HashBytes(std::as_bytes(hashes));
}

std::string NameOf(const Entry& entry) {
  return {entry.name.data(), strnlen(entry.name.data(), entry.name.size())};
}

std::unexpected<Error> Damaged(std::string what) {
  return Fail(ErrorCode::kBadFormat, "it is damaged: " + std::move(what));
}

}  // namespace

Result<SectionFileWriter> SectionFileWriter::Create(const std::string& path, uint32_t format, std::string identity,
                                                    uint64_t expected_bytes) {
  Result<OutputFile> file = OutputFile::Create(path);
  if (!file) return std::unexpected(file.error());
  SectionFileWriter writer(std::move(*file));
  if (identity.size() > kMostIdentityBytes) identity.resize(kMostIdentityBytes);
  writer.identity_ = std::move(identity);
  writer.expected_bytes_ = expected_bytes;
  writer.format_ = format;
  Head head;
  head.format = format;
  writer.Write(BytesOf(head));
  return writer;
}

bool SectionFileWriter::Write(std::span<const std::byte> bytes) {
  at_ += bytes.size();
  return file_.Write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

bool SectionFileWriter::Skip(uint64_t bytes) {
  at_ += bytes;
  return file_.Skip(bytes);
}

bool SectionFileWriter::PadToPage() {
  static constexpr std::array<std::byte, kPage> kZero{};
  return at_ % kPage == 0 || Write(std::span(kZero).first(kPage - at_ % kPage));
}

bool SectionFileWriter::AddBytes(std::string_view name, std::span<const std::byte> bytes, uint64_t count,
                                 uint64_t element_bytes, const Cancel& cancel, const ProgressFunction& progress) {
  Entry entry{.offset = at_, .count = count, .element_bytes = element_bytes};
  if (entries_.size() >= kMostSections || name.size() >= entry.name.size()) std::abort();  // a bug
  std::ranges::copy(name, entry.name.begin());
  std::vector<uint64_t> hashes(PieceCount(bytes.size()));
  for (uint64_t i = 0; i < hashes.size(); ++i) {
    interrupted_ |= cancel.Cancelled();
    if (interrupted_) return false;
    const std::span<const std::byte> piece = Piece(bytes, i);
    hashes[i] = HashBytes(piece);
    const bool zero = piece[0] == std::byte{0} && std::memcmp(piece.data(), piece.data() + 1, piece.size() - 1) == 0;
    if (!(zero ? Skip(piece.size()) : Write(piece))) return false;
    if (progress) progress("writing the index", at_, std::max(at_, expected_bytes_));
  }
  entry.hash = HashOfPieces(hashes);
  entries_.push_back(entry);
  return PadToPage();
}

Result<uint64_t> SectionFileWriter::Commit() {
  if (interrupted_) return Fail(ErrorCode::kInterrupted, "interrupted while the index was written");
  Trailer trailer{
      .directory_offset = at_, .identity_bytes = identity_.size(), .entry_count = entries_.size(), .format = format_};
  std::vector<std::byte> directory;
  const auto append = [&](std::span<const std::byte> bytes) {
    directory.insert(directory.end(), bytes.begin(), bytes.end());
  };
  append(std::as_bytes(std::span(entries_)));
  append(std::as_bytes(std::span(identity_)));
  directory.resize((directory.size() + 7) / 8 * 8);
  trailer.directory_hash = HashBytes(directory);
  trailer.file_bytes = at_ + directory.size() + sizeof(trailer);
  Write(directory);
  Write(BytesOf(trailer));
  // A crash of the machine may leave less than all of it: then its hashes do not fit, and it is made anew.
  if (const Result<void> done = file_.Commit(false); !done) return std::unexpected(done.error());
  return trailer.file_bytes;
}

SectionFile::~SectionFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

Result<std::shared_ptr<const SectionFile>> SectionFile::Open(const std::string& path, uint32_t format) {
  const auto no_index = [](const char* what) {
    return Fail(ErrorCode::kMismatch, std::string("it is ") + what + ", no index of corewalk");
  };
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  if (fd < 0) {
    if (errno == ELOOP) return no_index("a symbolic link");
    return Fail(errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kUnreadable, Reason(errno));
  }
  std::shared_ptr<SectionFile> file(new SectionFile());
  Result<void> opened;
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    opened = Fail(ErrorCode::kUnreadable, Reason(errno));
  } else if (!S_ISREG(info.st_mode)) {
    opened = no_index(S_ISDIR(info.st_mode) ? "a folder" : "no regular file");
  } else if (info.st_size == 0) {
    opened = Damaged("it is empty");
  } else {
    void* const base = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
      opened = Fail(ErrorCode::kUnreadable, Reason(errno));
    } else {
      file->bytes_ = {static_cast<const std::byte*>(base), static_cast<size_t>(info.st_size)};
      std::array<char, 16> magic{};
      std::memcpy(magic.data(), base, std::min<size_t>(magic.size(), file->bytes_.size()));
      if (magic != kMagic) {
        opened = no_index("another kind of file");
      } else if (info.st_uid != geteuid() || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        opened = Fail(ErrorCode::kUnreadable, "others than you can write to it, so it is not trusted");
      } else {
        opened = file->ReadDirectory(format);
      }
    }
  }
  close(fd);
  if (!opened) return std::unexpected(opened.error());
  return file;
}

Result<void> SectionFile::ReadDirectory(uint32_t format) {
  if (bytes_.size() < kPage + sizeof(Trailer)) return Damaged("it ends early");
  uint32_t format_here;
  std::memcpy(&format_here, bytes_.data() + sizeof(kMagic), sizeof(format_here));
  Trailer trailer;
  std::memcpy(&trailer, bytes_.data() + bytes_.size() - sizeof(trailer), sizeof(trailer));
  if (trailer.magic != kMagic || trailer.file_bytes != bytes_.size()) return Damaged("it ends early");
  if (format_here != format && trailer.format == format_here)
    return Fail(ErrorCode::kUnsupported, "another version of corewalk made it");
  const uint64_t room = bytes_.size() - sizeof(Trailer);
  if (format_here != format || trailer.format != format || trailer.entry_count > kMostSections ||
      trailer.identity_bytes > kMostIdentityBytes || trailer.directory_offset > room ||
      trailer.directory_offset % kPage != 0) {
    return Damaged("its directory makes no sense");
  }
  const std::span<const std::byte> directory =
      bytes_.subspan(trailer.directory_offset, room - trailer.directory_offset);
  if (directory.size() < trailer.entry_count * sizeof(Entry) + trailer.identity_bytes ||
      HashBytes(directory) != trailer.directory_hash) {
    return Damaged("its directory was changed");
  }
  entries_.resize(trailer.entry_count);
  std::memcpy(entries_.data(), directory.data(), entries_.size() * sizeof(Entry));
  identity_.resize(trailer.identity_bytes);
  std::memcpy(identity_.data(), directory.data() + entries_.size() * sizeof(Entry), identity_.size());
  for (const Entry& entry : entries_) {
    const uint64_t most = entry.offset <= trailer.directory_offset ? trailer.directory_offset - entry.offset : 0;
    if (entry.offset < kPage || entry.offset % kPage != 0 || entry.element_bytes == 0 ||
        entry.count > most / entry.element_bytes) {
      return Damaged("section '" + Sanitize(NameOf(entry)) + "' lies outside of it");
    }
  }
  return {};
}

std::vector<std::string> SectionFile::Names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(NameOf(entry));
  return names;
}

std::optional<SectionFile::Section> SectionFile::Bytes(std::string_view name) const {
  const Entry* entry = Find(name);
  if (entry == nullptr) return std::nullopt;
  return Section{bytes_.subspan(entry->offset, entry->count * entry->element_bytes), entry->count, entry->element_bytes};
}

const Entry* SectionFile::Find(std::string_view name) const {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& entry) { return NameOf(entry) == name; });
  return found == entries_.end() ? nullptr : &*found;
}

Result<std::span<const std::byte>> SectionFile::Checked(std::string_view name, uint64_t element_bytes, int threads,
                                                        const Cancel& cancel) const {
  const Entry* entry = Find(name);
  if (entry == nullptr || entry->element_bytes != element_bytes)
    return Damaged("there is no section '" + std::string(name) + "'");
  const std::span<const std::byte> bytes = bytes_.subspan(entry->offset, entry->count * entry->element_bytes);
  std::vector<uint64_t> hashes(PieceCount(bytes.size()));
  InPieces(hashes.size(), hashes.size() < 16 ? 1 : ClampThreads(threads), cancel, {}, "", [&](size_t, size_t i) {
    const std::span<const std::byte> piece = Piece(bytes, i);
#ifdef MADV_POPULATE_READ
    // One call in place of many page faults; where the kernel has none (before 5.14) these do.
    (void)madvise(const_cast<std::byte*>(piece.data()), piece.size(), MADV_POPULATE_READ);
#endif
    hashes[i] = HashBytes(piece);
  });
  if (cancel.Cancelled()) return Fail(ErrorCode::kInterrupted, "interrupted while the index was read");
  if (HashOfPieces(hashes) != entry->hash) return Damaged("section '" + std::string(name) + "' was changed");
  return bytes;
}

}  // namespace corewalk
