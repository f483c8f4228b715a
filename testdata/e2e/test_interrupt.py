"""Ctrl-C at any moment: the program stops at once, and what it had by then is never taken for the whole."""
import os
import signal
import subprocess
import threading
import time

from harness import Run
import schema as S

OBJECTS = 2_000_000
PATIENCE = 0.2       # seconds from the signal to the end, in the median, on a machine with nothing else to do
AT_MOST = 2.0        # seconds, for each
MOMENTS = 5          # spread over the time that a whole run takes
GRAPH_MOMENTS = 2    # the same of commands of the graph


def run(ctx):
    if not ctx.first:
        return
    objects = 1_000_000 if ctx.options.quick else OBJECTS
    core = ctx.core("many_objects", "--max-old-space-size=8000", str(objects))
    took, partial = [], 0
    for words in (["histogram", "-n", "0"], ["findjsinstances", "BulkNode"], ["heap"]):
        whole = ctx.cli(*words, "--json", core=core)
        for moment in range(1, MOMENTS + 1):
            done = interrupted(ctx, core, [*words, "--json"], whole.seconds * moment / (MOMENTS + 1))
            label = f"interrupt: {words[0]} at {moment}/{MOMENTS + 1}"
            if done.status == -signal.SIGINT and not done.out:
                continue  # it had not even begun: no handler yet
            documents = done.documents()
            if ctx.check(f"{label}: one document", len(documents) == 1, done.brief()):
                took.append(done.seconds)
                partial += bool(documents[0].get(S.COMPLETENESS, {}).get("interrupted"))
                ctx.check(f"{label}: told apart from a whole answer", told(documents[0], done.status, whole), done.brief())
    at_once(ctx, "", took, partial)
    graph(ctx, core)
    plugin(ctx, core)
    as_text(ctx, core)


def at_once(ctx, what, took, partial):
    took.sort()
    patience = PATIENCE * max(1, os.getloadavg()[0] / (os.cpu_count() or 1))
    ctx.check(f"interrupt: {what}stops at once ({len(took)} times, {partial} partial answers)",
              took and took[len(took) // 2] <= patience and took[-1] <= max(AT_MOST, patience),
              f"seconds: {[round(t, 3) for t in took[len(took) // 2:]]}")


def graph_commands(ctx, core):
    """Whatever builds a graph, in memory, in a file and by marks; and all kinds of answers from it."""
    rows = ctx.cli_json(core, "histogram", "--live", "-n", "0")[S.ROWS]
    address = next(row["sample"] for row in rows if row[S.NAME] == "BulkNode")
    scratch, index = os.path.join(ctx.directory, "scratch"), os.path.join(ctx.directory, "interrupted-index")
    os.makedirs(scratch, exist_ok=True)
    yield ["histogram", "--live", "-n", "0"]
    yield ["histogram", "--retained", "-n", "0"]
    yield ["dominators"]
    yield ["retained", address]
    yield ["retained", "--class", "BulkNode"]
    yield ["whatif", "--class", "BulkPoint"]
    yield ["path", address]
    yield ["path", "--class", "BulkNode"]
    yield ["retainers", address]
    yield ["roots"]
    yield ["--scratch", scratch, "dominators"]
    yield ["--memory", "60m", "whatif", "--class", "BulkPoint"]
    yield ["--memory", "60m", "histogram", "--live", "-n", "0"]
    yield ["--index", index, "dominators"]  # the whole run writes it


def graph(ctx, core):
    took, partial = [], 0
    for words in graph_commands(ctx, core):
        whole = ctx.cli(*words, "--json", core=core)
        name = " ".join(words[-2:] if words[0].startswith("--") else words[:2])
        ctx.check(f"interrupt: {name}: a whole run", whole.status == 0, whole.brief())
        index = words[1] if words[0] == "--index" else None
        for moment in range(1, GRAPH_MOMENTS + 1):
            if index and moment % 2 and os.path.exists(index):
                os.remove(index)  # written in this run, read in the next
            done = interrupted(ctx, core, [*words, "--json"], whole.seconds * moment / (GRAPH_MOMENTS + 1))
            label = f"interrupt: {name} at {moment}/{GRAPH_MOMENTS + 1}"
            if done.status == -signal.SIGINT and not done.out:
                continue
            documents = done.documents()
            if ctx.check(f"{label}: one document", len(documents) == 1, done.brief()):
                took.append(done.seconds)
                partial += "error" not in documents[0] and documents[0][S.COMPLETENESS]["interrupted"]
                ctx.check(f"{label}: told apart from a whole answer", told(documents[0], done.status, whole), done.brief())
            if done.seconds > PATIENCE:
                print(f"    {label}: {done.seconds:.3f} s")
        if index:
            left = [n for n in os.listdir(ctx.directory) if n.startswith("interrupted-index") and n != os.path.basename(index)]
            ctx.equal("interrupt: no half an index is left", left, [])
    at_once(ctx, "graph commands: ", took, partial)


def plugin(ctx, core):
    """Ctrl-C goes to LLDB, which tells the plugin."""
    if not ctx.options.lldb or not ctx.options.plugin or not os.path.exists(ctx.options.plugin):
        ctx.skip("interrupt: plugin", "no lldb or no plugin")
        return
    took, partial = [], 0
    for words in ("dominators", "histogram --retained -n 0", "whatif --class BulkPoint", "histogram -n 0"):
        whole = ctx.cli(*words.split(), "--json", core=core)
        for moment in (1, 2, 3):
            done = interrupted_lldb(ctx, core, f"v8 {words} --json", whole.seconds * moment / 4)
            documents = done.documents()
            label = f"interrupt: plugin: {words.split()[0]} at {moment}/4"
            if ctx.check(f"{label}: it answers", done.status is not None and documents, done.brief()):
                document = documents[-1]
                took.append(done.seconds)
                partial += "error" in document or document[S.COMPLETENESS]["interrupted"]
                ctx.check(f"{label}: told apart from a whole answer", told(document, 130, whole), done.brief())
    at_once(ctx, "plugin: ", took, partial)
    ctx.check("interrupt: plugin: some were caught in the middle", partial > 0, f"{partial} of {len(took)}")


def interrupted_lldb(ctx, core, command, delay):
    """The command in LLDB, with SIGINT `delay` seconds after the target is there; `seconds` is from then to the last output."""
    words = [ctx.options.lldb, "--batch", "--source-quietly", "--no-lldbinit", "--core", core.path, core.node,
             "-o", f"plugin load {ctx.options.plugin}", "-o", "v8 version", "-o", command]
    chunks, begun = [], threading.Event()
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, TERM="dumb")) as process:
        def read():
            while data := os.read(process.stdout.fileno(), 1 << 16):
                chunks.append((time.monotonic(), data))
                if b"for Node.js" in b"".join(d for _, d in chunks):  # `v8 version` has answered: the command is next
                    begun.set()
            begun.set()
        reader = threading.Thread(target=read)
        reader.start()
        begun.wait(60)
        begin, status = signal_after(process, delay)
        reader.join()
        return Run(status, b"".join(data for _, data in chunks), b"", max(0, (chunks[-1][0] if chunks else 0) - begin))


