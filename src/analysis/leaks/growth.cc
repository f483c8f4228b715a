#include "analysis/leaks/growth.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <unordered_map>

#include "heap/views/collection_store.h"
#include "heap/views/contexts.h"
#include "heap/views/primitives.h"
#include "heap/views/properties.h"

namespace corewalk {
namespace {

constexpr double kMost = 0.95;          // of neighbours that must be in order
constexpr double kFarBack = 0.1;        // of all that a field rises by, that entries may lie behind
constexpr double kInMostEntries = 0.9;  // of the entries that must have the field
constexpr size_t kFewest = 3;           // entries that make an order
constexpr int kMostProperties = 64;     // of one entry that are looked at
constexpr size_t kMostSeries = 512;
constexpr double kGoneForEachLeft = 3;    // entries of a sequence that were deleted for each one that is left
constexpr uint64_t kInitialCapacity = 4;  // OrderedHashTable::kInitialCapacity, src/objects/ordered-hash-table.h

// A number of each entry, with the order of the entry.
struct Series {
  uint64_t key = 0;  // tagged name of the property
  bool dates = true;
  std::vector<double> values;
  std::vector<uint64_t> orders;

  void Add(double value, uint64_t order, bool date) {
    values.push_back(value);
    orders.push_back(order);
    dates &= date;
  }
  // Few fall behind the one before; and few lie far below what was reached, as all do once it has begun anew.
  bool Rises() const {
    if (values.size() < kFewest) return false;
    const auto [lowest, highest] = std::ranges::minmax(values);
    double reached = values[0];
    size_t falling = 0, far = 0;
    for (size_t i = 1; i < values.size(); ++i) {
      falling += values[i] < values[i - 1];
      far += values[i] < reached - kFarBack * (highest - lowest);
      reached = std::max(reached, values[i]);
    }
    const double few = (1 - kMost) * static_cast<double>(values.size() - 1) + 1e-9;
    return static_cast<double>(falling) <= few && static_cast<double>(far) <= few;
  }
  bool IsTime() const { return !values.empty() && std::ranges::all_of(values, IsMilliseconds); }
  bool IsSequence() const {
    size_t steps = 0;
    for (size_t i = 1; i < values.size(); ++i)
      steps += values[i] > values[i - 1] &&
               values[i] - values[i - 1] == static_cast<double>(orders[i]) - static_cast<double>(orders[i - 1]);
    return values.size() >= kFewest && static_cast<double>(steps) >= kMost * static_cast<double>(values.size() - 1);
  }
};

std::string Lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool Contains(const std::string& text, std::initializer_list<const char*> words) {
  return std::ranges::any_of(words, [&](const char* word) { return text.find(word) != std::string::npos; });
}

// How well a name fits a time at which something was made; times to come fit badly.
int RankOfTime(const std::string& name, bool date) {
  const std::string lower = Lower(name);
  if (Contains(lower, {"expir", "until", "deadline", "next", "end"})) return 0;
  return 1 + (date ? 1 : 0) + (Contains(lower, {"creat", "start", "begin", "added", "born", "insert"}) ? 2 : 0) +
         (Contains(lower, {"time", "date", "at", "ts", "stamp"}) ? 1 : 0);
}

struct Moment {
  double value = 0;
  bool date = false;
};
std::optional<Moment> NumberOf(HeapReader& reader, uint64_t value, std::optional<double> raw) {
  if (raw) return Moment{*raw};
  if (const std::optional<double> number = ReadNumber(reader, value)) return Moment{*number};
  if (const std::optional<double> date = ReadDate(reader, value)) return Moment{*date, true};
  return std::nullopt;
}

// The named numbers and dates of one value.
template <typename ToEach>
void ForEachNumber(HeapReader& reader, uint64_t value, ToEach&& to_each) {
  if (IsSmi(value)) return;
  int seen = 0;
  ForEachProperty(reader, value, [&](const OwnProperty& property) {
    if (!property.accessor && !property.native && property.readable) {
      if (const std::optional<Moment> number = NumberOf(reader, property.value, property.raw_double))
        to_each(property.key, *number);
    }
    return ++seen < kMostProperties;
  });
}

std::optional<double> FieldOf(HeapReader& reader, const StoreEntry* entry, uint64_t key) {
  if (entry == nullptr || entry->accessor) return std::nullopt;
  if (key == 0) {
    const std::optional<Moment> number = NumberOf(reader, entry->value, entry->raw_double);
    return number ? std::optional(number->value) : std::nullopt;
  }
  std::optional<double> found;
  ForEachNumber(reader, entry->value, [&](uint64_t name, const Moment& number) {
    if (name == key) found = number.value;
  });
  return found;
}

// Entries whose time of expiry lies before the newest entry was made.
void FindExpired(HeapReader& reader, const std::vector<Series>& series, Growth* growth) {
  for (const Series& one : series) {
    if (one.key == 0 || !one.IsTime() || one.values.size() < kFewest) continue;
    std::string name = ReadKey(reader, one.key).text;
    if (name == growth->times->field || !Contains(Lower(name), {"expir"})) continue;
    const auto expired = std::ranges::count_if(one.values, [&](double time) { return time < growth->times->newest; });
    growth->expired_share = static_cast<double>(expired) / static_cast<double>(one.values.size());
    growth->expiry_field = std::move(name);
    return;
  }
}

TimeSpan SpanOf(std::string field, bool of_key, double oldest, double newest, uint64_t entries) {
  TimeSpan span{.field = std::move(field), .of_key = of_key, .oldest = oldest, .newest = newest};
  if (newest > oldest && entries > 1) span.per_second = static_cast<double>(entries - 1) / ((newest - oldest) / 1000);
  return span;
}

// JSObject::NewElementsCapacity (src/objects/js-objects.h): what an array gets that is pushed to when it is full.
bool IsCapacityOfPushes(uint64_t capacity) {
  uint64_t at = 0;
  while (at < capacity) at = (at + 1) + (at + 1) / 2 + 16;
  return at == capacity && capacity > 0;
}

}  // namespace

Growth GrowthOfStore(const StoreView& store) {
  Growth growth{.deleted_now = store.deleted, .ever_added = store.ever_added};
  growth.ordered = store.ordered || store.kind == StoreKind::kNamed || store.kind == StoreKind::kCells;
  const uint64_t half = store.capacity / 2;
  switch (store.kind) {
    case StoreKind::kMap:
    case StoreKind::kSet:
      // A full table of which less than half was deleted is copied to one twice as large, without what was deleted; one
      // that is not full stays (OrderedHashTable::EnsureCapacityForAdding, src/objects/ordered-hash-table.cc).
      if (store.deleted > 0) {
        growth.deleted_from = true;
      } else if (store.entries > half) {
        growth.added_since_growth = store.entries - half;
        growth.just_grown = store.capacity > kInitialCapacity && growth.added_since_growth <= store.capacity / 16;
        if (growth.added_since_growth >= std::max<uint64_t>(store.entries / 8, 1)) growth.deleted_from = false;
      } else if (store.capacity > kInitialCapacity) {
        growth.half_empty = true;
        // A Set is made with room for what it is made from, double entries too (from 10.x).
        if (store.kind == StoreKind::kMap) growth.deleted_from = true;
      }
      break;
    case StoreKind::kNamed:
      if (store.ever_added) growth.deleted_from = *store.ever_added > store.entries;
      if (store.deleted > 0) growth.deleted_from = true;
      break;
    case StoreKind::kNumbered:
      if (store.deleted > 0) growth.deleted_from = true;
      break;
    case StoreKind::kElements:
    case StoreKind::kDoubles:
      growth.grown_by_push = store.entries < store.capacity && IsCapacityOfPushes(store.capacity);
      growth.exact = store.entries == store.capacity && !IsCapacityOfPushes(store.capacity);
      break;
    default:
      break;
  }
  return growth;
}

void FindSpans(HeapReader& reader, std::span<const StoreEntry> sample, const StoreEntry* first, const StoreEntry* last,
               uint64_t entries, const KeyPattern& keys, Growth* growth) {
  if (!growth->ordered) return;
  std::vector<Series> series;  // the first is of the values themselves
  series.push_back({});
  std::unordered_map<uint64_t, size_t> by_key;
  for (const StoreEntry& entry : sample) {
    if (entry.accessor) continue;
    if (const std::optional<Moment> number = NumberOf(reader, entry.value, entry.raw_double)) {
      series[0].Add(number->value, entry.order, number->date);
      continue;
    }
    ForEachNumber(reader, entry.value, [&](uint64_t key, const Moment& number) {
      const auto known = by_key.find(key);
      size_t at = known == by_key.end() ? 0 : known->second;
      if (at == 0) {
        if (series.size() >= kMostSeries) return;
        at = series.size();
        by_key.emplace(key, at);
        series.push_back({.key = key});
      }
      series[at].Add(number.value, entry.order, number.date);
    });
  }
  int best_time = -1, best_sequence = -1;
  for (const Series& one : series) {
    if (static_cast<double>(one.values.size()) < kInMostEntries * static_cast<double>(sample.size()) || !one.Rises())
      continue;
    std::string name = one.key == 0 ? "" : ReadKey(reader, one.key).text;
    const double oldest = FieldOf(reader, first, one.key).value_or(one.values.front());
    const double newest = FieldOf(reader, last, one.key).value_or(one.values.back());
    if (newest < oldest) continue;
    if (one.IsTime()) {
      const int rank = RankOfTime(name, one.dates);
      if (rank > best_time) {
        best_time = rank;
        growth->times = SpanOf(std::move(name), false, oldest, newest, entries);
      }
    } else if (one.IsSequence()) {
      const int rank = Contains(Lower(name), {"id", "seq", "num", "index", "count"}) ? 1 : 0;
      if (rank > best_sequence) {
        best_sequence = rank;
        growth->sequence = {.field = std::move(name), .first = oldest, .last = newest};
      }
    }
  }
  if (growth->times) FindExpired(reader, series, growth);
  if (keys.key_class == KeyClass::kTimestamps && keys.rising && !growth->times)
    growth->times = SpanOf("", true, *keys.first, *keys.last, entries);
  if (keys.key_class == KeyClass::kSequential && keys.first && keys.last)
    growth->sequence = {.of_key = true, .first = *keys.first, .last = *keys.last};
  if (SequenceSpan* const sequence = growth->sequence ? &*growth->sequence : nullptr) {
    sequence->gapless = sequence->last - sequence->first + 1 == static_cast<double>(entries);
    if (sequence->gapless && growth->deleted_now == 0 && !growth->half_empty &&
        (sequence->first == 0 || sequence->first == 1))
      growth->deleted_from = growth->deleted_from.value_or(false);
  }
}

BoundJudgement Judge(const StoreView& store, uint64_t entries, const KeyPattern& keys, bool one_class,
                     const Growth& growth) {
  BoundJudgement judgement;
  const auto say = [&judgement](bool when, Reason reason) {
    if (when) judgement.reasons.push_back(reason);
    return when;
  };
  // Of a variable it takes the sources to tell: see MayKeep() in excuses.h.
  bool bounded = say(growth.limit && growth.limit->reached && !growth.limit->of_context, Reason::kAtLimit);
  bounded |= say(store.frozen, Reason::kFrozen);
  const bool deleted = say(growth.deleted_from == true, Reason::kDeleted);
  // A backlog whose newest entries wait longer and longer has deleted less than it holds; numbers may also begin
  // anywhere, so deletions must be proven.
  // So they are of an array whose room is not that of one that was only pushed to: it was shifted, cut or written over.
  const bool array = store.kind == StoreKind::kElements || store.kind == StoreKind::kDoubles;
  bounded |= say((deleted || (array && !growth.grown_by_push)) && growth.sequence && growth.sequence->gapless &&
                     growth.sequence->first >= kGoneForEachLeft * static_cast<double>(entries),
                 Reason::kOldestGone);
  if (bounded || deleted || entries < kManyEntries) {
    judgement.bound = bounded ? Bound::kBounded : Bound::kUnknown;
    return judgement;
  }
  // Numbers of what was read at the start rise as well; nothing of such an array says that it will get longer.
  const bool by_time = growth.times.has_value() && growth.times->per_second > 0;
  if (say(growth.exact && !by_time, Reason::kMadeAtOnce)) return judgement;
  bool grows = say(growth.deleted_from == false, Reason::kNeverDeleted);
  grows |= say(growth.sequence && growth.sequence->gapless, Reason::kNoneMissing);
  grows |= say(growth.grown_by_push, Reason::kOnlyPushed);
  grows |= say(by_time, Reason::kByTime);
  bool many = say(keys.identifiers, Reason::kIdentifiers);
  many |= say(one_class, Reason::kObjects);
  if (grows && many) judgement.bound = Bound::kUnbounded;
  return judgement;
}

std::optional<SizeLimit> FindLimit(HeapReader& reader, uint64_t holder, uint64_t entries) {
  constexpr double kReached = 0.9;
  std::optional<SizeLimit> found;
  const auto consider = [&](const std::string& name, double value) {
    const std::string lower = Lower(name);
    const size_t begin = lower.find_first_not_of("#_");
    const bool cap = begin != std::string::npos && lower.substr(begin) == "cap";
    if ((!cap && !Contains(lower, {"max", "limit", "capacity", "bound"})) ||
        Contains(lower, {"listener", "byte", "age", "time", "length_of"}))
      return;
    if (!std::isfinite(value) || value < 1 || value != std::floor(value)) return;
    // One more while the newest is in and the oldest is not yet out.
    const double count = static_cast<double>(entries);
    if (count > value * 1.01 + 1) return;
    if (!found || value < found->value) found = {.name = name, .value = value, .reached = count >= kReached * value};
  };
  const MapInfo* map = reader.MapOf(holder);
  if (map == nullptr) return found;
  if (reader.layout().types.IsContext(map->instance_type)) {
    if (const std::optional<ContextView> view = ReadContext(reader, holder)) {
      for (const ContextVariable& variable : view->variables) {
        const std::optional<Moment> number = NumberOf(reader, variable.value, variable.raw_double);
        if (number && !number->date && variable.readable) consider(variable.name, number->value);
      }
    }
    // A constant of a module may limit something else.
    if (found && !found->reached) found.reset();
    if (found) found->of_context = true;
    return found;
  }
  // What has so many properties is a collection itself; its keys are no settings.
  constexpr uint64_t kMostSettings = 4096;
  for (const StoreView& store : StoresOf(reader, holder)) {
    if (store.kind == StoreKind::kNamed && store.entries > kMostSettings) return found;
  }
  ForEachNumber(reader, holder, [&](uint64_t key, const Moment& number) {
    if (!number.date) consider(ReadKey(reader, key).text, number.value);
  });
  return found;
}

}  // namespace corewalk
