"""Memory outside of the heap against the program's own book-keeping: stores, bytes, bytes that views cover, what slices
pin; process.memoryUsage(); memory that isolates share."""
import schema as S

# What a store of the group is held by, in the text of the holder.
HELD_BY = {"uploads": "uploads", "slices": "slices", "headers": "headers", "overlapping": "overlapping", "whole": "whole",
           "callbacks": "chunk"}


def run(ctx):
    core = ctx.core("buffers", "--expose-gc")
    facts = core.facts
    document = ctx.cli_json(core, "buffers", "-n", "0")
    groups(ctx, document, facts)
    kinds(ctx, document, facts)
    usage(ctx, document, facts)
    sums(ctx, document)
    one_store(ctx, core, document, facts)
    limits(ctx, core, document)
    workers(ctx)


def is_held_by(row, name):
    return row["holder_name"] == name or f" {name} (" in (row["owner_held_by"] or "")


def groups(ctx, document, facts):
    for name, wanted in facts["groups"].items():
        rows = [r for r in document[S.ROWS] if is_held_by(r, HELD_BY[name])]
        got = {"stores": sum(r["count"] for r in rows), "bytes": sum(r["bytes"] for r in rows),
               "used": sum(r["used_bytes"] for r in rows), "pinned": sum(r["pinned_bytes"] for r in rows)}
        ctx.equal(f"buffers: {name}", got, wanted)
        source = "capture(chunk)" if name == "callbacks" else f"var {name} ="
        ctx.check(f"buffers: {name} has its declaration",
                  all(source in (r["held_by"] + (r["owner_held_by"] or "")) and "buffers.js:" in r["held_by"] for r in rows),
                  repr([r["held_by"] for r in rows]))
        if wanted["stores"] > 1:
            ctx.equal(f"buffers: {name} is one group", len(rows), 1)


def kinds(ctx, document, facts):
    stores = document["stores"]
    for kind, wanted in facts["kinds"].items():
        count, size = stores[kind + "_count"], stores[kind + "_bytes"]
        # Node itself shares some bytes and keeps short strings outside.
        own = {"shared": 2, "string": 8}.get(kind, 0)
        ctx.check(f"buffers: {kind}", wanted["stores"] <= count <= wanted["stores"] + own and
                  wanted["bytes"] <= size <= wanted["bytes"] + 100 * own, f"{count} of {size}, want {wanted}")
    ctx.equal("buffers: detached", document["objects"]["detached"], facts["detached"])
    if "resizable" in facts["kinds"]:
        reserved = {r["bytes"]: r["capacity_bytes"] for r in document["largest"] if r["kind"] == "resizable"}
        ctx.equal("buffers: what resizable ones reserve", reserved, {700000: 5000000, 900000: 7000000})
    wasm = [r["capacity_bytes"] for r in document["largest"] if r["kind"] == "wasm memory"]
    if ctx.major >= 16:
        ctx.equal("buffers: what a WebAssembly memory reserves", wasm, [100 * 65536])
    # From Node 24 on a slab of the pool is an ArrayBuffer that is a little larger than Buffer.poolSize.
    slab = document["stores"]["pool_slab_bytes"]
    ctx.check("buffers: the size of a slab", facts["pool"] <= slab <= facts["pool"] + 64, str(slab))
    ctx.check("buffers: slabs that slices pin", 100 <= document["stores"]["pinned_pool_slabs"] <= 104,
              str(document["stores"]["pinned_pool_slabs"]))


def usage(ctx, document, facts):
    row = document["memory_usage"][0]
    said = facts["usage"]
    in_flight = facts["in_flight"]  # a message under way is no object of the heap
    if row["array_buffers_counter"] is not None:
        ctx.equal("buffers: Node's counter is memoryUsage().arrayBuffers", row["array_buffers_counter"], said["arrayBuffers"])
        ctx.equal("buffers: all but the message under way is found", row["not_in_heap_bytes"], in_flight)
    else:
        ctx.check("buffers: arrayBuffers", abs(row["array_buffers_bytes"] - said["arrayBuffers"]) <= in_flight + 1024, repr(row))
    # V8 also counts what native code reports (zlib, messages), and from 14.6 on no longer all of the static strings.
    static = document["stores"]["static_string_bytes"]
    difference = said["external"] - row["external_bytes"]
    ctx.check("buffers: external", -static <= difference <= 65536 if ctx.major >= 25 else abs(difference) <= 32768,
              f"{difference} bytes off")


