// find: objects by class, property, text, shape or size.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/text_sanitize.h"
#include "command/pattern.h"
#include "command/reference_text.h"
#include "command/target.h"
#include "heap/string_search.h"
#include "heap/tagged.h"
#include "heap/views/primitives.h"
#include "heap/views/property_finder.h"

namespace corewalk {
namespace {

constexpr int64_t kDefaultRows = 50;
constexpr uint64_t kShownUnits = 60;

// VALUE of --property NAME=VALUE.
struct WantedValue {
  enum class Kind { kAny, kNumber, kString, kOddball } kind = Kind::kAny;
  double number = 0;
  std::string text;
  HeapReader::Oddball oddball = HeapReader::Oddball::kNone;
};

WantedValue ParseValue(std::string text) {
  using Oddball = HeapReader::Oddball;
  static constexpr std::pair<std::string_view, Oddball> kOddballs[] = {
      {"true", Oddball::kTrue}, {"false", Oddball::kFalse}, {"null", Oddball::kNull}, {"undefined", Oddball::kUndefined}};
  for (const auto& [name, oddball] : kOddballs) {
    if (text == name) return {.kind = WantedValue::Kind::kOddball, .oddball = oddball};
  }
  if (text == "NaN") return {.kind = WantedValue::Kind::kNumber, .number = std::nan("")};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size())
    return {.kind = WantedValue::Kind::kNumber, .number = number};
  if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front())
    text = text.substr(1, text.size() - 2);
  return {.kind = WantedValue::Kind::kString, .text = std::move(text)};
}

bool Equals(HeapReader& reader, const OwnProperty& property, const WantedValue& wanted) {
  if (!property.readable || property.accessor) return false;
  switch (wanted.kind) {
    case WantedValue::Kind::kAny:
      return true;
    case WantedValue::Kind::kNumber: {
      const std::optional<double> number = property.raw_double ? property.raw_double : ReadNumber(reader, property.value);
      return number && (*number == wanted.number || (std::isnan(*number) && std::isnan(wanted.number)));
    }
    case WantedValue::Kind::kOddball:
      return !property.raw_double && !IsSmi(property.value) && reader.OddballOf(property.value) == wanted.oddball;
    case WantedValue::Kind::kString: {
      if (property.raw_double || !reader.IsString(property.value)) return false;
      const std::optional<StringText> text = reader.Text(property.value, wanted.text.size() + 1);
      return text && !text->damaged && !text->truncated && text->text == wanted.text;
    }
  }
  return false;
}

struct PropertyFilter {
  PropertyFinder finder;
  WantedValue wanted;
  bool Accepts(HeapReader& reader, const MapInfo& map, Address object) {
    const std::optional<OwnProperty> property = finder.Find(map, object);
    return property && (wanted.kind == WantedValue::Kind::kAny || Equals(reader, *property, wanted));
  }
};

// Everything that is asked of an object but its text.
struct Filters {
  std::optional<Pattern> class_pattern;
  std::vector<PropertyFilter> properties;
  std::optional<uint64_t> shape;  // untagged
  uint64_t larger_than = 0;

  bool AcceptsShape(Session& session, const MapInfo& map, Address first) {
    if (shape && Untag(map.word) != *shape) return false;
    if (class_pattern && !session.names().SharesDictionaryMap(map) &&
        !class_pattern->Matches(session.names().ClassName(map, first))) {
      return false;
    }
    for (PropertyFilter& property : properties) {
      if (!property.finder.MayHave(map, first)) return false;
    }
    return true;
  }
  bool Accepts(HeapReader& reader, const MapInfo& map, Address object, uint64_t size) {
    if (size <= larger_than && larger_than != 0) return false;
    if (class_pattern && reader.names().SharesDictionaryMap(map) &&
        !class_pattern->Matches(reader.names().ClassNameOf(map, object))) {
      return false;
    }
    for (PropertyFilter& property : properties) {
      if (!property.Accepts(reader, map, object)) return false;
    }
    return true;
  }
};

class Rows {
 public:
  Rows(CommandContext& context, HeapReader* reader, uint64_t limit) : context_(context), reader_(*reader), limit_(limit) {}

