#include "base/output_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace corewalk {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public testing::Test {
 protected:
  OutputFileTest() {
    std::string name = (fs::temp_directory_path() / "corewalk-out-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~OutputFileTest() override { fs::remove_all(folder_); }

  std::string Path(const char* name) const { return (folder_ / name).string(); }
  static std::string Content(const std::string& path) {
    std::ostringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  size_t Files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  fs::path folder_;
};

TEST_F(OutputFileTest, AppearsAtTheEndAndIsPrivate) {
  auto file = OutputFile::Create(Path("a.json"));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->Write("hello"));
  EXPECT_FALSE(fs::exists(Path("a.json")));
  ASSERT_TRUE(file->Commit());
  EXPECT_EQ(Content(Path("a.json")), "hello");
  struct stat info {};
  ASSERT_EQ(stat(Path("a.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, WithoutCommitTheOldFileStays) {
  std::ofstream(Path("a")) << "old";
  {
    auto file = OutputFile::Create(Path("a"));
    ASSERT_TRUE(file);
    file->Write("new");
  }
  EXPECT_EQ(Content(Path("a")), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputFileTest, RefusesLinksFoldersAndMissingFolders) {
  std::ofstream(Path("victim")) << "old";
  fs::create_symlink(Path("victim"), Path("link"));
  EXPECT_EQ(OutputFile::Create(Path("link")).error().code, ErrorCode::kUnreadable);
  EXPECT_EQ(OutputFile::Create(folder_.string()).error().code, ErrorCode::kUnreadable);
  EXPECT_EQ(OutputFile::Create(Path("none/x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(OutputFile::Create("").error().code, ErrorCode::kUsage);
  EXPECT_EQ(Content(Path("victim")), "old");
}

TEST_F(OutputFileTest, LinkMadeMeanwhileIsNotFollowed) {
  std::ofstream(Path("victim")) << "old";
  auto file = OutputFile::Create(Path("a"));
  ASSERT_TRUE(file);
  file->Write("new");
  fs::create_symlink(Path("victim"), Path("a"));
  EXPECT_FALSE(file->Commit());
  EXPECT_EQ(Content(Path("victim")), "old");
}

}  // namespace
}  // namespace corewalk
