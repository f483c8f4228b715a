"""Counts by constructor equal those of V8's own heap snapshot of the same moment."""
from harness import counts_by_name
from heapsnapshot import Snapshot

LEAST = 50          # instances of a name below this are not compared
TOLERANCE = 0.005   # share by which a count may differ
# Made or dropped by the act of writing the snapshot itself, or named by no constructor.
IGNORED = {"Object", "Array", "system / Context", ""}
INFERRED = "<"      # names that V8 infers for an anonymous class ("computed.<computed>") are a guess, not a name


def run(ctx):
    core = ctx.core("snapshot", "--expose-gc", "app.heapsnapshot")
    witness = Snapshot(core.facts["snapshot"]).objects_by_name()
    # Reachable objects only: that is what V8's snapshot holds.
    counts = counts_by_name(ctx.cli_json(core, "histogram", "-n", "0"))
    names = [name for name, count in witness.items() if count >= LEAST and name not in IGNORED and
             INFERRED not in name]
    ctx.check("snapshot: enough names to compare", len(names) >= 80, f"{len(names)}")
    wrong = []
    for name in names:
        allowed = int(witness[name] * TOLERANCE)
        if abs(counts.get(name, 0) - witness[name]) > allowed:
            wrong.append(f"{name}: {counts.get(name, 0)}, snapshot {witness[name]}")
    ctx.check(f"snapshot: {len(names)} constructors agree", not wrong, f"{len(wrong)} differ: " + "; ".join(wrong[:8]))
