#include "command/target.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text_sanitize.h"

namespace corewalk {

Card TargetCard(Session& session) {
  const Memory& memory = session.memory();
  static constexpr std::string_view kKinds[] = {"core", "live", "debugger", "fake"};
  Card card{.key = "target", .title = "", .fields = {}};
  card.fields.push_back({"kind", "Target", std::string(kKinds[static_cast<size_t>(memory.Kind())])});
  card.fields.push_back({"description", "From", UntrustedText(memory.Describe())});
  card.fields.push_back({"pid", "Process", int64_t{memory.Process().pid}});
  card.fields.push_back(
      {"executable", "Executable", session.binary() ? Cell(UntrustedText(session.binary()->path)) : Cell(Absent{})});
  card.fields.push_back({"build_id", "Build-id", session.binary() ? Cell(session.binary()->build_id) : Cell(Absent{})});
  card.fields.push_back(
      {"node_version", "Node.js", session.version() ? Cell(session.version()->node) : Cell(Absent{})});
  card.fields.push_back(
      {"v8_version", "V8",
       session.layout().version.known() ? Cell(session.layout().version.ToString()) : Cell(Absent{})});
  card.fields.push_back({"isolates", "Isolates", Count{session.model().isolates().size()}});
  return card;
}

Result<int> ChosenIsolate(const CommandContext& context) {
  if (context.isolate.all) return -1;
  const size_t count = context.session.model().isolates().size();
  const uint32_t number = context.isolate.number.value_or(0);
  if (number >= count) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("there is no isolate {}: this process has {} (0 to {})", number, count, count - 1));
  }
  return static_cast<int>(number);
}

Result<HeapWalkOptions> WalkOptionsFor(const CommandContext& context) {
  const Result<int> isolate = ChosenIsolate(context);
  if (!isolate) return std::unexpected(isolate.error());
  return HeapWalkOptions{.isolate = *isolate, .threads = context.session.options().threads};
}

Completeness StartCompleteness(const CommandContext& context) {
  Completeness completeness = context.session.completeness();
  const size_t isolates = context.session.model().isolates().size();
  if (isolates > 1 && !context.isolate.all && !context.isolate.number) {
    completeness.notes.push_back(
        fmt::format("this is isolate 0, the main thread's, of {}: --isolate all counts worker threads too", isolates));
  }
  return completeness;
}

Result<uint64_t> ParseAddress(const std::string& word) {
  std::string_view digits = word;
  int base = 16;
  if (digits.starts_with("0x") || digits.starts_with("0X"))
    digits.remove_prefix(2);
  else if (digits.starts_with("0d"))
    digits.remove_prefix(2), base = 10;
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return Fail(ErrorCode::kUsage, fmt::format("'{}' is not an address (write it in hexadecimal, as it is printed)",
                                               Sanitize(UntrustedText(word), {.max_code_points = 80})));
  }
  return value;
}

}  // namespace corewalk
