"""`listeners` says what the process itself said: listenerCount, eventNames, rawListeners, getMaxListeners and
getEventListeners of every emitter that the program has, at ten and at ten thousand listeners."""
import schema as S


def run(ctx):
    for many in ("10", "10000"):
        core = ctx.core("listeners", "--expose-gc", many)
        document = ctx.cli_json(core, "listeners", "-n", "0", "--functions", "0")
        emitters(ctx, core, document, f"listeners ({many})")
        targets(ctx, core, document, f"listeners ({many})")
        classes(ctx, core, document, f"listeners ({many})")
        payload(ctx, core, document, f"listeners ({many})")
        if many == "10":
            options(ctx, core, document)


def rows_of(document, class_name):
    return [row for row in document[S.ROWS] if row["class_name"] == class_name]


def key(event):
    return event["name"], event["symbol"]


def told(row):
    return {"name": row["event"], "symbol": row["event_is_symbol"]}


def functions_of(document, row):
    if "by_event" not in document:
        document["by_event"] = {}
        for f in document["functions"]:
            document["by_event"].setdefault((f["emitter"], f["event"], f["event_is_symbol"]), []).append(f)
    return document["by_event"].get((row["address"], row["event"], row["event_is_symbol"]), [])


def events(ctx, document, rows, wanted, label):
    """Every event of one emitter, and no other."""
    wrong = []
    got = {key(told(row)): row for row in rows}
    for event in wanted:
        row = got.pop(key(event), None)
        if row is None:
            wrong.append(f"{event['name']!r} is missing")
            continue
        for name, value in (("count", event["count"]), ("once", event["once"]), ("max_listeners", event["max"]),
                            ("over_limit", event["over"]), ("listener_count", event["count"])):
            if row[name] != value:
                wrong.append(f"{event['name']!r}: {name} {row[name]}, want {value}")
        if sum(f["count"] for f in functions_of(document, row)) != event["count"]:
            wrong.append(f"{event['name']!r}: the functions do not add up")
        if event.get("functions"):
            lines = sorted((f["line"], f["count"]) for f in functions_of(document, row))
            if lines != sorted((f["line"], f["count"]) for f in event["functions"]):
                wrong.append(f"{event['name']!r}: functions {lines}, want {event['functions']}")
    wrong += [f"{name!r} is told but is none" for name in got]
    return ctx.check(label, not wrong and len(rows) == len(wanted), "; ".join(wrong[:4]) or f"{len(rows)} rows")


def emitters(ctx, core, document, label):
    facts = core.facts
    for emitter in facts["emitters"]:
        rows = rows_of(document, emitter["class"])
        events(ctx, document, rows, emitter["events"], f"{label}: {emitter['class']}")
        ctx.check(f"{label}: {emitter['class']} is one emitter", len({row["address"] for row in rows}) == 1 and
                  {row["kind"] for row in rows} == {emitter["kind"]}, repr([(r["address"], r["kind"]) for r in rows][:3]))
    events(ctx, document, rows_of(document, "process"), facts["process"], f"{label}: process")
    sockets = {}
    for row in rows_of(document, facts["socket_class"]):
        sockets.setdefault(row["address"], []).append(row)
    wanted = sorted((*key(event), event["count"], event["once"]) for event in facts["socket"])
    ctx.check(f"{label}: a socket", any(sorted((*key(told(row)), row["count"], row["once"]) for row in rows) == wanted
                                        for rows in sockets.values()), repr(list(sockets)[:5]))
    shared = [row for row in document[S.ROWS] if row["event"] == facts["shared"]["name"]]
    ctx.equal(f"{label}: instances that share the listeners of their prototype", [row["count"] for row in shared],
              [facts["shared"]["count"]])
    mounted = [row for row in document[S.ROWS] if row["event"] == facts["application"]["name"]]
    ctx.equal(f"{label}: an emitter that is a function", [row["count"] for row in mounted], [facts["application"]["count"]])
    for name in facts["silent"]:
        ctx.equal(f"{label}: {name} has no listeners", rows_of(document, name), [])
    if facts["many"] > 10:
        row = next(r for r in rows_of(document, "ManyListeners") if r["event"] == "update")
        ctx.equal(f"{label}: the process had warned", row["warned"], True)
    total = document["listeners"]
    ctx.equal(f"{label}: totals are those of the rows", (total["listeners"], total["events"], total["emitters"]),
              (sum(row["count"] for row in document[S.ROWS]), len(document[S.ROWS]),
               len({(row["address"], row["kind"]) for row in document[S.ROWS]})))


