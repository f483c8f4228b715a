"""What is live and what is garbage, ways to the roots, dominators, retained sizes: objects that are each held in one known
way, and objects that were dropped after they had been promoted, with no collection since."""
import schema as S

SLACK = 0.001  # of a retained size: what V8 itself hangs on an object (its Map, a table)


def run(ctx):
    core = ctx.core("graph_live", "--expose-gc")
    facts = core.facts
    liveness(ctx, core, facts)
    paths(ctx, core, facts)
    sizes(ctx, core, facts)
    holders(ctx, core, facts)
    refusals(ctx, core)
    faces(ctx, core)


def rows_by_name(document):
    return {row["name"]: row for row in document[S.ROWS]}


def instance(ctx, core, name, owner, prop):
    """An instance that is told apart from its prototype by what refers to it."""
    for row in ctx.cli_json(core, "find", "--class", f"^{name}$", "-n", "0")[S.ROWS]:
        told = ctx.cli_json(core, "refs", "--no-roots", row["address"])[S.ROWS]
        if any(owner in one["class_name"] and prop in one["reference"] for one in told):
            return row["address"]
    return "0x10"


def liveness(ctx, core, facts):
    live = ctx.cli_json(core, "histogram", "--live", "-n", "0")
    garbage = ctx.cli_json(core, "histogram", "--garbage", "-n", "0")
    both = ctx.cli_json(core, "histogram", "--all", "-n", "0")
    kept, dropped = facts["kept"], facts["dropped"]
    ctx.equal("graph: all kept objects are live",
              rows_by_name(live).get(kept["name"], {}).get("count"), kept["count"])
    ctx.check("graph: no kept object is garbage", kept["name"] not in rows_by_name(garbage))
    ctx.equal("graph: all dropped objects are garbage", rows_by_name(garbage).get(dropped["name"], {}).get("count"),
              dropped["count"])
    ctx.check("graph: no dropped object is live", dropped["name"] not in rows_by_name(live))
    told = live["liveness"]
    ctx.check("graph: the totals are those of the rows",
              told["live_bytes"] == live[S.ROWS + "_total"]["shallow_bytes"] and
              told["garbage_bytes"] == garbage[S.ROWS + "_total"]["shallow_bytes"], repr(told))
    ctx.equal("graph: live and garbage are all objects", both[S.ROWS + "_total"]["count"],
              told["live_count"] + told["garbage_count"])
    row = rows_by_name(garbage)[dropped["name"]]
    document = ctx.cli_json(core, "path", row["sample"])
    ctx.equal("graph: the sample of garbage is garbage", document["object"]["liveness"], "garbage")
    ctx.check("graph: there is no way to garbage", document[S.ROWS] == [] and any("no root" in n for n in document["notes"]),
              repr(document["notes"]))
    shared = [row["sample"] for name, row in rows_by_name(live).items()  # those in brackets have read-only instances
              if name in rows_by_name(garbage) and not name.startswith("(")][:20]
    ctx.check("graph: samples of what is live are live", bool(shared) and all(
        ctx.cli_json(core, "path", sample)["object"]["liveness"] != "garbage" for sample in shared), repr(shared))


def paths(ctx, core, facts):
    target = instance(ctx, core, "DeepTarget", "Array", "[2]")
    rows = ctx.cli_json(core, "path", target)[S.ROWS]
    ctx.equal("path: an element of an array of a property of a constant", [r["reference"] for r in rows][-3:],
              [".inner", ".deep", "[2]"])
    ctx.check("path: it begins at a root", bool(rows) and rows[0]["kind"] in ("root", "maybe") and rows[0]["reference"].startswith("("),
              repr(rows[:1]))
    target = instance(ctx, core, "ClosureTarget", "Context", ".captured")
    rows = ctx.cli_json(core, "path", target)[S.ROWS]
    ctx.check("path: a variable of a closure with its file and line",
              [r["reference"] for r in rows][-2:] == ["(context)", ".captured"] and facts["file"] in rows[-3]["value"],
              repr([(r["reference"], r["value"]) for r in rows][-3:]))
    document = ctx.cli_json(core, "path", "--class", facts["kept"]["name"])
    last = document[S.ROWS][-1] if document[S.ROWS] else {}
    ctx.check("path --class: one tree for all", document["class"]["live_count"] == facts["kept"]["count"] and
              any(f"{facts['kept']['count']:,} x KeptRecord" == r["value"] for r in document[S.ROWS]),
              repr([r["value"] for r in document[S.ROWS]][-4:]))
    ctx.check("path --class: the depth of each line", all(b["depth"] <= a["depth"] + 1 for a, b in
                                                          zip(document[S.ROWS], document[S.ROWS][1:])), repr(last))
    ways = ctx.cli_json(core, "path", "--all", "5", instance(ctx, core, "SharedList", "LeftOwner", ".left"))[S.ROWS]
    ends = {r["reference"] for r, after in zip(ways, ways[1:] + [{"path": 0}]) if after["path"] != r["path"]}
    ctx.equal("path --all: both owners", sorted(ends), [".left", ".right"])


