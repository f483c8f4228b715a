#!/usr/bin/env python3
"""Compares what corewalk says of a core with what MemLab says of the snapshot that the same process wrote as its last act:
live counts and shallow sizes by constructor, retained sizes of the largest classes and of the largest single objects.

  testdata/e2e/compare_snapshot.py CORE SNAPSHOT [-e NODE] [--corewalk PATH] [--facts FILE] [--all]

Prints a table of both numbers for everything that was compared (without --all: what differs by more than is allowed or is
explained) and at last "N compared, N differ, N explained". Exit status 0 when nothing differs without an explanation.

What is allowed: counts 0.5 % (a program's own classes: equal), shallow bytes 1 %, retained bytes 2 %. Differences that
follow from V8's own rules have a key; docs/snapshot-differences.md has a paragraph for each key.
"""
import argparse
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
MEMLAB_NODE = "24.21.0"  # the Node.js that runs MemLab
MEMLAB_TIMEOUT = 300     # seconds
LEAST = 50               # constructors with fewer instances are not compared
MANY = 50                # classes and objects whose retained sizes are compared
LISTED = 400             # objects asked of both sides, to find partners in

# The names in corewalk's JSON; the first that a row has counts.
ROWS = "rows"
NAME = ("name", "class_name", "class")
COUNT = ("count",)
SHALLOW = ("shallow_bytes", "bytes", "shallow")
RETAINED = ("retained_bytes", "retained")
HISTOGRAM = ("histogram", "--live", "--retained", "--json", "-n", "0")
DOMINATORS = ("dominators", "--largest", "--json", "-n", str(LISTED))
HEAP = ("heap", "--json")
CODE = ("instances", "(code)", "-n", "0", "--json")
QUESTIONS = (HISTOGRAM, DOMINATORS, HEAP, CODE)

COUNT_SHARE, SHALLOW_SHARE, RETAINED_SHARE = 0.005, 0.01, 0.02

# Node types of V8's snapshot whose objects have a constructor.
CONSTRUCTED = {"object", "closure", "regexp"}
# Classes that both sides have, but that are no constructors.
VALUES = {"(string)", "(concatenated string)", "(sliced string)", "(bigint)", "(number)"}
# What V8 files under these names changes with its version, and with what it has tagged on the way (TagObject; a private symbol
# is hidden): one kind.
INTERNAL = {"(array)", "(code)", "(hidden)", "(object shape)", "(symbol)", "system / NativeContext"}


def field(row, names):
    for name in names:
        if name in row:
            return row[name]
    raise harness.Broken(f"a row has none of {', '.join(names)}: {json.dumps(row)[:200]}")


BUFFER_DATA = "system / JSArrayBufferData"
EXTERNAL = "(external)"  # our name for blocks outside of the heap; theirs are of type native
# From Node.js 26 on, V8 tags the name of the global object when it writes.
RENAMED = {"global (global*)": "global"}


class Compared:
    """One number of both sides. `share` is the difference that is allowed; `key` names an explanation of docs, which holds
    when the difference (ours less theirs) is in `bounds`, of any size when that is None. `alone`: theirs without the
    embedder's nodes; when that is within what is allowed, the explanation is embedder-nodes."""

    def __init__(self, what, name, ours, theirs, share, key="", bounds=None, alone=None):
        self.what, self.name, self.ours, self.theirs = what, name, ours, theirs
        self.within = ours is not None and abs(ours - theirs) <= share * theirs
        slack = share * theirs
        holds = bounds is None or ours is not None and bounds[0] - slack <= ours - theirs <= bounds[1] + slack
        self.key = key if holds else ""
        if not self.key and alone is not None and ours is not None and abs(ours - alone) <= share * alone:
            self.key = "embedder-nodes"

    @property
    def wrong(self):
        return not self.within and not self.key

    @property
    def percent(self):
        return 100.0 * (self.ours - self.theirs) / self.theirs if self.ours is not None and self.theirs else float("nan")

    def text(self):
        ours = "absent" if self.ours is None else f"{self.ours:,}"
        verdict = "" if self.within else f"  explained: {self.key}" if self.key else "  DIFFERS"
        return f"{self.what:18} {ascii(self.name)[1:-1][:48]:48} {ours:>14} {self.theirs:>14,} {self.percent:>8.2f} %{verdict}"


