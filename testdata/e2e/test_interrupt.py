"""Ctrl-C at any moment: the program stops at once, and what it had by then is never taken for the whole."""
import os
import signal
import subprocess
import time

from harness import Run
import schema as S

OBJECTS = 10_000_000
PATIENCE = 0.2       # seconds from the signal to the end, in the median, on a machine with nothing else to do
AT_MOST = 2.0        # seconds, for each
MOMENTS = 8          # spread over the time that a whole run takes


def run(ctx):
    if not ctx.first:
        return
    objects = 1_000_000 if ctx.options.quick else OBJECTS
    core = ctx.core("many_objects", "--max-old-space-size=8000", str(objects))
    took, partial = [], 0
    for words in (["histogram", "-n", "0"], ["findjsinstances", "BulkNode"], ["heap"]):
        whole = ctx.cli(*words, core=core).seconds
        for moment in range(1, MOMENTS + 1):
            delay = whole * moment / (MOMENTS + 1)
            done = interrupted(ctx, core, [*words, "--json"], delay)
            label = f"interrupt: {words[0]} at {moment}/{MOMENTS + 1}"
            if done.status == -signal.SIGINT and not done.out:
                continue  # it had not even begun: no handler yet
            documents = done.documents()
            if ctx.check(f"{label}: one document", len(documents) == 1, done.brief()):
                took.append(done.seconds)
                partial += bool(documents[0].get(S.COMPLETENESS, {}).get("interrupted"))
                ctx.check(f"{label}: told apart from a whole answer", told(documents[0], done.status, core), done.brief())
    took.sort()
    patience = PATIENCE * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
    ctx.check(f"interrupt: stops at once ({partial} partial answers)",
              took and took[len(took) // 2] <= patience and took[-1] <= AT_MOST,
              f"seconds: {[round(t, 3) for t in took[len(took) // 2:]]}")
    # The same as text, until a run was caught in the middle.
    whole = ctx.cli("histogram", core=core).seconds
    for moment in range(1, 2 * MOMENTS):
        done = interrupted(ctx, core, ["histogram"], whole * moment / (2 * MOMENTS))
        if "PARTIAL" in done.text:
            ctx.check("interrupt: text says PARTIAL and why", "interrupted" in done.text and done.status == 130, done.brief())
            return
    ctx.skip("interrupt: text says PARTIAL and why", "no run was caught in the middle: this machine is too fast or too busy")


def interrupted(ctx, core, words, delay):
    """The command, with SIGINT after `delay` seconds; `seconds` is how long it went on after that."""
    command = [ctx.options.corewalk, "-c", core.path, "-e", core.node, *words]
    with open(os.path.join(ctx.directory, "interrupt.out"), "w+b") as out, open(
            os.path.join(ctx.directory, "interrupt.err"), "w+b") as err, subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err) as process:
        time.sleep(delay)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            status = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            status = None
        seconds = time.monotonic() - begin
        out.seek(0)
        err.seek(0)
        return Run(status, out.read(), err.read(), seconds)


def told(document, status, core):
    """An error because nothing was known yet, or an answer that says that it is partial, or the whole answer."""
    if "error" in document:
        return document["error"].get("code") == "interrupted" and status == 130
    completeness = document[S.COMPLETENESS]
    if completeness["interrupted"]:
        return completeness[S.COMPLETE] is False and status == 130
    wanted = next(c["instances"] for c in core.facts["classes"] if c["name"] == "BulkNode")
    counts = {row.get(S.NAME): row.get(S.COUNT) for row in document.get(S.ROWS, [])}
    return "BulkNode" not in counts or counts["BulkNode"] == wanted
