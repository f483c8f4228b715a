"""What the process was doing, by each command, under hard conditions: on a core of V8's own "out of memory" in the middle of
a request, on the living process in the middle of one, with the executable stripped, and without any executable. The truth is
what the program printed in that request, just before."""
import json
import os
import subprocess
import time

import schema as S
from harness import APPS, Skip, run as run_program
from test_gc import last_few, traced
from test_handles import counts
from test_stacks import compare, the_thread

OPTIONS = ("--max-old-space-size=24", "--trace-gc", "--unhandled-rejections=none")
COMMANDS = {
    "bt": ("-n", "0"), "nodeinfo": ("--reveal", "-n", "0"), "handles": ("--list", "-n", "0"), "requests": ("--list", "-n", "0"),
    "getactivehandles": (), "getactiverequests": (), "promises": ("-n", "0"), "async": ("-n", "0"), "workers": ("-n", "0"),
    "modules": ("-n", "0"), "gc": ()}
# What its symbols say.
OF_SYMBOLS = ("symbol", "operation", "interrupted")
# Where a function of Node.js's own library stands, whose text is in the executable.
OF_LIBRARY = ("line", "column", "function_line", "function_column")
# Counted from the frames that are there; from a symbol or else from the module.
NOT_COMPARED = ("index", "offset")


def run(ctx):
    core = ctx.core_without_node("conditions", *OPTIONS, "--", "oom")
    whole = ask(ctx, "out of memory", lambda *words: ctx.cli(*words, core=core, node=ctx.node))
    if whole:
        facts(ctx, "out of memory", whole, core.facts)
        out_of_memory(ctx, core, whole)
        stripped = ctx.stripped_node("conditions")
        if stripped:
            compared(ctx, "executable stripped", whole, ask(ctx, "executable stripped", lambda *words: ctx.cli(*words, core=core, node=stripped)))
        compared(ctx, "no executable", whole, ask(ctx, "no executable", lambda *words: ctx.cli(*words, core=core)), executable=False)
    live(ctx)


def ask(ctx, label, cli):
    """command -> its document; nothing when one has failed."""
    documents = {}
    for command, words in COMMANDS.items():
        done = cli(command, *words, "--json")
        if ctx.check(f"{label}: {command}", done.status == 0 and len(done.documents()) == 1 and not done.errors, done.brief()):
            documents[command] = done.documents()[0]
    return documents if len(documents) == len(COMMANDS) else {}


def facts(ctx, label, documents, told):
    many, file = told["many"], told["file"]
    stack(ctx, label, documents["bt"], told)
    process = documents["nodeinfo"]["processes"]
    ctx.equal(f"{label}: nodeinfo", [(p["pid"], p["version"], p["versions"], p["argv"], p["exec_argv"]) for p in process],
              [(told["pid"], told["version"], told["versions"], told["argv"], told["execArgv"])])
    ctx.equal(f"{label}: working directory", documents["nodeinfo"]["process"]["cwd"], told["cwd"])
    rows = documents["handles"][S.ROWS]
    ctx.equal(f"{label}: process._getActiveHandles()", counts(r["owner_class"] for r in rows if r["is_active_resource"]), told["active"])
    ctx.equal(f"{label}: TLS sockets", sorted(r["tls_side"] for r in rows if r["tls_side"]), ["client", "server"])
    ctx.equal(f"{label}: getactivehandles", documents["getactivehandles"]["total"], sum(told["active"].values()))
    asked = documents["requests"]
    ctx.equal(f"{label}: process._getActiveRequests()", counts(r["kind"] for r in asked[S.ROWS]), told["requests"])
    ctx.equal(f"{label}: callbacks of files", counts(r["callback"].split(" ")[0] for r in asked[S.ROWS] if r["kind"] == "FSReqCallback"),
              {"onOpen": many, "onStat": many})
    ctx.equal(f"{label}: getactiverequests", documents["getactiverequests"]["total"], sum(told["requests"].values()))
    http = counts((r["side"], r["state"], r["url"].split("?")[0]) for r in asked["http"])
    ctx.equal(f"{label}: HTTP requests", http, {
        ("server", "handling", "/handling"): many, ("client", "waiting", "/handling"): many,
        ("server", "responding", "/responding"): many, ("client", "receiving", "/responding"): many,
        ("server", "handling", "/middle"): 1, ("client", "waiting", "/middle"): 1})
    promises = documents["promises"]
    held = {(r["state"], r["unhandled"]): r["count"] for r in promises[S.ROWS] if r["text"] == "of Marker"}
    ctx.equal(f"{label}: promises", held, {("fulfilled", False): many, ("rejected", True): many})
    suspended = [(r["name"], r["script"], r["count"], r["waits_for"]) for r in documents["async"]["suspended"]]
    ctx.equal(f"{label}: async", suspended, [("waiting", file, many, "timer")])
    ctx.equal(f"{label}: promises of the async function", [r["count"] for r in promises[S.ROWS] if r["name"] == "waiting"], [many])
    ctx.equal(f"{label}: workers", sorted((r["is_main"], r["worker_id"]) for r in documents["workers"][S.ROWS]), [(False, told["worker"]), (True, 0)])
    ctx.equal(f"{label}: modules", sorted(r["file"] for r in documents["modules"][S.ROWS] if r["cached"]), sorted(told["cache"]))


