"""Nothing from the heap reaches the terminal raw: both faces, both forms, every command. And objects of damaged copies of
the core are inspected."""
import os
import sys

from harness import SCRIPTS, run as run_program, untamed
from test_zoo import address_of, values_of
from values import difference
import schema as S

COMMANDS = (["summary"], ["heap"], ["heap", "--pages"], ["isolates"], ["histogram", "-n", "0"],
            ["histogram", "--by", "shape", "-n", "0"], ["histogram", "--by", "kind"], ["findjsobjects"],
            ["findjsobjects", "-d"], ["layout"], ["findjsinstances", "HostileWitness"],
            ["findjsinstances", "\x1b]0;PWNED\x07"], ["histogram", "--filter", "\x1b["], ["whatis", "\x1b[31m"])
COPIES = 16  # damaged ones, others on each version
INSPECTED = ("Object", "HostileWitness", "Map", "RegExp", "Error", "Function", "process")


def addresses(ctx, core):
    found = []
    for name in INSPECTED:
        for document in ctx.cli("instances", name, "-n", "30", "--json", core=core).documents():
            found += [row["address"] for row in document.get(S.ROWS, [])]
    return found


def run(ctx):
    core = ctx.core("hostile", "--expose-gc")
    objects = addresses(ctx, core)
    ctx.check("hostile: objects to inspect", len(objects) > 30, str(len(objects)))
    for words in COMMANDS + (["inspect", "--depth", "4", *objects], ["print", *objects]):
        label = "hostile: " + " ".join(words[:3])
        for form in ([], ["--json"]):
            done = ctx.cli(*words, *form, core=core)
            found = untamed(done.out) + untamed(done.err)
            ctx.check(f"{ascii(label)} {' '.join(form)}".rstrip(), not found and done.status is not None and done.status >= 0,
                      f"{found}, status {done.status}")
            if form and done.out:
                ctx.check(f"{ascii(label)}: JSON is ASCII", done.out.isascii())
    for document in ctx.cli("histogram", "-n", "0", "--json", core=core).documents():
        counts = {r[S.NAME]: r[S.COUNT] for r in document[S.ROWS]}
        ctx.equal("hostile: the count amid it", counts.get("HostileWitness"), 777)
    values(ctx, core)
    if not ctx.options.quick:
        done = run_program([sys.executable, os.path.join(SCRIPTS, "mutate-core"), "--corewalk", ctx.options.corewalk, "--only",
                            "object", "--count", str(COPIES), "--seed", str(ctx.major), core.path], timeout=900)
        ctx.check(f"hostile: inspect on {COPIES} damaged copies", done.status == 0, done.text[-600:] + done.errors[-300:])
    if ctx.options.lldb and ctx.options.plugin:
        done = ctx.lldb("v8 summary", "v8 findjsobjects -d", "v8 histogram -n 0", core=core)
        own = done.out[done.out.find(b"plugin load"):]  # what LLDB itself prints before is not ours
        found = [f for f in untamed(own.replace(b"\t", b" "))]
        ctx.check("hostile: plugin output is inert", not found, str(found))


def values(ctx, core):
    """inspect and print: inert in text, exact in JSON."""
    _, found = values_of(ctx, core, "HostileKeeper", 7)
    for fact in core.facts["values"]:
        wrong = difference(fact["expect"], found.get(fact["name"]))
        ctx.check(f"hostile: {fact['name']}", not wrong, wrong)
    keeper = address_of(ctx, core, "HostileKeeper")
    sources = [v["address"] for k, v in found.items() if k.endswith(("_source", "_closure"))]
    for words in (["inspect", "-F", "--depth", "7", keeper], ["inspect", "-F", "-m", "-l", "0", "--llnode", "--depth", "3", keeper],
                  ["inspect", "-s", *sources], ["inspect", "-s", "-F", *sources], ["print", *sources], ["refs", keeper],
                  ["refs", "--from", keeper]):
        for form in ([], ["--json"], ["--color", "always"]):
            done = ctx.cli(*words, *form, core=core)
            output = done.out.replace(b"\x1b[", b"") if "always" in form else done.out  # colours are our own
            label = f"hostile: {' '.join(w for w in words[:6] if not w.startswith('0x'))} {' '.join(form)}".rstrip()
            inert = untamed(output) + untamed(done.err)
            ctx.check(label, done.status == 0 and not inert, f"{inert}, {done.brief()}")
            if form == ["--json"]:
                ctx.check(f"{label}: JSON is ASCII", done.out.isascii())