  void Add(const MapInfo& map, Address address, uint64_t size) {
    bytes_ += size;
    if (limit_ != 0 && shown_ >= limit_) {
      ++omitted_;
      return;
    }
    ++shown_;
    const MapInfo copy = map;
    const std::string value = BriefValue(reader_, address + 1, kShownUnits);
    const Cell row[] = {HexAddress{address}, Bytes{size}, HexAddress{copy.word - 1},
                        UntrustedText(reader_.names().ClassNameOf(copy, address)), value};
    context_.out.AddRow(row);
  }
  uint64_t shown() const { return shown_; }
  uint64_t omitted() const { return omitted_; }
  uint64_t bytes() const { return bytes_; }

 private:
  CommandContext& context_;
  HeapReader& reader_;
  const uint64_t limit_;
  uint64_t shown_ = 0, omitted_ = 0, bytes_ = 0;
};

class FindCommand final : public Command {
 public:
  FindCommand()
      : Command({.name = "find",
                 .group = "Objects",
                 .summary = "objects by class, property, text, shape or size",
                 .usage = "--class REGEX | --has-property NAME | --property NAME=VALUE | --string TEXT | --shape ADDRESS | "
                          "--larger-than SIZE ...",
                 .description =
                     "Several conditions must all hold. --string finds strings of every representation that contain TEXT,\n"
                     "or match /REGEX/ (or /REGEX/i); an expression sees the first 64 KB of a string, and ropes of up to 4,096\n"
                     "characters. VALUE is a number, true, false, null, undefined, or a text, which may stand in quotes.\n"
                     "Elements are no properties here.",
                 .example = "find --string 'token='\nfind --string '/^sk-[0-9a-f]+$/'\nfind --class '^Session$' --property "
                            "state=closed\nfind --larger-than 1MB",
                 .options = {{.name = "class", .kind = OptionKind::kString, .value_name = "REGEX", .help = "whose class name matches"},
                             {.name = "has-property", .kind = OptionKind::kString, .value_name = "NAME", .help = "with an own property (may be given again)"},
                             {.name = "property", .kind = OptionKind::kString, .value_name = "NAME=VALUE", .help = "with an own property of this value (may be given again)"},
                             {.name = "string", .letter = 's', .kind = OptionKind::kString, .value_name = "TEXT", .help = "strings that contain TEXT, or match /REGEX/"},
                             {.name = "shape", .kind = OptionKind::kString, .value_name = "ADDRESS", .help = "with this Map"},
                             {.name = "larger-than", .kind = OptionKind::kSize, .value_name = "SIZE", .help = "with more shallow bytes: 1000, 10k, 1MB"},
                             {.name = "limit", .letter = 'n', .kind = OptionKind::kInteger, .value_name = "N", .help = "objects to print, 0 = all (default 50)"}}}) {}

