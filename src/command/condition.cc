#include "command/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text_sanitize.h"

namespace corewalk {
namespace {

constexpr size_t kMostComparisons = 100;

bool IsSpace(char c) {
  return c == ' ' || c == '\t';
}
bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

class Condition::Parser {
 public:
  Parser(std::string_view text, const std::vector<std::string>& names) : text_(text), names_(names) {}

  Result<Condition> Run() {
    Condition condition;
    condition.text_ = text_;
    bool alternative = false;
    while (true) {
      Comparison comparison{.begins_alternative = alternative};
      if (const Result<void> read = ReadQuantity(&comparison.quantity); !read) return std::unexpected(read.error());
      if (const Result<void> read = ReadOperator(&comparison.op); !read) return std::unexpected(read.error());
      if (const Result<void> read = ReadNumber(&comparison.number); !read) return std::unexpected(read.error());
      condition.comparisons_.push_back(std::move(comparison));
      SkipSpace();
      if (at_ == text_.size()) return condition;
      if (condition.comparisons_.size() >= kMostComparisons) return Wrong("too many comparisons");
      if (!Take("&&") && !(alternative = Take("||"))) return Wrong("expected '&&', '||' or the end");
      if (text_[at_ - 1] == '&') alternative = false;
    }
  }

 private:
  std::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(ErrorCode::kUsage, fmt::format("condition '{}': {} at character {}",
                                               Sanitize(text_, {.max_code_points = 80}), what, at_ + 1));
  }
  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  bool Take(std::string_view word) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Result<void> ReadQuantity(Quantity* quantity) {
    SkipSpace();
    const size_t begin = at_;
    while (at_ < text_.size() && IsNameCharacter(text_[at_])) ++at_;
    quantity->name = text_.substr(begin, at_ - begin);
    if (Take("(")) {
      if (const Result<void> read = ReadClass(&quantity->of); !read) return read;
      quantity->has_of = true;
    }
    const std::string wanted = quantity->name + (quantity->has_of ? "()" : "");
    if (std::ranges::find(names_, wanted) == names_.end()) {
      std::string known;
      for (const std::string& name : names_)
        known +=
            (known.empty() ? "" : ", ") + (name.ends_with("()") ? name.substr(0, name.size() - 1) + "CLASS)" : name);
      at_ = begin;
      return Wrong(fmt::format("expected one of {}", known));
    }
    return {};
  }

  Result<void> ReadClass(std::string* name) {
    SkipSpace();
    if (Take("\"")) {
      const size_t end = text_.find('"', at_);
      if (end == std::string_view::npos) return Wrong("no closing quote");
      *name = text_.substr(at_, end - at_);
      at_ = end + 1;
      if (!Take(")")) return Wrong("expected ')'");
      return {};
    }
    const size_t begin = at_;
    for (size_t open = 0; at_ < text_.size(); ++at_) {
      if (text_[at_] == '(') ++open;
      if (text_[at_] == ')' && open-- == 0) break;
    }
    if (at_ == text_.size()) return Wrong("no closing ')'");
    *name = text_.substr(begin, at_ - begin);
    while (!name->empty() && IsSpace(name->back())) name->pop_back();
    ++at_;
    if (name->empty()) return Wrong("no class between the parentheses");
    return {};
  }

  Result<void> ReadOperator(Operator* op) {
    static constexpr std::pair<std::string_view, Operator> kOperators[] = {
        {"<=", Operator::kLessOrEqual}, {">=", Operator::kMoreOrEqual}, {"==", Operator::kEqual},
        {"!=", Operator::kNotEqual},    {"<", Operator::kLess},         {">", Operator::kMore}};
    for (const auto& [word, value] : kOperators) {
      if (!Take(word)) continue;
      *op = value;
      return {};
    }
    return Wrong("expected <, <=, >, >=, == or !=");
  }

  Result<void> ReadNumber(double* number) {
    SkipSpace();
    const size_t begin = at_;
    while (at_ < text_.size() && (IsDigit(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string digits(text_.substr(begin, at_ - begin));
    char* end = nullptr;
    *number = std::strtod(digits.c_str(), &end);
    if (digits.empty() || *end != 0 || !IsDigit(digits.back())) {
      at_ = begin;
      return Wrong("expected a number");
    }
    SkipSpace();
    if (Take("%")) {
      *number /= 100;
      return {};
    }
    const size_t unit_begin = at_;
    std::string unit;
    while (at_ < text_.size() &&
           ((text_[at_] >= 'a' && text_[at_] <= 'z') || (text_[at_] >= 'A' && text_[at_] <= 'Z'))) {
      unit.push_back(static_cast<char>(text_[at_++] | 0x20));
    }
    static constexpr std::pair<std::string_view, double> kUnits[] = {
        {"", 1},         {"b", 1},         {"k", 1024},       {"kb", 1024},       {"kib", 1024},      {"m", 1048576},
        {"mb", 1048576}, {"mib", 1048576}, {"g", 1073741824}, {"gb", 1073741824}, {"gib", 1073741824}};
    for (const auto& [name, factor] : kUnits) {
      if (unit != name) continue;
      *number *= factor;
      return {};
    }
    at_ = unit_begin;
    return Wrong("expected a unit: B, KB, MB, GB or %");
  }

  const std::string_view text_;
  const std::vector<std::string>& names_;
  size_t at_ = 0;
};

Result<Condition> Condition::Parse(std::string_view text, const std::vector<std::string>& names) {
  return Parser(text, names).Run();
}

bool Condition::Holds(const std::function<double(const Quantity&)>& value_of) const {
  bool any = false, all = true;
  for (const Comparison& one : comparisons_) {
    if (one.begins_alternative) {
      any |= all;
      all = true;
    }
    const double value = value_of(one.quantity);
    switch (one.op) {
      case Operator::kLess:
        all &= value < one.number;
        break;
      case Operator::kLessOrEqual:
        all &= value <= one.number;
        break;
      case Operator::kMore:
        all &= value > one.number;
        break;
      case Operator::kMoreOrEqual:
        all &= value >= one.number;
        break;
      case Operator::kEqual:
        all &= value == one.number;
        break;
      case Operator::kNotEqual:
        all &= value != one.number;
        break;
    }
  }
  return any || all;
}

std::vector<Quantity> Condition::Quantities() const {
  std::vector<Quantity> quantities;
  for (const Comparison& one : comparisons_) quantities.push_back(one.quantity);
  return quantities;
}

}  // namespace corewalk
