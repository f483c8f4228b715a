"""inspect says of every kind of value what the program that made it knows (testdata/apps/zoo.js)."""
import os

from harness import Broken, untamed
from values import difference
import schema as S

kClasses = ("ZooKeeper", "ZooYoung")  # collected several times; as its making left it
kTextSeconds = 2.0


def address_of(ctx, core, name):
    rows = ctx.cli_json(core, "instances", name)[S.ROWS]
    if len(rows) != 1:
        raise Broken(f"instances {name}: {len(rows)} objects, want 1")
    return rows[0][S.ADDRESS]


def inspect(ctx, core, address, depth):
    """The value that inspect tells of an address, whole."""
    document = ctx.cli_json(core, "inspect", "-F", "--array-length", "0", "--depth", str(depth), address)
    return document[S.VALUE]


def values_of(ctx, core, name, depth):
    """key -> value of the properties of the only object of a class."""
    keeper = inspect(ctx, core, address_of(ctx, core, name), depth)
    return keeper, {p["key"]: p.get("value") for p in keeper.get("properties", [])}


def run(ctx):
    core = ctx.core("zoo", "--expose-gc")
    keeper = ""
    for name in kClasses:
        answer, values = values_of(ctx, core, name, 12)
        keeper = keeper or answer.get("address", "")
        facts = core.facts["values"]
        ctx.equal(f"zoo {name}: keys", list(values), [fact["name"] for fact in facts])
        for fact in facts:
            found = difference(fact["expect"], values.get(fact["name"]))
            ctx.check(f"zoo {name}: {fact['name']}", not found, found)
    _, values = values_of(ctx, core, "ZooOutside", 3)
    for fact in core.facts["outside"]:
        found = difference(fact["expect"], values.get(fact["name"]))
        ctx.check(f"zoo outside: {fact['name']}", not found, found)
    alone(ctx, core)
    text(ctx, core, keeper)
    without_node(ctx)


def alone(ctx, core):
    """A value says the same when it is asked for by its own address."""
    _, values = values_of(ctx, core, "ZooKeeper", 2)
    wrong = []
    for fact in core.facts["values"][::15]:
        value = values.get(fact["name"]) or {}
        if "address" in value:
            found = difference(fact["expect"], inspect(ctx, core, value["address"], 12))
            if found:
                wrong.append(f"{fact['name']}: {found}")
    ctx.check("zoo: by their own addresses", not wrong, "; ".join(wrong[:3]))


def text(ctx, core, keeper):
    """In text: nothing a terminal obeys, and soon."""
    for words in ([], ["-F", "--array-length", "0"], ["--depth", "12"]):
        done = ctx.cli("inspect", *words, keeper, core=core)
        found = untamed(done.out) + untamed(done.err)
        label = " ".join(["zoo: text", *words])
        ctx.check(f"{label}: status", done.status == 0, done.brief())
        ctx.check(f"{label}: inert", not found, str(found))
        if "COREWALK_SLOW" not in os.environ:  # sanitizers take their time
            ctx.check(f"{label}: under {kTextSeconds} s", done.seconds < kTextSeconds, f"{done.seconds:.2f} s")


def without_node(ctx):
    """Without the executable the built-in tables say where objects keep their fields."""
    core = ctx.core_without_node("zoo")
    _, values = values_of(ctx, core, "ZooKeeper", 12)
    wrong = [f"{fact['name']}: {found}" for fact in core.facts["values"]
             if (found := difference(fact["expect"], values.get(fact["name"])))]
    ctx.check("zoo: without the executable", not wrong, f"{len(wrong)} wrong: " + "; ".join(wrong[:3]))
