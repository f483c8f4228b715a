"""`handles` and `requests` say what process.report, process._getActiveHandles(), _getActiveRequests(),
getActiveResourcesInfo() and the program's own books say: in a busy HTTP server at ten and at many of each."""
import os
import shutil
import json

import schema as S
from harness import APPS, Skip

MANY = "10000"


def run(ctx):
    sizes = ["10"]
    if ctx.options.all_programs or ctx.major in (16, 26):
        sizes.append("1000" if ctx.options.quick else MANY)
    for many in sizes:
        core = ctx.core("handles", "--expose-gc", "--", many, key=f"handles-{many}", limit=300)
        try:
            check(ctx, core, f"handles ({many})")
            if many == "10":
                options(ctx, core)
                stripped(ctx, core)
        finally:
            shutil.rmtree(core.facts["directory"], ignore_errors=True)
    in_flight(ctx, "10")
    if ctx.options.all_programs or ctx.major in (16, 26):
        in_flight(ctx, "1000" if ctx.options.quick else MANY)
    without_node(ctx)


def in_flight(ctx, many):
    """Work and requests that stand in no list of Node.js's, and DNS resolvers, whose timers look like handles of JavaScript."""
    core = ctx.core("in_flight", "--", many, key=f"in_flight-{many}", limit=300)
    facts = core.facts
    label = f"in flight ({many})"
    rows = ctx.cli_json(core, "handles", "--list", "-n", "0")[S.ROWS]
    active = [r for r in rows if r["is_active_resource"]]
    ctx.equal(f"{label}: process._getActiveHandles()", counts(r["owner_class"] for r in active), facts["active"])
    resolvers = counts(r["uv_type"] for r in rows if "DNS resolver" in (r["detail"] or ""))
    # How many sockets a resolver has open while it waits and tries again is c-ares's affair.
    ctx.check(f"{label}: DNS resolvers", resolvers.get("timer") == 4 and resolvers.get("poll", 0) >= 1, repr(resolvers))
    asked = ctx.cli_json(core, "requests", "--list", "-n", "0")
    ctx.equal(f"{label}: process._getActiveRequests()", counts(r["kind"] for r in asked[S.ROWS]), facts["requests"])
    named = counts(r["callback"].split(" ")[0] for r in asked[S.ROWS] if r["callback"])
    ctx.equal(f"{label}: the program's own callbacks", named, {"onStat": 3, "onWritten": 1, "onReal": 1})
    callbacks = {(w["kind"], w["operation"]) for w in facts["work"] if "callback" in w}
    work = [(r["kind"], r["operation"], r["detail"], (r["callback"] or "").split(" ")[0] if (r["kind"], r["operation"]) in callbacks else "")
            for r in asked["other_work"]]
    told = [(w["kind"], w["operation"], w["detail"], w.get("callback") or "") for w in facts["work"]]
    ctx.check(f"{label}: other work", sorted(map(str, work)) == sorted(map(str, told)),
              f"{len(work)} of {len(told)}: {sorted(set(map(str, work)) ^ set(map(str, told)))[:6]}")
    fetched(ctx, facts, asked, label)
    connections(ctx, facts, rows, asked, label)
    wanted = [(r["side"], r["state"], r["method"], r["url"], r["status"], r["tls"]) for r in facts["http"]]
    fetches = {r["url"] for r in facts["fetch"]}
    got = [(r["side"], r["state"], r["method"], r["url"], r["status"], r["is_tls"]) for r in asked["http"] if r["url"] not in fetches]
    ctx.check(f"{label}: HTTP/2 and pipelined requests", sorted(map(str, got)) == sorted(map(str, wanted)),
              f"{len(got)} of {len(wanted)}: {sorted(set(map(str, got)) ^ set(map(str, wanted)))[:6]}")
    routed = [r for r in asked["http"] if r["side"] == "server" and r["handler_url"] and r["handler_url"] != r["url"]]
    ctx.check(f"{label}: URLs that a framework has changed", len(routed) == min(int(many), 1000) and
              all(r["url"] == "/pipelined" + r["handler_url"] for r in routed), repr(routed[:1]))


