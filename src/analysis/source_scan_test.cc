#include "analysis/source_scan.h"

#include <gtest/gtest.h>

namespace corewalk {
namespace {

SourceScan Scan(std::string text) {
  return SourceScan(std::move(text), Cancel());
}

// "POSITION TEXT" of what is found; the position as that of the text from there on.
std::string Variable(const std::string& source, VariableQuery query) {
  const std::optional<SourceSite> site = Scan(source).FindVariable(query);
  return site ? site->text : "(none)";
}
std::string Variable(const std::string& source, std::string_view name) {
  return Variable(source, {.name = name});
}
std::string Property(const std::string& source, PropertyQuery query) {
  const std::optional<SourceSite> site = Scan(source).FindProperty(query);
  return site ? site->text : "(none)";
}
std::string Property(const std::string& source, std::string_view name) {
  return Property(source, {.name = name});
}
ValueOrigin Origin(const std::string& source, std::string_view name) {
  const std::optional<SourceSite> site = Scan(source).FindVariable({.name = name});
  return site ? site->origin : ValueOrigin::kParameter;
}

TEST(SourceScan, DeclarationsOfEveryKind) {
  EXPECT_EQ(Variable("const cache = new Map();", "cache"), "const cache = new Map()");
  EXPECT_EQ(Variable("const a = 1, cache = new Map(), b = 2;", "cache"), "const cache = new Map()");
  EXPECT_EQ(Variable("let cache\ncache = new Map()", "cache"), "let cache");
  EXPECT_EQ(Variable("var cache = {}\nfoo()", "cache"), "var cache = {}");
  EXPECT_EQ(Variable("for (const item of items) use(() => item)", "item"), "const item of items");
  EXPECT_EQ(Variable("for (let i = 0, n = 9; i < n; i++) {}", "n"), "let n = 9");
  EXPECT_EQ(Variable("function handler(req, res) {}", "res"), "function handler(req, res)");
  EXPECT_EQ(Variable("function handler(req, res) {}", "handler"), "function handler(req, res)");
  EXPECT_EQ(Variable("const f = (req, res) => 1", "res"), "(req, res)");
  EXPECT_EQ(Variable("const f = req => { g(req) }", "req"), "req");
  EXPECT_EQ(Variable("const f = async (req, ...rest) => 1", "rest"), "(req, ...rest)");
  EXPECT_EQ(Variable("class Store extends Base { m(key) {} }", "Store"), "class Store extends Base");
  EXPECT_EQ(Variable("class Store { put(key, value) {} }", "value"), "put(key, value)");
  EXPECT_EQ(Variable("const o = { put(key, value) {}, get x() {} }", "value"), "put(key, value)");
  EXPECT_EQ(Variable("try { f() } catch (problem) { g(() => problem) }", "problem"), "catch (problem)");
  EXPECT_EQ(Variable("import cache, {a as b, c} from './cache.js'", "cache"),
            "import cache, {a as b, c} from './cache.js'");
  EXPECT_EQ(Variable("import cache, {a as b, c} from './cache.js'", "b"),
            "import cache, {a as b, c} from './cache.js'");
  EXPECT_EQ(Variable("import cache, {a as b, c} from './cache.js'", "a"), "(none)");
  EXPECT_EQ(Variable("import * as all from 'all'", "all"), "import * as all from 'all'");
  EXPECT_EQ(Variable("export const cache = new Map();", "cache"), "const cache = new Map()");
  EXPECT_EQ(Variable("export default function run(job) {}", "run"), "function run(job)");
}

TEST(SourceScan, Destructuring) {
  const std::string source =
      "const {a, b: c, d = {x: 1}, ['e' + 1]: f, g: {h: [i]}, ...rest} = require('m');\nconst [j, , k = 2] = list";
  for (const std::string_view name : {"a", "c", "d", "f", "i", "rest"})
    EXPECT_TRUE(Variable(source, name).starts_with("const {a, b: c")) << name;
  for (const std::string_view name : {"b", "x", "g", "h", "e"}) EXPECT_EQ(Variable(source, name), "(none)") << name;
  EXPECT_EQ(Variable(source, "j"), "const [j, , k = 2] = list");
  EXPECT_EQ(Variable(source, "k"), "const [j, , k = 2] = list");
  EXPECT_EQ(Variable("function f({a, b: [c]} = {}, d = () => { const e = 1 }) {}", "c"),
            "function f({a, b: [c]} = {}, d = () => { const e = 1 })");
  EXPECT_EQ(Variable("function f({a, b: [c]} = {}, d = () => { const e = 1 }) {}", "e"), "const e = 1");
  EXPECT_EQ(Variable("(({a}, [b]) => a)", "b"), "({a}, [b])");
  EXPECT_EQ(Variable("for (const [key, value] of map) {}", "value"), "const [key, value] of map");
}

TEST(SourceScan, WhatIsNoCode) {
  EXPECT_EQ(Variable("// const cache = 1\n/* const cache = 2\n*/ const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("x = 'const cache = 1'; y = \"const cache = \\\" 2\"; const cache = 3", "cache"),
            "const cache = 3");
  EXPECT_EQ(Variable("x = `const cache = 1 ${f(`const cache = ${2}`)} const cache = 4`; const cache = 3", "cache"),
            "const cache = 3");
  EXPECT_EQ(Variable("x = `${ (() => { const cache = 5 })() }`", "cache"), "const cache = 5");
  EXPECT_EQ(Variable("x = /const cache = [/]\"/; const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("if (a) /'/.test(b); const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("x = (a) / 2; const cache = 3 / 1", "cache"), "const cache = 3 / 1");
  EXPECT_EQ(Variable("x = a++ / 2; y = b[0] / 2 / '/'; const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("#!/usr/bin/env node's\nconst cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("x = 'unterminated\nconst cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("f(1)) } ] const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("o.const = 1; o.function(cache); const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("", "cache"), "(none)");
  EXPECT_EQ(Variable(std::string(5000, '{') + "const cache = 3", "cache"), "const cache = 3");
  EXPECT_EQ(Variable("`${`${`${", "cache"), "(none)");
}

TEST(SourceScan, EndsOfStatementsWithoutSemicolons) {
  EXPECT_EQ(Variable("const cache = new Map()\nconst other = 1", "cache"), "const cache = new Map()");
  EXPECT_EQ(Variable("const cache = a\n  .b()\n  .c()\nfoo(other)", "cache"), "const cache = a .b() .c()");
  EXPECT_EQ(Variable("const a = 1\nb, other\n", "other"), "(none)");
  EXPECT_EQ(Variable("const a = x => x\nfunction other() {}", "other"), "function other()");
}

TEST(SourceScan, LongTextIsCut) {
  const std::string text =
      Variable("const cache = new Map([['a', 1], ['b', 2], ['c', 3], ['d', 4], ['e', 5], ['f', 6]])", "cache");
  EXPECT_EQ(text, "const cache = new Map([['a', 1], ['b', 2], ['c', 3], ['d', 4...");
  EXPECT_EQ(Variable("const cache /* of users */ = // here\n  new Map()", "cache"), "const cache = new Map()");
}

TEST(SourceScan, TheRightOneOfSeveral) {
  const std::string source =
      "const cache = 'module';\n"
      "function first() { const cache = 'first'; return () => cache }\n"
      "function second(cache) { { let cache = 'block', x = 1; g(() => cache + x) } { let cache = 'other'; g(() => "
      "cache) } }\n";
  const auto range = [&](const std::string& name, VariableQuery query) {
    const size_t begin = source.find('(', source.find(name));
    query.begin = static_cast<int64_t>(begin);
    query.end = static_cast<int64_t>(source.find("\n", begin));
    return Variable(source, query);
  };
  EXPECT_EQ(Variable(source, {.name = "cache", .begin = 0, .end = static_cast<int64_t>(source.size())}),
            "const cache = 'module'");
  EXPECT_EQ(range("first", {.name = "cache"}), "const cache = 'first'");
  EXPECT_EQ(range("second", {.name = "cache"}), "function second(cache)");
  const std::vector<std::string> siblings = {"x"};
  EXPECT_EQ(range("second", {.name = "cache", .in_block = true, .siblings = siblings}), "let cache = 'block'");
  EXPECT_EQ(range("second", {.name = "cache", .in_block = true, .inside = static_cast<int64_t>(source.rfind("() =>"))}),
            "let cache = 'other'");
}

TEST(SourceScan, MinifiedSource) {
  const std::string source = "var a=1,b=new Map,c=function(d){return e=>{b.set(d,e)}};module.exports={f:c,g:b}";
  const SourceScan scan = Scan(source);
  const std::optional<SourceSite> b = scan.FindVariable({.name = "b"});
  ASSERT_TRUE(b);
  EXPECT_EQ(b->text, "var b=new Map");
  EXPECT_EQ(b->position, static_cast<int64_t>(source.find("b=new")));
  EXPECT_EQ(scan.FindVariable({.name = "d"})->position, static_cast<int64_t>(source.find("d)")));
  EXPECT_EQ(scan.FindVariable({.name = "e"})->position, static_cast<int64_t>(source.find("e=>")));
  EXPECT_EQ(scan.FindProperty({.name = "g"})->position, static_cast<int64_t>(source.find("g:b")));
}

TEST(SourceScan, PositionsAreUtf16Units) {
  const SourceScan scan = Scan("/* \xc3\xa4 \xf0\x9f\x98\x80 */ const caf\xc3\xa9 = 1, b = 2");
  EXPECT_EQ(scan.FindVariable({.name = "caf\xc3\xa9"})->position, 17);
  EXPECT_EQ(scan.FindVariable({.name = "b"})->position, 27);
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "\xc3\xa4";
  EXPECT_EQ(Scan("'" + text + "'; const b = 2").FindVariable({.name = "b"})->position, 3010);
}

TEST(SourceScan, Origins) {
  EXPECT_EQ(Origin("const a = new Map()", "a"), ValueOrigin::kMade);
  EXPECT_EQ(Origin("const a = []", "a"), ValueOrigin::kMade);
  EXPECT_EQ(Origin("const a = exports.b = {}", "a"), ValueOrigin::kMade);
  EXPECT_EQ(Origin("var a = global.a || {}", "a"), ValueOrigin::kMade);
  EXPECT_EQ(Origin("const a = make()", "a"), ValueOrigin::kCalled);
  EXPECT_EQ(Origin("const a = await make()", "a"), ValueOrigin::kCalled);
  EXPECT_EQ(Origin("const a = this.b", "a"), ValueOrigin::kAlias);
  EXPECT_EQ(Origin("const a = require('a').b", "a"), ValueOrigin::kRequired);
  EXPECT_EQ(Origin("const {a} = require('a')", "a"), ValueOrigin::kRequired);
  EXPECT_EQ(Origin("import {a} from 'a'", "a"), ValueOrigin::kRequired);
  EXPECT_EQ(Origin("let a\nfunction init() { a = new Map() }", "a"), ValueOrigin::kMade);
  EXPECT_EQ(Origin("let a = null", "a"), ValueOrigin::kUnknown);
  EXPECT_EQ(Origin("function f(a) {}", "a"), ValueOrigin::kParameter);
}

TEST(SourceScan, Properties) {
  EXPECT_EQ(Property("class App { constructor() { this.history = []; } }", "history"), "this.history = []");
  EXPECT_EQ(Property("class App { history = []; x = 1 }", "history"), "history = []");
  EXPECT_EQ(Property("class App { static cache = new Map()\n #seen = new Set\n m() { this.#seen.add(1) } }", "cache"),
            "cache = new Map()");
  EXPECT_EQ(Property("class App { static cache = new Map()\n #seen = new Set\n m() { this.#seen.add(1) } }", "#seen"),
            "#seen = new Set");
  EXPECT_EQ(Property("class App { #seen; constructor() { this.#seen = [] } }", "#seen"), "this.#seen = []");
  EXPECT_EQ(Property("const state = {user: 1, history: [], m() {}}", "history"), "history: []");
  EXPECT_EQ(Property("const state = {'my history': []}", "my history"), "'my history': []");
  EXPECT_EQ(Property("app.locals.sessions = {}", "sessions"), "app.locals.sessions = {}");
  EXPECT_EQ(Property("app['my sessions'] = {}", "my sessions"), "app['my sessions'] = {}");
  EXPECT_EQ(Property("exports.cache = new Map()", "cache"), "exports.cache = new Map()");
  EXPECT_EQ(Property("module.exports = {cache, other}", "cache"), "cache");
  EXPECT_EQ(Property("module.exports = new Map()", "exports"), "module.exports = new Map()");
  EXPECT_EQ(Property("this.x ||= []", "x"), "this.x ||= []");
  EXPECT_EQ(Property("if (this.x == 1 || this.x === 2) f(a => this.x)", "x"), "(none)");
  EXPECT_EQ(Property("Object.defineProperty(app, 'seen', {value: []})", "seen"),
            "Object.defineProperty(app, 'seen', {value: []})");
  EXPECT_EQ(Property("if (a) { label: b } switch (c) { case d: e }", "label"), "(none)");
  EXPECT_EQ(Property("x = a ? {b: 1} : {c: 2}", "c"), "c: 2");
  EXPECT_EQ(Property("return {\n  users: new Map(),\n  count: 0\n}", "users"), "users: new Map()");
  EXPECT_EQ(Property("f(() => ({list: []}))", "list"), "list: []");
}

TEST(SourceScan, ThePropertyOfTheRightOwner) {
  const std::string source =
      "class A { constructor() { this.list = ['a'] } }\n"
      "class B { constructor(list) { this.list = list } reset() { this.list = ['b'] } }\n"
      "function C() { this.list = ['c'] }\n"
      "app.list = ['d']\n";
  EXPECT_EQ(Property(source, {.name = "list", .owner = "A"}), "this.list = ['a']");
  EXPECT_EQ(Property(source, {.name = "list", .owner = "B"}), "this.list = ['b']");
  EXPECT_EQ(Property(source, {.name = "list", .owner = "C"}), "this.list = ['c']");
  EXPECT_EQ(Property(source, {.name = "list", .owner = "app"}), "app.list = ['d']");
  const auto begin = static_cast<int64_t>(source.find("class B"));
  EXPECT_EQ(Property(source, {.name = "list", .begin = begin, .end = begin + 30}), "app.list = ['d']")
      << "no site in the range";
  EXPECT_EQ(Property(source, {.name = "list", .begin = begin, .end = begin + 80}), "this.list = ['b']");
}

TEST(SourceScan, Globals) {
  EXPECT_EQ(Property("x.registry = 1; globalThis.registry = []", {.name = "registry", .global = true}),
            "globalThis.registry = []");
  EXPECT_EQ(Property("x.registry = 1; global.registry = []", {.name = "registry", .global = true}),
            "global.registry = []");
  EXPECT_EQ(Property("x.registry = 1; registry = []", {.name = "registry", .global = true}), "registry = []");
  EXPECT_EQ(Property("x.registry = 1", {.name = "registry", .global = true}), "(none)");
}

TEST(SourceScan, ExportsUnderOtherNames) {
  const SourceScan scan = Scan("const a = 1; export {a as b, c as default}; export const d = 2");
  EXPECT_EQ(scan.LocalNameOfExport("b"), "a");
  EXPECT_EQ(scan.LocalNameOfExport("default"), "c");
  EXPECT_EQ(scan.LocalNameOfExport("d"), "d");
  EXPECT_TRUE(scan.Exports("b"));
  EXPECT_TRUE(scan.Exports("d"));
  EXPECT_FALSE(scan.Exports("a"));
  const SourceScan more = Scan(
      "export const a = () => { const b = 1 }\nconst c = 2\nexport function d(e) { var f }\nexport class g {}\nexport "
      "{c}; let h");
  for (const std::string_view name : {"a", "c", "d", "g"}) EXPECT_TRUE(more.Exports(name)) << name;
  for (const std::string_view name : {"b", "e", "f", "h"}) EXPECT_FALSE(more.Exports(name)) << name;
  EXPECT_EQ(Scan("const store = {}; export default store").LocalNameOfExport("default"), "store");
}

// Any cut of a source, and any byte in it, must be survived.
TEST(SourceScan, AnyText) {
  const std::string source =
      "import a, {b as c} from 'd'; class E extends f(g) { #h = {i: [`${j}`]}; static { k = /l[/]/ } m({n, ...o}) { "
      "for (const p of q) { try { r() } catch ({s}) { t => u } } } }\n"
      "export {v as w}; Object.defineProperty(x, 'y', {z: 1});";
  for (size_t i = 0; i <= source.size(); ++i) {
    Scan(source.substr(0, i)).FindVariable({.name = "p"});
    Scan(source.substr(i)).FindProperty({.name = "i"});
    for (const char c : {'(', ')', '{', '}', '`', '\'', '/', '\xff', '\0', '='}) {
      std::string damaged = source;
      if (i < damaged.size()) damaged[i] = c;
      Scan(damaged).FindVariable({.name = "s", .begin = 3, .end = 99999, .inside = 50});
    }
  }
}

TEST(SourceScan, LeadsToAWordThroughAFunctionThatItCalls) {
  const auto leads = [](const std::string& source, const std::string& from) {
    const SourceScan scan = Scan(source);
    const int64_t begin = static_cast<int64_t>(source.find(from));
    return scan.LeadsTo(begin, begin + static_cast<int64_t>(from.size()), "setTimeout", Cancel());
  };
  EXPECT_TRUE(leads("function poll(s) { setTimeout(() => poll(s), 100) }", "() => poll(s)"));
  EXPECT_TRUE(leads("class A { poll() { setTimeout(() => this.poll(), 100) } }", "() => this.poll()"));
  EXPECT_TRUE(leads("setTimeout(function f() { setTimeout(f, 10) }, 10)", "function f() { setTimeout(f, 10) }"));
  EXPECT_TRUE(leads("const again = () => setTimeout(run, 5)\nfunction run() { again() }", "run() { again() }"));
  EXPECT_FALSE(leads("function open(id) { setTimeout(() => sessions.delete(id), 100) }", "() => sessions.delete(id)"));
  EXPECT_FALSE(leads("function open(id) { setTimeout(() => close(id), 100) }\nfunction close(id) { all.delete(id) }",
                     "() => close(id)"));
}

TEST(SourceScan, VariablesOfAModuleByWhatTheyAreMadeOf) {
  const auto made = [](const std::string& source, std::string_view class_name) {
    std::string names;
    const SourceScan::Made found = Scan(source).MadeIn(-1, -1, class_name);
    for (const SourceScan::NamedSite& variable : found.variables) names += variable.name + " ";
    return names + (found.any_returned ? "or returned" : "");
  };
  const std::string source =
      "const a = new Map(), b = [], c = {}; let d = new x_1.Store(9); var e = load();\n"
      "function f() { const g = new Map() }\nconst h = Object.create(null)";
  EXPECT_EQ(made(source, "Map"), "a or returned");
  EXPECT_EQ(made(source, "Array"), "b or returned");
  EXPECT_EQ(made(source, "Object"), "c h or returned");
  EXPECT_EQ(made(source, "Store"), "d or returned");
  EXPECT_EQ(made(source, "Other"), "or returned") << "what a function returned may be anything";
  EXPECT_EQ(made("let a; a = new Map()", "Map"), "");
}

}  // namespace
}  // namespace corewalk
