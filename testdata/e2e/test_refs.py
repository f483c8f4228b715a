"""refs, findrefs and find: objects that are each held in one known way are reported with that way, and strings of every
representation are found by a text in them.

referrers.js makes the objects and prints how each must be told.
"""
import re

import schema as S

LINE = re.compile(r"^(0x)?([0-9a-f]+): (.*?)=0x([0-9a-f]+)( '.*')?$")


def run(ctx):
    core = ctx.core("referrers", "--expose-gc")
    addresses = targets(ctx, core)
    roots(ctx, core, addresses)
    forward(ctx, core)
    findrefs(ctx, core, addresses)
    strings(ctx, core)
    filters(ctx, core)
    refusals(ctx, core)


def address_of(ctx, core, name):
    rows = ctx.cli_json(core, "instances", name)[S.ROWS]
    return rows[0]["address"] if len(rows) == 1 else None


def targets(ctx, core):
    """Each target's referrers hold the one that the program made."""
    addresses = {}
    every = ctx.cli_json(core, "find", "--class", "^Target[0-9]+$", "-n", "0")[S.ROWS]
    for row in every:
        addresses.setdefault(row["class_name"], []).append(row["address"])
    for fact in core.facts["targets"]:
        label = f"refs: {fact['owner'][0]}{fact['path']}"
        found = addresses.get(fact["target"], [])
        if not ctx.check(label + ": one target", len(found) == 1 + fact.get("namesakes", 0), f"{fact['target']}: {found}"):
            continue
        document = ctx.cli_json(core, "refs", *found)
        rows = document[S.ROWS]
        if fact.get("stack"):
            ctx.check("refs: a variable on the stack", any(root["kind"] == "stack" and root["thread_id"] == core.facts["pid"]
                                                           for root in document["roots"]), repr(document["roots"][:3]))
            continue
        told = [(row["class_name"], row["reference"], row["strength"]) for row in rows]
        if fact.get("loose"):
            ctx.check(label, any(row["strength"] == "strong" and (fact["path"] is None or row["reference"] == fact["path"])
                                 for row in rows), repr(told))
            continue
        fits = [row for row in rows if row["class_name"] in fact["owner"] and row["strength"] == fact["strength"] and
                (fact["path"] is None or row["reference"] == fact["path"])]
        if not fits and any(name in ("Context",) for name in fact["owner"]):
            fits = [row for row in rows if row["class_name"] == "system / Context" and row["reference"] == fact["path"]]
        ctx.check(label, len(fits) == 1, repr(told))
    return {name: found[0] for name, found in addresses.items()}


def roots(ctx, core, addresses):
    document = ctx.cli_json(core, "refs", address_of(ctx, core, "StringKeeper") or "0x10", "-n", "0")
    ctx.check("refs: --json has roots", isinstance(document.get("roots"), list), repr(list(document)))
    first = ctx.cli_json(core, "refs", "--no-roots", next(iter(addresses.values())))
    ctx.check("refs: --no-roots", "roots" not in first, repr(list(first)))
    # undefined stands in the roots table, and millions of words point to it.
    undefined = [row["address"] for row in ctx.cli_json(core, "refs", "--from", address_of(ctx, core, "ChainInner"), "-n", "0")[S.ROWS]]
    ctx.check("refs: --from has addresses", len(undefined) >= 3, repr(undefined))
    stateful = ctx.cli_json(core, "find", "--class", "^Stateful$", "-n", "2")[S.ROWS][1]["address"]
    rows = ctx.cli_json(core, "refs", "--from", stateful, "-n", "0")[S.ROWS]
    singleton = [row["address"] for row in rows if row["value"] == "undefined"]
    if ctx.check("refs: --from tells values", bool(singleton), repr([(r["reference"], r["value"]) for r in rows])):
        document = ctx.cli_json(core, "refs", singleton[0], "-n", "5")
        ctx.check("refs: a popular object is cut by -n", len(document[S.ROWS]) == 5 and document["rows_omitted"] > 1000,
                  f"{len(document[S.ROWS])} {document.get('rows_omitted')}")
        names = [root["name"] for root in document["roots"] if root["kind"] == "root"]
        ctx.check("refs: undefined is a root", any(name and "undefined" in name for name in names), repr(document["roots"][:3]))


