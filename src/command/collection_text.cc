#include "command/collection_text.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text_sanitize.h"
#include "command/number_text.h"
#include "command/reference_text.h"
#include "report/format.h"

namespace corewalk {
namespace {

constexpr size_t kShownPattern = 80;  // code points
constexpr size_t kShownName = 60;
constexpr size_t kMostProperties = 8;

std::string Safe(const std::string& text, size_t most = kShownName) {
  return Sanitize(UntrustedText(text), {.max_code_points = most});
}

std::string FieldText(const std::string& field, bool of_key, std::string_view alone) {
  return of_key ? "the key" : field.empty() ? std::string(alone) : "." + Safe(field);
}

std::string RateText(double per_second) {
  return per_second >= 10 ? FormatCount(static_cast<uint64_t>(std::llround(per_second)))
                          : fmt::format("{:.2g}", per_second);
}

std::string DeletionSentence(const CollectionFacts& facts) {
  const Growth& growth = facts.growth;
  if (growth.ever_added) {
    const uint64_t gone = *growth.ever_added - std::min(*growth.ever_added, facts.store.entries);
    return gone == 0 ? fmt::format("{} were added since it became a dictionary, none was deleted",
                                   FormatCount(*growth.ever_added))
                     : fmt::format("{} were added since it became a dictionary, {} of them were deleted",
                                   FormatCount(*growth.ever_added), FormatCount(gone));
  }
  if (growth.deleted_now > 0)
    return fmt::format("{} deleted entries are still in its table", FormatCount(growth.deleted_now));
  if (growth.half_empty) {
    return growth.deleted_from == true ? "its table has room for more than twice as many: it was once larger"
                                       : "its table has room for more than twice as many";
  }
  if (growth.added_since_growth == 0) return "";
  if (growth.just_grown) return "its table has just grown: nearly half of it is still empty";
  return fmt::format("since its table last grew, {} or more entries were added and none was deleted",
                     FormatCount(growth.added_since_growth));
}

}  // namespace

std::string PlainNumber(double number) {
  if (number == std::floor(number) && number >= 0 && number < 9.0e15) return FormatCount(static_cast<uint64_t>(number));
  return NumberText(number);
}

std::string KeysText(const KeyPattern& keys) {
  if (keys.key_class == KeyClass::kNone) return "";
  std::string text;
  if (!keys.pattern.empty()) text = Safe(keys.pattern, kShownPattern);
  std::string kind(KeyClassName(keys.key_class));
  if (keys.key_class == KeyClass::kTimestamps && keys.first && keys.last) {
    kind += fmt::format(", {} to {}", DateText(*keys.lowest), DateText(*keys.highest));
  } else if (keys.key_class == KeyClass::kSequential && keys.first && keys.last) {
    kind += fmt::format(", {} to {}", PlainNumber(*keys.first), PlainNumber(*keys.last));
  } else if (keys.lowest && keys.highest) {
    kind += fmt::format(", {} to {}", PlainNumber(*keys.lowest), PlainNumber(*keys.highest));
  }
  if (text.empty()) return kind;
  return keys.key_class == KeyClass::kObjects || keys.key_class == KeyClass::kTexts ? text : text + " (" + kind + ")";
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
  const Growth& growth = facts.growth;
  std::vector<std::string> sentences;
  if (growth.limit) {
    sentences.push_back(
        growth.limit->reached
            ? fmt::format("it is at its limit: {} = {}", Safe(growth.limit->name), PlainNumber(growth.limit->value))
            : fmt::format("there is a limit: {} = {}", Safe(growth.limit->name), PlainNumber(growth.limit->value)));
  }
  if (std::string text = DeletionSentence(facts); !text.empty()) sentences.push_back(std::move(text));
  if (growth.sequence) {
    sentences.push_back(fmt::format("{} rises by one with each entry, {} to {}{}",
                                    FieldText(growth.sequence->field, growth.sequence->of_key, "the entry"),
                                    PlainNumber(growth.sequence->first), PlainNumber(growth.sequence->last),
                                    growth.sequence->gapless ? ": none is missing" : ""));
  }
  if (growth.times) {
    sentences.push_back(fmt::format(
        "{} rises from {} to {}{}", FieldText(growth.times->field, growth.times->of_key, "the entry"),
        DateText(growth.times->oldest), DateText(growth.times->newest),
        growth.times->per_second > 0 ? ": " + RateText(growth.times->per_second) + " entries per second" : ""));
  }
  if (growth.grown_by_push) sentences.push_back("it was grown from empty by pushing one element after the other");
  if (facts.judgement.bound == Bound::kUnbounded && facts.keys.identifiers)
    sentences.push_back("there is a key of its own for each single thing");
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
