"""Who holds an object: for each way of holding one, the name, the kind and the line that the program itself tells."""
import schema as S


def run(ctx):
    core = ctx.core("holders", "--expose-gc")
    for mark in core.facts["holders"]:
        rows = ctx.cli_json(core, "instances", mark["cls"])[S.ROWS]
        if not ctx.check(f"holders: {mark['cls']} is there", rows, "no instance"):
            continue
        holder = ctx.cli_json(core, "path", rows[0]["address"])["holder"]
        wanted = {key: mark[key] for key in ("kind", "name", "file", "line", "column") if key in mark}
        ctx.equal(f"holders: {mark['cls']}", {key: holder.get(key) for key in wanted}, wanted)
