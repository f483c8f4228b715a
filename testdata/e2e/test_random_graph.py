"""inspect says of random graphs of objects what the program that made them knows (testdata/apps/random_graph.js).

COREWALK_SEEDS=1000 tries that many graphs per version instead of kSeeds; COREWALK_FIRST_SEED=4711 begins elsewhere.
"""
import os

from test_zoo import values_of
from values import difference

kSeeds = 60
kPerCore = 200  # graphs in one process
kClasses = ("GraphKeeper", "GraphYoung")


def run(ctx):
    first, seeds = int(os.environ.get("COREWALK_FIRST_SEED", 0)), int(os.environ.get("COREWALK_SEEDS", kSeeds))
    for start in range(first, first + seeds, kPerCore):
        count = min(kPerCore, first + seeds - start)
        core = ctx.core("random_graph", "--expose-gc", str(start), str(count))
        found = {}
        for name in kClasses:
            found[name] = differences(ctx, core, name)
        for fact in core.facts["graphs"]:
            wrong = [f"{name}: {found[name][fact['name']]}" for name in kClasses if found[name][fact["name"]]]
            ctx.check(f"random_graph {fact['name']}", not wrong, "; ".join(wrong))


def differences(ctx, core, name):
    """graph -> first difference or None. One question for all graphs, so each stands a level deeper than by itself."""
    graphs = core.facts["graphs"]
    _, values = values_of(ctx, core, name, 2 + max(graph["depth"] for graph in graphs))
    return {graph["name"]: difference(graph["expect"], values.get(graph["name"])) for graph in graphs}
