"""Counts per class are exactly what the programs made, in every isolate."""
from harness import Skip, counts_by_name, wrong_counts
import schema as S


def histogram(ctx, core, *words):
    return ctx.cli_json(core, "histogram", "-n", "0", *words)


def run(ctx):
    for app in ("classes", "collections"):
        core = ctx.core(app, "--expose-gc")
        document = histogram(ctx, core)
        wrong = wrong_counts(counts_by_name(document), core.facts["classes"])
        ctx.check(f"counts {app}: {len(core.facts['classes'])} classes exact", not wrong, "; ".join(wrong[:5]))
        ctx.check(f"counts {app}: complete", document[S.COMPLETENESS][S.COMPLETE], str(document[S.COMPLETENESS]))
        ctx.equal(f"counts {app}: bytes lost", document[S.COMPLETENESS][S.BYTES_LOST], 0)
        rows = document[S.ROWS]
        order = [row[S.SHALLOW_BYTES] for row in rows]
        ctx.check(f"counts {app}: largest first", order == sorted(order, reverse=True), str(order[:5]))
        limited = ctx.cli_json(core, "histogram", "-n", "5")
        ctx.equal(f"counts {app}: -n 5", [r[S.NAME] for r in limited[S.ROWS]], [r[S.NAME] for r in rows[:5]])

    core = ctx.core("classes", "--expose-gc")
    filtered = histogram(ctx, core, "--filter", "^Generated1[0-9]$")
    ctx.equal("counts: --filter", sorted(r[S.NAME] for r in filtered[S.ROWS]), [f"Generated{i}" for i in range(10, 20)])
    ctx.check("counts: --by shape", len(histogram(ctx, core, "--by", "shape")[S.ROWS]) > 50)
    total = {by: sum(r[S.SHALLOW_BYTES] for r in histogram(ctx, core, "--by", by)[S.ROWS])
             for by in ("constructor", "shape", "kind", "space")}
    ctx.check("counts: every grouping sums to the same bytes", len(set(total.values())) == 1, str(total))
    workers(ctx)


def workers(ctx):
    try:
        core = ctx.core("workers", "--expose-gc")
    except Skip as reason:
        ctx.skip("counts workers", str(reason))
        return
    isolates = ctx.cli_json(core, "isolates")[S.ROWS]
    wanted = core.facts["workers"]
    if not ctx.equal("counts workers: isolates", len(isolates), 1 + len(wanted)):
        return
    ctx.equal("counts workers: one main isolate", sum(bool(row[S.IS_MAIN]) for row in isolates), 1)
    unmatched = list(wanted)
    for row in isolates:
        counts = counts_by_name(histogram(ctx, core, "--isolate", str(row[S.ISOLATE])))
        if row[S.IS_MAIN]:
            wrong = wrong_counts(counts, core.facts["classes"])
            strangers = [name for name in counts if name.startswith("WorkerSession")]
        else:
            mine = [w for w in unmatched if not wrong_counts(counts, w["classes"])]
            wrong = [] if len(mine) == 1 else [f"isolate {row[S.ISOLATE]} matches {len(mine)} workers"]
            for worker in mine:
                unmatched.remove(worker)
            own = {c["name"] for w in mine for c in w["classes"]}
            strangers = [n for n in counts if n == "MainSession" or (n.startswith("WorkerSession") and n not in own)]
        ctx.check(f"counts workers: isolate {row[S.ISOLATE]} exact", not wrong, "; ".join(wrong))
        ctx.check(f"counts workers: isolate {row[S.ISOLATE]} holds no other's objects", not strangers, str(strangers))
    everything = counts_by_name(histogram(ctx, core, "--isolate", "all"))
    classes = core.facts["classes"] + [c for w in wanted for c in w["classes"]]
    wrong = wrong_counts(everything, classes)
    ctx.check("counts workers: --isolate all", not wrong, "; ".join(wrong))
