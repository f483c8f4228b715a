// Conditions on what a command found, for scripts and CI: "retained(Map) > 200MB", "suspects > 0 || garbage > 40%".
//
//   condition   = comparison { ("&&" | "||") comparison }, && before ||
//   comparison  = quantity ("<" | "<=" | ">" | ">=" | "==" | "!=") number
//   quantity    = a name, or name(CLASS); CLASS may hold parentheses that match, or stand in double quotes
//   number      = decimal, with B, KB, MB, GB (powers of 1024) or %, which makes a fraction: 10% is 0.1
//
// Which quantities there are is the command's business. Any text is fine; errors are kUsage and say where.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace corewalk {

struct Quantity {
  std::string name;  // "retained"
  std::string of;    // "Map"; "" when there is none
  bool has_of = false;
};

class Condition {
 public:
  // `names`: the quantities that are known, those that want a class with "()" behind them: "retained()".
  static Result<Condition> Parse(std::string_view text, const std::vector<std::string>& names);

  // `value_of` is asked for each quantity, once per comparison. Bytes, counts, fractions.
  bool Holds(const std::function<double(const Quantity& quantity)>& value_of) const;
  // The quantities that occur.
  std::vector<Quantity> Quantities() const;
  const std::string& text() const { return text_; }

 private:
  enum class Operator : uint8_t { kLess, kLessOrEqual, kMore, kMoreOrEqual, kEqual, kNotEqual };
  struct Comparison {
    Quantity quantity;
    Operator op = Operator::kMore;
    double number = 0;
    bool begins_alternative = false;  // "||" stands in front of it
  };
  class Parser;

  std::string text_;
  std::vector<Comparison> comparisons_;
};

}  // namespace corewalk