def sizes(ctx, core, facts):
    owner = instance(ctx, core, "StoreOwner", "Array", "[5]")
    document = ctx.cli_json(core, "retained", owner)["object"]
    ctx.check("retained: memory outside the heap counts with its owner",
              facts["store"] <= document["retained_bytes"] <= facts["store"] + 1024, repr(document))
    shapes = rows_by_name(ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0"))
    nodes = shapes["ListNode"]
    ctx.check("retained: a class counts a list once", nodes["count"] == facts["nodes"] and
              nodes["shallow_bytes"] <= nodes["retained_bytes"] <= nodes["shallow_bytes"] * (1 + SLACK) + 4096, repr(nodes))
    largest = ctx.cli_json(core, "dominators", "--largest", "-n", "200")[S.ROWS]
    first = next((r for r in largest if r["class_name"] == "ListNode"), None)
    if ctx.check("dominators: the list's first node retains the list", first is not None, repr(largest[:3])):
        instance_bytes = first["shallow_bytes"]
        ctx.check("dominators: the list, and a Map or two", 0 <= first["retained_bytes"] - facts["nodes"] * instance_bytes < 1024,
                  repr(first))
        tree = ctx.cli_json(core, "dominators", first["address"])[S.ROWS]
        ctx.equal("dominators: a chain is one line", (len(tree), tree[0]["chain"]), (1, facts["nodes"] - 1))
    ctx.check("dominators: sorted", all(a["retained_bytes"] >= b["retained_bytes"] for a, b in zip(largest, largest[1:])))
    tree = ctx.cli_json(core, "dominators")[S.ROWS]
    ctx.check("dominators: the root holds all", tree[0]["value"] == "(roots)" and tree[0]["share"] > 0.99, repr(tree[0]))


def holders(ctx, core, facts):
    friend = instance(ctx, core, "CommonFriend", "FriendHolder", ".friend")
    rows = ctx.cli_json(core, "retainers", friend)[S.ROWS]
    ctx.equal("retainers: grouped and counted", [(r["count"], r["class_name"], r["reference"]) for r in rows[:1]],
              [(facts["friends"], "FriendHolder", ".friend")])
    shared = instance(ctx, core, "SharedList", "LeftOwner", ".left")
    left = instance(ctx, core, "LeftOwner", "Object", ".a")
    right = instance(ctx, core, "RightOwner", "Object", ".b")
    alone = ctx.cli_json(core, "whatif", left)
    both = ctx.cli_json(core, "whatif", left, right)
    ctx.check("whatif: one owner frees itself", alone["freed_count"] <= 3, repr(alone["freed_count"]))
    ctx.check("whatif: both owners free what they share",
              facts["shared"] + 3 <= both["freed_count"] <= facts["shared"] + 40, repr(both["freed_count"]))
    retained = ctx.cli_json(core, "retained", shared)["object"]
    ctx.check("retained: the shared list retains its leaves", retained["retained_count"] >= facts["shared"] + 2, repr(retained))
    groups = rows_by_name(ctx.cli_json(core, "roots"))
    for name in ("(Strong root list)", "(Global handles)", "(Eternal handles)", "(Handle scope)", "(Builtins)", "(Stack roots)"):
        group = groups.get(name, {})
        ctx.check(f"roots: {name}", group.get("count", 0) > 0 and group.get("strength") in ("exactly", "by looks"), repr(group))
    listed = ctx.cli_json(core, "roots", "--group", "global handles", "-n", "0")[S.ROWS]
    ctx.equal("roots: a group is listed whole", len(listed) > 20, True)


def refusals(ctx, core):
    for words in (["path", "0x10"], ["retained", "0x10"], ["whatif", "0x10"], ["path"], ["path", "--class", "NoSuchClass"],
                  ["retainers", "xyz"], ["roots", "--group", "nonsense"], ["histogram", "--live", "--garbage"]):
        done = ctx.cli(*words, core=core)
        ctx.check(f"graph: {' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())


def faces(ctx, core):
    ctx.need_plugin()
    commands = ("roots", "dominators", "histogram --live --retained -n 20")
    session = ctx.lldb(*[f"v8 {c} --json" for c in commands], core=core)
    documents = session.documents()
    if ctx.check("graph: the plugin answers", len(documents) == len(commands), session.brief()):
        for command, got in zip(commands, documents):
            wanted = ctx.cli_json(core, *command.split())
            ctx.check(f"graph: {command}: both faces say the same", got[S.ROWS] == wanted[S.ROWS])
