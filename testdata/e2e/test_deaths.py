"""summary and bt say which exception, or whose signal, ended the process; bt has who waits for what runs, and folds recursion."""
import json
import os
import re
import subprocess

from harness import APPS, Skip, run as run_program

# Way of dying -> what summary calls it. All on the first version, these few on the others.
EXCEPTIONS = {"uncaught": "uncaught exception", "implicit": "uncaught exception", "value": "uncaught exception",
              "rejection": "unhandled rejection", "listener": "uncaught exception"}
FEW = ("implicit", "rejection")


def death_of(ctx, core):
    return ctx.cli_json(core, "summary")["death"]


def run(ctx):
    for way, kind in EXCEPTIONS.items():
        if way in FEW or ctx.first or ctx.options.all_programs:
            exception(ctx, way, kind)
    signals(ctx)
    waiting(ctx)
    mutual(ctx)
    threads(ctx)
    local_process(ctx)


def exception(ctx, way, kind):
    options = [] if way == "listener" else ["--abort-on-uncaught-exception"]
    core = ctx.core("deaths", *options, "--", way, key=f"deaths-{way}")
    told = death_of(ctx, core)
    ctx.check(f"deaths {way}: summary: kind", told["error_kind"].startswith(kind), repr(told))
    ctx.check(f"deaths {way}: summary: message", core.facts["message"] in told.get("error", ""), repr(told))
    place = f"deaths.js:{core.facts['line']}:"
    ctx.check(f"deaths {way}: summary: place", place in told.get("error_location", ""), repr(told))
    document = ctx.cli_json(core, "bt")
    found = document.get("exception") or {}
    ctx.check(f"deaths {way}: bt", found.get("kind") == kind and core.facts["message"] in (found.get("message") or "") and
              found.get("in_listener") == (way == "listener"), repr(found))
    head = ctx.cli("bt", core=core).text.splitlines()[0]
    ctx.check(f"deaths {way}: bt: head line", core.facts["message"] in head and place in head, head)
    ctx.drop(f"deaths-{way}")


def signals(ctx):
    core = ctx.core("deaths", "--", "signal", key="deaths-signal")
    ctx.check("deaths signal: sent by itself", "to itself" in death_of(ctx, core)["meaning"], repr(death_of(ctx, core)))
    ctx.drop("deaths-signal")
    core = ctx.core("deep_stack", "--", "regexp", key="deaths-killed", kill_after="200")
    told = death_of(ctx, core)
    ctx.check("deaths killed: by whom", re.match(r"sent by process \d+ ", told["meaning"]) and told.get("sender_pid", 0) > 0, repr(told))
    ctx.drop("deaths-killed")
    if ctx.first:
        core = ctx.core("deep_stack", "--stack-size=200000", "--", "native", key="deaths-overflow")
        ctx.check("deaths overflow: told", "stack overflowed" in death_of(ctx, core)["meaning"], repr(death_of(ctx, core)))
        ctx.drop("deaths-overflow")


def waiting(ctx):
    """Who waits, as V8's own stack has it."""
    for way in ("async", "generator"):
        core = ctx.core("deaths", "--", way, key=f"deaths-{way}")
        wanted = []
        for line in core.facts["stack"].split("\n"):
            if match := re.match(r"\s+at async (?:\S+ )?\(?(.*?):(\d+):(\d+)\)?$", line):
                wanted.append((os.path.basename(match[1]), int(match[2]), int(match[3])))
            elif match := re.match(r"\s+at async (Promise\.\w+) \(index (\d+)\)", line):
                wanted.append((match[1], int(match[2])))
        threads = [t for t in ctx.cli_json(core, "bt", "-n", "0")["threads"] if t["isolate"] == 0]
        got = [(c["combinator"], c["index"]) if "combinator" in c else (os.path.basename(c["script"] or ""), c["line"], c["column"])
               for c in threads[0]["async_callers"]]
        ctx.check(f"deaths {way}: who waits", got == wanted and len(wanted) >= 3, repr((got, wanted)))
        lines = re.findall(r"^    at async (.*) \[awaiting\]$", ctx.cli("bt", core=core).text, re.M)
        ctx.equal(f"deaths {way}: who waits, in text", len(lines), len(wanted))
        ctx.drop(f"deaths-{way}")


def mutual(ctx):
    core = ctx.core("deaths", "--", "mutual", key="deaths-mutual")
    text = ctx.cli("bt", core=core).text
    shown = [int(n) for n in re.findall(r"^  [* ] frame #(\d+): ", text, re.M)]
    left_out = sum(int(n.replace(",", "")) for n in re.findall(r"^    \[([\d,]+) more frames of the same", text, re.M))
    ctx.check("deaths mutual: folded", left_out > 500 and len(shown) < 90 and len(shown) + left_out == shown[-1] + 1, repr((len(shown), left_out, shown[-1:])))
    for words in (["-n", "0"], ["--no-fold", "-n", "2000"]):
        every = ctx.cli("bt", *words, core=core).text
        ctx.check(f"deaths mutual: all with {' '.join(words)}", len(re.findall(r"^  [* ] frame #", every, re.M)) == shown[-1] + 1 and "more frames" not in every)
    ctx.check("deaths: no frame at nothing", "0x0000000000000000" not in every, every[:300])
    ctx.drop("deaths-mutual")


def threads(ctx):
    core = ctx.core("stacks", "--allow-natives-syntax", "--expose-gc", "--", "worker", key="deaths-worker")
    told = ctx.cli_json(core, "bt", "--all-threads")["threads"]
    ctx.check("deaths: one thread got the signal", sum(t["signal"] is not None for t in told) == 1, repr([t["signal"] for t in told]))
    workers = [t["worker"] for t in told if t["worker"]]
    ctx.check("deaths: the main thread and the worker", sum(t["main"] for t in told) == 1 and [w["thread_id"] for w in workers] == [1], repr(workers))
    ctx.drop("deaths-worker")


def local_process(ctx):
    """A debugger's process on this machine has descriptors and limits, too."""
    if not ctx.first:
        return
    try:
        ctx.need_plugin()
    except Skip as reason:
        ctx.skip("deaths: local process", str(reason))
        return
    with subprocess.Popen([ctx.node, os.path.join(APPS, "live.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            process.stdout.readline(), process.stdout.readline()
            done = ctx.lldb(f"process attach --pid {process.pid}", "v8 handles --json", "process detach", timeout=180)
            found = done.documents()
            if not found and "attach failed" in done.errors:
                ctx.skip("deaths: local process", "attaching is not allowed here")
                return
            own = run_program([ctx.options.corewalk, "-p", str(process.pid), "handles", "--json"]).documents()
            keys = ("open_files", "open_files_limit")
            same = [[re.search(rf'"{key}": *(\d+)', json.dumps(d)) for key in keys] for d in (found + [{}])[:1] + (own + [{}])[:1]]
            ctx.check("deaths: what the plugin says of a local process", all(all(m) for m in same) and same[0][1][1] == same[1][1][1], done.brief())
        finally:
            process.kill()
