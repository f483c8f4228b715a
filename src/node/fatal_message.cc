#include "node/fatal_message.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "node/node_limits.h"

namespace corewalk {
namespace {

constexpr uint64_t kFailureStart = 0xdecade10;
constexpr uint64_t kFailureEnd = 0xdecade11;
constexpr size_t kFailureBytes = 512;
constexpr uint64_t kHeapStatsStart = 0xffffffffdecade00;
constexpr uint64_t kHeapStatsEnd = 0xffffffffdecade01;
constexpr size_t kHeapStatsMax = 4096;  // between the two: 0xb0 bytes (V8 7.4) to 0x348 (14.6)
constexpr size_t kNearBytes = 4096;     // frames of the reporting functions, above the stack pointer
constexpr size_t kPairBytes = 256;      // between the pointers to two literals that belong together

constexpr int kSigIll = 4, kSigTrap = 5, kSigAbrt = 6;

constexpr std::string_view kHeapOom = "Allocation failed - JavaScript heap out of memory";
constexpr std::string_view kProcessOom = "Allocation failed - process out of memory";

// Locations that V8 7.4-14.6 names, for completing what is left of one below the stack pointer.
constexpr std::array<std::string_view, 6> kKnownLocations = {
    "Reached heap limit",
    "Ineffective mark-compacts near heap limit",
    "CALL_AND_RETRY_LAST",
    "invalid array length",
    "MarkCompactCollector: young object promotion failed",
    "MarkCompactCollector: semi-space copy, fallback in old gen",
};

bool IsPrintable(char c) {
  return c >= ' ' && c <= '~';
}

struct Pointed {
  Address at = 0;  // the slot; 0 for a register
  std::string text;
};

class Finder {
 public:
  Finder(const Memory& memory, const ImageReader& image, const ThreadState& thread)
      : memory_(memory), image_(image), thread_(thread) {
    rsp_ = thread.reg(Register::kRsp) & ~uint64_t{7};
    above_ = Block(memory, rsp_, kNodeLimits.max_stack_above_sp);
  }

  std::optional<FatalError> FailureMessage() const {
    for (Address at = rsp_; at < rsp_ + 2 * kNearBytes && above_.Has(at, 8); at += 8) {
      if (*above_.Word(at) != kFailureStart) continue;
      if (!FindWord(at + 8 + kFailureBytes, 2 * kFailureBytes, kFailureEnd)) continue;
      std::string_view text = above_.text().substr(at + 8 - above_.start(), kFailureBytes);
      text = text.substr(0, text.find('\0'));
      if (text.empty() || !std::ranges::all_of(text, [](char c) { return IsPrintable(c) || c == '\n'; })) continue;
      return FatalError{FatalKind::kV8Check,
                        true,
                        UntrustedText(std::string(text)),
                        UntrustedText(),
                        "V8's FailureMessage on the stack",
                        at};
    }
    return std::nullopt;
  }

  std::optional<FatalError> OutOfMemory() {
    for (Address at = rsp_; above_.Has(at, 8); at += 8) {
      if (*above_.Word(at) != kHeapStatsStart || !FindWord(at + 8, kHeapStatsMax, kHeapStatsEnd)) continue;
      FatalError error{FatalKind::kOutOfMemory,
                       true,
                       UntrustedText(),
                       UntrustedText(),
                       "V8's record of its last state (HeapStats) on the stack",
                       at};
      if (!NameOutOfMemory(&error)) NameByRemains(&error);
      return error;
    }
    return std::nullopt;
  }

  std::optional<FatalError> NodeAssertion() {
    std::vector<std::pair<Address, uint64_t>> words = PointerWords(kNearBytes / 2);
    for (const auto& [at, word] : words) {
      if (word % 8 != 0 || !InReadOnlyImage(memory_, word)) continue;
      std::array<uint64_t, 3> info;
      if (!ReadImage(word, std::as_writable_bytes(std::span(info)))) continue;
      if (!std::ranges::all_of(info, [&](uint64_t w) { return InReadOnlyImage(memory_, w); })) continue;
      std::optional<std::string> place = Literal(info[0]);
      if (!place || !IsFileAndLine(*place)) continue;
      std::optional<std::string> expression = Literal(info[1]);
      std::optional<std::string> function = Literal(info[2]);
      if (!expression || !function) continue;
      return FatalError{FatalKind::kNodeAssertion,
                        true,
                        UntrustedText("Assertion `" + *expression + "' failed."),
                        UntrustedText(*place + " in " + *function),
                        "the assertion that the stack points to, read from the executable",
                        at};
    }
    return std::nullopt;
  }

