"""--index FILE: the graph kept beside its core. The answers with it are those without it, whatever happened to the file; and
what is done where memory is short: marks instead of references, arrays in a scratch folder."""
import os
import random
import shutil
import stat

import schema as S

FLIPS = 24       # changed bits, each in a run of its own
SEED = 20261128


def run(ctx):
    core = ctx.core("graph_live", "--expose-gc")
    folder = os.path.join(ctx.directory, "index")
    os.makedirs(folder, exist_ok=True)
    address = first_list_node(ctx, core)
    commands = [["histogram", "--live", "--retained", "-n", "0"], ["path", address], ["path", "--all", "5", address],
                ["path", "--class", core.facts["kept"]["name"]], ["dominators"], ["retained", address],
                ["whatif", address], ["roots"], ["retainers", address], ["leaks"], ["collections", "-n", "20"], ["listeners"],
                ["timers"], ["closures", "-n", "20"], ["strings"], ["waste"], ["buffers"]]
    truth = {tuple(words): told(ctx.cli_json(core, *words)) for words in commands}
    answers(ctx, core, folder, truth)
    growing(ctx, core, folder, truth)
    damaged(ctx, core, folder, truth, address)
    foreign(ctx, core, folder, truth)
    refusals(ctx, core, folder)
    short_of_memory(ctx, core, folder, truth, address)
    faces(ctx, core, folder, truth, address)
    shutil.rmtree(folder, ignore_errors=True)


def first_list_node(ctx, core):
    rows = ctx.cli_json(core, "dominators", "--largest", "-n", "200")[S.ROWS]
    return next(r["address"] for r in rows if r["class_name"] == "ListNode")


def told(document):
    """All that a document says about the heap: not the notes, which are about the index."""
    return {k: v for k, v in document.items() if k not in ("notes", S.COMPLETENESS, "target")}


def notes(document):
    return " ".join(document.get("notes", []) + document[S.COMPLETENESS].get("notes", []))


def same(ctx, label, document, wanted):
    got = told(document)
    different = [k for k in wanted if got.get(k) != wanted[k]] + [k for k in got if k not in wanted]
    return ctx.check(label, not different, f"{different[:3]}: {str([got.get(k) for k in different])[:200]}, want "
                                           f"{str([wanted.get(k) for k in different])[:200]}")


def answers(ctx, core, folder, truth):
    file = os.path.join(folder, "whole")
    for number, (words, wanted) in enumerate(truth.items()):
        document = ctx.cli_json(core, "--index", file, *words)
        same(ctx, f"index: {' '.join(words[:2])}: the same answer with it", document, wanted)
        if number == 0:
            ctx.check("index: it says that it wrote the file", "was written" in notes(document), notes(document))
            ctx.equal("index: nobody else may read the file", stat.S_IMODE(os.stat(file).st_mode), 0o600)
            before = os.stat(file)
        elif "written" in notes(document):
            ctx.check("index: it is written once", False, f"{words}: {notes(document)}")
    after = os.stat(file)
    ctx.equal("index: nothing more was written", (after.st_ino, after.st_mtime_ns), (before.st_ino, before.st_mtime_ns))
    left = [name for name in os.listdir(folder) if name != "whole"]
    ctx.equal("index: no other file is left", left, [])


def growing(ctx, core, folder, truth):
    file = os.path.join(folder, "growing")
    live = ctx.cli_json(core, "--index", file, "histogram", "--live", "-n", "0")
    small = os.path.getsize(file)
    wanted = ctx.cli_json(core, "histogram", "--live", "-n", "0")
    same(ctx, "index: what is live, from one with less", live, told(wanted))
    default = ctx.cli_json(core, "--index", file, "histogram", "-n", "0")
    same(ctx, "index: histogram is about live objects once they are known", default, told(wanted))
    words = ("dominators",)
    document = ctx.cli_json(core, "--index", file, *words)
    same(ctx, "index: dominators are added", document, truth[words])
    ctx.check("index: it says so", "was written" in notes(document) and os.path.getsize(file) > small, notes(document))
    again = ctx.cli_json(core, "--index", file, *words)
    same(ctx, "index: and are there the next time", again, truth[words])
    ctx.check("index: without another word", "index" not in notes(again), notes(again))


