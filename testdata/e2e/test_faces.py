"""The plugin says what the stand-alone program says, in every LLDB, however it is loaded."""
import os

from harness import Broken
import schema as S

COMMANDS = ("summary", "heap", "isolates", "histogram -n 0", "histogram --by shape -n 50", "findjsinstances Twin")


def comparable(document):
    """The document without what is the face's own."""
    kept = dict(document)
    target = kept.get(S.TARGET)
    if isinstance(target, dict):
        kept[S.TARGET] = {k: v for k, v in target.items() if k not in S.FACE_FIELDS}
    return kept


def differences(a, b):
    return ", ".join(k for k in sorted(set(a) | set(b)) if a.get(k) != b.get(k)) or "none"


def run(ctx):
    ctx.need_plugin()
    core = ctx.core("classes", "--expose-gc")
    session = ctx.lldb(*[f"v8 {c} --json" for c in COMMANDS], core=core)
    documents = session.documents()
    if ctx.check("faces: the plugin answers each command", session.status == 0 and len(documents) == len(COMMANDS),
                 f"{len(documents)} documents of {len(COMMANDS)}, {session.brief()}"):
        for command, got in zip(COMMANDS, documents):
            wanted = comparable(ctx.cli_json(core, *command.split()))
            ctx.check(f"faces: same JSON for {command}", comparable(got) == wanted,
                      "members that differ: " + differences(comparable(got), wanted))
    readers(ctx, core)
    if ctx.first:
        loading(ctx, core)
    matrix(ctx, core)


def readers(ctx, core):
    """Both ways to read memory give the same bytes."""
    own = ctx.cli_json(core, "memory-check")
    inside = ctx.lldb("v8 memory-check --json", core=core).documents()
    if not inside:
        raise Broken("v8 memory-check --json: no answer from the plugin")
    ctx.check("faces: memory-check covers something", bool(own.get(S.DIGEST)), str(own)[:100])
    ctx.equal("faces: both readers see the same bytes", inside[0].get(S.DIGEST), own.get(S.DIGEST))
    ctx.equal("faces: both readers see as many bytes", inside[0].get(S.BYTES), own.get(S.BYTES))


def loading(ctx, core):
    home = os.path.join(ctx.directory, "home")
    os.makedirs(home, exist_ok=True)
    with open(os.path.join(home, ".lldbinit"), "w", encoding="utf-8") as stream:
        stream.write(f"plugin load {ctx.options.plugin}\n")
    done = ctx.lldb("v8 isolates --json", core=core, load=False, init=True, home=home)
    ctx.check("faces: loaded from ~/.lldbinit", len(done.documents()) == 1, done.brief())
    twice = ctx.lldb(f"plugin load {ctx.options.plugin}", "v8 isolates --json", core=core)
    ctx.check("faces: loaded twice, LLDB lives", twice.status is not None and twice.status >= 0, twice.brief())
    bare = ctx.lldb("v8 summary")
    ctx.check("faces: without a target one clear error", bare.status == 1 and "error:" in bare.errors, bare.brief())
    help_ = ctx.lldb("v8 help", "v8 help histogram")
    ctx.check("faces: help needs no target", help_.status == 0 and "histogram" in help_.text, help_.brief())
    nowhere = ctx.lldb("v8 whatis 0x10", "version", core=core)
    ctx.check("faces: a failing command leaves LLDB alive", nowhere.status in (0, 1), nowhere.brief())


def matrix(ctx, core):
    wanted = ctx.cli_json(core, "histogram", "-n", "0")
    for major, path in ctx.options.lldb_matrix:
        done = ctx.lldb("v8 histogram -n 0 --json", core=core, lldb=path)
        documents = done.documents()
        ok = len(documents) == 1 and documents[0][S.ROWS] == wanted[S.ROWS]
        ctx.check(f"faces: same histogram in LLDB {major}", ok, done.brief())
