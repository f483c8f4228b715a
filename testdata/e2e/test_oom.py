"""V8's own "heap out of memory": counts at the moment of death, against counters outside of the heap."""
import truth
from harness import counts_by_name
import schema as S


def run(ctx):
    for mode in ("steady",) if ctx.options.quick else ("steady", "burst", "strings"):
        core = ctx.core("oom", "--max-old-space-size=100", mode)
        facts = core.facts["truth"]
        try:
            counters = truth.read_counters(core.path, facts["identity"])
        except LookupError as error:
            ctx.check(f"oom {mode}: truth in the core", False, str(error))
            continue
        document = ctx.cli_json(core, "histogram", "-n", "0")
        counts = counts_by_name(document)
        # One object may be allocated whose constructor had not yet begun to count it.
        wrong = [f"{name}: {counts.get(name, 0)}, want {true}" for name, true in zip(facts["counters"], counters)
                 if not 0 <= counts.get(name, 0) - true <= 1]
        ctx.check(f"oom {mode}: counts exact ({sum(counters)} objects)", not wrong, "; ".join(wrong))
        ctx.equal(f"oom {mode}: bytes lost", document[S.COMPLETENESS][S.BYTES_LOST], 0)
        if mode == "steady":
            done = ctx.cli("summary", core=core)
            ctx.check("oom: summary works on it", done.status == 0 and done.text.strip(), done.brief())
