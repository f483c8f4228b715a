"""waste: each kind in the amount that the program made."""
import schema as S


def run(ctx):
    core = ctx.core("leak_waste", "--expose-gc")
    document = ctx.cli_json(core, "waste")
    by_kind = {row["kind"]: row for row in document[S.ROWS]}
    details = {}
    for kind in by_kind:
        details[kind] = ctx.cli_json(core, "waste", "--kind", kind, "-n", "500")
    for fact in core.facts["waste"]:
        one(ctx, fact, by_kind[fact["kind"]], details[fact["kind"]])
    object_room(ctx, core.facts["object_room"], by_kind["object_room"], details["object_room"])
    shapes(ctx, core.facts["shapes"], details["shapes"])
    ctx.check("waste: the largest first",
              all(a["wasted_bytes"] >= b["wasted_bytes"] for a, b in zip(document[S.ROWS], document[S.ROWS][1:])))
    ctx.equal("waste: every kind is told", len(by_kind), 8)
    done = ctx.cli("waste", "--kind", "nonsense", core=core)
    ctx.check("waste: a kind that does not exist is refused", done.status == 2 and bool(done.refusal()), done.brief())


def one(ctx, fact, row, detail):
    label = f"waste: {fact['kind']} of {fact['holder']}"
    ctx.check(f"{label} is in the sums", row["count"] >= fact["count"] and row["wasted_bytes"] >= fact.get("bytes", 0), repr(row))
    held = [r for r in detail["held_by"] if r["holder"] == fact["holder"]]
    if not ctx.equal(f"{label} is told", len(held), 1):
        return
    # Of many it is a sample that is asked.
    slack = 0.25 if row["count"] > 512 else 0
    ctx.check(f"{label} count", abs(held[0]["count"] - fact["count"]) <= slack * fact["count"] , repr(held[0]))
    if "bytes" in fact:
        ctx.check(f"{label} bytes", abs(held[0]["share"] * row["wasted_bytes"] - fact["bytes"]) <= (slack or 1e-6) * fact["bytes"] + 16,
                  repr((held[0]["share"] * row["wasted_bytes"], fact["bytes"])))


def object_room(ctx, fact, row, detail):
    mine = [r for r in detail["classes"] if r["class_name"] == fact["class"]]
    if ctx.equal("waste: object_room of plain objects", len(mine), 1):
        ctx.check("waste: object_room bytes", fact["bytes"] <= mine[0]["wasted_bytes"] <= fact["bytes"] + 65536, repr(mine))
        ctx.check("waste: object_room objects", fact["count"] <= mine[0]["objects"], repr(mine))
    ctx.check("waste: object_room total", row["wasted_bytes"] >= fact["bytes"], repr(row))


def shapes(ctx, fact, detail):
    mine = [r for r in detail["classes"] if r["class_name"] == fact["class"]]
    if ctx.equal("waste: shapes of a constructor", len(mine), 1):
        ctx.check("waste: shapes are counted", fact["shapes"] <= mine[0]["shapes"] <= fact["shapes"] + 2, repr(mine))
        ctx.equal("waste: objects with them", mine[0]["objects"], fact["objects"])
