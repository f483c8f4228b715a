"""`closures`: how many of which function, which contexts and variables they keep, and variables that are captured for
nothing: all that the program made, and none that it still uses."""
import schema as S


def run(ctx):
    for many in ("10", "10000"):
        core = ctx.core("closures", "--expose-gc", many)
        document = ctx.cli_json(core, "closures", "-n", "0")
        groups(ctx, core, document, f"closures ({many})")
        unused(ctx, core, document, f"closures ({many})")
        if many == "10":
            options(ctx, core, document)


def named(core, rows, name):
    return [row for row in rows if row["name"] == name and row["script"] == core.facts["file"]]


def groups(ctx, core, document, label):
    facts = core.facts
    retained = {r["name"]: r for r in ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0")[S.ROWS]}
    for fact in facts["groups"]:
        rows = named(core, document[S.ROWS], fact["name"])
        if not ctx.equal(f"{label}: {fact['name']}: closures and line", [(r["closures"], r["line"]) for r in rows],
                         [(fact["closures"], fact["line"])]):
            continue
        row = rows[0]
        if fact["contexts"] is None:
            continue
        ctx.equal(f"{label}: {fact['name']}: contexts", row["contexts"], fact["contexts"])
        ctx.equal(f"{label}: {fact['name']}: the variable that keeps most alive", (row["pinned_variable"], row["pinned_class"]),
                  (fact["variable"], fact["class"]))
        wanted = retained[fact["class"]]["retained_bytes"]
        ctx.check(f"{label}: {fact['name']}: the bytes of the variable", 0 <= wanted - row["pinned_bytes"] < 4096,
                  f"{row['pinned_bytes']}, histogram {wanted}")
        least = row["shallow_bytes"] + row["context_bytes"] + row["pinned_bytes"]
        ctx.check(f"{label}: {fact['name']}: retained bytes are those of closures, contexts and values",
                  least <= row["retained_bytes"] < least + 4096, f"{row['retained_bytes']}, want {least}")
    ctx.check(f"{label}: dropped closures are in no row", not named(core, document[S.ROWS], "onDropped"))
    ctx.equal(f"{label}: totals are those of the rows", (document["closures"]["closures"], document["closures"]["functions"]),
              (sum(r["closures"] for r in document[S.ROWS]), len(document[S.ROWS])))


def unused(ctx, core, document, label):
    facts = core.facts
    own = [row for row in document["unused"] if row["script"] == facts["file"]]
    retained = {r["name"]: r for r in ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0")[S.ROWS]}
    for fact in facts["unused"]:
        rows = [row for row in own if row["variable"] == fact["variable"]]
        if not ctx.equal(f"{label}: {fact['variable']} is captured for nothing",
                         [(r["line"], r["class_name"], r["contexts"]) for r in rows],
                         [(fact["line"], fact["class"], fact["contexts"])]):
            continue
        if fact["class"] == "Object":
            continue
        wanted = retained[fact["class"]]["retained_bytes"]
        ctx.check(f"{label}: {fact['variable']}: its bytes", 0 <= wanted - rows[0]["retained_bytes"] < 4096,
                  f"{rows[0]['retained_bytes']}, histogram {wanted}")
    told = {row["variable"] for row in own}
    ctx.check(f"{label}: no variable is told that may be used", not told & set(facts["used"]), repr(told & set(facts["used"])))
    ctx.equal(f"{label}: nor any other", told - {fact["variable"] for fact in facts["unused"]}, set())


def options(ctx, core, document):
    row = named(core, document[S.ROWS], "onSession")[0]
    by_name = ctx.cli_json(core, "closures", "onSession")
    ctx.equal("closures NAME", [(r["address"], r["retained_bytes"]) for r in by_name[S.ROWS]],
              [(row["address"], row["retained_bytes"])])
    ctx.check("closures NAME: its variables", [(v["variable"], v["class_name"], v["count"], v["retained_bytes"]) for v in
                                               by_name["variables"]] ==
              [("session", "SessionData", row["contexts"], row["pinned_bytes"])], repr(by_name["variables"]))
    by_address = ctx.cli_json(core, "closures", row["sample"])
    ctx.equal("closures ADDRESS", by_address[S.ROWS], by_name[S.ROWS])
    by_count = ctx.cli_json(core, "closures", "--sort", "count", "-n", "5")[S.ROWS]
    ctx.equal("closures --sort count -n", [r["closures"] for r in by_count],
              sorted((r["closures"] for r in document[S.ROWS]), reverse=True)[:5])
    some = ctx.cli_json(core, "closures", "--filter", r"apps/closures\.js", "-n", "3")
    ctx.check("closures --filter", len(some[S.ROWS]) == 3 and all(r["script"] == core.facts["file"] for r in some[S.ROWS]),
              repr(some[S.ROWS][:1]))
    none = ctx.cli_json(core, "closures", "--least-unused", "1g", "-n", "1")
    ctx.equal("closures --least-unused", none["unused"], [])
    done = ctx.cli("closures", "kept", core=core)
    ctx.check("closures: text", done.status == 0 and "forgotten" in done.text and "Captured, but used" in done.text, done.brief())
    for words in (["closures", "noSuchFunction"], ["closures", "0x10"], ["closures", "--sort", "nonsense"]):
        done = ctx.cli(*words, core=core)
        ctx.check(f"{' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())
    if not ctx.options.lldb or not ctx.options.plugin:
        ctx.skip("closures: faces", "no lldb, or the plugin is not built")
        return
    got = ctx.lldb("v8 closures -n 20 --json", core=core).documents()
    ctx.check("closures: both faces say the same",
              len(got) == 1 and got[0][S.ROWS] == ctx.cli_json(core, "closures", "-n", "20")[S.ROWS])
