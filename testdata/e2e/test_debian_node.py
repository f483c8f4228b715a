"""The node of a distribution: a position-independent launcher, V8 in a stripped libnode.so, other compiler and libraries."""
import os

from harness import SCRIPTS, Core, Skip, bytes_by_space, counts_by_name, run as run_program, wrong_counts
import schema as S
import test_spaces


def run(ctx):
    if not ctx.first:
        return
    fetched = run_program([os.path.join(SCRIPTS, "fetch-debian-node")], timeout=300)
    if fetched.status != 0:
        raise Skip(fetched.errors.strip().split("\n")[-1])
    node = fetched.text.strip().splitlines()[-1]
    where = os.path.dirname(node)
    core = ctx.make_core("classes", ["--expose-gc"], os.path.join(ctx.directory, "debian"), node=os.path.join(where, "run"))
    exact(ctx, "debian: launcher named", core, run_program(
        [ctx.options.corewalk, "-c", core.path, "-e", node, "histogram", "-n", "0", "--json"]))
    exact(ctx, "debian: nothing named", core, run_program(
        [ctx.options.corewalk, "-c", core.path, "histogram", "-n", "0", "--json"]))
    libraries = sorted(name for name in os.listdir(os.path.join(where, "lib")) if name.startswith("libnode.so."))
    exact(ctx, "debian: library named", core, run_program(
        [ctx.options.corewalk, "-c", core.path, "-e", os.path.join(where, "lib", libraries[-1]), "histogram", "-n", "0", "--json"]))
    named = Core(core.path, node, core.facts, core.directory)
    test_spaces.compare(ctx, "debian", bytes_by_space(ctx.cli_json(named, "heap")), core.facts["spaces"],
                        major=int(core.facts["node"].lstrip("v").split(".")[0]))
    summary = ctx.cli("summary", core=named)
    ctx.check("debian: summary names the version", summary.status == 0 and core.facts["node"].lstrip("v") in summary.text,
              summary.brief())
    if ctx.options.lldb and ctx.options.plugin:
        exact(ctx, "debian: plugin", core, ctx.lldb("v8 histogram -n 0 --json", core=named))


def exact(ctx, label, core, done):
    documents = done.documents()
    if not ctx.check(f"{label}: answers", done.status == 0 and len(documents) == 1 and S.ROWS in documents[0], done.brief()):
        return
    wrong = wrong_counts(counts_by_name(documents[0]), core.facts["classes"])
    ctx.check(f"{label}: counts exact", not wrong, "; ".join(wrong[:3]))
    ctx.equal(f"{label}: bytes lost", documents[0][S.COMPLETENESS][S.BYTES_LOST], 0)
