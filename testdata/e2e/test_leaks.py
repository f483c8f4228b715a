"""`leaks` names the culprit: each program testdata/apps/leak_* has one known leak, which must be the first suspect, with its
name, file:line, exact count and what it retains; the programs healthy_* have none, and nobody is accused. Each dies twice: by
abort, at a known count and with V8's own snapshot (the witness of retained bytes is MemLab), and of a genuine "heap out of
memory", its count standing in memory outside of the heap.

Every version of Node.js runs some of the programs; --all-programs runs all on every version, which takes an hour, and
--programs those of one's choice."""
import glob
import os

import compare_snapshot as C
import truth
from harness import APPS, Broken, Skip

OLDEST = 18              # Node.js major
EVERYWHERE = ("leak_map_cache", "leak_event_bus", "leak_set_interval", "leak_class_property", "healthy_lru")
QUICK = 3                # so many of them with --quick
OLD_SPACE = 40           # megabytes, of the runs that end out of memory
LIMITS = {"healthy_tables": 28, "healthy_compiler": 20}  # too small for what they do
NEVER_OUT_OF_MEMORY = ("healthy_lru", "healthy_loaded", "healthy_generations", "healthy_ttl", "healthy_windows", "healthy_import", "healthy_catalog", "healthy_server",
                       "healthy_garbage", "healthy_tree", "healthy_startup", "healthy_pool", "healthy_parser",
                       "healthy_caches")
ONLY_OUT_OF_MEMORY = ("leak_async_export",)  # before that it may as well be work in progress
# A word of what is to be tried.
ADVICE = {"leak_backpressure": "drain", "leak_growing_string": "in pieces", "leak_pending_promises": "settle every promise",
          "leak_sliced_strings": "copy the short texts"}
CONDITIONS_ON = "leak_map_cache"
RETAINED_SHARE = 0.02    # what may differ from the snapshot


def programs():
    """name -> path of those that lib/scenario.js drives."""
    found = {}
    for path in sorted(glob.glob(os.path.join(APPS, "leak_*.*js")) + glob.glob(os.path.join(APPS, "healthy_*.*js"))):
        with open(path, encoding="utf-8") as stream:
            if "lib/scenario.js" in stream.read():
                found[os.path.splitext(os.path.basename(path))[0]] = path
    return found


def need_command(ctx):
    if ctx.cli("help", "leaks").status != 0:
        raise Skip("this corewalk has no command leaks")


def run(ctx):
    if ctx.major < OLDEST:
        return
    need_command(ctx)
    of_running_module(ctx)
    of_starved_queue(ctx)
    of_unusual_leaks(ctx)
    of_compiling_script(ctx)
    everything = programs()
    some = [name for name in EVERYWHERE if name in everything][:QUICK if ctx.options.quick else None]
    asked = [name for name in ctx.options.programs.split(",") if name]
    for name in asked or (sorted(everything) if ctx.options.all_programs else some):
        witnessed = bool(asked) or ctx.options.all_programs or name in some
        for mode in ("abort", "oom"):
            if (mode == "oom" and name in NEVER_OUT_OF_MEMORY) or (mode == "abort" and name in ONLY_OUT_OF_MEMORY):
                continue
            try:
                one_death(ctx, name, everything[name], mode, witnessed)
            except Broken as error:
                ctx.check(f"leaks {name} {mode}", False, str(error))


def of_running_module(ctx):
    for app, what in (("module_loop", "fills it"), ("module_calls", "calls what fills it")):
        core = ctx.core(app)
        first = (ctx.cli_json(core, "leaks")["suspects"] or [{}])[0]
        ctx.equal(f"leaks: a variable of a module that runs and {what}", [first.get(key) for key in ("name", "file", "line", "count")],
                  ["cache", core.facts["file"], core.facts["line"], core.facts["count"]])
    core = ctx.core(os.path.join(APPS, "module_class.mjs"), key="module_class")
    first = (ctx.cli_json(core, "leaks")["suspects"] or [{}])[0]
    ctx.equal("leaks: a property of a class in a register of a module that runs", [first.get(key) for key in ("name", "file", "line", "count")],
              ["rows", core.facts["file"], core.facts["line"], core.facts["count"]])


