#include "node/package_configs.h"

#include <optional>
#include <unordered_set>
#include <vector>

#include "heap/tagged.h"

namespace corewalk {
namespace {

constexpr int kMostFields = 4;        // embedder fields of the binding's object
constexpr size_t kBindingWords = 64;  // of node::modules::BindingData
constexpr size_t kNodeWords = 64;     // of a node of the map
constexpr size_t kMostFiles = 1 << 18;
constexpr uint64_t kLongestPath = 4096;
constexpr uint64_t kLongestText = 1 << 20;
constexpr uint32_t kLoadFactor = 0x3f800000;  // 1.0f

bool IsNative(const Memory& memory, uint64_t address) {
  if (address % 8 != 0 || address < 0x10000 || address >= kUserAddressEnd) return false;
  const Region* region = memory.RegionAt(address);
  return region != nullptr && region->writable;
}

// The text of a std::string whose pointer and length are these two words.
std::string Text(const Memory& memory, uint64_t pointer, uint64_t length, uint64_t limit) {
  if (length == 0 || length > limit || pointer < 0x10000 || pointer >= kUserAddressEnd) return "";
  std::string text(length, '\0');
  if (memory.Read(pointer, std::as_writable_bytes(std::span(text.data(), text.size()))) != length) return "";
  return text;
}

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::string Member(std::string_view wanted) {
    int depth = 0;
    bool key = false;  // a string here is a key of the outermost object
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        const std::string string = String();
        if (depth == 1 && key) {
          key = false;
          Skip();
          if (at_ >= text_.size() || text_[at_] != ':') continue;
          ++at_;
          Skip();
          if (string == wanted) return at_ < text_.size() && text_[at_] == '"' ? String() : "";
        }
        continue;
      }
      if (c == '{' || c == '[') ++depth;
      if (c == '}' || c == ']') --depth;
      if (depth == 1 && (c == '{' || c == ',')) key = true;
      ++at_;
    }
    return "";
  }

 private:
  void Skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
  }
  std::string String() {
    std::string string;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        const char next = text_[++at_];
        if (next != '"' && next != '\\' && next != '/') string += '\\';
        string += next;
        continue;
      }
      string += text_[at_];
    }
    ++at_;
    return string;
  }

  std::string_view text_;
  size_t at_ = 0;
};

void ReadMap(const Memory& memory, uint64_t first, uint64_t count, std::map<std::string, PackageText>* files) {
  std::unordered_set<uint64_t> seen;
  for (uint64_t node = first;
       seen.size() < std::min<uint64_t>(count, kMostFiles) && IsNative(memory, node) && seen.insert(node).second;
       node = memory.ReadWord(node).value_or(0)) {
    const std::vector<uint64_t> words = ReadWords(memory, node, kNodeWords);
    if (words.size() < 3) return;
    const std::string path = Text(memory, words[1], words[2], kLongestPath);
    if (!path.ends_with("package.json")) return;  // another map
    for (size_t i = 3; i + 1 < words.size(); ++i) {
      const uint64_t pointer = words[i], length = words[i + 1];
      if (length < 2 || length > kLongestText) continue;
      const std::string text = Text(memory, pointer, length, kLongestText);
      const size_t begin = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
      if (begin == std::string::npos || text[begin] != '{') continue;
      PackageText package{.name = JsonMember(text, "name"), .version = JsonMember(text, "version")};
      if (!package.version.empty()) (*files)[path] = std::move(package);
    }
  }
}

}  // namespace

std::string JsonMember(std::string_view json, std::string_view member) {
  return JsonReader(json).Member(member);
}

std::map<std::string, PackageText> ReadPackageConfigs(HeapReader& reader, uint64_t binding) {
  std::map<std::string, PackageText> files;
  const Memory& memory = reader.memory();
  const int first = reader.offset(ObjectField::kEmbedderFields);
  for (int i = 0; i < kMostFields; ++i) {
    const uint64_t object = reader.Field(binding, first + 8 * i).value_or(0);
    if (!IsNative(memory, object)) continue;
    const std::vector<uint64_t> words = ReadWords(memory, object, kBindingWords);
    for (size_t at = 0; at + 4 < words.size(); ++at) {
      const uint64_t count = words[at + 3];
      if (static_cast<uint32_t>(words[at + 4]) != kLoadFactor || count == 0 || !IsNative(memory, words[at + 2]))
        continue;
      ReadMap(memory, words[at + 2], count, &files);
    }
  }
  return files;
}

}  // namespace corewalk
