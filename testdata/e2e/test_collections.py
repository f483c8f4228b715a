"""collections: what every kind of collection holds, how it is keyed and how it grew, against what the program made."""
import schema as S


def run(ctx):
    core = ctx.core("leak_collections", "--expose-gc")
    rows = ctx.cli_json(core, "collections", "-n", "0")[S.ROWS]
    by_holder = {row["holder"]: row for row in rows}
    for fact in core.facts["collections"]:
        one(ctx, core, fact, by_holder)
    listing(ctx, core, rows)
    refusals(ctx, core)
    faces(ctx, core)


def one(ctx, core, fact, by_holder):
    label = f"collections: {fact['name']}"
    holder = "Shelf." + fact["name"]
    address = address_of(ctx, core, fact, by_holder)
    if not ctx.check(f"{label} is there", address, holder):
        return
    document = ctx.cli_json(core, "collections", address)
    told = document["collection"]
    for key in ("kind", "entries", "length", "capacity", "deleted", "dictionary"):
        if key in fact:
            ctx.equal(f"{label} {key}", told[key], fact[key])
    ctx.check(f"{label} whole", told["whole"] and told["live"], repr(told))
    # V8 may know a class by its birth name (_Headers), and up to 9.x one derived from Map by that of Map.
    names = [fact.get("class", told["class_name"])] + (["Map", "Set"] if ctx.major < 18 and fact["kind"] in ("map", "set") else [])
    ctx.check(f"{label} class", told["class_name"].lstrip("_") in names, told["class_name"])
    if "inner" in fact:
        ctx.equal(f"{label} inner path", told["inner_path"], fact["inner"])
    keys(ctx, label, fact, document["keys"])
    growth(ctx, label, fact, document["growth"], document["reasons"])
    if "values" in fact:
        values(ctx, label, fact, document)
    if fact["entries"] > 3 and document["growth"]["ordered"]:
        ctx.equal(f"{label} three from each end", [e["end"] for e in document["entries"]], ["first"] * 3 + ["last"] * 3)


def address_of(ctx, core, fact, by_holder):
    """Of a collection that is listed; else of the object that is nothing but one, from what the shelf holds."""
    row = by_holder.get("Shelf." + fact["name"])
    if row and fact.get("class") not in ("URLSearchParams", "Headers"):
        return row["address"]
    for row in ctx.cli_json(core, "find", "--class", "^Shelf$", "-n", "0")[S.ROWS]:
        for told in ctx.cli_json(core, "refs", "--from", "-n", "0", row["address"])[S.ROWS]:
            if told["reference"].endswith("." + fact["name"]):
                return told["address"]
    return None


def keys(ctx, label, fact, told):
    if "keys" in fact:
        ctx.equal(f"{label} keys", told["key_class"], fact["keys"])
    if "pattern" in fact:
        ctx.equal(f"{label} pattern", told["pattern"], fact["pattern"])
    for end in ("first", "last"):
        if end in fact:
            ctx.equal(f"{label} {end} key", float(told[end]), fact[end])


def growth(ctx, label, fact, told, reasons):
    if "bound" in fact:
        ctx.equal(f"{label} bound", told["bound"], fact["bound"])
    for key in ("deleted_from", "ever_added", "oldest", "newest"):
        if key in fact:
            ctx.equal(f"{label} {key}", told[key], fact[key])
    for key in ("keys_held_here", "expired_share", "dead_references"):
        if key in fact:
            ctx.check(f"{label} {key}", told[key] is not None and abs(told[key] - fact[key]) < 0.02, repr(told[key]))
    if "time" in fact:
        ctx.equal(f"{label} time field", told.get("time_field"), fact["time"])
        ctx.check(f"{label} rate", abs(float(told.get("entries_per_second", 0)) - fact["rate"]) < 1e-3 * fact["rate"], repr(told))
    if "sequence" in fact:
        ctx.equal(f"{label} sequence", told.get("sequence_field"), "" if fact["sequence"] == "key" else fact["sequence"])
        ctx.equal(f"{label} gapless", told.get("sequence_gapless"), fact["gapless"])
    if "pushed" in fact:
        ctx.equal(f"{label} pushed", told["grown_by_push"], fact["pushed"])
    if "limit" in fact:
        ctx.equal(f"{label} limit", [told.get("limit_name"), told.get("limit_value")], [fact["limit"], str(fact["limit_value"])])
    if "reasons" in fact:
        ctx.equal(f"{label} reasons", reasons, fact["reasons"])


def values(ctx, label, fact, document):
    sample, rows = document["values_sample"], document["values"]
    total = sum(count for _, count in fact["values"])
    if sample["exact"]:
        ctx.equal(f"{label} values", [[row["class_name"], row["count"]] for row in rows], fact["values"])
    else:
        ctx.check(f"{label} sample", 800 <= sample["sampled"] <= total, repr(sample))
        for (name, count), row in zip(fact["values"], rows):
            ctx.equal(f"{label} value class", row["class_name"], name)
            ctx.check(f"{label} share", abs(row["share"] - count / total) < 0.03, repr(row))
    if "properties" in fact:
        ctx.equal(f"{label} properties", rows[0]["properties"], fact["properties"])


def listing(ctx, core, rows):
    ctx.check("collections: by retained bytes", all(a["retained_bytes"] >= b["retained_bytes"] for a, b in zip(rows, rows[1:])))
    document = ctx.cli_json(core, "collections", "-n", "5")
    ctx.equal("collections: -n", [r["address"] for r in document[S.ROWS]], [r["address"] for r in rows[:5]])
    ctx.equal("collections: what is left out is counted", document[S.ROWS + "_omitted"], len(rows) - 5)
    by_entries = ctx.cli_json(core, "collections", "--sort", "entries", "--min-entries", "2000", "-n", "0")[S.ROWS]
    wanted = sorted((f["entries"] for f in core.facts["collections"] if f["entries"] >= 2000), reverse=True)
    got = [r["entries"] for r in by_entries if r["holder"].startswith(("Shelf.", "LruCache."))]
    ctx.equal("collections: --sort entries --min-entries", got, wanted)
    for kind in ("map", "set", "array", "object", "weakmap", "weakset"):
        some = ctx.cli_json(core, "collections", "--kind", kind, "-n", "0")[S.ROWS]
        ctx.equal(f"collections: --kind {kind}", [r["address"] for r in some], [r["address"] for r in rows if r["kind"] == kind])
    counts = document["counts"]
    ctx.equal("collections: counts are those of the heap", [counts["map"], counts["set"], counts["weakmap"]],
              [instances(ctx, core, t) for t in ("JS_MAP_TYPE", "JS_SET_TYPE", "JS_WEAK_MAP_TYPE")])


def instances(ctx, core, instance_type):
    rows = ctx.cli_json(core, "histogram", "--by", "type", "--live", "-n", "0")[S.ROWS]
    return sum(row["count"] for row in rows if row["name"] == instance_type)


def refusals(ctx, core):
    for words in (["0x10"], ["--kind", "heap"], ["--sort", "name"], ["xyz"]):
        done = ctx.cli("collections", *words, core=core)
        ctx.check(f"collections: {' '.join(words)} is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())


def faces(ctx, core):
    ctx.need_plugin()
    session = ctx.lldb("v8 collections --json", core=core)
    documents = session.documents()
    if ctx.check("collections: the plugin answers", len(documents) == 1, session.brief()):
        wanted = ctx.cli_json(core, "collections")
        ctx.check("collections: both faces say the same", documents[0][S.ROWS] == wanted[S.ROWS])
