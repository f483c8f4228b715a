"""bt tells the stack that V8 itself told in the same moment: functions, order, file:line:column, inlined frames, arguments."""
import os
import re

from harness import APPS, Broken, Skip, run as run_program
OPTIONS = ["--allow-natives-syntax", "--expose-gc"]
# A few per version by default, all of them on the first of a run (and everywhere with --all-programs).
FEW = ("interpreted", "inlined", "stale", "loop_maglev", "translated", "mixed", "reviver", "construct", "async_later", "worker", "wasm")
# Builtins that V8 leaves out of traces: those it calls by itself.
HIDDEN = ("next",)
KINDS = ("javascript", "builtin", "api")
# Where optimized code of two functions is thrown away while it is on the stack (Maglev's is not made by every version).
STALE = ("stale", "marked")
# Cores that later checks use.
KEPT = ("interpreted",)


def the_thread(document, worker):
    threads = [t for t in document["threads"] if t["isolate"] is not None]
    if worker:
        threads = [t for t in threads if t["isolate"] != 0]
    if not threads:
        raise Broken("bt: no thread with an isolate")
    return threads[0]


def compare(place, facts, frames):
    """What differs, as text; "" = the same."""
    got = [f for f in frames if f["kind"] in KINDS and "function" in f]
    facts = dict(facts, frames=[f for f in facts["frames"] if not f["script"].startswith("wasm://")])
    at = 0
    for number, wanted in enumerate(facts["frames"]):
        # What C++ made is on the stack, but V8 leaves it out of its traces.
        while at < len(got) and (got[at]["kind"] == "api" or got[at]["function"] in HIDDEN and wanted["name"] not in HIDDEN):
            at += 1
        if at == len(got):
            return f"frame {number} {wanted['name']} is missing"
        frame = got[at]
        at += 1
        names = {wanted["name"]} | ({wanted["method"]} if not wanted["name"] and wanted["method"] else set())
        same_name = frame["function"] in names or (
            not wanted["name"] and wanted["method"] and frame["function"].endswith(wanted["method"]))
        if not same_name:
            return f"frame {number}: {frame['function']!r}, want {wanted['name']!r} ({wanted['method']!r})"
        if wanted["script"] and (frame["script"] or "") != wanted["script"]:
            return f"frame {number} {wanted['name']}: in {frame['script']!r}, want {wanted['script']!r}"
        if not wanted["script"]:
            if frame["script"] is not None and not wanted["eval"] and frame["script"] != "":
                return f"frame {number} {wanted['name']}: in {frame['script']!r}, want a builtin"
            if not wanted["line"]:
                continue
        origin = frame.get("eval_origin")
        if wanted.get("origin") and not wanted["script"] and not (origin and wanted["origin"].startswith("eval at ") and wanted["origin"].endswith(
                f"({origin['script']}:{origin['line']}:{origin['column']})")):
            return f"frame {number} {wanted['name']}: from {origin}, want {wanted['origin']!r}"
        if number > 0 and (frame["line"], frame["column"]) != (wanted["line"], wanted["column"]):
            return (f"frame {number} {wanted['name']}: at {frame['line']}:{frame['column']}, want "
                    f"{wanted['line']}:{wanted['column']} ({frame.get('tier')})")
    rest = [f["function"] for f in got[at:] if f["kind"] == "javascript"]
    return f"more frames: {rest}" if rest else ""


def plain(value):
    """A value of bt's JSON as the program wrote it; objects are only objects."""
    kind = value.get("type")
    if kind in ("number", "string", "boolean"):
        return value.get("value")
    if kind in ("null", "undefined"):
        return None
    return {}


def wrong_arguments(facts, frames):
    wrong = []
    for name, wanted in facts["args"].items():
        frame = next((f for f in frames if f.get("function") == name and not f.get("inlined")), None)
        if frame is None:
            if not any(f.get("function") == name for f in frames):
                wrong.append(f"{name} is not on the stack")
            continue
        if "arguments" not in frame:
            wrong.append(f"{name}: unknown")
            continue
        got = [plain(v) for v in frame["arguments"]]
        wanted = [{} if isinstance(v, (dict, list)) else v for v in wanted]
        if got != wanted:
            wrong.append(f"{name}: {got}, want {wanted}")
    return wrong


