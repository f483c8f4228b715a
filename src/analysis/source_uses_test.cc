#include "analysis/source_uses.h"

#include <gtest/gtest.h>

#include <string>

namespace corewalk {
namespace {

bool FilledAndOnlyRead(const std::string& source, std::string_view name, NamedThing thing = NamedThing::kVariable) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  const NameUses uses = UsesOf(source, tokens, name, thing);
  return uses.fillings == 1 && !uses.changes;
}

TEST(SourceUses, FilledByItsInitialiser) {
  const std::string reads = ";\nfunction f(k) { for (const [a] of t) g(a); return t.get(k) ?? t.size }";
  EXPECT_TRUE(FilledAndOnlyRead("const t = new Map(rows.map(r => [r.id, r]))" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const t = new Set(await load())" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const t = Object.fromEntries(rows.map(r => [r.id, r]))" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const t = JSON.parse(fs.readFileSync('x.json', 'utf8'))" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const a = 1, t = Array.from({length: 9}, make), b = 2" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const t = text.split('\\n').filter(Boolean).map(parse)" + reads, "t"));
  EXPECT_TRUE(FilledAndOnlyRead("const t = require('./zips.json')" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = new Map()" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = new Map([])" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = []" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = {}" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = require('./cache')" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = new Cache(1000)" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = caches.get('x')" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("const t = old.map(f) || made" + reads, "t"));
  EXPECT_FALSE(FilledAndOnlyRead("let t" + reads, "t"));
}

TEST(SourceUses, WhatAddsToIt) {
  const auto only_read = [](const std::string& use) {
    return FilledAndOnlyRead("const t = new Map(rows);\n" + use, "t");
  };
  EXPECT_TRUE(only_read("x.t = 5; y = {t: 1}; z(Object.keys(t).length, JSON.stringify(t), [...t], 'a' in t)"));
  EXPECT_TRUE(only_read("if (t.get(k).name === x && t[k] == y && !t.has(z)) t.forEach(f)"));
  EXPECT_FALSE(only_read("t.set(k, v)"));
  EXPECT_FALSE(only_read("t.push(v)"));
  EXPECT_FALSE(only_read("t[k] = v"));
  EXPECT_FALSE(only_read("t[k] ?" "?= v"));
  EXPECT_FALSE(only_read("t[k]++"));
  EXPECT_FALSE(only_read("t.get(k).push(v)"));
  EXPECT_FALSE(only_read("t[k].items.push(v)"));
  EXPECT_FALSE(only_read("t.get(k).last = v"));
  EXPECT_FALSE(only_read("t.count += 1"));
  EXPECT_FALSE(only_read("t.merge(more)"));
  EXPECT_FALSE(only_read("fill(t)"));
  EXPECT_FALSE(only_read("const u = t"));
  EXPECT_FALSE(only_read("module.exports = t"));
  EXPECT_FALSE(only_read("module.exports = {t}"));
  EXPECT_FALSE(only_read("return t"));
  EXPECT_FALSE(only_read("t = new Map(more)")) << "made anew: there are two fillings";
  EXPECT_FALSE(only_read("function g(t) { t.set(1, 2) }"));
}

TEST(SourceUses, Properties) {
  const auto only_read = [](const std::string& source) {
    return FilledAndOnlyRead(source, "zips", NamedThing::kProperty);
  };
  EXPECT_TRUE(only_read(
      "class A { constructor(rows) { this.zips = new Map(rows.map(f)) } at(k) { return this.zips.get(k) } }"));
  EXPECT_TRUE(only_read("class A { zips = new Map(load()); at(k) { return this.zips.get(k) } }"));
  EXPECT_TRUE(only_read("const data = {zips: Object.fromEntries(rows)}; use(data.zips[k])"));
  EXPECT_FALSE(only_read("class A { constructor() { this.zips = new Map() } }"));
  EXPECT_FALSE(only_read("const a = {zips: new Map(rows)}; a.zips.set(1, 2)"));
  EXPECT_FALSE(only_read("const a = {zips: new Map(rows)}; const {zips} = a; zips.set(1, 2)"));
  EXPECT_FALSE(only_read("const a = {zips: new Map(rows)}; a['zips'].set(1, 2)"));
  EXPECT_FALSE(only_read("const a = {zips: new Map(rows)}; fill(a.zips)"));
}

TEST(SourceUses, AnyTextEnds) {
  for (const char* text :
       {"t", "t[", "t.", "t.get(", "t = (", "t = new", "t = new Map(", "...t", "t?.[", ").t", "t = a.map(["}) {
    const std::vector<SourceToken> tokens = ReadTokens(text, Cancel());
    EXPECT_LE(UsesOf(text, tokens, "t", NamedThing::kVariable).fillings, 1u) << text;
    UsesOf(text, tokens, "t", NamedThing::kProperty);
  }
}

}  // namespace
}  // namespace corewalk
