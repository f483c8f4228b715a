#include "analysis/leaks/newest_only.h"

#include "base/number_text.h"

namespace corewalk {
namespace {

// Gone for each that is left; of what comes at an even pace, times the span of its times that the process lived.
constexpr double kGoneForEachLeft = 2;

}  // namespace

std::string NewestOnly(const Growth& growth, uint64_t entries, double lived) {
  const auto name = [](const std::string& field, bool of_key) { return of_key || field.empty() ? std::string("numbers") : "." + field; };
  if (const std::optional<SequenceSpan>& sequence = growth.sequence;
      sequence && sequence->gapless && sequence->first >= kGoneForEachLeft * static_cast<double>(entries))
    return "its " + name(sequence->field, sequence->of_key) + " begin at " + PlainNumberText(sequence->first);
  if (const std::optional<TimeSpan>& times = growth.times; times && !times->foreign && times->per_second > 0 && growth.deleted_from == true) {
    const double span = times->newest - times->oldest;
    if (span * (1 + kGoneForEachLeft) < lived)
      return "its entries are of " + PlainNumberText(span) + " ms, and the process lived for " + PlainNumberText(lived) + " ms or longer";
  }
  return "";
}

}  // namespace corewalk
