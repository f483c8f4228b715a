"""functions, closure, source, scripts: names, places, variables and texts against what the program itself said."""
import re

import schema as S


def run(ctx):
    core = ctx.core("functions", "--expose-gc")
    ctx.check("functions: V8 and the program agree on a line", core.facts["self"]["line"] == core.facts["self"]["mark"],
              repr(core.facts["self"]))
    addresses = functions_under_test(ctx, core)
    for fact in core.facts["functions"]:
        address = addresses.get(fact["index"])
        label = f"functions: {fact['name'] or fact['kind']} ({fact['index']})"
        if ctx.check(f"{label} is there", address, "no address"):
            one_function(ctx, core, label, fact, address)
    closures_per_function(ctx, core)
    scripts(ctx, core)
    texts(ctx, core)


def functions_under_test(ctx, core):
    """index -> address: the program keeps its functions in an array that the closure `finish` captures."""
    rows = [row for row in ctx.cli_json(core, "functions", "--filter", "^finish$", "-n", "0")[S.ROWS]
            if row["script"] == core.facts["file"]]
    if not ctx.check("functions: finds `finish`", len(rows) == 1 and rows[0]["closures"] == 1, repr(rows)):
        return {}
    contexts = ctx.cli_json(core, "closure", "-n", "0", rows[0]["sample"])["contexts"]
    arrays = [v["value"]["address"] for c in contexts for v in c["variables"] if v["key"] == "functions"]
    if not ctx.check("functions: `finish` captures the array", len(arrays) == 1, repr(contexts)[:300]):
        return {}
    value = ctx.cli_json(core, "inspect", "--array-length", "0", arrays[0])["value"]
    return {element["index"]: element["value"]["address"] for element in value["elements"]}


def one_function(ctx, core, label, fact, address):
    document = ctx.cli_json(core, "closure", "-n", "0", "-l", "0", address)
    function = document["function"]
    if fact["name"] is not None:
        ctx.equal(f"{label} name", function["name"], fact["name"])
    if fact["file"] is not None:
        ctx.equal(f"{label} script", function["script"], fact["file"])
    if fact["line"]:
        ctx.equal(f"{label} line and column", [function["line"], function["column"]], [fact["line"], fact["column"]])
    contexts = document["contexts"]
    ctx.check(f"{label} chain ends at the native context", contexts and contexts[-1]["scope"] == "native",
              repr([c["scope"] for c in contexts]))
    for wanted, got in zip(fact["chain"], contexts):
        ctx.equal(f"{label} scope", got["scope"], wanted["type"])
        values = {v["key"]: v["value"] for v in got["variables"]}
        wrong = {name: (value, values.get(name)) for name, value in wanted["variables"].items()
                 if not matches(values.get(name), value)}
        ctx.check(f"{label} variables", not wrong, repr(wrong)[:300])
    ctx.check(f"{label} has its contexts", len(contexts) > len(fact["chain"]), repr([c["scope"] for c in contexts]))
    if fact["kind"] != "class":
        lines = ctx.cli_json(core, "source", "-n", "0", address)["lines"]
        text = "\n".join(line["text"] for line in lines)
        ctx.check(f"{label} source", re.sub(r"\r\n?", "\n", fact["text"]) in text, repr(text)[:200])


def matches(value, wanted):
    """`wanted` is a number, a boolean, a quoted string or the name of a class."""
    if value is None:
        return False
    if isinstance(wanted, (bool, int, float)):
        return value.get("value") == wanted and value["type"] == ("boolean" if isinstance(wanted, bool) else "number")
    if wanted.startswith('"'):
        return value["type"] == "string" and value["value"] == wanted[1:-1]
    return value.get("class") == wanted or (wanted == "Function" and value["type"] == "function")