def targets(ctx, core, document, label):
    for target in core.facts["targets"]:
        rows = rows_of(document, target["class"])
        got = sorted((row["event"], row["count"]) for row in rows)
        wanted = sorted((event["name"], event["count"]) for event in target["events"])
        if any(count is None for _, count in wanted):  # this Node.js has no getEventListeners
            got, wanted = [name for name, _ in got], [name for name, _ in wanted]
        ctx.equal(f"{label}: {target['class']}, an EventTarget", got, wanted)
        ctx.equal(f"{label}: {target['class']} is a {target['kind']}", {row["kind"] for row in rows}, {target["kind"]})
    rows = rows_of(document, "Target")
    if rows:
        by_event = {row["event"]: functions_of(document, row) for row in rows}
        three = by_event["three"][0]
        ctx.equal(f"{label}: once and passive", (three["once"], three["passive"], three["capture"]), (1, 1, 0))
        ctx.equal(f"{label}: capture", sum(f["capture"] for f in by_event["one"]), 1)
        ctx.equal(f"{label}: an object with handleEvent", by_event["two"][0]["name"], "handleEvent")
    bound = {row["event"]: functions_of(document, row) for row in rows_of(document, "Bound")}
    if bound and ctx.major >= 16:
        ctx.equal(f"{label}: a listener that a signal removes", [f["bound_to_signal"] for f in bound["ends"]], [1])
        ctx.equal(f"{label}: one that none removes", [f["bound_to_signal"] for f in bound["plain"]], [0])
        aborts = [f for row in rows_of(document, "AbortSignal") if row["event"] == "abort" and row["count"] > core.facts["many"]
                  for f in functions_of(document, row)]
        ctx.equal(f"{label}: the signal's own listener is weak", sum(f["weak"] for f in aborts), 1)
        ctx.check(f"{label}: onabort is told as its handler", any(f["name"] == "onUpdate" for f in aborts), repr(aborts[:2]))


def classes(ctx, core, document, label):
    by_class = ctx.cli_json(core, "listeners", "--by", "class", "-n", "0")[S.ROWS]
    for crowd in core.facts["crowds"]:
        got = sorted((r["event"], r["emitters"], r["count"]) for r in by_class if r["class_name"] == crowd["class"])
        wanted = sorted((e["name"], e["emitters"], e["count"]) for e in crowd["events"])
        ctx.equal(f"{label}: {crowd['class']}, a crowd of emitters", got, wanted)
        got = {}
        for row in rows_of(document, crowd["class"]):
            got[row["event"]] = got.get(row["event"], 0) + row["count"]
        ctx.equal(f"{label}: {crowd['class']}, one by one", got, {e["name"]: e["count"] for e in crowd["events"]})


def payload(ctx, core, document, label):
    """Listeners that keep something alive: what, and how much."""
    facts = core.facts["payload"]
    row = next(r for r in rows_of(document, "Hub") if r["event"] == "payload")
    ctx.equal(f"{label}: the variable that keeps most alive", (row["pinned_variable"], row["pinned_class"]),
              (facts["variable"], facts["class"]))
    retained = {r["name"]: r for r in ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0")[S.ROWS]}
    prototype = 4096  # the class's prototype bears its name
    ctx.check(f"{label}: the bytes it keeps alive", 0 <= retained[facts["class"]]["retained_bytes"] - row["pinned_bytes"] < prototype,
              f"{row['pinned_bytes']}, histogram {retained[facts['class']]['retained_bytes']}")
    ctx.check(f"{label}: retained bytes of the event hold those", row["retained_bytes"] > row["pinned_bytes"], repr(row))


def options(ctx, core, document):
    row = next(r for r in rows_of(document, "ManyListeners") if r["event"] == "mixed")
    detail = ctx.cli_json(core, "listeners", row["address"])
    ctx.equal("listeners ADDRESS: the emitter alone", ({r["address"] for r in detail[S.ROWS]}, detail["emitter"]["class_name"]),
              ({row["address"]}, "ManyListeners"))
    over = ctx.cli_json(core, "listeners", "--over", "-n", "0")[S.ROWS]
    ctx.check("listeners --over", bool(over) and all(r["over_limit"] for r in over) and
              len(over) == sum(r["over_limit"] for r in document[S.ROWS]), repr(over[:1]))
    some = ctx.cli_json(core, "listeners", "--filter", "^ManyListeners$", "-n", "2")
    ctx.equal("listeners --filter -n", (len(some[S.ROWS]), some[S.ROWS + "_omitted"]),
              (2, len(rows_of(document, "ManyListeners")) - 2))
    done = ctx.cli("listeners", "--functions", "1", row["address"], core=core)
    ctx.check("listeners ADDRESS: text", done.status == 0 and "more (use" in done.text and "'mixed' (over)" in done.text, done.brief())
    for words in (["listeners", "0x10"], ["listeners", "xyz"], ["listeners", "--by", "nonsense"]):
        done = ctx.cli(*words, core=core)
        ctx.check(f"{' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())
    if not ctx.options.lldb or not ctx.options.plugin:
        ctx.skip("listeners: faces", "no lldb, or the plugin is not built")
        return
    got = ctx.lldb("v8 listeners -n 0 --json", core=core).documents()
    ctx.check("listeners: both faces say the same", len(got) == 1 and got[0][S.ROWS] == ctx.cli_json(core, "listeners", "-n", "0")[S.ROWS])
