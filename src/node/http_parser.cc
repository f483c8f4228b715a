#include "node/http_parser.h"

#include <charconv>

#include "node/handle_wraps.h"

namespace corewalk {
namespace {

// llhttp__internal_s. `finish` stands behind `lenient_flags`, which has one byte up to 8, and two from 9.1 on.
constexpr uint64_t kData = 48, kCurrent = 56, kType = 72, kMajor = 74, kMinor = 75, kSettings = 88;
constexpr int kFinishNarrow = 79, kFinishWide = 81;
constexpr uint8_t kTypeRequest = 1, kMostMajor = 2, kMostMinor = 9;
constexpr uint8_t kFinishSafe = 0, kFinishUnsafe = 2;  // enum llhttp_finish
constexpr uint64_t kMostStates = 4096;                 // a state of the automaton is a small number
constexpr uint64_t kFirstState = 24, kLastState = 256;  // where in a Parser it may stand
constexpr uint64_t kMostBehind = 1 << 14;                 // bytes of a Parser behind it

int FinishOf(std::string_view version) {
  int major = 0, minor = 0;
  const char* end = version.data() + version.size();
  const auto [dot, failed] = std::from_chars(version.data(), end, major);
  if (failed != std::errc() || dot == end || *dot != '.') return 0;
  if (std::from_chars(dot + 1, end, minor).ec != std::errc()) return 0;
  if (major >= 2 && major <= 8) return kFinishNarrow;
  return major == 9 && minor >= 1 ? kFinishWide : 0;
}

}  // namespace

HttpParsers::HttpParsers(HeapReader* reader, std::string_view version)
    : reader_(*reader), finish_at_(FinishOf(version)) {}

bool HttpParsers::IsState(Address at) const {
  const auto word = [&](uint64_t offset) { return reader_.memory().ReadWord(at + offset).value_or(1); };
  const auto byte = [&](uint64_t offset) { return static_cast<uint8_t>(word(offset & ~7ull) >> (offset % 8 * 8)); };
  const uint64_t current = word(kCurrent), settings = word(kSettings);
  return static_cast<uint32_t>(word(0)) == 0 && word(kData) == 0 && current != 0 && current < kMostStates &&
         byte(kType) == kTypeRequest && byte(kMajor) <= kMostMajor && byte(kMinor) <= kMostMinor &&
         byte(static_cast<uint64_t>(finish_at_)) <= kFinishUnsafe && settings >= kMostStates && settings % 8 == 0 &&
         settings < kUserAddressEnd;
}

std::optional<HttpParserView> HttpParsers::Read(uint64_t parser) {
  if (finish_at_ == 0) return std::nullopt;
  const Address base = BaseOfObject(reader_, parser);
  if (base == 0) return std::nullopt;
  if (state_at_ == 0 || !IsState(base + state_at_)) {
    uint64_t found = 0;
    for (uint64_t at = kFirstState; at <= kLastState; at += 8) {
      if (!IsState(base + at)) continue;
      if (found != 0) return std::nullopt;
      found = at;
    }
    if (found == 0 || (state_at_ != 0 && found != state_at_)) return std::nullopt;
    state_at_ = found;
  }
  const uint64_t at = base + state_at_ + static_cast<uint64_t>(finish_at_);
  const std::optional<uint64_t> word = reader_.memory().ReadWord(at & ~7ull);
  if (!word) return std::nullopt;
  HttpParserView view;
  view.in_message = static_cast<uint8_t>(*word >> (at % 8 * 8)) != kFinishSafe;
  if (view.in_message) view.message_start = MessageStart(base);
  return view;
}

// {..., last_message_start_, connectionsList_}: the list is a BaseObject.
std::optional<uint64_t> HttpParsers::MessageStart(Address base) {
  const auto is_list = [&](uint64_t at) {
    const uint64_t object = ObjectOfBase(reader_, reader_.memory().ReadWord(base + at).value_or(0));
    return object != 0 && reader_.ClassOf(object) == "ConnectionsList";
  };
  if (list_missing_) return std::nullopt;
  if (list_at_ == 0) {
    for (uint64_t at = state_at_ + kSettings + 16; at < state_at_ + kMostBehind && list_at_ == 0; at += 8) {
      if (is_list(at)) list_at_ = at;
    }
    list_missing_ = list_at_ == 0;
  }
  if (list_at_ == 0 || !is_list(list_at_)) return std::nullopt;
  const uint64_t start = reader_.memory().ReadWord(base + list_at_ - 8).value_or(0);
  return start == 0 ? std::nullopt : std::optional(start);
}

}  // namespace corewalk
