#include "analysis/source_uses.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "analysis/source_taking.h"

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

bool FilledAtStart(const std::string& source, std::string_view name = "t", NamedThing thing = NamedThing::kVariable) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  const StartUses uses = StartUsesOf(source, tokens, StartCode(source, tokens), name, thing);
  return uses.adders > 0 && !uses.changes;
}

TEST(StartUses, WhatRunsOnce) {
  const std::string t = "const t = new Map();\nhttp.createServer((q, s) => s.end(t.get(q.url)));\n";
  EXPECT_TRUE(FilledAtStart(t + "for (const r of rows) t.set(r.id, r);"));
  EXPECT_TRUE(FilledAtStart(t + "function load() { for (const k in rows) t.set(k, rows[k]) }\nload()"));
  EXPECT_TRUE(FilledAtStart(t + "const load = () => { rows.map((r) => { t.set(r.id, r) }) };\nload();"));
  EXPECT_TRUE(FilledAtStart(t + "rows.forEach(r => t.set(r.id, r));"));
  EXPECT_TRUE(FilledAtStart(t + "(function () { t.set(1, 2) })();"));
  EXPECT_TRUE(FilledAtStart(t + "(async () => { for (const r of await rows()) t.set(r.id, r) })();"));
  EXPECT_TRUE(FilledAtStart(t + "async function main() { await init() }\nasync function init() { t.set(1, 2) }\nmain().catch(fail)"));
  EXPECT_TRUE(FilledAtStart(t + "query('all').then((rows) => { for (const r of rows) t.set(r.id, r) })"));
  EXPECT_TRUE(FilledAtStart(t + "fs.readFile('x', (error, text) => text.split('y').forEach((w) => t.set(w, 1)))"));
  EXPECT_TRUE(FilledAtStart(t + "function walk(d) { for (const e of list(d)) e.dir ? walk(e) : t.set(e.name, e) }\nwalk('/')"));
  EXPECT_TRUE(FilledAtStart("const t = {};\nfor (const r of rows) (t[r.id] = t[r.id] || []).push(r)"));
  EXPECT_TRUE(FilledAtStart("const t = build();\nfunction build() { const m = new Map(); for (const r of rows) m.set(r.id, r); return m }"));
  EXPECT_TRUE(FilledAtStart("let t;\nfunction init() { t = {}; for (const r of rows) t[r.id] = r }\ninit();\nfoo = (k) => t[k]"));
  EXPECT_TRUE(FilledAtStart("const t = rows.reduce((m, r) => m.set(r.id, r), new Map())"));
  EXPECT_TRUE(FilledAtStart("const t = require('fs').readFileSync('x').split('y').reduce((m, r) => { m[r] = 1; return m }, {})"));
  EXPECT_TRUE(FilledAtStart("class D { constructor() { this.t = []; this.load() } load() { for (const r of rows) this.t.push(r) } }\nnew D()",
                            "t", NamedThing::kProperty));
}

TEST(StartUses, WhatOnlyANumberEnds) {
  enum Ends { kOver, kNumber, kNot };
  const auto ends = [](const std::string& use) {
    const std::string source = "const t = new Map();\nfunction get(q) { return t.get(q.url) }\n" +
                               (use.find("add") == std::string::npos ? std::string() : "function add(x) { t.set(x, 1) }\n") + use;
    const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
    const StartUses uses = StartUsesOf(source, tokens, StartCode(source, tokens), "t", NamedThing::kVariable);
    if (uses.adders == 0 || uses.changes) return kNot;
    return std::ranges::any_of(uses.places, &StartPlace::counted) ? kNumber : kOver;
  };
  EXPECT_EQ(ends("for (const u of users) add(u)"), kOver);
  EXPECT_EQ(ends("users.forEach((u) => add(u))"), kOver);
  EXPECT_EQ(ends("let m;\nwhile ((m = re.exec(text))) add(m[1])"), kOver);
  EXPECT_EQ(ends("let at = 0;\nwhile (at < rows.length) add(rows[at++])"), kOver);
  EXPECT_EQ(ends("do { add(rows.pop()) } while (rows.length)"), kOver);
  EXPECT_EQ(ends("while (n < 50000) add(n++)"), kNot);
  EXPECT_EQ(ends("while (n < 50000) t.set(n++, 1)"), kNumber);
  EXPECT_EQ(ends("while (t.size < 50000) t.set(n++, 1)"), kNumber);
  EXPECT_EQ(ends("do { t.set(n++, 1) } while (n < 50000)"), kNumber);
  EXPECT_EQ(ends("for (; t.size < 50000;) add(n++)"), kNot);
  EXPECT_EQ(ends("for (const i of Array(50000).keys()) add(i)"), kNumber);
  EXPECT_EQ(ends("const users = Array.from({length: 50000}, (_, i) => i);\nfor (const u of users) add(u)"), kNumber);
  EXPECT_EQ(ends("const users = Array.from({length: 50000}, (_, i) => i);\nusers.forEach(add)"), kNumber);
  EXPECT_EQ(ends("Array.from({length: 50000}, (_, i) => add(i))"), kNumber);
  EXPECT_EQ(ends("[...Array(50000).keys()].forEach((i) => add(i))"), kNumber);
  EXPECT_EQ(ends("new Array(50000).fill(0).map((_, i) => add(i))"), kNumber);
}