def as_text(ctx, core):
    # The same as text, until a run was caught in the middle.
    whole = ctx.cli("histogram", core=core).seconds
    for moment in range(1, 2 * MOMENTS):
        done = interrupted(ctx, core, ["histogram"], whole * moment / (2 * MOMENTS))
        if "PARTIAL" in done.text:
            ctx.check("interrupt: text says PARTIAL and why", "interrupted" in done.text and done.status == 130, done.brief())
            return
    ctx.skip("interrupt: text says PARTIAL and why", "no run was caught in the middle: this machine is too fast or too busy")


def signal_after(process, delay):
    """SIGINT; when it was sent, and the exit status (None: it had to be killed)."""
    time.sleep(delay)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        return begin, process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        return begin, None


def interrupted(ctx, core, words, delay):
    """The command, with SIGINT after `delay` seconds; `seconds` is how long it went on after that."""
    command = [ctx.options.corewalk, "-c", core.path, "-e", core.node, *words]
    with open(os.path.join(ctx.directory, "interrupt.out"), "w+b") as out, open(
            os.path.join(ctx.directory, "interrupt.err"), "w+b") as err, subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err) as process:
        begin, status = signal_after(process, delay)
        seconds = time.monotonic() - begin
        out.seek(0)
        err.seek(0)
        return Run(status, out.read(), err.read(), seconds)


def told(document, status, whole):
    """An error because nothing was known yet, or an answer that says that it is partial, or the whole answer."""
    if "error" in document:
        return document["error"].get("code") == "interrupted" and status == 130
    completeness = document[S.COMPLETENESS]
    if completeness["interrupted"]:
        return completeness[S.COMPLETE] is False and status == 130
    return {k: v for k, v in document.items() if k != "target"} == {k: v for k, v in whole.documents()[0].items() if k != "target"}
