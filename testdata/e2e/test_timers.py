"""`timers` says what the process's own books say: kind, interval, number, unref'd, due times, callbacks with file and line,
at ten and at ten thousand of each kind, whatever kind of callback it died in."""
import schema as S


def run(ctx):
    for many, mode in (("10", "immediate"), ("10000", "immediate"), ("10", "timeout"), ("10", "interval"), ("10", "queue")):
        core = ctx.core("timers", "--expose-gc", "--expose-internals", many, mode)
        document = ctx.cli_json(core, "timers", "-n", "0")
        label = f"timers ({many}, {mode})"
        groups(ctx, core, document, label)
        others(ctx, core, document, label)
        if mode == "immediate":
            one_by_one(ctx, core, document, label)
            held(ctx, core, label)
            retained(ctx, core, document, label)
        if (many, mode) == ("10", "immediate"):
            options(ctx, core, document)


def ms(seconds):
    return None if seconds is None else round(seconds * 1000, 3)


def own(core, rows):
    return [row for row in rows if row["script"] == core.facts["file"] and row["maker"] == "program"]


def groups(ctx, core, document, label):
    facts = core.facts
    mine = {}
    for row in own(core, document[S.ROWS]):
        # A running interval is a row of its own; an unknown function of the end is the program's last act.
        mine.setdefault((row["kind"], row["line"], ms(row["interval"])), []).append(row)
    wrong = []
    for group in facts["groups"]:
        rows = mine.pop((group["kind"], group["line"], group["interval"]), [])
        got = (sum(r["count"] for r in rows), sum(r["unrefed"] for r in rows))
        if got != (group["count"], group["unrefed"]):
            wrong.append(f"{group['kind']} of line {group['line']}, {group['interval']} ms: {got}, want {group['count']}, {group['unrefed']}")
            continue
        dues = [r for r in rows if r["first_due_in"] is not None]
        if group["first_due"] is not None and dues:
            got = (min(ms(r["first_due_in"]) for r in dues), max(ms(r["last_due_in"]) for r in dues))
            if got != (group["first_due"], group["last_due"]):
                wrong.append(f"line {group['line']}: due {got}, want {group['first_due']}, {group['last_due']}")
    wrong += [f"{key} is told but is none" for key in mine]
    ctx.check(f"{label}: every callback and interval", not wrong, "; ".join(wrong[:4]))
    if facts["now"] is not None:
        ctx.equal(f"{label}: the time of death", (ms(document["timers"]["now"]), document["timers"]["now_source"]),
                  (facts["now"], "libuv"))


def others(ctx, core, document, label):
    facts = core.facts
    for promise in facts["promises"]:
        rows = [r for r in document[S.ROWS] if r["maker"] == "promise" and ms(r["interval"]) == promise["interval"]]
        ctx.equal(f"{label}: timers that line {promise['line']} awaits", [(r["count"], r["line"], r["script"]) for r in rows],
                  [(promise["count"], promise["line"], facts["file"])])
    rows = [r for r in document[S.ROWS] if r["maker"] == "abort_signal"]
    signals = facts["signals"]
    ctx.equal(f"{label}: timers of AbortSignal.timeout", [(r["count"], ms(r["interval"]), r["unrefed"]) for r in rows],
              [(signals["count"], signals["interval"], signals["count"])] if signals["count"] else [])
    total = document["timers"]
    ctx.equal(f"{label}: totals are those of the rows", total["timeouts"] + total["intervals"] + total["immediates"],
              sum(r["count"] for r in document[S.ROWS]))


def one_by_one(ctx, core, document, label):
    rows = ctx.cli_json(core, "timers", "--list", "-n", "0")[S.ROWS]
    counted = {}
    for row in rows:
        key = (row["kind"], row["script"], row["line"], row["interval"])
        counted[key] = counted.get(key, 0) + 1
    wanted = {}
    for row in document[S.ROWS]:
        key = (row["kind"], row["script"], row["line"], row["interval"])
        wanted[key] = wanted.get(key, 0) + row["count"]
    ctx.check(f"{label}: --list tells the same", counted == wanted and len({r["address"] for r in rows}) == len(rows),
              f"{len(rows)} rows")
    ctx.equal(f"{label}: --list: unref'd", sum(not r["refed"] for r in rows), sum(r["unrefed"] for r in document[S.ROWS]))


def held(ctx, core, label):
    rows = ctx.cli_json(core, "timers", "--all", "-n", "0")[S.ROWS]
    for fact in core.facts["over"]:
        got = sum(r["count"] for r in rows if (r["kind"], r["state"]) == (fact["kind"], fact["state"]))
        # The timers with which the program waits for its end are over too, when something still holds them.
        ctx.check(f"{label}: {fact['kind']}s that are {fact['state']}", 0 <= got - fact["count"] <= 3, f"{got}, want {fact['count']}")
    ctx.check(f"{label}: none of these is pending", all(r["state"] in ("active", "running") for r in
                                                        ctx.cli_json(core, "timers", "-n", "0", "--by", "callback")[S.ROWS] if "state" in r))


def retained(ctx, core, document, label):
    job = core.facts["job"]
    row = next(r for r in own(core, document[S.ROWS]) if r["line"] == job["line"])
    ctx.equal(f"{label}: the variable that keeps most alive", (row["pinned_variable"], row["pinned_class"]),
              (job["variable"], job["class"]))
    told = {r["name"]: r for r in ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0")[S.ROWS]}[job["class"]]
    ctx.check(f"{label}: the bytes it keeps alive", 0 <= told["retained_bytes"] - row["pinned_bytes"] < 4096,
              f"{row['pinned_bytes']}, histogram {told['retained_bytes']}")
    ctx.check(f"{label}: retained bytes hold those", row["retained_bytes"] > row["pinned_bytes"], repr(row))


def options(ctx, core, document):
    by_callback = ctx.cli_json(core, "timers", "--by", "callback", "-n", "0")[S.ROWS]
    ctx.check("timers --by callback", len({(r["kind"], r["script"], r["line"], r["state"], r["maker"]) for r in by_callback}) ==
              len(by_callback) and sum(r["count"] for r in by_callback) == sum(r["count"] for r in document[S.ROWS]))
    some = ctx.cli_json(core, "timers", "--filter", "onDuration", "-n", "2")
    ctx.equal("timers --filter -n", (len(some[S.ROWS]), some[S.ROWS + "_omitted"]), (2, core.facts["many"] - 2))
    due = [r["first_due_in"] for r in ctx.cli_json(core, "timers", "--sort", "due", "-n", "0")[S.ROWS]
           if r["first_due_in"] is not None]
    ctx.equal("timers --sort due", due, sorted(due))
    done = ctx.cli("timers", "--list", core=core)
    ctx.check("timers --list: text", done.status == 0 and "unref'd" in done.text and "await in sleeper" in done.text, done.brief())
    for words in (["timers", "word"], ["timers", "--by", "nonsense"]):
        done = ctx.cli(*words, core=core)
        ctx.check(f"{' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())
    if not ctx.options.lldb or not ctx.options.plugin:
        ctx.skip("timers: faces", "no lldb, or the plugin is not built")
        return
    got = ctx.lldb("v8 timers -n 0 --json", core=core).documents()
    ctx.check("timers: both faces say the same", len(got) == 1 and got[0][S.ROWS] == document[S.ROWS])