  std::optional<FatalError> ApiFailure() {
    const std::vector<Pointed>& literals = NearLiterals();
    for (const Pointed& location : literals) {
      if (location.at == 0 || !IsApiName(location.text)) continue;
      for (const Pointed& message : literals) {
        if (message.at == 0 || &message == &location || IsApiName(message.text)) continue;
        uint64_t distance = std::max(message.at, location.at) - std::min(message.at, location.at);
        if (distance > 32 || message.text.find(' ') == std::string::npos) continue;
        return FatalError{FatalKind::kApiFailure,
                          false,
                          UntrustedText(location.text + " " + message.text),
                          UntrustedText(location.text),
                          "texts of the executable that the stack points to",
                          location.at};
      }
    }
    return std::nullopt;
  }

  FatalError UncaughtException() const {
    FatalError error{FatalKind::kUncaughtException,
                     false,
                     UntrustedText(),
                     UntrustedText(),
                     "the option --abort-on-uncaught-exception and the trap",
                     0};
    // Printed with "%s\n\nFROM\n"; what printf put on the stack may still be there (seen up to Node 16).
    Block below = Below();
    std::string_view text = below.text();
    size_t from = text.rfind("\n\nFROM\n");
    if (from == std::string_view::npos) return error;
    size_t start = from;
    while (start > 0 && from - start < 2048 && (IsPrintable(text[start - 1]) || (text[start - 1] & 0x80) != 0)) --start;
    std::string_view message = text.substr(start, from - start);
    size_t begin = message.find("Uncaught ");
    if (begin == std::string_view::npos) return error;
    error.message = UntrustedText(std::string(message.substr(begin)));
    error.address = below.start() + start + begin;
    error.source += "; the message from what printf left below the stack pointer";
    return error;
  }

 private:
  bool FindWord(Address from, size_t bytes, uint64_t word) const {
    for (Address at = from; at < from + bytes && above_.Has(at, 8); at += 8) {
      if (*above_.Word(at) == word) return true;
    }
    return false;
  }

  Block Below() const {
    const Region* region = memory_.RegionAt(rsp_);
    if (region == nullptr) return {};
    uint64_t size = std::min<uint64_t>(rsp_ - region->start, kNodeLimits.max_stack_below_sp);
    return Block(memory_, rsp_ - size, size);
  }

  // The words of the near frames, then the registers with slot 0.
  std::vector<std::pair<Address, uint64_t>> PointerWords(size_t bytes) const {
    std::vector<std::pair<Address, uint64_t>> words;
    for (Address at = rsp_; at < rsp_ + bytes && above_.Has(at, 8); at += 8) words.emplace_back(at, *above_.Word(at));
    for (uint64_t word : thread_.registers) words.emplace_back(0, word);
    return words;
  }

  bool ReadImage(Address address, std::span<std::byte> out) {
    if (++reads_ > kNodeLimits.max_literal_reads) return false;
    if (memory_.Read(address, out) == out.size()) return true;
    return image_ && image_(address, out) == out.size();
  }

  std::optional<std::string> Literal(Address address) {
    if (++reads_ > kNodeLimits.max_literal_reads) return std::nullopt;
    return ReadLiteral(memory_, image_, address);
  }

  const std::vector<Pointed>& NearLiterals() {
    if (literals_) return *literals_;
    literals_.emplace();
    for (const auto& [at, word] : PointerWords(kNearBytes)) {
      if (!InReadOnlyImage(memory_, word)) continue;
      if (std::optional<std::string> text = Literal(word)) literals_->push_back({at, std::move(*text)});
    }
    return *literals_;
  }