def connections(ctx, facts, rows, asked, label):
    """What connections of a server do, and how handles and requests lead to one another."""
    of_server = [r for r in rows if "of server 127.0.0.2:" in (r["detail"] or "")]
    ctx.equal(f"{label}: what connections do", counts(r["http_state"] for r in of_server), facts["connections"])
    heads = [r["http_for"] for r in of_server if r["http_state"] == "receiving head"]
    ctx.equal(f"{label}: connections with a part of a head", asked["requests"]["http_heads"], 2)
    if ctx.major >= 18:
        ctx.check(f"{label}: since when", all(h is not None and -1 < facts["since"] - h < 3 for h in heads), repr((heads, facts["since"])))
    queued = [(r["url"], r["state"], r["host"], r["remote"]) for r in asked["http"] if r["url"] and r["url"].startswith("/agent/") and r["side"] == "client"]
    ctx.equal(f"{label}: host and port by the Agent", sorted(queued), [("/agent/0", "waiting", facts["agent"], facts["agent"]),
                                                                      ("/agent/1", "queued", facts["agent"], None)])


def joined(ctx, facts, rows, asked, label):
    by_handle = {r["address"]: r for r in rows}
    wrong = [r for r in asked["http"] if r["protocol"] == "http1" and
             ((by_handle.get(r["handle"]) or {}).get("fd") != r["fd"] or r["fd"] is None or by_handle[r["handle"]]["http_state"] != r["state"])]
    ctx.check(f"{label}: HTTP requests and their handles", not wrong and len({r["handle"] for r in asked["http"]}) == len(asked["http"]), repr(wrong[:1]))
    hosts = counts((r["host"] or "").rpartition(":")[0] for r in asked["http"] if r["side"] == "client")
    ctx.check(f"{label}: hosts have their port", set(hosts) == {"127.0.0.1", "localhost"}, repr(hosts))
    pipes = sorted((r["child_pid"], r["child_stream"]) for r in rows if r["child_stream"])
    ctx.equal(f"{label}: pipes of child processes", pipes, sorted((c["pid"], s) for c in facts["children"] for s in ("stdin", "stdout")))
    writes = [(r["fd"], r["remote"], r["detail"]) for r in asked[S.ROWS] if r["operation"] == "write" and r["handle"] is not None]
    wanted = [(r["fd"], r["remote"], "to " + r["remote"]) for r in rows if r["remote"] == facts["remote"]]
    ctx.check(f"{label}: whose write it is", writes == wanted and len(wanted) == 1, repr((writes, wanted)))


def fetched(ctx, facts, asked, label):
    """Requests of fetch(), and those that its server knows of. A socket that nobody asked may not know its peer."""
    def told(r):
        return str((r["state"], r["method"], r["url"], r["status"], r["host"]))
    if not facts["fetch"]:
        return
    fetches = {r["url"] for r in facts["fetch"]}
    rows = [r for r in asked["http"] if r["url"] in fetches]
    got = sorted(told(r) for r in rows if r["side"] == "client")
    wanted = sorted(told(r) for r in facts["fetch"])
    ctx.check(f"{label}: requests of fetch()", got == wanted, f"{len(got)} of {len(wanted)}: {sorted(set(got) ^ set(wanted))[:4]}")
    peers = {r["url"]: r["remote"] for r in facts["fetch"]}
    wrong = [r for r in rows if r["side"] == "client" and r["remote"] not in (r["host"], peers[r["url"]])]
    ctx.check(f"{label}: their peers", not wrong, repr(wrong[:2]))
    first, last = facts["fetchTimes"]
    ages = [r["age"] for r in rows if r["side"] == "client"]
    ctx.check(f"{label}: their age", all(a is not None and last - 3 < a < first + 1 for a in ages), repr((ages[:4], first, last)))
    served = sorted(r["url"] for r in rows if r["side"] == "server")
    ctx.equal(f"{label}: of these came to the server", served, sorted(r["url"] for r in facts["fetch"] if r["state"] != "queued"))


