"""The Express server with three leaks (testdata/apps/leak_express), after 10,000 real requests and out of memory: `leaks` names
all three, in the order of what they retain, with file:line and exact count. Its mended version accuses nobody."""
import os
import subprocess

import compare_snapshot as C
import test_leaks as L
import truth
from harness import APPS, SCRIPTS, Skip

RUN = os.path.join(APPS, "leak_express", "run.js")
OLD_SPACE = 60           # megabytes, of the run that ends out of memory
ORACLES = {"history": ("history", "Array"), "stock": ("change", "Array"), "confirmations": ("confirmations", "Map")}


def express():
    done = subprocess.run([os.path.join(SCRIPTS, "fetch-express")], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Skip(done.stderr.strip() or "fetch-express failed")
    return {"NODE_PATH": os.path.join(done.stdout.strip(), "node_modules")}


def run(ctx):
    if ctx.major < L.OLDEST:
        return
    L.need_command(ctx)
    if not ctx.options.all_programs:
        raise Skip("30,000 requests take minutes: --all-programs")
    env = express()
    for server, mode in (("server", "abort"), ("server", "oom"), ("server_fixed", "abort")):
        words = ["--expose-gc", server, mode, "app.heapsnapshot"] if mode == "abort" else [f"--max-old-space-size={OLD_SPACE}",
                                                                                           server, mode]
        core = ctx.core(RUN, *words, key=f"express-{server}-{mode}", env=env, limit=400)
        try:
            document = ctx.cli_json(core, "leaks")
            if server == "server":
                all_three(ctx, f"leaks express {mode}", document, core, mode)
            else:
                L.healthy(ctx, "leaks express, mended", document)
        finally:
            if not ctx.options.keep:
                os.remove(core.path)


def all_three(ctx, label, document, core, mode):
    wanted, suspects = core.facts["expect"], document["suspects"]
    found = {}
    for one in wanted:
        rows = [row for row in suspects if (row["name"], row["file"], row["line"]) == (one["name"], one["file"], one["line"])]
        if ctx.check(f"{label}: {one['name']} is a suspect", len(rows) == 1, "; ".join(L.brief(row) for row in suspects)):
            found[one["name"]] = rows[0]
    if len(found) != len(wanted):
        return
    ctx.check(f"{label}: nobody else is accused", len(suspects) == len(wanted), "; ".join(L.brief(row) for row in suspects))
    sizes = [row["retained_bytes"] for row in suspects]
    ctx.check(f"{label}: in the order of size", sizes == sorted(sizes, reverse=True), repr(sizes))
    counts = dict(zip(core.facts["truth"]["counters"], truth.read_counters(core.path, core.facts["truth"]["identity"])))
    for name, row in found.items():
        if mode == "abort":
            ctx.equal(f"{label}: count of {name}", row["count"], counts[name])
            retained(ctx, label, name, row, core.facts["snapshot"])
        else:  # as many connections as there are clients were being served
            ctx.check(f"{label}: count of {name}", 0 <= row["count"] - counts[name] <= 6, f"{counts[name]}; {L.brief(row)}")


def retained(ctx, label, name, row, snapshot):
    held = C.memlab(snapshot, 0, *ORACLES[name])["held"]
    near = [one for one in (held[0]["retained"], held[0]["retained_alone"])
            if abs(row["retained_bytes"] - one) <= L.RETAINED_SHARE * one] if held else []
    ctx.check(f"{label}: {name} retains what the snapshot says", near, f"{held[:1]}; {L.brief(row)}")
