// A file in a folder of its own that goes with the test. Header only; not part of the library.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace corewalk::testing {

class TestFile {
 public:
  TestFile() {
    std::string name = (std::filesystem::temp_directory_path() / "corewalk-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    path_ = (folder_ / "index").string();
  }
  ~TestFile() { std::filesystem::remove_all(folder_); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const std::string& path() const { return path_; }
  std::string Content() const {
    std::ostringstream out;
    out << std::ifstream(path_, std::ios::binary).rdbuf();
    return out.str();
  }
  // A new file, as tools that copy would write it.
  void Replace(const std::string& content) const {
    std::filesystem::remove(path_);
    std::ofstream(path_, std::ios::binary) << content;
    chmod(path_.c_str(), 0600);
  }

 private:
  std::filesystem::path folder_;
  std::string path_;
};

}  // namespace corewalk::testing