def memlab(snapshot, objects=LISTED, *held):
    """MemLab's sizes of a snapshot (see memlab_sizes.js; `held`: edge and class). Skip when MemLab cannot be had."""
    scripts = harness.SCRIPTS
    home = subprocess.run([os.path.join(scripts, "fetch-memlab")], capture_output=True, text=True, check=False)
    if home.returncode != 0:
        raise harness.Skip(home.stderr.strip() or "fetch-memlab failed")
    node = subprocess.run([os.path.join(scripts, "fetch-node"), MEMLAB_NODE], capture_output=True, text=True, check=False)
    if node.returncode != 0:
        raise harness.Skip(node.stderr.strip())
    done = harness.run([node.stdout.strip(), "--max-old-space-size=8192", os.path.join(HERE, "memlab_sizes.js"), snapshot,
                        str(objects), *held], timeout=MEMLAB_TIMEOUT, env=dict(os.environ, COREWALK_MEMLAB=home.stdout.strip()))
    if done.status != 0:
        raise harness.Broken(f"MemLab could not read {snapshot}: {done.brief()}")
    return json.loads(done.text)


def histogram_classes(document):
    """name -> [count, shallow, retained]; rows of one name are added up."""
    classes = {}
    for row in document[ROWS]:
        sums = classes.setdefault(field(row, NAME), [0, 0, 0])
        for at, names in enumerate((COUNT, SHALLOW, RETAINED)):
            sums[at] += field(row, names)
    return classes


def bucket(name):
    return "(internal)" if name in INTERNAL else name


def is_native(entry):
    return set(entry.get("types", {entry.get("type"): 1})) == {"native"}


class Rules:
    """What V8's snapshot of this version counts in another way: bytes it adds to external strings and takes from the objects
    of the read-only space."""

    def __init__(self, theirs, read_only_bytes, external_bytes, read_only_code):
        external = theirs["sum"]["external_strings"]
        # From V8 13 on, a string outside of the heap is as large as its text; before, as its header (32 bytes at most).
        self.payload = external["shallow"] if external["shallow"] > 100 * external["count"] else 0
        # What we know of outside of the heap and they do not: texts, when they count headers only.
        buffers = sum(entry["shallow"] - 8 * entry["count"] for entry in theirs["classes"] if entry["name"] == BUFFER_DATA)
        self.texts = 0 if self.payload else max(0, external_bytes - buffers)
        # From V8 13 on, objects of the read-only space have no size.
        empty = any(entry["empty"] for entry in theirs["classes"])
        self.read_only = read_only_bytes if empty else 0
        # Where they have one, it counts to the functions whose SharedFunctionInfo lies there.
        self.read_only_code = 0 if empty else read_only_code

    def key_and_bounds(self, entry, retained=False):
        """The explanation of a difference in bytes of this class, and how large it can be."""
        if entry["name"] == "(string)":
            return "external-strings", (-self.payload, self.read_only + (self.texts if retained else 0))
        if entry["empty"]:
            return "read-only-objects", (0, self.read_only)
        if retained and self.read_only_code:
            return "read-only-code", (-self.read_only_code, 0)
        return "", None


def compare_classes(ours, theirs, facts, rules):
    """Counts and shallow sizes of constructors with LEAST instances, of both sides' values, and the sum of all else."""
    own = {fact["name"] for fact in facts.get("classes", [])}
    found = []
    internal = [sum(ours[name][at] for name in INTERNAL & set(ours)) for at in (0, 1)]
    theirs_internal = [entry for entry in theirs["classes"] if entry["name"] in INTERNAL]
    for entry in theirs["classes"]:
        name = entry["name"]
        if is_native(entry) or name in INTERNAL or entry["count"] < LEAST or not (CONSTRUCTED & set(entry["types"]) or
                                                                                  name in VALUES):
            continue
        count, shallow, _ = ours.get(name, (None, None, None))
        found.append(Compared("count", name, count, entry["count"], 0 if name in own else COUNT_SHARE))
        found.append(Compared("shallow", name, shallow, entry["shallow"], SHALLOW_SHARE, *rules.key_and_bounds(entry)))
    found.append(Compared("count", "(internal)", internal[0], sum(e["count"] for e in theirs_internal), SHALLOW_SHARE))
    found.append(Compared("shallow", "(internal)", internal[1], sum(e["shallow"] for e in theirs_internal), SHALLOW_SHARE,
                          "read-only-objects", (0, rules.read_only)))
    for fact in facts.get("classes", []):
        wanted = fact["instances"] + fact["prototypes"]
        found.append(Compared("count of facts", fact["name"], ours.get(fact["name"], (None,))[0], wanted, 0))
    for fact in facts.get("dropped", []):
        found.append(Compared("dropped", fact["name"], ours.get(fact["name"], (0,))[0], 0, 0))
    return found


def compare_class_retained(ours, theirs, rules):
    """The MANY classes with the largest retained size, and, explained whatever they are, V8's own kinds among them."""
    found, compared = [], 0
    for entry in theirs["classes"]:
        if compared == MANY:
            break
        if is_native(entry):
            continue  # not in the JavaScript heap: what holds them is compared
        retained = ours.get(entry["name"], (None, None, None))[2]
        if entry["name"] in INTERNAL:
            found.append(Compared("class retained", entry["name"], retained, entry["retained"], RETAINED_SHARE,
                                  "internal-classes"))
            continue
        found.append(Compared("class retained", entry["name"], retained, entry["retained"], RETAINED_SHARE,
                              *rules.key_and_bounds(entry, retained=True), alone=entry["retained_alone"]))
        compared += 1
    return found


