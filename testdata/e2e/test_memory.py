"""The ledger of the whole process: rows that add up exactly, the kernel's own account of the same process (its smaps, read
as its last act), the part that grew; cores that were copied, cut off or written by gdb; a living process."""
import os
import shutil
import subprocess

import schema as S
from harness import APPS, SCRIPTS, Broken, Skip, run as run_program

MB = 1 << 20
# What the ledger says of each kind of process, and what of it must be in that row.
VERDICTS = {"heap": "heap", "buffers": "buffers", "strings": "strings", "fragments": "fragmentation", "garbage": "buffers",
            "wasm": "wasm"}
HOLDERS = {"buffers": "cache", "strings": "pages", "garbage": "garbage", "wasm": "memory"}


def run(ctx):
    plain(ctx)
    for kind in kinds(ctx):
        grown(ctx, kind)
    workers(ctx)
    copies(ctx)
    without_executable(ctx)
    gdb(ctx)
    live(ctx)


def kinds(ctx):
    """All of them; without --all-programs every version takes some, and two versions together all."""
    every = list(VERDICTS)
    return every if ctx.options.all_programs else every[ctx.major // 2 % 2::2]


def core_of(ctx, kind):
    core = ctx.core("memory", "--expose-gc", kind)
    with open(os.path.join(core.directory, "smaps.txt"), encoding="utf-8", errors="replace") as stream:
        return core, read_smaps(stream)


def read_smaps(lines):
    maps, entry = [], None
    for line in lines:
        words = line.split()
        if not words:
            continue
        if words[0].endswith(":"):
            if words[0] in ("Rss:", "Anonymous:", "Size:"):
                entry[words[0][:-1]] = int(words[1]) * 1024
        else:
            start, end = (int(x, 16) for x in words[0].split("-"))
            entry = {"start": start, "end": end, "permissions": words[1], "name": " ".join(words[5:])}
            maps.append(entry)
    return maps


def rows(document):
    return {row["name"]: row for row in document[S.ROWS]}


def adds_up(ctx, label, document):
    total = document[S.ROWS + "_total"]
    for column in ("reserved_bytes", "present_bytes", "resident_bytes"):
        ctx.equal(f"memory: {label}: {column} of the rows add up", sum(r[column] for r in document[S.ROWS]), total[column])
    for row in document[S.ROWS]:
        if not row["resident_bytes"] <= row["present_bytes"] <= row["reserved_bytes"] and document["residency"]["source"] != "pagemap":
            ctx.check(f"memory: {label}: {row['name']} is not larger than its mapping", False, repr(row))
    for table, name in (("stacks", "stacks"), ("files", None)):
        listed = sum(line["resident_bytes"] for line in document[table])
        row = rows(document)
        wanted = row[name]["resident_bytes"] if name else sum(row[n]["resident_bytes"] for n in ("executable", "libraries", "other_files") if n in row)
        if not document.get(table + "_omitted"):
            ctx.equal(f"memory: {label}: the table of {table} adds up", listed, wanted)
    other = rows(document).get("other", {"resident_bytes": 0})["resident_bytes"]
    ctx.check(f"memory: {label}: what is not told is small", other <= max(2 * MB, total["resident_bytes"] // 50), f"{other} bytes")


def room_behind_heap(smaps):
    end = max((m["end"] for m in smaps if m["name"] == "[heap]"), default=0)
    return min((m["start"] - end for m in smaps if m["start"] >= end), default=0)


# The memory that is private to the process, by the kernel's count and by ours. Files' own pages are in both, but a core
# holds only some of them.
def against_kernel(ctx, label, document, smaps, threads):
    row = rows(document)
    anonymous = sum(m["Anonymous"] for m in smaps)
    files = sum(row[n]["resident_bytes"] for n in ("executable", "libraries", "other_files", "kernel") if n in row)
    ours = document[S.ROWS + "_total"]["resident_bytes"]
    ctx.check(f"memory: {label}: the kernel counts as much", anonymous - MB <= ours <= anonymous + files + 2 * MB,
              f"{ours}, kernel {anonymous}, files {files}")
    heap = sum(m["Rss"] for m in smaps if m["name"] == "[heap]")
    main = [a for a in document["arenas"] if a["main"]]
    if ctx.check(f"memory: {label}: malloc's main arena is found", len(main) == 1, repr(document["arenas"])):
        # More than that, where something stands in the way of brk(): malloc goes on in mappings without a name then.
        excess = main[0]["resident_bytes"] - heap
        ctx.check(f"memory: {label}: it is [heap]", -MB <= excess <= MB or MB < excess and room_behind_heap(smaps) < excess,
                  f"{main[0]['resident_bytes']}, kernel {heap}, room {room_behind_heap(smaps)}")
        ctx.check(f"memory: {label}: all chunks can be told", all(a["whole"] for a in document["arenas"]), repr(document["arenas"]))
    stack = sum(m["Rss"] for m in smaps if m["name"] == "[stack]")
    told = [s["resident_bytes"] for s in document["stacks"] if s["main"]]
    ctx.equal(f"memory: {label}: a stack for each thread", len(document["stacks"]), threads)
    ctx.check(f"memory: {label}: the main stack", len(told) == 1 and abs(told[0] - stack) <= 256 * 1024, f"{told}, kernel {stack}")


def plain(ctx):
    core, smaps = core_of(ctx, "plain")
    document = ctx.cli_json(core, "memory", "-n", "0")
    adds_up(ctx, "plain", document)
    against_kernel(ctx, "plain", document, smaps, core.facts["threads"])
    ctx.equal("memory: nothing stands out of a plain process", document["verdict"]["kind"], "plain")
    heap = ctx.cli_json(core, "heap")
    used = {r["space"]: r["used_bytes"] for r in heap[S.ROWS]}
    told = {name: r["in_use_bytes"] for name, r in rows(document).items() if r["group"] == "v8_heap" and r["in_use_bytes"] is not None}
    ctx.equal("memory: spaces are those of heap", {k: v for k, v in told.items() if v}, {k: v for k, v in used.items() if v})
    ctx.check("memory: the text says it too", "nothing stands out" in ctx.cli("memory", core=core).text)


# What V8 says of its heap a moment before.
def of_v8(ctx, label, document, usage):
    isolate = document["isolates"][0]
    ctx.check(f"memory: {label}: heapUsed", abs(isolate["used_bytes"] - usage["heapUsed"]) <= MB, f"{isolate}, {usage}")
    ctx.check(f"memory: {label}: heapTotal", abs(isolate["page_bytes"] - usage["heapTotal"]) <= 2 * MB, f"{isolate}, {usage}")


def grown(ctx, kind):
    core, smaps = core_of(ctx, kind)
    facts = core.facts
    document = ctx.cli_json(core, "memory", "-n", "0")
    adds_up(ctx, kind, document)
    against_kernel(ctx, kind, document, smaps, facts["threads"])
    verdict = document["verdict"]
    ctx.equal(f"memory: {kind}: the verdict", verdict["kind"], VERDICTS[kind])
    if kind in HOLDERS:
        ctx.check(f"memory: {kind}: who holds it", HOLDERS[kind] in (verdict["holder"] or ""), repr(verdict["holder"]))
    row = rows(document)
    usage = facts["usage"]
    wasm = facts["bytes"] if kind == "wasm" else 0
    buffers = row["array_buffers"]["in_use_bytes"]
    of_v8(ctx, kind, document, usage)
    ctx.check(f"memory: {kind}: ArrayBuffers", abs(buffers - usage["arrayBuffers"]) <= 65536, f"{buffers}, {usage}")
    if kind == "strings":
        ctx.check("memory: strings", abs(row["external_strings"]["in_use_bytes"] - facts["bytes"]) <= 65536, repr(row))
    if kind == "wasm":
        ctx.equal("memory: wasm", (row["wasm_memories"]["in_use_bytes"], row["wasm_memories"]["resident_bytes"]), (wasm, wasm))
        ctx.check("memory: wasm: guards are reserved, not resident",
                  row["wasm_guards"]["reserved_bytes"] > 1 << 32 and row["wasm_guards"]["resident_bytes"] == 0, repr(row))
    if kind == "fragments":
        # 15 of 16 of 60,000 blocks of 4,000 bytes.
        ctx.check("memory: fragments: malloc has what was dropped", row["malloc_free"]["resident_bytes"] >= 60000 * 15 // 16 * 4000 * 0.97,
                  repr(row["malloc_free"]))
        ctx.check("memory: fragments: what is kept is a buffer's", row["array_buffers"]["in_use_bytes"] >= facts["bytes"])


def workers(ctx):
    core, smaps = core_of(ctx, "workers")
    document = ctx.cli_json(core, "memory", "-n", "0")
    adds_up(ctx, "workers", document)
    against_kernel(ctx, "workers", document, smaps, core.facts["threads"])
    isolates = document["isolates"]
    ctx.equal("memory: workers: a line for each isolate", len(isolates), 5)
    ctx.check("memory: workers: what each holds outside of the heap", all(i["external_bytes"] >= 5000000 for i in isolates[1:]), repr(isolates))
    ctx.check("memory: workers: used bytes of each", all(i["used_bytes"] >= 4 * MB for i in isolates[1:]), repr(isolates))


def copies(ctx):
    """The same core without holes, and cut off."""
    core, _ = core_of(ctx, "buffers")
    want = ctx.cli_json(core, "memory", "-n", "0")
    if want["residency"]["source"] != "file_holes":
        ctx.skip("memory: copies", "this file system has no holes")
        return
    path = os.path.join(ctx.directory, "memory-copy")
    try:
        with open(core.path, "rb") as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        copy = type(core)(path, core.node, core.facts, core.directory)
        got = ctx.cli_json(copy, "memory", "-n", "0")
        adds_up(ctx, "copy", got)
        ctx.equal("memory: copy: says how it knows", got["residency"]["source"], "zero_pages")
        # Pages that were touched and hold zeros are the difference.
        a, b = want[S.ROWS + "_total"]["resident_bytes"], got[S.ROWS + "_total"]["resident_bytes"]
        ctx.check("memory: copy: nearly the same", b <= a and a - b <= 6 * MB, f"{a} and {b}")
        ctx.equal("memory: copy: the same verdict", got["verdict"]["kind"], want["verdict"]["kind"])
        size = os.path.getsize(path)
        for share in (0.9, 0.6):
            with open(path, "r+b") as stream:
                stream.truncate(int(size * share))
            done = ctx.cli("memory", "--json", core=copy)
            documents = done.documents()
            if done.status == 0 and ctx.check(f"memory: cut to {share}: answers", len(documents) == 1, done.brief()):
                adds_up_cut(ctx, share, documents[0])
            else:
                ctx.check(f"memory: cut to {share}: is refused in a line", done.status == 1 and done.refusal(), done.brief())
    finally:
        if os.path.exists(path):
            os.remove(path)


def adds_up_cut(ctx, share, document):
    total = document[S.ROWS + "_total"]
    ctx.equal(f"memory: cut to {share}: still adds up", sum(r["resident_bytes"] for r in document[S.ROWS]), total["resident_bytes"])
    ctx.check(f"memory: cut to {share}: says so", document["completeness"]["core_truncated"] and
              any("cut off" in note for note in document["notes"]), repr(document["notes"]))


def without_executable(ctx):
    core = ctx.core_without_node("memory", "buffers")
    done = ctx.cli("-c", core.path, "memory", "-n", "0", "--json")
    documents = done.documents()
    if done.status != 0:
        ctx.check("memory: without executable: is refused in a line", done.status == 1 and done.refusal(), done.brief())
        return
    if ctx.check("memory: without executable: answers", len(documents) == 1, done.brief()):
        adds_up(ctx, "without executable", documents[0])
        ctx.equal("memory: without executable: the verdict", documents[0]["verdict"]["kind"], "buffers")
        buffers, usage = rows(documents[0])["array_buffers"]["in_use_bytes"], core.facts["usage"]
        ctx.check("memory: without executable: ArrayBuffers", abs(buffers - usage["arrayBuffers"]) <= 65536, f"{buffers}, {usage}")


def gdb(ctx):
    """gdb writes untouched pages as zeros, and starts programs at fixed addresses, with malloc's heap right behind their data."""
    if not shutil.which("gdb"):
        ctx.skip("memory: gdb", "gdb is not installed")
        return
    directory = os.path.join(ctx.directory, "memory-gdb")
    done = run_program([os.path.join(SCRIPTS, "make-core"),
                        "-o", directory, ctx.node, "memory", "--expose-gc", "fragments"], timeout=180,
                       env=dict(os.environ, COREWALK_CAPTURE="gdb"))
    if done.status != 0:
        ctx.skip("memory: gdb", done.errors.strip()[-200:])
        return
    core = ctx.core("memory", "--expose-gc", "fragments")
    with open(os.path.join(directory, "smaps.txt"), encoding="utf-8", errors="replace") as stream:
        smaps = read_smaps(stream)
    document = ctx.cli_json(type(core)(done.text.strip().splitlines()[-1], core.node, core.facts, directory), "memory", "-n", "0")
    adds_up(ctx, "gdb", document)
    ctx.equal("memory: gdb: the verdict", document["verdict"]["kind"], "fragmentation")
    ctx.check("memory: gdb: the heap's chunks can be told", all(a["whole"] for a in document["arenas"]) and document["arenas"],
              repr(document["arenas"]))
    anonymous = sum(m["Anonymous"] for m in smaps)
    ours = document[S.ROWS + "_total"]["resident_bytes"]
    # gdb's breakpoints make the text of a file part of the core; it counts for nothing.
    ctx.check("memory: gdb: about as much as the kernel counts", anonymous * 0.9 <= ours <= anonymous * 1.05 + 3 * MB, f"{ours}, kernel {anonymous}")
    shutil.rmtree(directory, ignore_errors=True)


def live(ctx):
    directory = os.path.join(ctx.directory, "memory-live")
    os.makedirs(directory, exist_ok=True)
    with subprocess.Popen([ctx.node, "--expose-gc", os.path.join(APPS, "memory.js"), "buffers", "stay"], cwd=directory,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=dict(os.environ, WEB_MEMORY="512Mi", APP_MEM_URL="redis://user:pass1@cache")) as process:
        try:
            if not process.stdout.readline().startswith("{"):
                raise Broken("memory.js did not start")
            done = run_program([ctx.options.corewalk, "-p", str(process.pid), "memory", "-n", "0", "--json"])
            if done.status != 0 and "not permitted" in done.errors.lower():
                raise Skip("no right to read another process here")
            with open(f"/proc/{process.pid}/smaps", encoding="utf-8", errors="replace") as stream:
                rss = sum(m["Rss"] for m in read_smaps(stream) if not m["name"].startswith("[v"))
            documents = done.documents()
            if ctx.check("memory: live: answers", done.status == 0 and len(documents) == 1, done.brief()):
                document = documents[0]
                adds_up(ctx, "live", document)
                ours = document[S.ROWS + "_total"]["resident_bytes"]
                ctx.check("memory: live: RSS", abs(ours - rss) <= 2 * MB, f"{ours}, kernel {rss}")
                environment = {v["name"]: v["value"] for v in document["environment"]}
                ctx.equal("memory: live: sizes in the environment", environment.get("WEB_MEMORY"), "512Mi")
                ctx.check("memory: live: what is no size is not told", "APP_MEM_URL" not in environment, repr(environment))
                ctx.equal("memory: live: the verdict", document["verdict"]["kind"], "buffers")
                ctx.check("memory: live: the text of the executable is resident",
                          rows(document)["executable"]["resident_bytes"] > 5 * MB)
        finally:
            process.kill()