TEST(StartUses, WhatRunsAgain) {
  const std::string t = "const t = new Map();\n", load = "function load() { t.set(1, 2) }\n";
  EXPECT_FALSE(FilledAtStart(t)) << "nothing adds to it at all";
  EXPECT_FALSE(FilledAtStart(t + "server.on('request', (q) => t.set(q.url, q))"));
  EXPECT_FALSE(FilledAtStart(t + "setInterval(() => t.set(i++, 1), 5)"));
  EXPECT_FALSE(FilledAtStart(t + load));
  EXPECT_FALSE(FilledAtStart(t + "for (let i = 0; i < 60000; i++) t.set('user:' + i, {i})"));
  EXPECT_FALSE(FilledAtStart(t + "function fill() { for (let i = 0; i < n; i++) t.set(i, {i}) }\nfill()"));
  EXPECT_TRUE(FilledAtStart(t + "for (let i = 0; i < rows.length; i++) t.set(rows[i].id, rows[i])"));
  EXPECT_FALSE(FilledAtStart(t + "setTimeout(() => { for (const r of rows) t.set(r, 1) }, 5)"));
  EXPECT_FALSE(FilledAtStart(t + "function handle(q) { t.set(q, 1) }\nfor (let i = 0; i < 60000; i++) handle(i)"));
  EXPECT_TRUE(FilledAtStart(t + "function read(file) { t.set(file, 1) }\nfor (const file of files) read(file)"));
  EXPECT_FALSE(FilledAtStart(t + load + "load(); setInterval(load, 5)"));
  EXPECT_FALSE(FilledAtStart(t + load + "load(); app.get('/', () => load())"));
  EXPECT_FALSE(FilledAtStart(t + load + "load(); module.exports = {load}"));
  EXPECT_FALSE(FilledAtStart(t + "export " + load + "load()"));
  EXPECT_FALSE(FilledAtStart(t + load + "load(); const again = load"));
  EXPECT_FALSE(FilledAtStart(t + "for (const r of rows) t.set(r, 1)\nfunction handler(q) { t.set(q, 1) }"));
  EXPECT_FALSE(FilledAtStart(t + "function poll() { t.set(1, 2); setTimeout(poll, 5) }\npoll()"));
  EXPECT_FALSE(FilledAtStart(t + "function poll() { t.set(1, 2); setTimeout(() => poll(), 5) }\npoll()"));
  EXPECT_FALSE(FilledAtStart(t + "async function poll() { t.set(await next(), 2); poll() }\npoll()"));
  EXPECT_FALSE(FilledAtStart(t + "function poll() { get().then((x) => { t.set(x, 2); poll() }) }\npoll()"));
  EXPECT_FALSE(FilledAtStart(t + "function* g() { t.set(1, 2); yield }\ng()"));
  EXPECT_FALSE(FilledAtStart(t + "t.set(1, 2); fill(t)"));
  EXPECT_FALSE(FilledAtStart(t + "t.set(1, 2); const u = t"));
  EXPECT_FALSE(FilledAtStart(t + "t.set(1, 2); module.exports = {t}"));
  EXPECT_FALSE(FilledAtStart("export const t = new Map();\nfor (const r of rows) t.set(r, 1)"));
  EXPECT_FALSE(FilledAtStart("const t = cache.get('x');\nfor (const r of rows) t.set(r, 1)"));
  EXPECT_FALSE(FilledAtStart("class D { constructor() { this.t = []; this.t.push(1) } }\nserver.on('x', () => new D())", "t",
                             NamedThing::kProperty));
  EXPECT_FALSE(FilledAtStart("class D { add(x) { this.t.push(x) } }\nconst d = new D(); d.add(1); f = () => d.add(2)", "t",
                             NamedThing::kProperty));
}

