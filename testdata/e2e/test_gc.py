"""gc: V8's record of its last collections equals what --trace-gc printed, and at out of memory "Last few GCs"."""
import os
import re

import schema as S

LINE = re.compile(r"^\[\d+:0x[0-9a-f]+\] .* ms: .* -> .* MB, .*$")


def traced(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return [line.strip() for line in stream if LINE.match(line.strip())]


def run(ctx):
    core = ctx.core("gc_trace", "--expose-gc", "--trace-gc")
    printed = traced(os.path.join(core.directory, "facts.json"))
    document = ctx.cli_json(core, "gc")
    record(ctx, "gc", document, printed)
    fields(ctx, document[S.ROWS])
    row = document["isolates"][0]
    ctx.check("gc: limits", row["old_generation_limit_bytes"] and not row["limit_raised"] and 0 < row["used_of_limit"] < 1, repr(row))
    summary = ctx.cli("summary", core=core)
    ctx.check("gc: a line of it in summary", summary.status == 0 and "collector" in summary.text.lower(), summary.brief())
    out_of_memory(ctx)
    workers(ctx)
    done = ctx.cli("gc", "word", core=core)
    ctx.check("gc word is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())
    if ctx.options.lldb and ctx.options.plugin:
        got = ctx.lldb("v8 gc --json", core=core).documents()
        ctx.check("gc: both faces say the same", len(got) == 1 and got[0][S.ROWS] == document[S.ROWS])
    else:
        ctx.skip("gc: faces", "no lldb, or the plugin is not built")


def record(ctx, label, document, printed):
    lines = [r["line"].strip() for r in document[S.ROWS]]
    ctx.check(f"{label}: some collections", bool(lines) and bool(printed), f"{len(lines)}, printed {len(printed)}")
    ctx.equal(f"{label}: the record is what was printed last", lines, printed[-len(lines):] if lines else printed)


def fields(ctx, rows):
    """What was read out of each line, against a reading of the line by another way."""
    for row in rows:
        line = row["line"]
        numbers = re.search(r"([\d.]+) \(([\d.]+)\) -> ([\d.]+) \(([\d.]+)\) MB", line).groups()
        pause = float(re.search(r"([\d.]+) / [\d.]+ ms", line).group(1))
        at = int(re.search(r"(\d+) ms:", line).group(1))
        want = [round(float(n) * (1 << 20)) for n in numbers]
        got = [row["before_bytes"], row["committed_before_bytes"], row["after_bytes"], row["committed_after_bytes"]]
        kind = "scavenge" if "Scavenge" in line else "mark_compact"
        ctx.check(f"gc: fields of a line at {at} ms", all(abs(a - b) <= 1 for a, b in zip(got, want)) and abs(row["pause"] * 1000 - pause) < 1e-6 and
                  abs(row["at"] * 1000 - at) < 1e-6 and row["kind"] == kind, repr(row))
        mu = re.search(r"current mu = ([\d.]+)", line)
        ctx.check(f"gc: the program's share at {at} ms", (row["current_mutator_utilization"] is None) == (mu is None or row["is_cut"] and line.endswith(mu.group())) and
                  (row["current_mutator_utilization"] is None or abs(row["current_mutator_utilization"] - float(mu.group(1))) < 1e-9), repr(row))
        ctx.check(f"gc: the reason at {at} ms", (row["reason"] or "") in line and (row["reason"] or row["is_cut"]), repr(row))


def out_of_memory(ctx):
    core = ctx.core("oom", "--max-old-space-size=100", "steady")
    document = ctx.cli_json(core, "gc")
    last_few(ctx, "gc", core, document)
    ctx.check("gc: at out of memory most of the limit is used", document["isolates"][0]["used_of_limit"] > 0.8, repr(document["isolates"][0]))


def last_few(ctx, label, core, document):
    """V8 prints its record when it gives up."""
    said = ""
    for name in ("stderr.txt", "facts.json"):  # old V8s use standard output
        with open(os.path.join(core.directory, name), encoding="utf-8", errors="replace") as stream:
            said += stream.read()
    begin = said.find("<--- Last few GCs --->")
    block = said[begin:]
    lines = [r["line"].strip() for r in document[S.ROWS]]
    # V8 leaves out the first line, whose beginning may be lost, and the end of lines of more than 255 characters.
    behind = block.split(lines[-1])[-1] if lines and lines[-1] in block else block
    ctx.check(f"{label}: Last few GCs", begin >= 0 and lines and lines[-1] in block and not re.search(r"\] +\d+ ms: ", behind) and all(line in block for line in lines[1:]),
              f"{lines}, printed {block[-600:]!r}")


def workers(ctx):
    core = ctx.core("worker_facts", "--expose-gc", "3")
    rows = ctx.cli_json(core, "gc", "--isolate", "all")["isolates"]
    ctx.equal("gc --isolate all", len(rows), 4)
    watched = [r["near_limit_callbacks"] for r in rows[1:]]
    ctx.check("gc: each worker watches its limit", len(set(watched)) == 1 and watched[0] in (None, 1) and rows[0]["near_limit_callbacks"] is None,
              repr(rows))
    ctx.check("gc: by the worker", all(r["callbacks_of"] == "node::worker::Worker" for r in rows[1:] if r["near_limit_callbacks"]))