  Result<void> Run(CommandContext& context) const override {
    Session& session = context.session;
    const Result<HeapWalkOptions> options = WalkOptionsFor(context);
    if (!options) return std::unexpected(options.error());
    HeapReader reader(session.memory(), session.layout(), &session.names());
    Filters filters;
    if (const Result<void> parsed = ParseFilters(context, &reader, &filters); !parsed) return std::unexpected(parsed.error());
    const bool by_text = context.args.Has("string");
    const std::string text = context.args.Text("string");
    if (by_text && text.empty()) return Fail(ErrorCode::kUsage, "--string wants a text that is not empty");
    std::optional<Pattern> pattern;
    if (by_text) {
      const size_t slash = text.rfind('/');
      const std::string flags = slash == std::string::npos ? "" : text.substr(slash + 1);
      if (text[0] == '/' && slash > 0 && (flags.empty() || flags == "i")) {
        Result<Pattern> made = Pattern::Make(text.substr(1, slash - 1), "--string", flags == "i");
        if (!made) return std::unexpected(made.error());
        pattern = std::move(*made);
      }
    } else if (!filters.class_pattern && filters.properties.empty() && !filters.shape && filters.larger_than == 0) {
      return Fail(ErrorCode::kUsage, "find needs a condition (see 'help find')");
    }

    Completeness completeness = StartCompleteness(context);
    const std::string literal = pattern ? pattern->literal() : text;
    std::optional<StringSearch> strings;
    if (by_text && !literal.empty()) {
      strings = FindStrings(session.model(), *options, StringNeedle(literal), context.cancel, context.progress);
      completeness.bytes_lost += strings->tally.lost_bytes;
      completeness.objects_skipped += strings->tally.lost_places;
      completeness.bytes_unreadable += strings->tally.unreadable_bytes;
      completeness.gc_in_progress |= strings->gc_in_progress;
    }
    context.out.BeginDocument("find", TargetCard(session));
    context.out.BeginTable({.columns = {{"address", "Address"},
                                        {"shallow_bytes", "Shallow bytes"},
                                        {"shape", ""},
                                        {"class_name", "Class", Align::kLeft},
                                        {"value", "Value", Align::kLeft}}});
    Rows rows(context, &reader, static_cast<uint64_t>(context.args.Integer("limit", kDefaultRows)));
    // An expression is tried on every string by itself. A text that grew by += leaves a rope for each step, and each
    // holds all that came before: together they can be thousands of times as long as the heap.
    uint64_t passed_over = 0;
    const auto matches = [&](Address string) {
      if (!pattern) return true;
      constexpr uint32_t kLongestPart = 4096;
      const MapInfo* shape = reader.MapOf(string + 1);
      const uint32_t form = shape == nullptr ? 0 : shape->instance_type & string_bits::kRepresentationMask;
      if ((form == string_bits::kCons || form == string_bits::kSliced) &&
          reader.Raw<uint32_t>(string + 1, 12).value_or(0) > kLongestPart) {
        ++passed_over;
        return false;
      }
      const std::optional<StringText> decoded = reader.Text(string + 1, Pattern::kMaxSubject);
      return decoded && pattern->Matches(decoded->text);
    };
    if (strings) {
      uint64_t looked_at = 0;
      for (const Address string : strings->found) {
        if (++looked_at % 64 == 0 && context.cancel.Cancelled()) break;
        const MapInfo* found = reader.MapOf(string + 1);
        if (found == nullptr) continue;
        const MapInfo map = *found;
        const uint64_t size = reader.SizeOf(string + 1);
        if (filters.AcceptsShape(session, map, string) && filters.Accepts(reader, map, string, size) && matches(string))
          rows.Add(map, string, size);
      }
    } else {
      uint64_t looked_at = 0;
      const VisitGaps gaps = VisitObjects(
          session.model(), *options, context.cancel,
          [&](const MapInfo& map, Address first) {
            return (!by_text || session.layout().types.IsString(map.instance_type)) && filters.AcceptsShape(session, map, first);
          },
          [&](const MapInfo& map, Address address, uint64_t size, const Page&) {
            if (++looked_at % 1024 == 0 && context.cancel.Cancelled()) return false;
            if (filters.Accepts(reader, map, address, size) && (!by_text || matches(address))) rows.Add(map, address, size);
            return true;
          });
      gaps.Describe(&completeness);
    }
    if (passed_over > 0) {
      completeness.cut = true;
      completeness.notes.push_back(fmt::format(
          "{} ropes and slices of more than 4,096 characters were not tried: an expression is tried on the strings that "
          "they are made of",
          passed_over));
    }
    context.out.EndTable({.omitted = rows.omitted()});
    context.out.AddCard({.key = "total",
                         .title = "",
                         .fields = {{"count", "Objects in all", Count{rows.shown() + rows.omitted()}},
                                    {"shallow_bytes", "Shallow bytes", Bytes{rows.bytes()}}}});
    completeness.interrupted |= context.cancel.Cancelled();
    context.out.EndDocument(completeness);
    return {};
  }

 private:
  static Result<void> ParseFilters(CommandContext& context, HeapReader* reader, Filters* filters) {
    if (context.args.Has("class")) {
      Result<Pattern> made = Pattern::Make(context.args.Text("class"), "--class");
      if (!made) return std::unexpected(made.error());
      filters->class_pattern = std::move(*made);
    }
    for (const std::string& name : context.args.All("has-property"))
      filters->properties.push_back({PropertyFinder(reader, name), {}});
    for (const std::string& text : context.args.All("property")) {
      const size_t equals = text.find('=');
      if (equals == std::string::npos || equals == 0) {
        return Fail(ErrorCode::kUsage, fmt::format("--property wants NAME=VALUE, not '{}'",
                                                   Sanitize(UntrustedText(text), {.max_code_points = 80})));
      }
      filters->properties.push_back({PropertyFinder(reader, text.substr(0, equals)), ParseValue(text.substr(equals + 1))});
    }
    if (context.args.Has("shape")) {
      const Result<uint64_t> shape = ParseAddress(context.args.Text("shape"));
      if (!shape) return std::unexpected(shape.error());
      filters->shape = Untag(*shape);
    }
    filters->larger_than = context.args.Size("larger-than", 0);
    return {};
  }
};

}  // namespace

std::unique_ptr<Command> MakeFindCommand() {
  return std::make_unique<FindCommand>();
}

}  // namespace corewalk
