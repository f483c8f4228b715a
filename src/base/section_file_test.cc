#include "base/section_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

#include "base/hash_bytes.h"
#include "base/testing/test_file.h"

namespace corewalk {
namespace {

namespace fs = std::filesystem;

constexpr uint32_t kFormat = 7;

class SectionFileTest : public ::testing::Test {
 protected:
  SectionFileTest() {
    numbers_.resize(300'000);
    std::iota(numbers_.begin(), numbers_.end(), 5);
  }

  void Write() {
    Result<SectionFileWriter> writer = SectionFileWriter::Create(path_, kFormat, "made of nothing\n");
    ASSERT_TRUE(writer) << writer.error().message;
    EXPECT_TRUE(writer->Add("numbers", std::span<const uint32_t>(numbers_), cancel_, {}));
    EXPECT_TRUE(writer->Add("none", std::span<const uint64_t>(), cancel_, {}));
    EXPECT_TRUE(writer->Add("bytes", std::span<const char>("abc", 3), cancel_, {}));
    ASSERT_TRUE(writer->Commit());
  }
  ErrorCode OpenError(uint32_t format = kFormat) const {
    const auto file = SectionFile::Open(path_, format);
    return file ? ErrorCode::kInternal : file.error().code;
  }
  // All of it, read; false when anything was found wrong.
  bool ReadsRight() const {
    const auto file = SectionFile::Open(path_, kFormat);
    if (!file) return false;
    const auto numbers = (*file)->Get<uint32_t>("numbers", 2, cancel_);
    const auto none = (*file)->Get<uint64_t>("none", 2, cancel_);
    const auto bytes = (*file)->Get<char>("bytes", 2, cancel_);
    if (!numbers || !none || !bytes) return false;
    EXPECT_TRUE(std::ranges::equal(*numbers, numbers_));
    EXPECT_TRUE(none->empty());
    EXPECT_EQ(std::string(bytes->begin(), bytes->end()), "abc");
    return (*file)->identity() == "made of nothing\n";
  }

  testing::TestFile file_;
  const std::string& path_ = file_.path();
  std::vector<uint32_t> numbers_;
  Cancel cancel_;
};

TEST_F(SectionFileTest, WhatIsWrittenIsRead) {
  Write();
  EXPECT_TRUE(ReadsRight());
  struct stat info {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto file = SectionFile::Open(path_, kFormat);
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->Has("nothing"));
  EXPECT_EQ((*file)->Get<uint32_t>("nothing", 1, cancel_).error().code, ErrorCode::kBadFormat);
  EXPECT_EQ((*file)->Get<uint64_t>("numbers", 1, cancel_).error().code, ErrorCode::kBadFormat);
}

TEST_F(SectionFileTest, ArraysOutliveTheFileThatGaveThem) {
  Write();
  BigArray<uint32_t> numbers;
  {
    const auto file = SectionFile::Open(path_, kFormat);
    ASSERT_TRUE(file);
    numbers = *(*file)->Get<uint32_t>("numbers", 1, cancel_);
  }
  fs::remove(path_);
  EXPECT_TRUE(std::ranges::equal(numbers, numbers_));
}

TEST_F(SectionFileTest, EveryChangedBitIsFound) {
  Write();
  const std::string whole = file_.Content();
  // Every bit around the seams, and some between.
  std::vector<size_t> places;
  for (size_t at = 0; at < whole.size(); at += at < 64 || at > whole.size() - 600 ? 1 : 40'009) places.push_back(at);
  for (const size_t at : places) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ 1 << bit);
      file_.Replace(changed);
      const bool padding = (at >= 20 && at < 4096) ||  // behind the head, and behind sections
                           whole.compare(at, 1, std::string(1, 0)) == 0;
      if (!padding) {
        EXPECT_FALSE(ReadsRight()) << "bit " << bit << " of byte " << at << " of " << whole.size();
      } else {
        ReadsRight();  // must not crash, and checks what it reads
      }
    }
  }
}

TEST_F(SectionFileTest, ShorterFilesAreDamaged) {
  Write();
  const std::string whole = file_.Content();
  for (const size_t size : {size_t{17}, size_t{4096}, size_t{5000}, whole.size() / 2, whole.size() - 1}) {
    file_.Replace(whole.substr(0, size));
    EXPECT_EQ(OpenError(), ErrorCode::kBadFormat) << size;
  }
  file_.Replace(whole + "more");
  EXPECT_EQ(OpenError(), ErrorCode::kBadFormat);
  file_.Replace("");
  EXPECT_EQ(OpenError(), ErrorCode::kBadFormat);
}

TEST_F(SectionFileTest, OtherFilesAreToldApart) {
  EXPECT_EQ(OpenError(), ErrorCode::kNotFound);
  file_.Replace("#!/bin/sh\n");
  EXPECT_EQ(OpenError(), ErrorCode::kMismatch);
  fs::remove(path_);
  fs::create_directory(path_);
  EXPECT_EQ(OpenError(), ErrorCode::kMismatch);
  fs::remove(path_);
  fs::create_symlink("/etc/passwd", path_);
  EXPECT_EQ(OpenError(), ErrorCode::kMismatch);
  fs::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(OpenError(), ErrorCode::kMismatch);
  fs::remove(path_);
  Write();
  EXPECT_EQ(OpenError(kFormat + 1), ErrorCode::kUnsupported);
  chmod(path_.c_str(), 0666);
  EXPECT_EQ(OpenError(), ErrorCode::kUnreadable);
}

TEST_F(SectionFileTest, AnInterruptedFileDoesNotAppear) {
  Cancel cancelled;
  cancelled.Request();
  Result<SectionFileWriter> writer = SectionFileWriter::Create(path_, kFormat, "");
  ASSERT_TRUE(writer);
  EXPECT_FALSE(writer->Add("numbers", std::span<const uint32_t>(numbers_), cancelled, {}));
  EXPECT_EQ(writer->Commit().error().code, ErrorCode::kInterrupted);
  EXPECT_FALSE(fs::exists(path_));
}

TEST(HashBytes, DependsOnEveryBitAndTheLength) {
  std::vector<std::byte> bytes(200);
  for (size_t size = 0; size <= bytes.size(); ++size) {
    const auto part = std::span(bytes).first(size);
    const uint64_t hash = HashBytes(part);
    if (size > 0) {
      EXPECT_NE(hash, HashBytes(part.first(size - 1)));
    }
    for (size_t bit = 0; bit < 8 * size; ++bit) {
      part[bit / 8] ^= std::byte{1} << bit % 8;
      EXPECT_NE(hash, HashBytes(part)) << bit << " of " << size;
      part[bit / 8] ^= std::byte{1} << bit % 8;
    }
  }
}

}  // namespace
}  // namespace corewalk
