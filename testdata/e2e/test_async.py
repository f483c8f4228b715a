"""promises and async: suspended functions with the place of each await and what they wait for, promises by state,
rejections with their stacks, queued ticks and microtasks, AsyncLocalStorage. The programs keep their own books."""
import subprocess

import harness

SUSPENDED = "suspended"


def run(ctx):
    for many in (10, 10000) if ctx.options.all_programs or ctx.major in (18, 24) else (10,):
        core = ctx.core("async", "--expose-gc", "--unhandled-rejections=none", str(many))
        label = f"async {many}"
        document = ctx.cli_json(core, "async", "--generators", "-n", "0")
        suspended(ctx, core, document, label)
        queues(ctx, core, document, label)
        promises(ctx, core, label)
        if many == 10:
            listed(ctx, core, document, label)
            faces(ctx, core, document)
            stripped(ctx, core, document)
    out_of_memory(ctx)
    live(ctx)


def own(core, rows):
    return [r for r in rows if r["script"] == core.facts["file"]]


def suspended(ctx, core, document, label):
    rows = own(core, document[SUSPENDED])
    got = sorted((r["kind"], r["name"], r["line"], r["column"], r["count"], r["waits_for"]) for r in rows if r["name"] != "drain")
    want = sorted((f["kind"], f["name"], f["line"], f["column"], f["count"], f["waits_for"]) for f in core.facts["suspended"])
    ctx.equal(f"{label}: suspended functions, their awaits, what they wait for", got, want)
    texts = {r["name"]: r["waits_for_text"] for r in rows}
    names = {"request": "resolve function in waiting[]", "pooled": "Pool.queue[].resolve", "ready": "Connection 'ready'",
             "reader": "Connection 'data'"}
    # Of many, a word on a stack may lead to those that are asked: then their class is all that is told.
    if texts.get("pooled") == "Pool" and "10000" in label:
        names["pooled"] = "Pool"
    ctx.equal(f"{label}: who holds resolve functions, which event", {name: texts.get(name) for name in names}, names)
    drain = [r for r in rows if r["name"] == "drain"]
    ctx.equal(f"{label}: for await", [(r["count"], r["waits_for"]) for r in drain],
              [(core.facts["many"], "async_generator")])
    ctx.check(f"{label}: an await is where V8 itself says", core.facts["trace"]["line"] == core.facts["tracer"]["line"] and
              core.facts["trace"]["column"] == core.facts["tracer"]["column"] if ctx.major >= 14 else True, repr(core.facts["trace"]))
    lost = [r for r in own(core, document["lost"])]
    ctx.equal(f"{label}: what nothing can resume", sorted((r["name"], r["line"], r["column"], r["count"], r["waits_for"]) for r in lost),
              sorted((f["name"], f["line"], f["column"], f["count"], f["waits_for"]) for f in core.facts["lost"]))
    total = document["async"]
    ctx.equal(f"{label}: lost in all", total["lost"], sum(r["count"] for r in document["lost"]))
    ctx.equal(f"{label}: totals", total["async_functions"] + total["async_generators"] + total["generators"],
              sum(r["count"] for r in document[SUSPENDED]))
    ctx.equal(f"{label}: about to go on", total["ready"], sum(f["count"] for f in core.facts["suspended"] if f["waits_for"] == "microtask"))


