#include "command/collection_text.h"

#include <fmt/format.h>

#include "analysis/leaks/growth_text.h"
#include "base/number_text.h"
#include "base/text_sanitize.h"
#include "command/reference_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownKeys = 160;  // code points
constexpr size_t kShownName = 60;
constexpr size_t kShownSentence = 240;
constexpr size_t kMostProperties = 8;

std::string Safe(const std::string& text, size_t most = kShownName) {
  return Sanitize(UntrustedText(text), {.max_code_points = most});
}

}  // namespace

std::string KeysText(const KeyPattern& keys) {
  return Safe(KeysClause(keys), kShownKeys);
}

std::string ShortKeysText(const KeyPattern& keys) {
  constexpr size_t kShort = 28;
  if (!keys.pattern.empty()) return Safe(keys.pattern, kShort);
  return keys.key_class == KeyClass::kNone ? "" : std::string(KeyClassName(keys.key_class));
}

std::string ValueClassText(const ValueClass& value, size_t most_properties) {
  std::string text = Safe(value.name);
  if (value.properties.empty()) return text;
  text += " {";
  for (size_t i = 0; i < value.properties.size() && i < most_properties; ++i)
    text += (i == 0 ? "" : ", ") + Safe(value.properties[i], 30);
  return text + (value.properties.size() > most_properties ? ", ...}" : "}");
}

std::string CollectionText(const CollectionFacts& facts) {
  constexpr size_t kShort = 3;
  std::string text = Safe(facts.class_name, 40);
  if (facts.values.empty()) return text;
  text += " of " + ValueClassText(facts.values[0], kShort);
  return facts.values.size() == 1 ? text : text + fmt::format(" and {} more", facts.values.size() - 1);
}

std::string ValuesText(const CollectionFacts& facts, size_t most) {
  std::string text;
  uint64_t rest = facts.values_sampled;
  for (size_t i = 0; i < facts.values.size() && i < most; ++i) {
    const ValueClass& value = facts.values[i];
    rest -= std::min(rest, value.count);
    if (i > 0) text += ", ";
    text += ValueClassText(value, kMostProperties);
    if (facts.values.size() > 1)
      text += " " + FormatShare(static_cast<double>(value.count) /
                                static_cast<double>(std::max<uint64_t>(facts.values_sampled, 1)));
  }
  if (rest > 0) text += fmt::format(", {} more classes", facts.values.size() - std::min(most, facts.values.size()));
  return text;
}

std::vector<std::string> GrowthSentences(const CollectionFacts& facts) {
  std::vector<std::string> sentences;
  for (const std::string& clause : GrowthClauses(facts)) sentences.push_back(Safe(clause, kShownSentence));
  return sentences;
}

std::string_view BoundName(Bound bound) {
  return bound == Bound::kUnbounded ? "unbounded" : bound == Bound::kBounded ? "bounded" : "";
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kAtLimit:
      return "at_limit";
    case Reason::kFrozen:
      return "frozen";
    case Reason::kOldestGone:
      return "oldest_gone";
    case Reason::kDeleted:
      return "deleted";
    case Reason::kNeverDeleted:
      return "never_deleted";
    case Reason::kNoneMissing:
      return "none_missing";
    case Reason::kOnlyPushed:
      return "only_pushed";
    case Reason::kByTime:
      return "by_time";
    case Reason::kMadeAtOnce:
      return "made_at_once";
    case Reason::kIdentifiers:
      return "identifiers";
    case Reason::kObjects:
      return "objects";
  }
  return "";
}

std::string EntryKeyText(HeapReader& reader, const StoreEntry& entry) {
  return entry.key == 0 ? fmt::format("[{}]", entry.index) : BriefValue(reader, entry.key);
}

std::string EntryValueText(HeapReader& reader, const StoreEntry& entry) {
  if (entry.accessor) return "(accessor)";
  return entry.raw_double ? NumberText(*entry.raw_double) : BriefValue(reader, entry.value);
}

}  // namespace corewalk