TEST(StartUses, WhatIsGuarded) {
  const auto of_class = [](const std::string& methods) {
    return FilledAtStart("class D { constructor() { this.t = null; this.ready = false; }\n" + methods +
                             "\nget(k) { this.ensure(); return this.t.get(k) } }\nhttp.createServer((q, s) => s.end(d.get(q.url)))",
                         "t", NamedThing::kProperty);
  };
  const std::string fill = "for (const r of rows()) this.t.set(r.id, r);", make = "this.t = new Map(); ";
  EXPECT_TRUE(of_class("async ensure() { if (this.t) return; const rows = await read(); " + make + fill + " }"));
  EXPECT_TRUE(of_class("ensure() { if (this.t !== null) { return; } " + make + "rows().forEach((r) => this.t.set(r.id, r)) }"));
  EXPECT_TRUE(of_class("ensure() { if (!this.t) { " + make + fill + " } }"));
  EXPECT_TRUE(of_class("ensure() { if (this.ready) return; this.ready = true; this.load() } load() { " + make + fill + " }"));
  EXPECT_TRUE(of_class("ensure() { this.ready ||= this.load() } load() { " + make + fill + " }"));
  EXPECT_FALSE(of_class("ensure() { this.ready &&= this.load() } load() { " + make + fill + " }"));
  EXPECT_FALSE(of_class("ensure() { this.ready ||= this.load(); this.ready = null } load() { " + make + fill + " }"));
  EXPECT_FALSE(of_class("ensure() { this.ready ||= true; this.load() } load() { " + make + fill + " }"));
  EXPECT_FALSE(of_class("ensure() { " + make + fill + " this.t.set(1, 2) }"));
  EXPECT_FALSE(of_class("ensure() { if (this.t) return; " + make + "} add(x) { this.t.set(x, x) }"));
  EXPECT_FALSE(of_class("ensure() { if (this.t) return; " + make + "setInterval(() => this.t.set(next(), 1), 5) }"));
  EXPECT_FALSE(of_class("ensure() { if (this.ready) return; this.ready = true; " + fill + " this.ready = false }")) << "a lock";
  EXPECT_FALSE(of_class("ensure() { if (this.ready) return; " + fill + " if (full()) this.ready = true }")) << "may stay unset";
  EXPECT_FALSE(of_class("ensure() { if (this.ready) log(); this.ready = true; " + fill + " }"));
  EXPECT_FALSE(of_class("ensure() { if (this.ready) return; this.ready = true; all.load(this) } load(x) { " + make + fill + " }"))
      << "one of many that are guarded";
  const std::string handler = "\nf = (q) => { load(); return t.get(q) }";
  EXPECT_TRUE(FilledAtStart("let t;\nfunction load() { if (t) return; t = new Map(); for (const r of rows) t.set(r, 1) }" + handler));
  EXPECT_FALSE(FilledAtStart("let t;\nfunction load(x) { if (x.done) return; x.done = true; t = t || {}; t[x.id] = x }" + handler));
  EXPECT_FALSE(FilledAtStart("const t = new Map();\nfunction load(x) { if (x) return; x = 1; t.set(x, 1) }" + handler));
  EXPECT_FALSE(FilledAtStart("const t = new Map();\nfunction make() { let on; return () => { if (on) return; on = 1; t.set(on, 1) } }" + handler));
}

TEST(StartUses, UntilWhenItRuns) {
  const std::string source = "const t = [];\nwhile (more()) { t.push(await next()) }\nlisten();";
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  const StartUses uses = StartUsesOf(source, tokens, StartCode(source, tokens), "t", NamedThing::kVariable);
  ASSERT_EQ(uses.places.size(), 1U);
  EXPECT_EQ(uses.places[0].function, 0U);
  EXPECT_EQ(uses.places[0].done, source.find('}') + 1);
}

Turnover TurnoverIn(const std::string& source) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  return TurnoverOf(source, tokens, StartCode(source, tokens), "t", NamedThing::kVariable);
}