def forward(ctx, core):
    outer = address_of(ctx, core, "ChainOuter")
    rows = ctx.cli_json(core, "refs", "--from", outer)[S.ROWS]
    told = {row["reference"].strip(): row["class_name"] for row in rows}
    ctx.equal("refs: --from names properties", told.get(".inner"), "ChainInner")
    ctx.check("refs: --from names the shape", "(map)" in told, repr(told))
    holder = address_of(ctx, core, "HolderOutside")
    told = {row["reference"].strip(): row["class_name"] for row in ctx.cli_json(core, "refs", "--from", holder, "-n", "0")[S.ROWS]}
    ctx.check("refs: --from looks into property arrays", told.get(".late", "").startswith("Target"), repr(told))


def findrefs(ctx, core, addresses):
    chain = next(fact for fact in core.facts["targets"] if "chain" in fact)
    address = addresses[chain["target"]]
    lines = [LINE.match(line) for line in ctx.cli("findrefs", address, core=core).text.split("\n") if line]
    told = [match[3] for match in lines if match]
    ctx.equal("findrefs: a property", told, ["ChainInner.leaf"])
    values = [match[4] for match in lines if match]
    ctx.equal("findrefs: the value is tagged", values, [f"{int(address, 16) + 1:x}"])
    tree = ctx.cli("findrefs", "-r", "-v", address, core=core).text.split("\n")
    ctx.check("findrefs: -r starts with the first holder", tree and tree[0].startswith("0x") and "ChainInner.leaf=" in tree[0], repr(tree[:3]))
    ctx.check("findrefs: -r goes on behind '+ '", len(tree) > 2 and tree[1].startswith("+ 0x") and "ChainOuter.inner=" in tree[1] and
              tree[2].startswith("  + 0x") and "ChainTop.outer=" in tree[2], repr(tree[:4]))
    ctx.check("findrefs: a cycle ends", any("[seen above]" in line for line in tree), repr(tree[-3:]))
    named = ctx.cli("findrefs", "-n", "leaf", core=core).text.split("\n")
    ctx.check("findrefs: -n", any("ChainInner.leaf=0x" in line for line in named), repr(named[:3]))
    rare = [line for line in ctx.cli("findrefs", "--name", "rare", core=core).text.split("\n") if "Stateful.rare=" in line]
    ctx.equal("findrefs: -n tells every object", len(rare), 30)
    captured = next(fact for fact in core.facts["targets"] if fact["path"] == ".captured")
    told = ctx.cli("findrefs", addresses[captured["target"]], core=core).text
    ctx.check("findrefs: contexts", re.search(r"^0x[0-9a-f]+: Context\.captured=0x", told, re.MULTILINE), repr(told[:200]))
    element = next(fact for fact in core.facts["targets"] if fact["path"] == "[3]")
    told = ctx.cli("findrefs", addresses[element["target"]], core=core).text
    ctx.check("findrefs: arrays", re.search(r"^0x[0-9a-f]+: \(Array\)\[3\]=0x", told, re.MULTILINE), repr(told[:200]))
    text = ctx.cli("findrefs", "-s", "closed", core=core).text
    ctx.check("findrefs: -s", len(re.findall(r"^0x[0-9a-f]+: Stateful\.state=0x[0-9a-f]+ 'closed'$", text, re.MULTILINE)) == 100,
              repr(text[:300]))


