"""workers: threads, scripts, limits, ports with queued messages and shared memory, by the program's own books."""

import schema as S

NAMES_KNOWN = 24


def run(ctx):
    core = ctx.core("worker_facts", "--expose-gc", "3")
    document = ctx.cli_json(core, "workers", "-n", "0")
    rows = document[S.ROWS]
    facts = core.facts["workers"]
    ctx.equal("workers: isolates", (len(rows), document["workers"]["workers"]), (1 + len(facts), len(facts)))
    ctx.equal("workers: main", [(r["worker_id"], r["script"]) for r in rows if r["is_main"]], [(0, core.facts["file"])])
    of_worker = [r for r in rows if not r["is_main"]]
    ctx.equal("workers: ids and scripts", sorted((r["worker_id"] or -1, r["script"]) for r in of_worker),
              sorted((f["thread"], f["file"]) for f in facts))
    limits = {f["thread"]: f["limits"] for f in facts}
    for row in of_worker:
        want = limits.get(row["worker_id"], {})
        ctx.equal(f"workers: resource limits of {row['worker_id']}", limits_of(row), want)
        ctx.equal(f"workers: V8's limit of {row['worker_id']}", row["old_generation_limit"], want.get("maxOldGenerationSizeMb", 0) << 20)
        if row["name"] is not None:
            ctx.equal(f"workers: name of {row['worker_id']}", row["name"], next(f["name"] for f in facts if f["thread"] == row["worker_id"]))
    if ctx.major >= NAMES_KNOWN and ctx.version.split(".")[0] not in ("25",):
        ctx.check("workers: names", all(r["name"] for r in of_worker), repr([r["name"] for r in of_worker]))
    ports(ctx, core, document)
    shared(ctx, core, document)
    stripped(ctx, core, document)
    code(ctx)
    done = ctx.cli("workers", "word", core=core)
    ctx.check("workers word is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())
    if ctx.options.lldb and ctx.options.plugin:
        got = ctx.lldb("v8 workers -n 0 --json", core=core).documents()
        ctx.check("workers: both faces say the same", len(got) == 1 and got[0][S.ROWS] == rows and got[0]["ports"] == document["ports"])
    else:
        ctx.skip("workers: faces", "no lldb, or the plugin is not built")


def limits_of(row):
    return {"maxYoungGenerationSizeMb": row["max_young_generation_mb"], "maxOldGenerationSizeMb": row["max_old_generation_mb"],
            "codeRangeSizeMb": row["code_range_mb"], "stackSizeMb": row["stack_mb"]}


def code(ctx):
    """Workers that were started with code or a data: URL, and ports that are over."""
    if ctx.major < 16:
        return  # data: URLs came with 14.9
    core = ctx.core("worker_code", "--expose-gc")
    rows = ctx.cli_json(core, "workers", "-n", "0")[S.ROWS]
    got = sorted((r["worker_id"], r["script_kind"], r["script"], (r["eval_source"] or "")[:200], sorted(limits_of(r).items())) for r in rows if not r["is_main"])
    want = sorted((f["thread"], f["kind"], f["script"], (f["source"] or "")[:200], sorted(f["limits"].items())) for f in core.facts["workers"])
    ctx.equal("workers: with code and with a data: URL", got, want)
    ctx.equal("workers: closed ports", [r["closed_ports"] for r in rows if r["is_main"]], [core.facts["closed"]])
    done = ctx.cli("workers", "--width", "0", core=core)
    ctx.check("workers: code is shortened", done.status == 0 and "[worker eval] const secretOfNobody" in done.text and "e" * 100 not in done.text and
              "data:text/javascript,import" in done.text and max(map(len, done.text.split("\n"))) < 330, done.text[-600:])


def ports(ctx, core, document):
    main = next(r["isolate"] for r in document[S.ROWS] if r["is_main"])
    by_worker = {r["worker_id"]: r["isolate"] for r in document[S.ROWS]}
    want = [(main, p["queued"], p["least"]) for p in core.facts["main_ports"]]
    want += [(by_worker.get(f["thread"]), f["queued"], f["least"]) for f in core.facts["workers"]]
    want += [(by_worker.get(f["thread"]), f["parent"], 8 * f["parent"]) for f in core.facts["workers"] if f["parent"]]
    got = sorted((p["isolate"], p["messages"]) for p in document["ports"])
    uses = sorted((p["isolate"], p["messages"], p["use"], p["channel"] or "", p["worker_id"] or 0) for p in document["ports"])
    told = [(main, p["queued"], p["use"], p["channel"] or "", 0) for p in core.facts["main_ports"]]
    told += [(by_worker.get(f["thread"]), f["queued"], "program", "", 0) for f in core.facts["workers"]]
    told += [(by_worker.get(f["thread"]), f["parent"], "parent_port", "", f["thread"]) for f in core.facts["workers"] if f["parent"]]
    ctx.equal("workers: what ports are for", uses, sorted(told))
    ctx.check("workers: who holds ports of the program's own", all(bool(p["holder"]) == (p["use"] == "program") for p in document["ports"]),
              repr([p["holder"] for p in document["ports"]]))
    ctx.equal("workers: queued messages", got, sorted((isolate, count) for isolate, count, _ in want))
    least = {(isolate, count): bytes_ for isolate, count, bytes_ in want}
    for port in document["ports"]:
        low = least.get((port["isolate"], port["messages"]), 0)
        ctx.check(f"workers: bytes of {port['messages']} messages", port["bytes"] is not None and low <= port["bytes"] <= low + 200 * port["messages"],
                  repr(port))


def shared(ctx, core, document):
    got = sorted((b["bytes"], b["isolates"]) for b in document["shared_buffers"] if b["bytes"] in (40000, 50000))
    ctx.equal("workers: shared memory", got, sorted((b["bytes"], b["isolates"]) for b in core.facts["shared"]))
    ctx.equal("workers: shared memory that one alone sees", [b["isolates"] for b in document["shared_buffers"] if b["bytes"] == 60000], [1])


def stripped(ctx, core, document):
    if not ctx.first:
        return
    copy = ctx.stripped_node("workers")
    if not copy:
        return
    got = ctx.cli("workers", "-n", "0", "--json", "--force", core=core, node=copy).documents()
    ctx.check("workers: with the executable stripped", len(got) == 1 and got[0][S.ROWS] == document[S.ROWS] and got[0]["ports"] == document["ports"],
              repr([g.get("error") for g in got]))