def counts(names):
    found = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def check(ctx, core, label, kinds=True):
    facts = core.facts
    document = ctx.cli_json(core, "handles", "--list", "-n", "0")
    rows = document[S.ROWS]
    libuv(ctx, facts, rows, label)
    active = [r for r in rows if r["is_active_resource"]]
    ctx.equal(f"{label}: process._getActiveHandles()", counts(r["owner_class"] for r in active), facts["active"])
    asked = ctx.cli_json(core, "requests", "--list", "-n", "0")
    requests = asked[S.ROWS]
    if kinds and facts["resources"] is not None:
        told = {k: n for k, n in facts["resources"].items() if k not in ("Timeout", "Immediate")}
        ctx.equal(f"{label}: process.getActiveResourcesInfo()", counts([r["kind"] for r in active] + [r["kind"] for r in requests]), told)
    ctx.equal(f"{label}: process._getActiveRequests()", len(requests), sum(facts["requests"].values()))
    opens = [r for r in requests if r["detail"] == os.path.join(facts["directory"], "fifo")]
    ctx.equal(f"{label}: files that are being opened", [(r["operation"], r["callback"] is not None) for r in opens], [("open", True)] * facts["many"])
    stats = sorted(r["detail"] for r in requests if r["operation"] == "stat")
    ctx.equal(f"{label}: files that are asked for", stats, sorted(os.path.join(facts["directory"], f"missing-{i}") for i in range(facts["many"])))
    ctx.check(f"{label}: DNS", [r["detail"] for r in requests if r["kind"] == "GetAddrInfoReqWrap"] == ["localhost"])
    ctx.check(f"{label}: a connect", [r["detail"] for r in requests if r["kind"] == "ConnectWrap"] == [os.path.join(facts["directory"], "pipe.sock")])
    tls(ctx, facts, rows, label)
    joined(ctx, facts, rows, asked, label)
    ctx.equal(f"{label}: open files", [(r["fd"], r["kind"], r["path"]) for r in document["files"]],
              sorted((f["fd"], f["kind"], f["path"]) for f in facts["files"]))
    wanted = sorted((r["method"], r["url"], r["tls"]) for r in facts["http"])
    for side, states in (("server", {"GET": "handling", "PUT": "responding"}), ("client", {"GET": "waiting", "PUT": "receiving"})):
        got = [r for r in asked["http"] if r["side"] == side]
        ctx.check(f"{label}: HTTP requests of the {side}", sorted((r["method"], r["url"], r["is_tls"]) for r in got) == wanted and
                  all(r["state"] == states[r["method"]] for r in got), f"{len(got)} of {len(wanted)}, " + repr(counts((r["method"], r["state"]) for r in got)))
    children = [(r["pid"], r["detail"]) for r in rows if r["uv_type"] == "process"]
    ctx.equal(f"{label}: child processes", sorted(children), sorted((c["pid"], c["command"]) for c in facts["children"]))
    ctx.equal(f"{label}: watched files", sorted(r["path"] for r in rows if r["uv_type"] == "fs_event"), sorted(facts["watched"]))
    polled = [(r["path"]) for r in rows if r["uv_type"] == "fs_poll"]
    ctx.equal(f"{label}: polled files", polled, [os.path.join(facts["directory"], "watched-0")])
    ctx.equal(f"{label}: UDP", len([r for r in rows if r["uv_type"] == "udp"]), facts["udp"])
    ctx.check(f"{label}: a peer that the program has asked for", facts["remote"] in [r["remote"] for r in rows])
    full = {(r["class"], r["side"] == "writable", r["length"], r["high_water_mark"], r["objects"]) for r in document["full_streams"]}
    missing = [f for f in facts["full"] if tuple(f) not in full]
    ctx.check(f"{label}: full streams", not missing, f"{missing} not in {full}"[:300])


def tls(ctx, facts, rows, label):
    """Sockets that speak TLS: each once, with its side, names, peer, server and what became of the certificate."""
    def told(row):
        server = (row["detail"] or "").partition("of server ")[2].partition(",")[0] or None
        return (row["tls_side"], row["tls_established"], row["tls_server_name"], row["remote"], server, row["tls_protocol"],
                row["tls_authorized"], row["tls_authorization_error"], row["owner_class"])
    wanted = sorted(str((r["side"], r["established"], r["name"], r["remote"], r["server"], r["protocol"], r["authorized"], r["error"],
                         r["class"])) for r in facts["tls"])
    got = sorted(str(told(r)) for r in rows if r["tls_side"])
    ctx.check(f"{label}: TLS sockets", got == wanted, f"{len(got)} of {len(wanted)}: {sorted(set(got) ^ set(wanted))[:4]}")
    ctx.equal(f"{label}: TLS servers", sorted(r["local"] for r in rows if r["is_tls"] and not r["tls_side"]), sorted(facts["tlsServers"]))


