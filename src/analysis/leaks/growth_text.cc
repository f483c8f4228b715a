#include "analysis/leaks/growth_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/number_text.h"

namespace corewalk {
namespace {

// Arrays and Sets have no keys: what is told of them are their members.
std::string FieldText(const CollectionFacts& facts, const std::string& field, bool of_key, const char* alone) {
  const bool members = facts.kind == CollectionKind::kArray || facts.kind == CollectionKind::kSet;
  return of_key ? (members ? "the member" : "the key") : field.empty() ? std::string(alone) : "." + field;
}

std::string RateText(double per_second) {
  if (per_second >= 10) return CountText(static_cast<uint64_t>(std::llround(per_second)));
  char text[32];
  std::snprintf(text, sizeof(text), "%.2g", per_second);
  return text;
}

std::string PercentText(double share) {
  return std::to_string(static_cast<int>(std::lround(100 * share))) + " %";
}

std::string DeletionClause(const CollectionFacts& facts) {
  const Growth& growth = facts.growth;
  if (growth.ever_added) {
    const uint64_t gone = *growth.ever_added - std::min(*growth.ever_added, facts.store.entries);
    return CountText(*growth.ever_added) + " were added since it became a dictionary, " +
           (gone == 0 ? "none was deleted" : CountText(gone) + " of them were deleted");
  }
  if (growth.deleted_now > 0) return CountText(growth.deleted_now) + " deleted entries are still in its table";
  if (growth.half_empty) {
    return std::string("its table has room for more than twice as many") +
           (growth.deleted_from == true ? ": it was once larger" : "");
  }
  if (growth.added_since_growth == 0) return "";
  if (growth.just_grown) return "its table has just grown: nearly half of it is still empty";
  return "since its table last grew, " + CountText(growth.added_since_growth) +
         " or more entries were added and none was deleted";
}

}  // namespace

std::string KeysClause(const KeyPattern& keys) {
  if (keys.key_class == KeyClass::kNone) return "";
  std::string kind(KeyClassName(keys.key_class));
  if (keys.key_class == KeyClass::kTimestamps && keys.lowest && keys.highest) {
    kind += ", " + DateText(*keys.lowest) + " to " + DateText(*keys.highest);
  } else if (keys.key_class == KeyClass::kSequential && keys.first && keys.last) {
    kind += ", " + PlainNumberText(*keys.first) + " to " + PlainNumberText(*keys.last);
  } else if (keys.lowest && keys.highest) {
    kind += ", " + PlainNumberText(*keys.lowest) + " to " + PlainNumberText(*keys.highest);
  }
  if (keys.pattern.empty()) return kind;
  const bool pattern_says_all = keys.key_class == KeyClass::kObjects || keys.key_class == KeyClass::kTexts;
  return pattern_says_all ? keys.pattern : keys.pattern + " (" + kind + ")";
}

std::vector<std::string> GrowthClauses(const CollectionFacts& facts) {
  const Growth& growth = facts.growth;
  std::vector<std::string> clauses;
  if (growth.limit) {
    clauses.push_back((growth.limit->reached ? "it is at its limit: " : "there is a limit: ") + growth.limit->name +
                      " = " + PlainNumberText(growth.limit->value));
  }
  if (std::string clause = DeletionClause(facts); !clause.empty()) clauses.push_back(std::move(clause));
  if (growth.sequence) {
    const SequenceSpan& sequence = *growth.sequence;
    clauses.push_back(FieldText(facts, sequence.field, sequence.of_key, "the entry") + " rises by one with each entry, " +
                      PlainNumberText(sequence.first) + " to " + PlainNumberText(sequence.last) +
                      (std::ranges::count(facts.judgement.reasons, Reason::kOldestGone) > 0
                           ? ": all before them were deleted"
                       : sequence.gapless ? ": none is missing"
                                          : ""));
  }
  if (growth.times) {
    const TimeSpan& times = *growth.times;
    clauses.push_back(FieldText(facts, times.field, times.of_key, "the entry") + " rises from " + DateText(times.oldest) +
                      " to " + DateText(times.newest) +
                      (times.foreign          ? ", longer than the process lived: dates of its data"
                       : times.per_second > 0 ? ": " + RateText(times.per_second) + " entries per second" : ""));
  }
  if (growth.grown_by_push) clauses.push_back("it was grown from empty by pushing one element after the other");
  if (growth.expired_share)
    clauses.push_back(PercentText(*growth.expired_share) + " of its entries had expired (." + growth.expiry_field +
                      ") when the newest was made");
  if (facts.dead_references > 0) {
    clauses.push_back(CountText(facts.dead_references) + " of " + CountText(facts.values_sampled) +
                      " values looked at are WeakRefs to objects that are gone");
  }
  if (facts.keys_held_here)
    clauses.push_back(PercentText(*facts.keys_held_here) +
                      " of the objects that are its keys are held by nothing else");
  if (facts.judgement.bound == Bound::kUnbounded && facts.keys.identifiers && facts.kind != CollectionKind::kArray &&
      facts.kind != CollectionKind::kSet)
    clauses.push_back("there is a key of its own for each single thing");
  return clauses;
}

std::vector<std::string> CollectionAdvice(const CollectionFacts& facts, bool iterated) {
  std::vector<std::string> advice;
  const bool is_array = facts.kind == CollectionKind::kArray;
  if (facts.keys_held_here.value_or(0) > 0.5 && !iterated) {
    advice.push_back(facts.kind == CollectionKind::kSet
                         ? "if it is never iterated, use a WeakSet: it would not keep its members alive"
                         : "use a WeakMap: its keys are objects that nothing else needs any more");
  }
  if (!facts.values.empty() && facts.values[0].name == "(sliced string)")
    advice.push_back("keep copies in place of slices, each of which holds the whole text that it was cut from (strings)");
  if (facts.dead_references > 0)
    advice.push_back("delete the entry when its object is collected (FinalizationRegistry)");
  if (facts.growth.expired_share.value_or(0) > 0)
    advice.push_back("delete expired entries on a timer, not only when they are read");
  if (facts.judgement.bound == Bound::kBounded) {
    advice.push_back("if it is too large, lower its limit");
  } else if (is_array) {
    advice.push_back("remove elements that are no longer needed, or keep only the newest ones");
  } else {
    advice.push_back("delete entries that are no longer needed, or bound it (an LRU cache with a limit)");
  }
  return advice;
}

}  // namespace corewalk
