"""findjsobjects and findjsinstances print what llnode's users and scripts know, column by column."""
import re

from harness import counts_by_name
import schema as S

HEADER = [" Instances  Total Size Name", " ---------- ---------- ----"]
ROW = re.compile(r"^ ([ \d]{10}) ([ \d]{10}) (.*)$")
RULE = " ---------- ---------- "
DETAILED_HEADER = ["   Sample Obj.  Instances  Total Size  Properties  Elements  Name",
                   " ------------- ---------- ----------- ----------- --------- -----"]
DETAILED_ROW = re.compile(r"^ ([ 0-9a-f]{13}) ([ \d]{10}) ([ \d]{11}) ([ \d]{11}) ([ \d]{9}) (.*)$")
DETAILED_RULE = " ------------ ---------- ----------- ----------- ----------- ----"


def lines_from(text, first):
    lines = text.split("\n")
    return lines[lines.index(first):] if first in lines else []


def run(ctx):
    core = ctx.core("classes", "--expose-gc")
    plain(ctx, core)
    detailed(ctx, core)
    instances(ctx, core)


def plain(ctx, core):
    done = ctx.cli("findjsobjects", core=core)
    lines = lines_from(done.text, HEADER[0])
    if not ctx.check("llnode: findjsobjects header", lines[:2] == HEADER, repr(lines[:2]) + done.brief()):
        return
    if not ctx.check("llnode: findjsobjects rule before the totals", RULE in lines[2:], repr(lines[-4:])):
        return
    end = lines.index(RULE, 2)
    matched = [ROW.match(line) for line in lines[2:end]]
    bad = [line for line, match in zip(lines[2:end], matched) if not match]
    if not ctx.check("llnode: findjsobjects rows", not bad, repr(bad[:3])):
        return
    rows = [(int(m[1]), int(m[2]), m[3]) for m in matched]
    ctx.check("llnode: rows ascend by count, size, name", rows == sorted(rows), repr(rows[-3:]))
    totals = f" {sum(r[0] for r in rows):10d} {sum(r[1] for r in rows):10d} "
    ctx.equal("llnode: totals", lines[end + 1], totals)
    counts = {name: count for count, _, name in rows}
    wrong = [f for f in core.facts["classes"]
             if f["name"].startswith("Generated") and counts.get(f["name"]) != f["instances"] + f["prototypes"]]
    ctx.check("llnode: findjsobjects counts", not wrong, repr(wrong[:3]))


def detailed(ctx, core):
    lines = lines_from(ctx.cli("findjsobjects", "-d", core=core).text, DETAILED_HEADER[0])
    if not ctx.check("llnode: findjsobjects -d header", lines[:2] == DETAILED_HEADER, repr(lines[:2])):
        return
    if not ctx.check("llnode: findjsobjects -d rule", DETAILED_RULE in lines, repr(lines[-4:])):
        return
    rows = lines[2:lines.index(DETAILED_RULE)]
    bad = [line for line in rows if not DETAILED_ROW.match(line)]
    ctx.check("llnode: findjsobjects -d rows", rows and not bad, repr(bad[:3]))
    mine = [m for m in map(DETAILED_ROW.match, rows) if m and m[6].startswith("Generated3")]
    ctx.check("llnode: -d shows property names", any("id, f0" in m[6] for m in mine), repr([m[6] for m in mine[:3]]))


def instances(ctx, core):
    done = ctx.cli("findjsinstances", "Generated0", core=core)
    lines = [line for line in done.text.split("\n") if line.startswith("0x")]
    wanted = next(f for f in core.facts["classes"] if f["name"] == "Generated0")
    ctx.equal("llnode: findjsinstances lists each", len(lines), wanted["instances"] + wanted["prototypes"])
    ctx.check("llnode: findjsinstances lines", all(re.fullmatch(r"0x[0-9a-f]+:<Object: Generated0>", x) for x in lines),
              repr(lines[:2]))
    paged = ctx.cli("findjsinstances", "-n", "3", "Generated0", core=core).text.split("\n")
    ctx.check("llnode: -n pages", ".........." in paged and any(
        re.fullmatch(rf"\(Showing 1 to 3 of {len(lines)} instances\)", x) for x in paged), repr(paged[-4:]))
    unknown = ctx.cli("findjsinstances", "NoSuchClassHere", core=core)
    ctx.check("llnode: unknown class", "No objects found with type name NoSuchClassHere" in unknown.text + unknown.errors,
              unknown.brief())
    document = ctx.cli_json(core, "instances", "Generated0")
    ctx.equal("llnode: instances --json lists each", len(document[S.ROWS]), len(lines))
    ctx.check("llnode: instances and histogram agree",
              counts_by_name(ctx.cli_json(core, "histogram", "-n", "0")).get("Generated0") == len(lines))
    address = document[S.ROWS][0].get(S.ADDRESS) if document[S.ROWS] else "0x0"
    whatis = ctx.cli("whatis", str(address), core=core)
    ctx.check("whatis names the object", whatis.status == 0 and "Generated0" in whatis.text, whatis.brief())
