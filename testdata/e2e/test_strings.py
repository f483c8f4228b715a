"""strings: duplicates, slices, ropes, wide and large ones, against what the program made of each."""
import schema as S


def run(ctx):
    core = ctx.core("leak_strings", "--expose-gc")
    document = ctx.cli_json(core, "strings", "-n", "200")
    duplicates(ctx, core, document)
    slices(ctx, core, document)
    wide(ctx, core, document)
    ropes(ctx, core, document)
    large(ctx, core, document)
    totals(ctx, core, document)
    faces(ctx, core, document)


def duplicates(ctx, core, document):
    by_text = {row["text"].strip('"').removesuffix('"...'): row for row in document["duplicates"]}
    for fact in core.facts["duplicates"]:
        label = f"strings: {fact['copies']} copies"
        row = next((r for t, r in by_text.items() if fact["text"].startswith(t) and r["length"] == fact["length"]), None)
        if not ctx.check(f"{label} are found", row, repr(list(by_text)[:10])):
            continue
        # The program itself has the text once more, to make the copies of.
        ctx.check(f"{label} are counted", fact["copies"] <= row["count"] <= fact["copies"] + 2, repr(row))
        ctx.equal(f"{label} wasted bytes", row["wasted_bytes"], (row["count"] - 1) * fact["bytes"])
        ctx.check(f"{label} holder", row["holders"].startswith("Row.city"), row["holders"])
    mixed = core.facts["mixed"]
    row = by_text.get(mixed["text"], {})
    ctx.check("strings: a text in both widths is one", mixed["copies"] <= row.get("count", 0) <= mixed["copies"] + 2, repr(row))
    ctx.check("strings: sorted by waste",
              all(a["wasted_bytes"] >= b["wasted_bytes"] for a, b in zip(document["duplicates"], document["duplicates"][1:])))
    total = document["duplicates_total"]
    ctx.check("strings: the total is that of all texts",
              total["wasted_bytes"] >= sum(r["wasted_bytes"] for r in document["duplicates"]) and
              total["texts"] == len(document["duplicates"]) + document.get("duplicates_omitted", 0), repr(total))


def slices(ctx, core, document):
    for fact in core.facts["slices"]:
        label = f"strings: a parent of {fact['bytes']} bytes"
        rows = [r for r in document["slices"] if r["bytes"] == fact["bytes"] and r["slices"] == fact["slices"]]
        if ctx.equal(f"{label} is found", len(rows), 1):
            ctx.equal(f"{label} shown", [rows[0]["used_bytes"], rows[0]["wasted_bytes"]], [fact["used"], fact["bytes"] - fact["used"]])
            ctx.equal(f"{label} only slices", rows[0]["only_slices"], fact["only"])
            ctx.check(f"{label} holder", rows[0]["holders"].startswith("Field.value"), rows[0]["holders"])
    mine = sum(f["bytes"] - f["used"] for f in core.facts["slices"] if f["only"])
    ctx.check("strings: what only slices keep", mine <= document["slices_total"]["wasted_bytes"] <= 1.05 * mine + 65536,
              repr(document["slices_total"]))


def wide(ctx, core, document):
    total, fact = document["wide_total"], core.facts["wide"]
    # The 400 of the text in both widths are wide too.
    ctx.check("strings: wide ones are counted", fact["count"] + 400 <= total["count"] <= fact["count"] + 460, repr(total))
    ctx.check("strings: wide ones waste", fact["wasted"] + 400 * 8 <= total["wasted_bytes"] <= fact["wasted"] + 400 * 8 + 4096, repr(total))
    ctx.check("strings: wide ones are held by", "Wide.name" in total["holders"], repr(total))


def ropes(ctx, core, document):
    fact = core.facts["rope"]
    rows = [r for r in document["ropes"] if r["length"] == fact["length"]]
    if ctx.equal("strings: the rope is found", len(rows), 1):
        # Each + of the loop makes one, and each of its right sides may be one.
        ctx.check("strings: the rope's parts", fact["parts"] <= rows[0]["parts"] <= 3 * fact["parts"], repr(rows[0]))
        ctx.check("strings: the rope's depth", fact["parts"] <= rows[0]["depth"] <= fact["parts"] + 3, repr(rows[0]))
        ctx.equal("strings: the rope's bytes", rows[0]["bytes"], 32 * rows[0]["parts"])
        ctx.equal("strings: the rope's holder", rows[0]["holder"], "Journal.text")
        ctx.check("strings: the rope's text", rows[0]["text"].startswith('"The journal begins here. entry10000;'), rows[0]["text"])


def large(ctx, core, document):
    for fact in core.facts["large"]:
        rows = [r for r in document["largest"] if r["length"] == fact["length"] and r["holder"] == "Document.body"]
        if ctx.equal(f"strings: {fact['length']} characters are listed", len(rows), 1):
            ctx.check(f"strings: {fact['length']} characters, bytes", 0 <= rows[0]["bytes"] - fact["bytes"] <= 48, repr(rows[0]))
            ctx.equal(f"strings: {fact['length']} characters, external", rows[0]["form"].startswith("external"), fact["outside"] > 0)
    ctx.check("strings: largest first", all(a["bytes"] >= b["bytes"] for a, b in zip(document["largest"], document["largest"][1:])))


def totals(ctx, core, document):
    total = document["forms_total"]
    ctx.equal("strings: forms add up", [sum(r[k] for r in document["forms"]) for k in ("count", "shallow_bytes", "external_bytes")],
              [total[k] for k in ("count", "shallow_bytes", "external_bytes")])
    one = ctx.cli_json(core, "strings", "--section", "ropes", "-n", "3")
    ctx.check("strings: --section", "ropes" in one and "duplicates" not in one and len(one["ropes"]) == 3, repr(sorted(one)))
    done = ctx.cli("strings", "--section", "nonsense", core=core)
    ctx.check("strings: a section that does not exist is refused", done.status == 2 and bool(done.refusal()), done.brief())


def faces(ctx, core, document):
    ctx.need_plugin()
    session = ctx.lldb("v8 strings -n 200 --json", core=core)
    documents = session.documents()
    if ctx.check("strings: the plugin answers", len(documents) == 1, session.brief()):
        for key in ("forms", "duplicates", "slices", "ropes", "largest"):
            ctx.check(f"strings: both faces say the same of {key}", documents[0][key] == document[key])