def one(ctx, place, *more):
    key = place + "".join(more)
    core = ctx.core("stacks", *OPTIONS, *more, "--", place, key=f"stacks-{key}")
    worker = place == "worker"
    thread = the_thread(ctx.cli_json(core, "bt", "-n", "0", *(["--all-threads"] if worker else [])), worker)
    frames = thread["frames"]
    if worker:  # it was in what it does after the signal, or in that
        start = next((i for i, f in enumerate(frames) if f.get("function") == "finish"), 0)
        frames = frames[start:]
    difference = compare(place, core.facts, frames)
    ctx.check(f"stacks {place}: frames", not difference, difference)
    wrong = wrong_arguments(core.facts, frames)
    ctx.check(f"stacks {place}: arguments", not wrong, "; ".join(wrong))
    if place == "wasm":
        wasm = [f.get("symbol", "") for f in frames if f["kind"] == "wasm"]
        ctx.check("stacks wasm: functions and what calls them", wasm.count("") == 2 and "js-to-wasm" in wasm, repr(wasm))
    if place in STALE:
        stale = [f["function"] for f in frames if f.get("deoptimizes_on_return")]
        ctx.check(f"stacks {place}: code that was thrown away is told", len(stale) == 2, repr(stale))
    return core, frames


def run(ctx):
    made = {}
    for place in places_of(ctx):
        try:
            made[place] = one(ctx, place)
        except Skip as reason:
            ctx.skip(f"stacks {place}", str(reason))
        except Broken as error:
            ctx.check(f"stacks {place}", False, str(error))
        # A core of 24 takes half a gigabyte of address space.
        if place not in KEPT and not ctx.options.keep:
            ctx.drop(f"stacks-{place}")
    tiers(ctx)
    core, frames = made.get("interpreted", (None, None))
    if core is None:
        return
    texts(ctx, core)
    natives(ctx, frames)
    if ctx.first:
        stripped(ctx, core, frames)
    try:
        faces(ctx, core)
    except Skip as reason:
        ctx.skip("stacks: faces", str(reason))
    out_of_memory(ctx)
    deep(ctx)


def tiers(ctx):
    """Copies of the interpreter's entry in the heap, which are no baseline code; and baseline code everywhere."""
    for place, option, tier in (("interpreted", "--interpreted-frames-native-stack", "interpreted"), ("construct", "--always-sparkplug", "baseline")):
        try:
            frames = one(ctx, place, option)[1]
        except (Skip, Broken) as reason:
            ctx.skip(f"stacks {option}", str(reason))
            continue
        own = {f.get("tier") for f in frames if (f.get("script") or "").endswith("stacks.js")}
        ctx.check(f"stacks {option}: tier", own == {tier}, repr(own))
        ctx.drop(f"stacks-{place}{option}")


def deep(ctx):
    """Stacks that overflowed, in JavaScript and in C++, and one that holds a word like the mark of an entry frame."""
    for place in ("js", "native", "regexp"):
        killed = place == "regexp"
        core = ctx.core("deep_stack", *([] if killed else ["--stack-size=200000"]), "--", place, key=f"stacks-deep-{place}",
                        kill_after="300" if killed else None)
        thread = the_thread(ctx.cli_json(core, "bt", "-n", "0"), False)
        names = [f["function"] for f in thread["frames"] if f["kind"] == "javascript" and f["function"].startswith("at")]
        once = [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]
        ctx.check(f"stacks deep {place}: JavaScript below", once == core.facts["functions"] and not thread["cut"], repr((once, thread["cut"])))
        ctx.equal(f"stacks deep {place}: whether C++ recurses", thread["native_cut"], place == "native")
        if place == "js":
            calls = [f for f in thread["frames"] if f.get("function") == "atRecursion"]
            # When it was optimized meanwhile, inlined calls and the one that overflowed do not show their arguments.
            told = [(i, f["arguments"][0]["value"]) for i, f in enumerate(calls) if "value" in (f.get("arguments") or [{}])[0]]
            ctx.check("stacks deep js: every call", len(calls) > 1000 and len(told) > 500 and
                      all(depth == len(calls) - 1 - i for i, depth in told), repr((len(calls), told[:3], told[-3:])))
        ctx.drop(f"stacks-deep-{place}")