def of_starved_queue(ctx):
    for mode, what in (("ticks", "queue of process.nextTick callbacks"), ("microtasks", "queue of microtasks")):
        core = ctx.core("starved_queue", mode)
        first = (ctx.cli_json(core, "leaks")["suspects"] or [{}])[0]
        ctx.equal(f"leaks: a starved queue of {mode}", [first.get(key) for key in ("kind", "what", "count")],
                  ["queue", what, core.facts["count"]])
        ctx.check(f"leaks: a starved queue of {mode}: its advice names async", "async" in (first.get("advice") or ""), brief(first))


def of_compiling_script(ctx):
    for mode, words in (("abort", ["100"]), ("oom", ["--max-old-space-size=24", "3000"])):
        core = ctx.core("compiling_script", *words, key=f"compiling_script-{mode}")
        healthy(ctx, f"leaks: a compiler of variables of a module {mode}", ctx.cli_json(core, "leaks"))
        ctx.drop(f"compiling_script-{mode}")


UNUSUAL = ("once", "once_signal", "sparse", "intervals", "few_arrays", "burst", "stages", "last_pass", "weak", "lazy")


def of_unusual_leaks(ctx):
    for mode in UNUSUAL:
        core = ctx.core("unusual_leaks", mode)
        wanted, suspects = core.facts["expect"], ctx.cli_json(core, "leaks")["suspects"]
        ctx.drop(f"unusual_leaks-{mode}")
        label = f"leaks: unusual leak {mode}"
        if wanted is None:
            healthy(ctx, label, {"suspects": suspects})
            continue
        first = suspects[0] if suspects else {}
        least = wanted.pop("least_share", 0)
        ctx.equal(label, {key: first.get(key) for key in wanted}, wanted)
        if least:
            ctx.check(f"{label}: at least {least:.0%} of what is live", first.get("share", 0) >= least, brief(first))


def one_death(ctx, name, path, mode, witnessed):
    if mode == "abort":
        words = ["--expose-gc", "abort"] + (["app.heapsnapshot"] if witnessed and name.startswith("leak_") else [])
    else:
        words = [f"--max-old-space-size={LIMITS.get(name, OLD_SPACE)}", "oom"]
    core = ctx.core(path, *words, key=f"{name}-{mode}")
    try:
        label = f"leaks {name} {mode}"
        document = ctx.cli_json(core, "leaks")
        if core.facts["expect"] is None:
            healthy(ctx, label, document)
        else:
            judge(ctx, label, document, core, mode)
            if name in ADVICE and document["suspects"]:
                advice = document["suspects"][0].get("advice") or ""
                ctx.check(f"{label}: advises '{ADVICE[name]}'", ADVICE[name] in advice, advice)
        if name == CONDITIONS_ON and mode == "abort":
            conditions(ctx, core)
            paragraphs(ctx, core)
    finally:
        if not ctx.options.keep:
            os.remove(core.path)
            if core.facts.get("snapshot"):
                os.remove(core.facts["snapshot"])


def conditions(ctx, core):
    """--fail-if: exit status 3 when one of them holds, 2 when it makes no sense."""
    for condition, status in (("retained(Map) > 1MB", 3), ("retained(Map) > 10GB", 0), ("count(Page) != %d" % core.facts["count"], 0),
                              ("count(Page) >= %d && top.share > 10%%" % core.facts["count"], 3),
                              ("suspects == 0 || live > 10GB", 0), ("suspects > 0", 3), ("retained(NoSuchClass) > 0", 0),
                              ("retained(Map)", 2), ("size > 1MB", 2), ("live > 5 parsecs", 2)):
        done = ctx.cli("leaks", "--fail-if", condition, core=core)
        ctx.equal(f"leaks --fail-if '{condition}': exit status", done.status, status)
    done = ctx.cli("leaks", "--fail-if", "live > 10GB", "--fail-if", "suspects > 0", core=core)
    ctx.equal("leaks with two conditions of which one holds: exit status", done.status, 3)