def pair_objects(ours, theirs):
    """(their object, our partner or None): of one class, of equal shallow size if possible, nearest in retained size."""
    left = {}
    for row in ours:
        left.setdefault(bucket(field(row, NAME)), []).append(row)
    pairs = []
    for entry in theirs:
        candidates = left.get(bucket(entry["class"]), [])
        best = min(candidates, default=None,
                   key=lambda row: (abs(field(row, SHALLOW) - entry["shallow"]) > entry["shallow"] * SHALLOW_SHARE,
                                    abs(field(row, RETAINED) - entry["retained"])))
        if best is not None:
            candidates.remove(best)
        pairs.append((entry, best))
    return pairs


def compare_objects(dominators, theirs, rules):
    largest = [entry for entry in theirs["objects"] if entry["type"] != "native"][:MANY]
    found = []
    for entry, partner in pair_objects(dominators[ROWS], largest):
        name = f"{entry['class']} @{entry['id']} < " + " < ".join(step.split(" @")[0] for step in entry["path"][:2])
        found.append(Compared("object retained", name, None if partner is None else field(partner, RETAINED), entry["retained"],
                              RETAINED_SHARE, *rules.key_and_bounds({"name": "", "empty": 0}, retained=True),
                              alone=entry["retained_alone"]))
    # The other way round: what we hold for large must be large there too.
    known = sorted((entry for entry in theirs["objects"]), key=lambda entry: -entry["retained"])
    # (A string outside of the heap retains its text, which they count from V8 13 on only.)
    ours = [row for row in dominators[ROWS] if field(row, NAME) != EXTERNAL and
            not (rules.texts and field(row, NAME) == "(string)" and field(row, SHALLOW) <= 32)][:MANY]
    left = list(known)
    for row in ours:
        name = bucket(field(row, NAME))
        candidates = [entry for entry in left if bucket(entry["class"]) == name]
        best = min(candidates, default=None, key=lambda entry: abs(entry["retained"] - field(row, RETAINED)))
        if best is None:
            found.append(Compared("object, ours only", f"{name} {row.get('address', '')}", field(row, RETAINED), 0, 0))
        else:
            left.remove(best)
    return found


def compare(histogram, dominators, heap, code, theirs, facts):
    """Every comparison, as a list of Compared. The first four are corewalk's answers to QUESTIONS."""
    ours = histogram_classes(histogram)
    for entry in theirs["classes"] + theirs["objects"]:
        for name in ("name", "class"):
            if entry.get(name) in RENAMED:
                entry[name] = RENAMED[entry[name]]
    rules = Rules(theirs, harness.bytes_by_space(heap).get("read_only_space", (0, 0))[0],
                  histogram.get("liveness", {}).get("external_bytes", 0),
                  sum(field(row, SHALLOW) for row in code[ROWS] if row["space"] == "read_only_space"))
    return (compare_classes(ours, theirs, facts, rules) + compare_class_retained(ours, theirs, rules) +
            compare_objects(dominators, theirs, rules))


def ask(corewalk, core, node, words):
    command = [corewalk, "-c", core] + (["-e", node] if node else []) + list(words)
    done = harness.run(command, timeout=300)
    documents = done.documents()
    if done.status != 0 or len(documents) != 1:
        raise harness.Broken(f"{' '.join(words)}: {len(documents)} documents, {done.brief()}")
    return documents[0]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("core")
    parser.add_argument("snapshot")
    parser.add_argument("-e", "--node", default="")
    parser.add_argument("--corewalk", default=os.path.join(harness.ROOT, "build", "release", "corewalk"))
    parser.add_argument("--facts", default="", help="default: facts.json beside the core, if it is there")
    parser.add_argument("--all", action="store_true", help="print what agrees, too")
    return parser.parse_args()


def main():
    options = arguments()
    path = options.facts or os.path.join(os.path.dirname(os.path.abspath(options.core)), "facts.json")
    facts = harness.read_facts(path) if os.path.exists(path) else {}
    documents = [ask(options.corewalk, options.core, options.node, words) for words in QUESTIONS]
    found = compare(*documents, memlab(options.snapshot), facts)
    print(f"{'what':18} {'of':48} {'corewalk':>14} {'MemLab':>14} {'':>8}")
    for one in found:
        if options.all or not one.within:
            print(one.text())
    wrong, explained = sum(one.wrong for one in found), sum(not one.within and bool(one.key) for one in found)
    print(f"{len(found)} compared, {wrong} differ, {explained} explained")
    return 1 if wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (harness.Broken, harness.Skip) as error:
        sys.exit(f"compare_snapshot: {error}")