def strings(ctx, core):
    keeper = {row["name"]: row["address"] for row in ctx.cli_json(
        core, "refs", "--from", address_of(ctx, core, "StringKeeper"), "-n", "0")[S.ROWS] if row["kind"] == "property"}
    others = {row["name"]: row["address"] for row in ctx.cli_json(
        core, "refs", "--from", address_of(ctx, core, "OtherKeeper"), "-n", "0")[S.ROWS] if row["kind"] == "property"}
    needle = core.facts["needle"]
    ctx.equal("find: keeper of strings", sorted(keeper), sorted(needle["strings"]))
    text = "-".join(needle["parts"])
    for how, words in (("text", [text]), ("expression", ["/" + text.replace("-", "[-]") + "/"]), ("any case", ["/" + text.upper() + "/i"])):
        if how == "any case" and ctx.options.quick:
            continue
        found = {row["address"] for row in ctx.cli_json(core, "find", "--string", *words, "-n", "0")[S.ROWS]}
        for name, address in keeper.items():
            # Of a string of a megabyte an expression sees the first megabyte.
            if how == "text" or not name.startswith("external"):
                ctx.check(f"find: --string {how}: {name}", address in found, f"{len(found)} found")
        wrong = [name for name, address in others.items() if address in found and name != "wideText"]
        ctx.check(f"find: --string {how}: nothing else", not wrong, repr(wrong))
    wide = "-".join(core.facts["wide"]["parts"])
    found = {row["address"] for row in ctx.cli_json(core, "find", "--string", wide, "-n", "0")[S.ROWS]}
    ctx.check("find: --string beyond Latin-1", others["wideText"] in found, f"{len(found)} found")


def filters(ctx, core):
    def count(*words):
        return ctx.cli_json(core, "find", *words, "-n", "0")["total"]["count"]

    ctx.equal("find: --class", count("--class", "^Stateful$"), 300)
    ctx.equal("find: --has-property", count("--class", "^Stateful$", "--has-property", "rare"), 30)
    ctx.equal("find: --property of text", count("--property", "state=closed", "--class", "Stateful"), 100)
    ctx.equal("find: --property in quotes", count("--property", 'state="open"', "--class", "Stateful"), 200)
    ctx.equal("find: --property of a Smi", count("--property", "number=17", "--class", "Stateful"), 1)
    ctx.equal("find: --property of a double", count("--property", "ratio=17.5", "--class", "Stateful"), 1)
    ctx.equal("find: --property true", count("--property", "flag=true", "--class", "Stateful"), 150)
    ctx.equal("find: --property null", count("--property", "nothing=null", "--class", "Stateful"), 60)
    ctx.equal("find: --property undefined", count("--property", "nothing=undefined", "--class", "Stateful"), 240)
    ctx.equal("find: conditions together", count("--property", "flag=true", "--property", "state=closed", "--class", "Stateful"), 50)
    large = ctx.cli_json(core, "find", "--larger-than", "64k", "-n", "0")[S.ROWS]
    ctx.check("find: --larger-than", large and all(row["shallow_bytes"] > 65536 for row in large), repr(large[:2]))
    shape = ctx.cli_json(core, "find", "--class", "^ChainTop$")[S.ROWS][0]["shape"]
    ctx.check("find: --shape", count("--shape", shape) >= 1)


def refusals(ctx, core):
    for label, words in (("no condition", ["find"]), ("a bad expression", ["find", "--class", "("]),
                         ("a back reference", ["find", "--class", r"(a)\1"]), ("no value", ["find", "--property", "x"]),
                         ("an empty text", ["find", "--string", ""]), ("both ways", ["refs", "--to", "--from", "0x10"]),
                         ("two search types", ["findrefs", "-v", "-n", "x"]), ("nothing to search", ["findrefs"]),
                         ("two texts", ["findrefs", "-s", "a", "b"]), ("a Smi", ["findrefs", "0x2a00000000"])):
        done = ctx.cli(*words, core=core)
        ctx.check(f"find: {label} is refused", done.status == 2 and done.refusal(), done.brief())
    done = ctx.cli("refs", "0x10", core=core)
    ctx.check("refs: no object there", done.status == 1 and done.refusal(), done.brief())
    inert = ctx.cli("refs", "--from", address_of(ctx, core, "HolderEscape"), core=core)
    ctx.check("refs: hostile names are shown", b"\x1b" not in inert.out and "\\x1b[31m" in inert.text, repr(inert.text[-200:]))
