#!/usr/bin/env python3
"""Runs the end-to-end tests: real Node.js processes die, and corewalk is asked about their cores.

  testdata/e2e/run.py [--nodes 16,18,20.20.2] [--all-nodes] [--only counts,oom] [--quick] [--jobs 2]
                      [--corewalk PATH] [--plugin PATH] [--lldb PATH] [--work DIR] [--keep]

Prints a line per check and at last "N passed, N failed" (", N skipped"). Exit status 0 when nothing failed.
"""
import argparse
import concurrent.futures
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from checks import Checks  # noqa: E402
from harness import ROOT, SCRIPTS, Broken, Context, Skip  # noqa: E402

TOPICS = ("counts", "spaces", "snapshot", "faces", "llnode_format", "oom", "killed", "hostile", "live", "broken",
          "interrupt", "debian_node", "zoo", "random_graph", "refs", "functions", "debug_print", "graph", "graph_snapshot", "index",
          "holders", "collections", "strings", "waste", "leaks", "leaks_express", "listeners", "timers", "closures",
          "buffers", "memory", "async", "nodeinfo", "handles", "stacks", "deaths", "modules", "workers", "gc", "conditions")
DEFAULT_NODES = "16.20.2,18.20.8,20.20.2,22.22.0,24.21.0,26.10.0"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", default=DEFAULT_NODES)
    parser.add_argument("--all-nodes", action="store_true", help="every release of scripts/node-releases.txt")
    parser.add_argument("--only", default="", help="topics, separated by commas: " + " ".join(TOPICS))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--all-programs", action="store_true", help="topics leaks, leaks_express, graph_snapshot: all programs on every version, all with snapshots")
    parser.add_argument("--programs", default="", help="topic leaks: only these, separated by commas, all with snapshots")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--corewalk", default=os.path.join(ROOT, "build", "release", "corewalk"))
    parser.add_argument("--plugin", default=os.path.join(ROOT, "build", "release", "corewalk.so"))
    parser.add_argument("--lldb", default="", help="default: the newest lldb-N on the PATH, else lldb")
    parser.add_argument("--no-lldb-matrix", action="store_true", help="only that one LLDB")
    parser.add_argument("--work", default="", help="where the cores go (default: a new folder under $TMPDIR)")
    parser.add_argument("--keep", action="store_true", help="leave the cores")
    options = parser.parse_args()
    unknown = [t for t in filter(None, options.only.split(",")) if t not in TOPICS]
    if unknown:
        parser.error(f"no such topic: {', '.join(unknown)}")
    options.only = [t for t in options.only.split(",") if t] or list(TOPICS)
    return options


def find_lldb(given):
    if given:
        return given
    for major in range(40, 13, -1):
        if path := shutil.which(f"lldb-{major}"):
            return path
    return shutil.which("lldb") or ""


def find_matrix(options):
    """(major, path) of the side-by-side LLDBs that are already unpacked; scripts/lldb-matrix makes them."""
    if options.no_lldb_matrix or options.quick:
        return []
    done = subprocess.run([os.path.join(SCRIPTS, "lldb-matrix"), "--list"], capture_output=True, text=True, check=False)
    return [tuple(line.split(None, 1)) for line in done.stdout.splitlines() if line.strip()]


def find_nodes(options):
    wanted = [w for w in options.nodes.split(",") if w]
    if options.all_nodes:
        with open(os.path.join(SCRIPTS, "node-releases.txt"), encoding="utf-8") as stream:
            wanted = [line.split()[0] for line in stream if line.strip() and not line.startswith("#")]
    nodes = []
    for want in wanted:
        done = subprocess.run([os.path.join(SCRIPTS, "fetch-node"), want], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"run.py: {done.stderr.strip()}")
        path = done.stdout.strip()
        nodes.append((os.path.basename(os.path.dirname(path)), path))
    return nodes


def test_version(options, checks, topics, version, node, first):
    """All topics on one version, one after the other: they share its cores."""
    context = Context(options, version, node, checks, first)
    begin = time.monotonic()
    seconds = {}
    try:
        for topic, module in topics:
            started = time.monotonic()
            try:
                module.run(context)
            except Skip as reason:
                context.skip(topic, str(reason))
            except Broken as error:
                context.check(topic, False, str(error))
            except Exception:  # a bug of a test must not hide the other tests
                context.check(topic, False, "the test itself failed: " + traceback.format_exc().replace("\n", " | "))
            seconds[topic] = time.monotonic() - started
    finally:
        context.drop_cores()
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:40]
    print(f"----  {version}: {time.monotonic() - begin:.0f} s ({', '.join(f'{topic} {taken:.0f}' for topic, taken in slowest)})", flush=True)


def main():
    options = arguments()
    if not os.access(options.corewalk, os.X_OK):
        sys.exit(f"run.py: {options.corewalk} is not there; build it first (cmake --preset release && cmake --build --preset release)")
    options.corewalk, options.plugin = os.path.abspath(options.corewalk), os.path.abspath(options.plugin)
    if not os.path.exists(options.plugin):
        options.plugin = ""
    options.lldb = find_lldb(options.lldb)
    options.lldb_matrix = find_matrix(options)
    options.nodes = find_nodes(options)
    made = not options.work
    options.work = os.path.abspath(options.work) if options.work else tempfile.mkdtemp(prefix="corewalk-e2e-")
    checks = Checks()
    topics = [(topic, importlib.import_module("test_" + topic)) for topic in options.only]
    try:
        with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
            jobs = [pool.submit(test_version, options, checks, topics, version, node, index == 0)
                    for index, (version, node) in enumerate(options.nodes)]
            for job in jobs:
                job.result()
    finally:
        if made and not options.keep:
            shutil.rmtree(options.work, ignore_errors=True)
    for label in checks.failures[:50]:
        print(f"failed: {label}")
    print(checks.closing_line())
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(main())