def libuv(ctx, facts, rows, label):
    """process.report's section: each handle with its address, state and file descriptor."""
    if not facts["libuv"]:
        return
    told = {int(h["address"], 16): h for h in facts["libuv"] if h["type"] != "loop" and "address" in h}
    got = {int(r["address"], 16): r for r in rows}
    ctx.check(f"{label}: process.report: every handle", set(got) == set(told),
              f"{len(told)} told, {[t['type'] for a, t in told.items() if a not in got]} missing, {[r['kind'] for a, r in got.items() if a not in told]} too many"[:400])
    wrong = []
    for address, handle in told.items():
        row = got.get(address)
        if row is None:
            continue
        same = (row["uv_type"], row["is_active"], row["is_referenced"]) == (handle["type"], handle["is_active"], handle["is_referenced"])
        if not same or ("fd" in handle and handle["fd"] != (row["fd"] if row["fd"] is not None else -1)):
            wrong.append((handle, row["uv_type"], row["is_active"], row["is_referenced"], row["fd"]))
        if handle["type"] in ("tcp", "pipe") and handle.get("writeQueueSize", row["queued_bytes"]) != row["queued_bytes"]:
            wrong.append((handle["writeQueueSize"], row["queued_bytes"]))
        if handle["type"] == "signal" and handle["signum"] != row["signal"]:
            wrong.append((handle["signum"], row["signal"]))
    ctx.check(f"{label}: process.report: type, state, descriptor, queue", not wrong, repr(wrong[:2])[:400])


def options(ctx, core):
    listed = ctx.cli_json(core, "handles", "--list", "-n", "0")
    grouped = ctx.cli_json(core, "handles", "-n", "0")
    ctx.equal("handles: groups and list agree", sum(r["count"] for r in grouped[S.ROWS]), len(listed[S.ROWS]))
    ctx.equal("handles: totals", (grouped["handles"]["handles"], grouped["handles"]["active_resources"]),
              (len(listed[S.ROWS]), sum(core.facts["active"].values())))
    some = ctx.cli_json(core, "handles", "--list", "--filter", "FSEvent", "-n", "2")
    ctx.equal("handles --list --filter -n", (len(some[S.ROWS]), some[S.ROWS + "_omitted"]), (2, len(core.facts["watched"]) - 2))
    every = ctx.cli_json(core, "handles", "--isolate", "all", "--list", "-n", "0")[S.ROWS]
    ctx.check("handles --isolate all: the worker's server", [r["kind"] for r in every if r["isolate"] == 1 and r["is_listening"]] == ["TCPServerWrap"])
    for words, facts in (("getactivehandles", "active"), ("getactiverequests", "requests")):
        total = sum(core.facts[facts].values())
        done = ctx.cli(words, core=core)
        ctx.check(f"{words}: llnode's format", done.status == 0 and done.text.rstrip().split("\n")[-1] == f"Total: {total}" or
                  f"Total: {total}\n" in done.text, done.brief())
        ctx.equal(f"{words} --json", len(ctx.cli_json(core, words)["values"]), total)
    if ctx.options.lldb and ctx.options.plugin:
        got = ctx.lldb("v8 handles --list -n 0 --json", core=core).documents()
        ctx.check("handles: both faces say the same", len(got) == 1 and got[0][S.ROWS] == listed[S.ROWS])


def stripped(ctx, core):
    node = ctx.stripped_node("handles")
    if not node:
        return
    rows = ctx.cli("handles", "--list", "-n", "0", "--json", core=core, node=node).documents()[0][S.ROWS]
    whole = ctx.cli_json(core, "handles", "--list", "-n", "0")[S.ROWS]
    ctx.check("handles with a stripped executable", [(r["address"], r["kind"], r["owner"]) for r in rows] ==
              [(r["address"], r["kind"], r["owner"]) for r in whole], repr(counts(r["kind"] for r in rows)))


def without_node(ctx):
    core = ctx.core_without_node("handles", "10")
    try:
        check(ctx, core, "handles without executable")
    finally:
        shutil.rmtree(core.facts["directory"], ignore_errors=True)
