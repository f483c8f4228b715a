#include "analysis/source_limits.h"

#include <gtest/gtest.h>

#include <string>

namespace corewalk {
namespace {

// The operands of all guards, "all:" in front of those of functions in which everything is added.
std::string GuardsText(const SizeGuards& guards) {
  std::string text;
  for (const SizeGuard& guard : guards.guards) {
    for (const std::string_view operand : guard.operands) text += (text.empty() ? "" : " ") + std::string(guard.all_adders ? "all:" : "") + std::string(operand);
  }
  return text;
}
std::string Of(const std::string& source, std::string_view name, NamedThing thing = NamedThing::kVariable) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  return GuardsText(FindSizeGuards(source, tokens, StartCode(source, tokens), name, thing));
}
std::string OfClass(const std::string& source, std::string_view name) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  return GuardsText(FindSizeGuardsOfClass(source, tokens, StartCode(source, tokens), name));
}

TEST(SourceLimits, WhatTakesAwayWhenItIsTooMuch) {
  EXPECT_EQ(Of("function add(x) { q.push(x); if (q.length > 16384) q.splice(0, q.length - 1); }", "q"), "all:16384");
  EXPECT_EQ(Of("function add(x) { while (q.length >= MOST) { log(); q.shift(); }\nq.push(x) }", "q"), "all:MOST");
  EXPECT_EQ(Of("function add(k, v) { m.set(k, v); trim(); }\nfunction trim() { const over = m.size - options.max; if (over <= 0) return; m.clear(); }", "m"), "all:max all:over");
  EXPECT_EQ(Of("function add(k) { m.set(k, 1); } function end(k) { m.delete(k); }\nsetInterval(() => { add(n++); if (m.size > MOST) end(n) }, 5)", "m"), "MOST");
  EXPECT_EQ(Of("function add(k, v) { t[k] = v; if (MOST < ++n) delete t[first()]; }", "t"), "all:MOST");
  EXPECT_EQ(Of("add=function(t,i){this.h[t]=s,++this.c>this.m&&(s=this.f,delete this.h[s.k],this.c--)}", "h", NamedThing::kProperty), "all:m");
  EXPECT_EQ(Of("function add(k) { if (s.size <= MOST) return s.add(k); s.clear(); }", "s"), "all:MOST");
}

TEST(SourceLimits, WhatIsNoLimit) {
  EXPECT_EQ(Of("function next() { if (n++ < COUNT) { m.set(n, n); setImmediate(next) } else stop() }", "m"), "") << "nothing is taken away";
  EXPECT_EQ(Of("for (let i = 0; i < COUNT; i++) { m.set(i, i); m.delete(i - 1) }", "m"), "") << "the head of a loop";
  EXPECT_EQ(Of("function get(k) { m.delete(k); m.set(k, 1) }\nfunction next() { if (n < COUNT) get(n++) }", "m"), "") << "keeps an order";
  EXPECT_EQ(Of("function add(k) { m.set(k, 1); if (m.size > 1000) warn() }\nfunction end(k) { m.delete(k) }", "m"), "") << "a warning";
  EXPECT_EQ(Of("function add(k) { m.set(k, 1); if (m.size > 0) m.delete(k) }", "m"), "");
  EXPECT_EQ(Of("function add(k) { other.m.set(k, 1); if (other.m.size > 9) other.m.clear() }", "m"), "") << "a property of that name";
}

TEST(SourceLimits, OfAClass) {
  EXPECT_EQ(OfClass("class C extends Map { set(k, v) { super.set(k, v); if (this.size > L) this.delete(this.keys().next().value); return this } }", "C"), "all:L");
  EXPECT_EQ(OfClass("class C extends Map { set(k, v) { super.delete(k); super.set(k, v); while (this.size > L) { super.delete(super.keys().next().value) } } }", "C"), "all:L");
  EXPECT_EQ(OfClass("class C extends Map { set(k, v) { super.set(k, v) } }\nclass D extends Map { cut() { if (this.size > 9) this.clear() } }", "C"), "");
}

TEST(SourceLimits, AnyText) {
  for (const char* source : {"", "class", "class C extends", "class C extends Map", "q.push(", "if (q.length > 5", "q[", "a > b && (", "if (q.length > 5) { q.shift("}) {
    Of(source, "q");
    OfClass(source, "C");
  }
}

}  // namespace
}  // namespace corewalk
