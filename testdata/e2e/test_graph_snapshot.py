"""Live counts, shallow and retained sizes of a core equal those of the snapshot that the process itself wrote as its last act;
the witness for retained sizes is MemLab. compare_snapshot.py shows one such comparison to a person."""
import os

import compare_snapshot as C

PROGRAMS = ("graph_caches", "graph_parser", "graph_closures", "graph_listeners", "graph_timers", "graph_promises",
            "graph_streams", "graph_classes")
ALWAYS = 1          # so many of them on every version; of the others each version takes some (--all-programs: all)
ROTATING = 1        # on the first version of a run twice as many
SHOWN = 12          # differences printed per check, of both kinds
DOCUMENT = os.path.join(C.harness.ROOT, "docs", "snapshot-differences.md")


def programs(ctx):
    if ctx.options.all_programs:
        return PROGRAMS
    others = PROGRAMS[ALWAYS:]
    begin = ROTATING * (int(ctx.version.split(".")[0]) // 2)
    return PROGRAMS[:ALWAYS] if ctx.options.quick else PROGRAMS[:ALWAYS] + tuple(
        others[(begin + i) % len(others)] for i in range(ROTATING * (2 if ctx.first else 1)))


def run(ctx):
    with open(DOCUMENT, encoding="utf-8") as stream:
        explained = stream.read()
    for program in programs(ctx):
        core = ctx.core(program, "--expose-gc", "app.heapsnapshot")
        documents = [C.ask(ctx.options.corewalk, core.path, core.node, words) for words in C.QUESTIONS]
        found = C.compare(*documents, C.memlab(core.facts["snapshot"]), core.facts)
        for what in dict.fromkeys(one.what for one in found):
            of_kind = [one for one in found if one.what == what]
            wrong = [one for one in of_kind if one.wrong]
            known = [one for one in of_kind if not one.within and one.key]
            for one in (wrong + known)[:SHOWN]:
                print(f"      {ctx.version} {program}: {one.text()}", flush=True)
            ctx.check(f"{program}: {what} of {len(of_kind)}", not wrong, f"{len(wrong)} differ")
        keys = {one.key for one in found if not one.within and one.key}
        ctx.check(f"{program}: what differs is explained in docs", all(f"`{key}`" in explained for key in keys),
                  ", ".join(sorted(keys)))
        if not ctx.options.keep:
            os.remove(core.path)
            os.remove(core.facts["snapshot"])