def queues(ctx, core, document, label):
    ticks = {r["name"]: r["count"] for r in document["ticks"] if r["script"] == core.facts["file"]}
    ctx.equal(f"{label}: ticks", ticks, {f["name"]: f["count"] for f in core.facts["ticks"]})
    tasks = {(r["name"], r["kind"]): r["count"] for r in document["microtask_queue"] if r["script"] == core.facts["file"]}
    want = {(f["name"], f["kind"]): f["count"] for f in core.facts["microtasks"]}
    if ("runMicrotask" in {r["name"] for r in document["microtask_queue"]}):  # queueMicrotask() wraps its callback
        count = sum(r["count"] for r in document["microtask_queue"] if r["name"] == "runMicrotask")
        ctx.equal(f"{label}: queueMicrotask", count, want.pop(("onMicrotask", "queueMicrotask")))
    ctx.equal(f"{label}: microtasks", tasks, want)
    ctx.equal(f"{label}: microtasks in all", document["async"]["microtasks"], sum(r["count"] for r in document["microtask_queue"]))
    stores = document.get("stores", [])
    fact = core.facts["stores"]
    use = next((r for r in stores if r["stores"] == fact["distinct"]), None)
    ctx.check(f"{label}: AsyncLocalStorage: distinct stores", use is not None, repr(stores)[:300])
    if use:
        carriers = {name: int(count.replace(",", "")) for count, name in (part.split(" ", 1) for part in use["carriers"].split(", "))}
        ctx.equal(f"{label}: AsyncLocalStorage: carried by timers and ticks", (carriers.get("Timeout"), carriers.get("Object")),
                  (fact["timers"], fact["ticks"]))


def promises(ctx, core, label):
    document = ctx.cli_json(core, "promises", "-n", "0")
    rows = document["rows"]
    held = {(r["state"], r["unhandled"]): r["count"] for r in rows if r["text"] == "of Marker"}
    fact = core.facts["promises"]
    ctx.equal(f"{label}: promises that hold a Marker", held,
              {("fulfilled", False): fact["fulfilled"], ("rejected", False): fact["handled"], ("rejected", True): fact["unhandled"]})
    total = document["promises"]
    ctx.equal(f"{label}: promises: totals", total["live"], sum(r["count"] for r in rows))
    ctx.equal(f"{label}: promises: unhandled", total["unhandled"], fact["unhandled"] + len(core.facts["unhandled"]))
    # `never`, which is awaited, and no promise that V8 made for an await: carried, resumed, and pages, rows2, drain, which
    # await again after hooks were switched on.
    ctx.equal(f"{label}: promises that nobody settles", [(r["count"], r["waited_for"]) for r in rows if r["source"] == "nothing_found"],
              [(1, 1)])
    ctx.equal(f"{label}: V8's own promises of awaits", total["of_awaits"], 5 * core.facts["many"] if ctx.major < 24 else 0)
    ctx.equal(f"{label}: promises of calls that nothing can resume",
              ([(r["name"], r["count"]) for r in rows if r["source"] == "lost"], total["lost"]), ([("heldLost", 2)], 6))
    # Each call of an async function has a promise; those of this program are all held.
    calls = {f["name"]: f["count"] for f in core.facts["suspended"] if f["kind"] == "async function"}
    got = {}
    for row in rows:
        if row["script"] == core.facts["file"] and row["source"] == "async_function":
            got[row["name"]] = got.get(row["name"], 0) + row["count"]
    ctx.equal(f"{label}: promises of async functions", {name: got.get(name) for name in calls if name != "resumed"},
              {name: count for name, count in calls.items() if name != "resumed"})
    unhandled = ctx.cli_json(core, "promises", "--state", "unhandled", "-n", "0")
    errors = {r["reason"]: r["stack"] for r in unhandled["unhandled_rejections"] if r["reason"].startswith("Error: ")}
    ctx.equal(f"{label}: reasons", sorted(errors), sorted("Error: " + text for text in core.facts["unhandled"]))
    for reason, stack in errors.items():
        first = (stack or "").split("\n")[0]
        ctx.check(f"{label}: stack of {reason}", first.startswith("at failing (") and f"async.js:{core.facts['fail_line']}:" in first,
                  repr(stack))