def stack(ctx, label, document, told):
    """The handler's callers, as V8 told them in it; above is what it called."""
    frames = the_thread(document, False)["frames"]
    names = [f.get("function") for f in frames]
    ctx.check(f"{label}: bt: what runs", ("fill" if "fill" in names else "busy") in names and names.index("answer") > 0, repr(names)[:300])
    difference = compare("conditions", {"frames": told["stack"]}, frames[names.index("answer"):]) if "answer" in names else "no answer()"
    ctx.check(f"{label}: bt: the request's stack", not difference, difference)


def out_of_memory(ctx, core, documents):
    said = (documents["bt"].get("out_of_memory") or {}).get("function") or {}
    # An inlined constructor is told as well.
    ctx.check("out of memory: bt: where", said.get("function") in ("fill", "Filler") and said.get("script") == core.facts["file"], repr(said))
    last_few(ctx, "out of memory: gc", core, documents["gc"])
    ctx.check("out of memory: gc: the limit is used", documents["gc"]["isolates"][0]["used_of_limit"] > 0.8, repr(documents["gc"]["isolates"]))


def compared(ctx, label, whole, got, executable=True):
    """Each command says the same, but for what only the executable knows: that is missing, never another."""
    for command in COMMANDS if got else ():
        one, other = plain(whole[command], executable), plain(got[command], executable)
        wrong = list(differences(one, other))
        ctx.check(f"{label}: {command} says the same", not wrong, f"{len(wrong)}: {wrong[:3]}")
        notes = [n for n in got[command][S.COMPLETENESS]["notes"] if n not in whole[command][S.COMPLETENESS]["notes"]]
        ctx.check(f"{label}: {command} tells it", any("executable not found" in n for n in notes) != executable, repr(notes))


def plain(document, executable):
    """Without the executable nothing leads through frames of C++."""
    document = {key: value for key, value in document.items() if key not in ("target", "notes")}
    document[S.COMPLETENESS] = {key: value for key, value in document[S.COMPLETENESS].items() if key != "notes"}
    if not executable and "threads" in document:
        document["threads"] = [{**t, "frames": [f for f in t["frames"] if f["kind"] == "javascript"]} for t in document["threads"]
                               if t["isolate"] == 0]
    return document


def differences(one, other, path=""):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            missing = other.get(key) is None and (key in OF_SYMBOLS or key in OF_LIBRARY and not str(one.get("script")).startswith("/"))
            if key not in NOT_COMPARED and not missing:
                yield from differences(one.get(key), other.get(key), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for i, (a, b) in enumerate(zip(one, other)):
            yield from differences(a, b, f"{path}[{i}]")
    elif one != other:
        yield f"{path}: {one!r}, {other!r}"[:200]


def live(ctx):
    stop = os.path.join(ctx.directory, "conditions.stop")
    output = os.path.join(ctx.directory, "conditions.live")
    with open(output, "wb") as out, subprocess.Popen(
            [ctx.node, *OPTIONS[1:], os.path.join(APPS, "conditions.js"), "live", stop], stdout=out, stderr=subprocess.DEVNULL) as process:
        try:
            told = wait_for_facts(output, process)
            if not ctx.check("live: the program starts", told is not None):
                return
            probe = run_program([ctx.options.corewalk, "-p", str(process.pid), "isolates"])
            if probe.status != 0 and "not permitted" in probe.errors.lower():
                raise Skip(f"no right to read another process here: {probe.errors.strip()}")
            record, main = [], ""
            documents = ask(ctx, "live", lambda *words: run_program([ctx.options.corewalk, "-p", str(process.pid), *words]))
            if documents:
                facts(ctx, "live", documents, told)
                record = [r["line"].strip() for r in documents["gc"][S.ROWS]]
                main = next(f"[{told['pid']}:{r['address']}]" for r in documents["workers"][S.ROWS] if r["is_main"])
            with open(stop, "wb"):
                pass
            ctx.equal("live: the request is answered after all", process.wait(30), 0)
            with open(output, encoding="utf-8", errors="replace") as stream:
                ctx.check("live: and well", "answered 200\n" in stream.read())
            # V8's output is buffered until the end.
            printed = [line for line in traced(output) if line.startswith(main)]
            at = printed.index(record[0]) if record and record[0] in printed else 0
            ctx.check("live: gc: the record is what was printed", printed[at:at + len(record)] == record, f"{record}, {printed}"[-500:])
        finally:
            process.kill()


def wait_for_facts(output, process):
    """The facts, once they are there and the request is busy."""
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        with open(output, encoding="utf-8", errors="replace") as stream:
            found = [line for line in stream if line.startswith("{") and line.endswith("}\n")]
        if found:
            time.sleep(0.3)
            return json.loads(found[-1])
        time.sleep(0.02)
    return None