TEST(Turnover, WhatGoesAgain) {
  const std::string t = "const t = [];\n", give = "function give(x) { t.push(x) }\n";
  EXPECT_TRUE(TurnoverIn(t + give + "function take() { return t.pop() || new X() }").pool);
  EXPECT_TRUE(TurnoverIn(t + give + "const take = () => t.length ? t.pop() : make()").pool);
  EXPECT_TRUE(TurnoverIn(t + give + "function take() { if (t.length > 0) return t.pop(); return new X() }").pool);
  EXPECT_FALSE(TurnoverIn(t + give + "function work() { while (t.length) run(t.pop()) }").pool) << "jobs that wait";
  EXPECT_FALSE(TurnoverIn(t + "function take() { return t.pop() || new X() }\nfunction more() { t.push(new X()) }").pool);
  EXPECT_FALSE(TurnoverIn(t + give + "function next() { return t.shift() || null }").pool) << "a queue";
  EXPECT_TRUE(TurnoverIn(t + "function give(x) { if (t.length < MAX) t.push(x) }").size_checked);
  EXPECT_TRUE(TurnoverIn(t + "function give(x) { if (t.length >= 100) return; t.push(x) }").size_checked);
  EXPECT_TRUE(TurnoverIn(t + "function log(x) { t.push(x); if (t.length > MAX) t.shift() }").size_checked);
  EXPECT_FALSE(TurnoverIn(t + "function log(x) { if (t.length > 0) say(); t.push(x) }").size_checked);
  EXPECT_FALSE(TurnoverIn(t + "function log(x) { t.push(x) }\nfunction cut() { if (t.length > 9) t.shift() }").size_checked);
  EXPECT_TRUE(TurnoverIn("let t = null;\nfunction next(f) { t = parse(f) }").replaced);
  EXPECT_TRUE(TurnoverIn("let t = [];\nfunction next(f) { t = lex(f).map(token) }").replaced);
  EXPECT_FALSE(TurnoverIn("let t = [];\nfunction next(f) { t = t.concat(f) }").replaced);
  EXPECT_FALSE(TurnoverIn("let t = [];\nfunction next(f) { t = lex(f); t.push(1) }").replaced);
  EXPECT_FALSE(TurnoverIn("let t = [];\nfunction next(f) { t = caches.all }").replaced);
  EXPECT_TRUE(TurnoverIn("let t = [], young = [];\nfunction turn() { t = young; young = [] }").replaced);
  EXPECT_FALSE(TurnoverIn("let t = [], young = [];\nfunction turn() { t = young }").replaced);
}

Taking TakingIn(const std::string& source, std::string_view name = "t", NamedThing thing = NamedThing::kVariable) {
  const std::vector<SourceToken> tokens = ReadTokens(source, Cancel());
  Taking taking = TakingFrom(source, tokens, StartCode(source, tokens), name, thing);
  taking.handed_to = taking.handed_to.empty() ? "" : taking.handed_to == "old" ? "old" : "other";
  return taking;
}

TEST(Taking, WhatTheSourceTakes) {
  const std::string map = "const t = new Map();\n", list = "let t = [];\n";
  EXPECT_TRUE(TakingIn(map + "function end(k) { t.delete(k) }").takes);
  EXPECT_TRUE(TakingIn("const t = {};\nfunction end(k) { delete t[k] }").takes);
  EXPECT_TRUE(TakingIn(list + "function next() { return t.shift() }").takes);
  EXPECT_TRUE(TakingIn(list + "function flush() { send(t); t.length = 0 }").takes);
  EXPECT_TRUE(TakingIn(list + "function flush() { send(t); t = [] }").takes);
  EXPECT_TRUE(TakingIn(list + "function cut() { t = t.slice(-100) }").takes);
  EXPECT_FALSE(TakingIn(list + "function log(x) { t.push(x); if (t.length == 0) say(t.slice(1)) }").takes);
  EXPECT_FALSE(TakingIn(list + "function undo() { return t.pop() }").takes) << "the newest";
  EXPECT_FALSE(TakingIn("let t;\nt = [];\nfunction add(x) { t.push(x) }").takes) << "made, not emptied";
  EXPECT_FALSE(TakingIn("let t;\nfunction add(x) { if (!t) t = []; t.push(x) }").takes) << "made on first use";
  const auto of_class = [](const std::string& methods) {
    return TakingIn("class D { constructor() { this.t = [] } add(x) { this.t.push(x) } " + methods + " }", "t", NamedThing::kProperty);
  };
  EXPECT_FALSE(of_class("").takes);
  EXPECT_TRUE(of_class("flush() { const all = this.t; this.t = []; return all }").takes);
  EXPECT_EQ(of_class("turn() { this.old = this.t; this.t = [] }").handed_to, "old");
  EXPECT_TRUE(of_class("all() { for (const x of this.t) say(x) }").iterates);
  EXPECT_TRUE(TakingIn(map + "setInterval(() => gauge(t.size), 5)").iterates);
  EXPECT_TRUE(TakingIn(map + "const all = () => [...t]").iterates);
  EXPECT_FALSE(TakingIn(map + "const of = (k) => t.has(k) && t.get(k)").iterates);
  EXPECT_FALSE(TakingIn(map + "function end(k) { t.delete(k) }").empties);
  EXPECT_FALSE(TakingIn(list + "function next() { return t.shift() }").empties);
  EXPECT_TRUE(TakingIn(list + "function flush() { send(t); t.length = 0 }").empties);
  EXPECT_TRUE(of_class("flush() { const all = this.t; this.t = []; return all }").empties);
  EXPECT_EQ(of_class("turn() { this.old = this.t.length; this.t = [] }").handed_to, "");
}

}  // namespace
}  // namespace corewalk