def paragraphs(ctx, core):
    """What a person reads."""
    done = ctx.cli("leaks", "--top", "1", core=core)
    for words in ("Verdict:", "held by", "retains", "growth", "sample", "pins", "try", f"{core.facts['count']:,} entries",
                  f"leak_map_cache.js:{core.facts['expect']['line']}"):
        ctx.check(f"leaks tells '{words}'", words in done.text, done.text[:300])
    told = ctx.cli("leaks", "--help").text
    for words in ("--fail-if", "--top", "retained(CLASS)", "no single holder", "exit status 3"):
        ctx.check(f"leaks --help tells '{words}'", words in told, told[:300])


def brief(row):
    return ", ".join(f"{key} {row.get(key)!r}" for key in ("kind", "what", "count", "element_class", "retained_bytes", "share", "name",
                                                           "file", "line", "held_by"))


def healthy(ctx, label, document):
    suspects = document["suspects"]
    ctx.check(f"{label}: nobody is accused", not suspects, "; ".join(brief(row) for row in suspects[:3]))


def judge(ctx, label, document, core, mode):
    wanted, suspects = core.facts["expect"], document["suspects"]
    if not ctx.check(f"{label}: there is a suspect", suspects, repr(document.get("notes"))):
        return
    first = suspects[0]
    named_rightly(ctx, label, first, wanted)
    counted_rightly(ctx, label, first, core, mode)
    if wanted["class"]:
        ctx.check(f"{label}: made of {wanted['class']}", first["element_class"] == wanted["class"], brief(first))
    if mode == "abort" and core.facts["snapshot"]:
        retained_rightly(ctx, label, first, wanted, core.facts["snapshot"])


def same_file(got, wanted):
    """V8 knows an ECMAScript module by its URL."""
    return got in (wanted, "file://" + wanted)


def named_rightly(ctx, label, row, wanted):
    """The name that grows, or another that is as right, each at its own line."""
    places = [(wanted["name"], wanted["line"])] + [(one["name"], one["line"]) for one in wanted["holders"]]
    fits = any(row["name"] == name and (not line or same_file(row["file"], wanted["file"]) and row["line"] == line) for name, line in places)
    ctx.check(f"{label}: the suspect is {wanted['name']} at {os.path.basename(wanted['file'])}:{wanted['line']}", fits, brief(row))


def counted_rightly(ctx, label, row, core, mode):
    if mode == "abort":
        ctx.equal(f"{label}: count", row["count"], core.facts["count"])
        return
    try:
        steps = truth.read_counters(core.path, core.facts["truth"]["identity"])[0]
    except LookupError as error:
        ctx.check(f"{label}: truth in the core", False, str(error))
        return
    # The step in which memory ran out is not counted, but what it did may be seen.
    least = steps * core.facts["per"] + core.facts["extra"]
    ctx.check(f"{label}: count {least}", row["count"] is not None and 0 <= row["count"] - least <= core.facts["per"], brief(row))


def retained_rightly(ctx, label, row, wanted, snapshot):
    oracle = wanted["oracle"]
    held = C.memlab(snapshot, 0, oracle.get("edge", ""), oracle.get("class", ""))["held"]
    if not ctx.check(f"{label}: the snapshot has it", held, repr(oracle)):
        return
    near = [one for one in (held[0]["retained"], held[0]["retained_alone"])
            if abs(row["retained_bytes"] - one) <= RETAINED_SHARE * one]
    ctx.check(f"{label}: retains what the snapshot says", near,
              f"{row['retained_bytes']}, MemLab {held[0]['retained']} ({held[0]['class']}); {brief(row)}")