  // The message is one of two literals; the location is the text nearest to it on the stack that can be one.
  bool NameOutOfMemory(FatalError* error) {
    const std::vector<Pointed>& literals = NearLiterals();
    const Pointed* best = nullptr;
    const Pointed* message = nullptr;
    uint64_t best_distance = kPairBytes + 1;
    for (const Pointed& m : literals) {
      if (m.text != kHeapOom && m.text != kProcessOom) continue;
      if (message == nullptr) message = &m;
      for (const Pointed& l : literals) {
        if (m.at == 0 || l.at == 0 || !IsLocation(l.text)) continue;
        uint64_t distance = std::max(m.at, l.at) - std::min(m.at, l.at);
        // A location that is known beats one that only looks like it.
        if (std::ranges::find(kKnownLocations, l.text) == kKnownLocations.end()) distance += 64;
        if (distance < best_distance) {
          best_distance = distance;
          best = &l;
          message = &m;
        }
      }
    }
    if (message == nullptr) return false;
    error->source += ", the wording from the executable";
    error->message = UntrustedText(best == nullptr ? message->text : best->text + " " + message->text);
    if (best != nullptr) error->location = UntrustedText(best->text);
    return true;
  }

  // Without the executable: the end of a location that is left below the stack pointer, if it fits only one.
  void NameByRemains(FatalError* error) const {
    Block below = Below();
    std::string_view text = below.text();
    constexpr size_t kEnough = 12;  // characters; more than two of the locations have in common
    const std::string_view* found = nullptr;
    for (const std::string_view& location : kKnownLocations) {
      std::string tail(location.substr(location.size() - std::min(kEnough, location.size())));
      tail += '\0';
      for (size_t at = text.find(tail); at != std::string_view::npos; at = text.find(tail, at + 1)) {
        size_t start = at;
        size_t length = tail.size() - 1;
        while (start > 0 && length < location.size() && IsPrintable(text[start - 1])) --start, ++length;
        if (location.ends_with(text.substr(start, length))) found = &location;
      }
    }
    const bool heap = text.find("- JavaScript heap out of memory\n") != std::string_view::npos;
    if (found != nullptr) {
      error->location = UntrustedText(std::string(*found));
      error->message = UntrustedText(std::string(*found) + " Allocation failed - JavaScript heap out of memory");
      error->source += ", the wording completed from remains below the stack pointer";
    } else if (heap) {
      error->message = UntrustedText(std::string(kHeapOom));
      error->source += ", the wording from remains below the stack pointer";
    }
  }

  static bool IsLocation(std::string_view text) {
    if (text.size() < 4 || text.size() > 120 || text == kHeapOom || text == kProcessOom) return false;
    if (std::ranges::find(kKnownLocations, text) != kKnownLocations.end()) return true;
    // A short phrase: letters first, no formats, no operators, no paths.
    return ((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= 'a' && text[0] <= 'z')) &&
           text.find_first_of("%|&=<>/\\{}!?\"'") == std::string_view::npos && !text.starts_with("GC ") &&
           (text.find(' ') != std::string_view::npos || text.find("::") != std::string_view::npos);
  }

  static bool IsApiName(std::string_view text) {
    return text.starts_with("v8::") && text.size() > 6 && text.size() < 100 &&
           text.find_first_of("%\"<=") == std::string_view::npos;
  }

  static bool IsFileAndLine(std::string_view text) {
    size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon < 3 || colon + 1 >= text.size()) return false;
    std::string_view line = text.substr(colon + 1);
    if (!std::ranges::all_of(line, [](char c) { return c >= '0' && c <= '9'; })) return false;
    std::string_view file = text.substr(0, colon);
    return file.ends_with(".cc") || file.ends_with(".h") || file.ends_with(".c") || file.ends_with(".cpp");
  }

  const Memory& memory_;
  const ImageReader& image_;
  const ThreadState& thread_;
  Address rsp_ = 0;
  Block above_;
  size_t reads_ = 0;
  std::optional<std::vector<Pointed>> literals_;
};

}  // namespace

FatalError FindFatalError(const Memory& memory, const ImageReader& image, bool abort_on_uncaught) {
  const int signal = memory.Process().signal;
  const bool gave_up = signal == kSigAbrt || signal == kSigTrap || signal == kSigIll;
  if (!gave_up || memory.Threads().empty()) return {};
  Finder finder(memory, image, memory.Threads()[0]);
  if (auto error = finder.FailureMessage()) return *error;
  if (auto error = finder.OutOfMemory()) return *error;
  if (auto error = finder.NodeAssertion()) return *error;
  if (auto error = finder.ApiFailure()) return *error;
  if (abort_on_uncaught && signal != kSigAbrt) return finder.UncaughtException();
  return {};
}

}  // namespace corewalk