def sums(ctx, document):
    stores = document["stores"]
    live = sum(r["bytes"] for r in document["largest"] if r["liveness"] != "garbage")
    named = sum(stores[k] for k in stores if k.endswith("_bytes") and not k.endswith("garbage_bytes") and
                k.split("_bytes")[0] in ("buffer", "shared", "resizable", "wasm_memory", "native", "string"))
    ctx.equal("buffers: the list and the card agree", live, named)
    ctx.equal("buffers: the groups and the card agree", sum(r["bytes"] for r in document[S.ROWS]), named)
    ctx.equal("buffers: pinned bytes agree", sum(r["pinned_bytes"] for r in document[S.ROWS]), stores["pinned_bytes"])


def one_store(ctx, core, document, facts):
    sample = next(r for r in document[S.ROWS] if is_held_by(r, "overlapping"))["sample"]
    told = ctx.cli_json(core, "buffers", sample)
    wanted = facts["groups"]["overlapping"]
    store = told["store"]
    ctx.equal("buffers ADDRESS: the store of a view", (store["bytes"], store["used_bytes"], store["pinned_bytes"]),
              (wanted["bytes"], wanted["used"], wanted["pinned"]))
    ctx.equal("buffers ADDRESS: its views", [(v["offset"], v["bytes"]) for v in told["views"]],
              [(1000, 2000), (2000, 2000), (9000, 500)])
    ctx.check("buffers ADDRESS: a way", any("overlapping" in step["reference"] for step in told["path"]), repr(told["path"]))
    inside = hex(int(store["address"], 16) + 5000)
    ctx.equal("buffers ADDRESS: an address in the store", ctx.cli_json(core, "buffers", inside)["store"]["address"],
              store["address"])
    done = ctx.cli("buffers", "0x10", core=core)
    ctx.check("buffers ADDRESS: nothing there", done.status == 1 and done.refusal(), done.brief())


def limits(ctx, core, document):
    some = ctx.cli_json(core, "buffers", "-n", "3")
    ctx.equal("buffers -n: rows", (len(some[S.ROWS]), len(some["largest"])), (3, 3))
    ctx.equal("buffers -n: says how many more", some["largest_omitted"], len(document["largest"]) - 3)
    large = ctx.cli_json(core, "buffers", "--min-bytes", "100000", "-n", "0")
    ctx.check("buffers --min-bytes", large["largest"] and all(r["bytes"] >= 100000 for r in large["largest"]))


def workers(ctx):
    core = ctx.core("buffers", "workers", "--expose-gc")
    facts = core.facts
    every = ctx.cli_json(core, "buffers", "--isolate", "all", "-n", "0")
    shared = [r for r in every["largest"] if r["bytes"] == 3000000 and r["kind"] == "shared"]
    ctx.equal("buffers: memory that three isolates share is told once", [r["isolates"] for r in shared], [3])
    for worker in facts["workers"]:
        rows = [r for r in every[S.ROWS] if r["isolate"] != 0 and r["count"] == worker["own"]["stores"]]
        ctx.equal(f"buffers: worker {worker['number']}", [r["bytes"] for r in rows], [worker["own"]["bytes"]])
    ctx.equal("buffers: one line of memoryUsage() for each isolate", len(every["memory_usage"]), 3)
    main = ctx.cli_json(core, "buffers", "-n", "0")["memory_usage"][0]
    if main["array_buffers_counter"] is not None:
        ctx.equal("buffers: the counter of the main isolate", main["array_buffers_counter"], facts["usage"]["arrayBuffers"])