def texts(ctx, core):
    text = ctx.cli("bt", core=core).text
    frame = re.search(r"^    frame #\d+: 0x[0-9a-f]{16} atRecursion\(this=(.*?), <Smi: 0>, (.*?)\) at (\S+):(\d+):(\d+) fn=0x[0-9a-f]{16}", text, re.M)
    ctx.check("stacks: llnode's format", frame and frame[3].endswith("stacks.js"), text[:400])
    for words, lines in ((["3"], 3), (["-n", "2"], 2), (["-1"], None)):
        done = ctx.cli("bt", *words, core=core)
        shown = len(re.findall(r"^  [* ] frame #", done.text, re.M))
        ctx.check(f"stacks: bt {' '.join(words)}", done.status == 0 and (shown == lines if lines else shown > 8), done.brief())
    for word in ("-2", "many"):
        done = ctx.cli("bt", word, core=core)
        ctx.check(f"stacks: bt {word}", done.status == 2 and "Invalid number of frames" in done.errors, done.brief())
    source = ctx.cli("bt", "--source", core=core).text
    ctx.check("stacks: --source", "return finish(label);" in source, source[:400])
    opened = ctx.cli("bt", "--args", core=core).text
    ctx.check("stacks: --args", ".deep=" in opened and "arguments[1] = " in opened, opened[:400])
    ctx.check("stacks: --args opens an object once", opened.count(".deep=") == 1 and "(shown at frame #" in opened, opened[:400])
    threads = ctx.cli_json(core, "bt", "--all-threads")["threads"]
    ctx.check("stacks: --all-threads", len(threads) > 3 and sum(t["isolate"] == 0 for t in threads) == 1, str(len(threads)))


def natives(ctx, frames):
    """C++ frames stand where they belong: main() below everything, the abort above."""
    symbols = [f.get("symbol", "") for f in frames if f["kind"] == "native"]
    ctx.check("stacks: C++ up to main", any("node::Start(" in s for s in symbols), repr(symbols[-4:]))
    abort = next((i for i, f in enumerate(frames) if "node::Abort" in f.get("symbol", "")), None)
    first = next((i for i, f in enumerate(frames) if f.get("function") == "finish"), -1)
    ctx.check("stacks: C++ that JavaScript called", abort is not None and abort < first, repr(symbols[:6]))
    names = [f["kind"] for f in frames]
    ctx.check("stacks: entry frames", "entry" in names or "construct_entry" in names, repr(names))


def stripped(ctx, core, frames):
    bare = ctx.stripped_node("stacks")
    if not bare:
        return
    got = the_thread(ctx._one_document(ctx.cli("bt", "-n", "0", "--json", core=core, node=bare), ("bt",)), False)["frames"]
    keys = ("function", "script", "line", "column", "tier", "arguments")
    same = [[{k: f.get(k) for k in keys} for f in some if f["kind"] == "javascript"] for some in (frames, got)]
    ctx.check("stacks: the same with a stripped executable", same[0] == same[1] and same[0])


def faces(ctx, core):
    ctx.need_plugin()
    done = ctx.lldb("v8 bt -n 0 --json", core=core)
    documents = done.documents()
    own = ctx.cli_json(core, "bt", "-n", "0")
    ctx.check("stacks: the plugin says the same", len(documents) == 1 and documents[0]["threads"] == own["threads"], done.brief())


def out_of_memory(ctx):
    core = ctx.core("oom", "--max-old-space-size=40", "--", "burst", key="stacks-oom")
    document = ctx.cli_json(core, "bt")
    found = document.get("out_of_memory") or {}
    function = found.get("function") or {}
    ctx.check("stacks: out of memory: the allocating function", function.get("script", "").endswith("oom.js") and function.get("function_line"),
              repr(found)[:300])
    # Optimized code may keep no place of what allocates: the beginning of the function is none.
    sure = function.get("line") and not function.get("place_unsure")
    lines = ctx.cli("bt", "--source", core=core).text.splitlines()
    head = "Out of memory: " + ("allocating " if found.get("interrupted") is False else "running ") + ("in " if sure else "somewhere in ")
    ctx.check("stacks: out of memory: head line", lines[0].startswith(head) and (lines[2].strip() == "^") == bool(sure), repr(lines[:3]))
    ctx.drop("stacks-oom")


def places_of(ctx):
    if ctx.options.quick or not (ctx.first or ctx.options.all_programs):
        return FEW
    return run_program([ctx.node, os.path.join(APPS, "stacks.js"), "list"]).text.split()