def damaged(ctx, core, folder, truth, address):
    whole = os.path.join(folder, "whole")
    file = os.path.join(folder, "damaged")
    size = os.path.getsize(whole)
    chosen = random.Random(SEED + ctx.major)
    words = ("histogram", "--live", "--retained", "-n", "0")
    for number in range(FLIPS if ctx.first and not ctx.options.quick else 6):
        shutil.copy(whole, file)
        at = chosen.randrange(size) if number > 2 else (0, 17, size - 20)[number]
        with open(file, "r+b") as stream:
            stream.seek(at)
            byte = stream.read(1)[0]
            stream.seek(at)
            stream.write(bytes([byte ^ 1 << chosen.randrange(8)]))
        document = ctx.cli_json(core, "--index", file, *words)
        same(ctx, f"index: a changed bit in byte {at} of {size} changes no answer", document, truth[words])
        ways = ("path", "--all", "5", address)
        same(ctx, f"index: a changed bit in byte {at}: nor this one", ctx.cli_json(core, "--index", file, *ways), truth[ways])
    for left in (0, 15, 5000, size // 2, size - 1):
        shutil.copy(whole, file)
        os.truncate(file, left)
        document = ctx.cli_json(core, "--index", file, *words)
        same(ctx, f"index: cut off after {left} bytes", document, truth[words])
        ctx.check(f"index: cut off after {left} bytes: it says so", "was not used" in notes(document), notes(document))
        if left > 16:
            again = ctx.cli_json(core, "--index", file, *words)  # whose size depends on what the threads met
            ctx.check(f"index: cut off after {left} bytes: it is made anew",
                      told(again) == truth[words] and "index" not in notes(again), notes(again))


def foreign(ctx, core, folder, truth):
    other = ctx.core("classes", "--expose-gc")
    file = os.path.join(folder, "foreign")
    words = ("dominators",)
    wanted = told(ctx.cli_json(other, *words))
    shutil.copy(os.path.join(folder, "whole"), file)
    document = ctx.cli_json(other, "--index", file, *words)
    same(ctx, "index: one of another core is not used", document, wanted)
    ctx.check("index: one of another core: it says so", "belongs to another core" in notes(document), notes(document))
    same(ctx, "index: it is that core's now", ctx.cli_json(other, "--index", file, *words), wanted)
    document = ctx.cli_json(core, "--index", file, "--hide-tables", *words)
    ctx.check("index: and no longer the first one's", "belongs to another core" in notes(document), notes(document))
    document = ctx.cli_json(core, "--index", file, *words)
    ctx.check("index: other options, other layout", "with another node binary" in notes(document), notes(document))
    # What is no index stays as it is.
    text = os.path.join(folder, "text")
    with open(text, "w", encoding="ascii") as stream:
        stream.write("precious\n")
    document = ctx.cli_json(core, "--index", text, *words)
    same(ctx, "index: another kind of file: the right answer", document, truth[words])
    with open(text, encoding="ascii") as stream:
        ctx.equal("index: another kind of file is not written over", stream.read(), "precious\n")
    ctx.check("index: another kind of file: it says so", "no index of corewalk" in notes(document), notes(document))
    link = os.path.join(folder, "link")
    os.symlink(text, link)
    document = ctx.cli_json(core, "--index", link, *words)
    ctx.check("index: a symbolic link is not followed", "symbolic link" in notes(document) and os.path.islink(link), notes(document))
    shutil.copy(os.path.join(folder, "whole"), file)
    os.chmod(file, 0o666)
    document = ctx.cli_json(core, "--index", file, *words)
    same(ctx, "index: one that others can write to: the right answer", document, truth[words])
    ctx.check("index: one that others can write to is not trusted", "not trusted" in notes(document), notes(document))
    document = ctx.cli_json(core, "--index", os.path.join(folder, "no-such-folder", "file"), *words)
    same(ctx, "index: where nothing can be written: the right answer", document, truth[words])
    ctx.check("index: where nothing can be written: it says so", "was not written" in notes(document), notes(document))


def refusals(ctx, core, folder):
    done = ctx.cli("--scratch", os.path.join(folder, "no-such-folder"), "dominators", core=core)
    ctx.check("scratch: a folder that is not there is refused", done.status == 1 and "scratch" in done.refusal(), done.brief())
    done = ctx.cli("--memory", "2m", "dominators", core=core)
    ctx.check("memory: too little is said first, with what can be done",
              done.status == 1 and all(w in done.refusal() for w in ("objects", "available", "--scratch", "whatif")), done.brief())


def short_of_memory(ctx, core, folder, truth, address):
    scratch = os.path.join(folder, "scratch")
    os.makedirs(scratch, exist_ok=True)
    for words in (("dominators",), ("path", "--all", "5", address), ("histogram", "--live", "--retained", "-n", "0")):
        document = ctx.cli_json(core, "--scratch", scratch, *words)
        same(ctx, f"scratch: {words[0]}: the same answer", document, truth[words])
    ctx.equal("scratch: nothing is left behind", os.listdir(scratch), [])
    little = ["--memory", "2m"]
    document = ctx.cli_json(core, *little, "whatif", address)
    same(ctx, "memory: whatif by marks", document, truth[("whatif", address)])
    ctx.check("memory: whatif says why", "memory is short" in notes(document), notes(document))
    wanted = truth[("retained", address)]["object"]
    document = ctx.cli_json(core, *little, "retained", address)["object"]
    full = ctx.cli_json(core, "whatif", address)
    ctx.equal("memory: retained by marks is what would be freed",
              (document["retained_bytes"], document["retained_count"], document["dominator_value"]),
              (full["freed_bytes"], full["freed_count"], None))
    ctx.check("memory: and what it retains", wanted["retained_bytes"] <= document["retained_bytes"] * 1.001 + 4096,
              f"{wanted} {document}")
    name = core.facts["kept"]["name"]
    by_class = ["retained", "--class", name]
    got, want = ctx.cli_json(core, *little, *by_class), ctx.cli_json(core, *by_class)
    ctx.equal("memory: retained --class by marks", [got["class"][k] for k in ("live_count", "freed_bytes", "freed_count")],
              [want["class"][k] for k in ("live_count", "freed_bytes", "freed_count")])
    ctx.equal("memory: retained --class: the same classes", got[S.ROWS], want[S.ROWS])
    same(ctx, "memory: whatif --class by marks", ctx.cli_json(core, *little, "whatif", "--class", name),
         told(ctx.cli_json(core, "whatif", "--class", name)))
    got, want = (ctx.cli_json(core, *memory, "histogram", "--live", "-n", "0") for memory in (little, []))
    ctx.equal("memory: histogram --live by marks", got[S.ROWS], want[S.ROWS])


def faces(ctx, core, folder, truth, address):
    file = os.path.join(folder, "whole")
    ctx.need_plugin()
    commands = [("dominators",), ("path", address), ("retained", address)]
    session = ctx.lldb(f"v8 {' '.join(commands[0])} --index {file} --json", *[f"v8 {' '.join(c)} --json" for c in commands[1:]],
                       core=core)
    documents = session.documents()
    if ctx.check("index: the plugin answers", len(documents) == len(commands), session.brief()):
        for words, document in zip(commands, documents):
            same(ctx, f"index: the plugin: {words[0]}", document, truth[words])
        ctx.check("index: the plugin used it", "index" not in " ".join(notes(d) for d in documents), notes(documents[0]))
