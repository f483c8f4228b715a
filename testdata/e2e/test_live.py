"""A living process is inspected and goes on as if nothing had been."""
import json
import os
import subprocess

from harness import APPS, Skip, counts_by_name, run as run_program, wrong_counts


def run(ctx):
    with open(os.path.join(ctx.directory, "live.err"), "wb") as errors, subprocess.Popen(
            [ctx.node, "--expose-gc", os.path.join(APPS, "live.js")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=errors, text=True) as process:
        try:
            facts = json.loads(process.stdout.readline())
            if process.stdout.readline() != "ready\n":
                ctx.check("live: program starts", False)
                return
            inspect(ctx, process, facts)
        finally:
            process.kill()
    gone = run_program([ctx.options.corewalk, "-p", str(process.pid), "summary"])
    ctx.check("live: a process that is gone gives one clear line",
              gone.status not in (0, None) and gone.status > 0 and len(gone.errors.strip().splitlines()) == 1, gone.brief())


def inspect(ctx, process, facts):
    pid = str(process.pid)
    done = run_program([ctx.options.corewalk, "-p", pid, "histogram", "-n", "0", "--json"])
    if done.status != 0 and "not permitted" in done.errors.lower():
        raise Skip(f"no right to read another process here: {done.errors.strip()}")
    documents = done.documents()
    if ctx.check("live: histogram", done.status == 0 and len(documents) == 1, done.brief()):
        wrong = wrong_counts(counts_by_name(documents[0]), facts["classes"])
        ctx.check("live: counts exact", not wrong, "; ".join(wrong))
    refused = run_program([ctx.options.corewalk, "-p", pid, "--index", os.path.join(ctx.directory, "live.index"), "dominators"])
    ctx.check("live: no index is kept of a process that goes on", refused.status == 2 and "core files only" in refused.refusal() and
              not os.path.exists(os.path.join(ctx.directory, "live.index")), refused.brief())
    alive(ctx, process, "live: the process goes on")
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as stream:
        status = stream.read()
    ctx.check("live: nobody traces it any more", "TracerPid:\t0" in status and "State:\tT" not in status)
    if ctx.options.lldb and ctx.options.plugin and ctx.first:
        session = ctx.lldb(f"process attach --pid {pid}", "v8 histogram -n 0 --json", "process detach", timeout=180)
        found = session.documents()
        if not found and "attach failed" in session.errors:
            ctx.skip("live: plugin", "attaching is not allowed here")
        elif ctx.check("live: plugin answers", len(found) == 1, session.brief()):
            wrong = wrong_counts(counts_by_name(found[0]), facts["classes"])
            ctx.check("live: plugin counts exact", not wrong, "; ".join(wrong))
            alive(ctx, process, "live: the process goes on after LLDB")


def alive(ctx, process, label):
    process.stdin.write("?")
    process.stdin.flush()
    ctx.equal(label, process.stdout.readline(), "alive 12345\n")