def listed(ctx, core, document, label):
    rows = ctx.cli_json(core, "async", "--list", "--generators", "-n", "0")[SUSPENDED]
    ctx.equal(f"{label}: --list", len(rows), sum(r["count"] for r in document[SUSPENDED]))
    by_address = {r["address"]: r for r in rows}
    chain = []
    for row in rows:
        if row["name"] == "load":
            names = ["load"]
            while row and row["awaited_by"]:
                row = by_address.get(row["awaited_by"])
                names.append(row["name"])
            chain.append(names)
    ctx.equal(f"{label}: who awaits whom", chain, [["load", "handle", "middleware"]] * core.facts["many"])
    ultimately = {r["name"]: r["ultimately_text"] for r in rows}
    ctx.check(f"{label}: what is at the end", all("timer of" in (ultimately[name] or "") for name in ("middleware", "handle", "chained", "gather")),
              repr(ultimately))
    chains = ctx.cli_json(core, "async", "--chains", "-n", "0")["chains"]
    frames = [(r["count"], r["depth"], r["waits_for_text"]) for r in chains if r["frames"].startswith("load /")]
    ctx.equal(f"{label}: --chains", frames, [(core.facts["many"], 3, "timer of 1000007 ms")])
    some = ctx.cli_json(core, "async", "--filter", "^load", "-n", "1")
    ctx.equal(f"{label}: --filter -n", (len(some[SUSPENDED]), some[SUSPENDED + "_omitted"]), (1, 2))
    with_sizes = ctx.cli_json(core, "promises", "--retained", "--state", "pending", "-n", "0")["rows"]
    ctx.check(f"{label}: promises --retained", all(r["retained_bytes"] is not None for r in with_sizes) and
              any(r["retained_bytes"] > 0 for r in with_sizes))
    one = ctx.cli_json(core, "promises", "--list", "--state", "rejected", "-n", "0")["rows"]
    ctx.equal(f"{label}: promises --list", sum(r["unhandled"] for r in one), core.facts["promises"]["unhandled"] + 3)
    for words in (["async", "word"], ["promises", "--state", "nonsense"], ["async", "--filter", "("]):
        done = ctx.cli(*words, core=core)
        ctx.check(f"{' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())


def faces(ctx, core, document):
    done = ctx.cli("async", "--chains", core=core)
    ctx.check("async --chains: text", done.status == 0 and "awaited by handle" in done.text, done.brief())
    if not ctx.options.lldb or not ctx.options.plugin:
        ctx.skip("async: faces", "no lldb, or the plugin is not built")
        return
    got = ctx.lldb("v8 async --generators -n 0 --json", core=core).documents()
    ctx.check("async: both faces say the same", len(got) == 1 and got[0][SUSPENDED] == document[SUSPENDED])


def stripped(ctx, core, document):
    """The same from a copy of the executable without symbols."""
    if not ctx.first:
        return
    copy = ctx.stripped_node("async")
    if not copy:
        return
    got = ctx.cli("async", "--generators", "-n", "0", "--json", "--force", core=core, node=copy).documents()
    ctx.check("async: with the executable stripped", len(got) == 1 and got[0][SUSPENDED] == document[SUSPENDED] and
              got[0]["ticks"] == document["ticks"], repr([g.get("error") for g in got]))


def out_of_memory(ctx):
    core = ctx.core("oom", "--max-old-space-size=100", "steady")
    for command in ("async", "promises"):
        done = ctx.cli(command, "--json", core=core)
        ctx.check(f"{command} of a core of out of memory", done.status == 0 and len(done.documents()) == 1, done.brief())


def live(ctx):
    if not ctx.first:
        return
    script = ("async function wait(i) { await new Promise((r) => setTimeout(r, 1e6, i)); }\n"
              "for (let i = 0; i < 25; i++) wait(i); console.log('ready');\nsetInterval(() => { for (let i = 0; i < 1e6; i++); }, 1);")
    process = subprocess.Popen([ctx.node, "-e", script], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        got = harness.run([ctx.options.corewalk, "-p", str(process.pid), "async", "-n", "0", "--json"])
        rows = [r for d in got.documents() for r in d.get(SUSPENDED, []) if r["name"] == "wait"]
        ctx.equal("async of a live process", [(r["count"], r["line"], r["column"], r["waits_for"]) for r in rows], [(25, 1, 26, "timer")])
    finally:
        process.kill()
        process.wait()