def closures_per_function(ctx, core):
    rows = ctx.cli_json(core, "functions", "-n", "1")[S.ROWS]
    top = rows[0]
    ctx.check("functions: the leak is on top", top["name"] == "leakedHandler" and top["closures"] == core.facts["leaked"]
              and top["script"] == core.facts["file"], repr(top))
    everything = ctx.cli_json(core, "functions", "-n", "0", "--sort", "place")
    counted = sum(row["closures"] for row in everything[S.ROWS])
    histogram = {row[S.NAME]: row[S.COUNT] for row in ctx.cli_json(core, "histogram", "-n", "0")[S.ROWS]
                 if row["kind"] == "closure"}
    bound = len([1 for row in ctx.cli_json(core, "instances", "-n", "0", "Function")[S.ROWS] if row["name"] == "native_bind"])
    ctx.equal("functions: every closure is in a row", counted + bound, histogram.get("Function"))
    mine = [row for row in everything[S.ROWS] if row["script"] == core.facts["file"]]
    ctx.check("functions: each of this file has a place", mine and all(row["line"] and row["column"] for row in mine),
              repr([row for row in mine if not row["line"]][:2]))
    filtered = ctx.cli("functions", "--filter", "leakedHandler", core=core)
    ctx.check("functions: --filter in text", re.search(r"\b5,000\b.*leakedHandler", filtered.text), filtered.brief())
    ctx.equal("functions: a bad --filter", ctx.cli("functions", "--filter", "(", core=core).status, 2)


def scripts(ctx, core):
    rows = ctx.cli_json(core, "scripts", "-n", "0")[S.ROWS]
    mine = [row for row in rows if row["name"] == core.facts["file"]]
    ctx.check("scripts: the program", len(mine) == 1 and mine[0]["source_bytes"] == core.facts["bytes"], repr(mine))
    ctx.check("scripts: its closures", mine and mine[0]["closures"] >= core.facts["leaked"] and mine[0]["functions"] > 30,
              repr(mine))
    shifted = [row for row in rows if row["name"] == "shifted-script.js"]
    ctx.equal("scripts: vm's script is there once", len(shifted), 1)
    lines = ctx.cli_json(core, "scripts", "--source", core.facts["file"])["lines"]
    with open(core.facts["file"], encoding="utf-8") as stream:
        ctx.check("scripts: --source gives the file", [line["text"] for line in lines] == stream.read().splitlines())
    ends = ctx.cli_json(core, "scripts", "--source", "line-ends.js")["lines"]
    ctx.equal("scripts: every kind of line end", [line["line"] for line in ends], list(range(1, 8)))
    if shifted:
        text = ctx.cli("scripts", "--source", str(shifted[0]["id"]), core=core).text
        ctx.check("scripts: --source ID, lines with offset", "   102 this.shifted = function shifted() { x += 1;" in text, repr(text))
    ctx.equal("scripts: unknown name", ctx.cli("scripts", "--source", "no-such.js", core=core).status, 1)


def texts(ctx, core):
    done = ctx.cli("source", "increment", core=core)
    ctx.check("source: by name", "return function increment() { count += 1; return label + count; };" in done.text, done.brief())
    several = ctx.cli_json(core, "source", "inLoop")
    ctx.check("source: one function of three closures", len(several.get("lines", [])) == 1, repr(several)[:200])
    frames = ctx.cli("source", "list", core=core)
    ctx.check("source list: says that frames are missing", frames.status == 1 and "frame" in frames.refusal(), frames.brief())
    fact = next(f for f in core.facts["functions"] if f["name"] == "increment")
    found = ctx.cli("findjsinstances", "Function", core=core).text
    place = f"<function: increment at {core.facts['file']}:{fact['line']}:{fact['column'] - 1}>"
    ctx.check("findjsinstances: place of a function", place in found, repr(re.findall(".*increment.*", found)[:2]))
    row = next(r for r in ctx.cli_json(core, "functions", "--filter", "^increment$")[S.ROWS])
    text = ctx.cli("closure", row["sample"], core=core).text
    ctx.check("closure: text", "count = <Smi: 42>" in text and "function context of makeCounter" in text, repr(text)[:300])
    ctx.equal("closure: no function at an address", ctx.cli("closure", "0x10", core=core).status, 1)
