"""`nodeinfo` says what the process says of itself: versions, arguments, its environment as it was and as the program left
it, its working directory and age; secrets are hidden unless they are asked for; a living process has limits too."""
import json
import os
import subprocess

import schema as S
from harness import APPS, Skip, run as run_program

SECRETS = ("s3cret-value", "p4ss-word", "tok-en-value", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "hunter-two")
VARIABLES = {
    "CW_CHANGED": "before", "CW_DELETED": "was here", "CW_EMPTY": "", "CW_EQUALS": "a=b=c", "CW_UTF8": "äöü \U0001f600",
    "API_TOKEN": SECRETS[0], "CW_URL": f"postgres://user:{SECRETS[1]}@db.example:5432/shop?x=1", "CW_PLAIN": "visible",
    "CW_QUERY": f"https://h.example/?access_token={SECRETS[2]}&page=2", "CW_FORM": SECRETS[3],
    "NODE_OPTIONS": "--max-http-header-size=20000"}
ARGUMENTS = ("--", "env", "--password", SECRETS[4], "--verbose", "plain word", "")


def run(ctx):
    core = ctx.core("nodeinfo", "--expose-gc", *ARGUMENTS, env=VARIABLES, key="nodeinfo-env")
    document = ctx.cli_json(core, "nodeinfo", "--reveal", "-n", "0")
    objects(ctx, core, document["processes"], "nodeinfo")
    environment(ctx, core, document)
    whole(ctx, core, document["process"], "nodeinfo")
    secrets(ctx, core)
    text(ctx, core)
    workers(ctx, core)
    plain = ctx.core("nodeinfo", "--expose-gc", "title", env={**VARIABLES, "CW_TITLE": "a title that is longer than all arguments"})
    document = ctx.cli_json(plain, "nodeinfo", "--reveal", "-n", "0")
    objects(ctx, plain, document["processes"], "nodeinfo (title)")
    environment(ctx, plain, document, "nodeinfo (title)")
    whole(ctx, plain, document["process"], "nodeinfo (title)")
    ctx.equal("nodeinfo: the title", document["process"]["title"][:6], "titled")
    without_node(ctx)
    live(ctx)


def objects(ctx, core, processes, label):
    facts = core.facts
    if not ctx.check(f"{label}: one process object", len(processes) == 1, repr(len(processes))):
        return
    got = processes[0]
    for key, fact in (("pid", "pid"), ("platform", "platform"), ("arch", "arch"), ("version", "version"), ("versions", "versions"),
                      ("release", "release"), ("exec_path", "execPath"), ("argv", "argv"), ("exec_argv", "execArgv")):
        ctx.equal(f"{label}: {key}", got[key], facts[fact])


def environment(ctx, core, document, label="nodeinfo"):
    rows = document["environment"]
    now = {r["name"]: r["value"] for r in rows if r["change"] != "deleted"}
    before = {r["name"]: r["value_at_start"] for r in rows if r["value_at_start"] is not None}
    ctx.equal(f"{label}: the environment", now, core.facts["now"])
    ctx.equal(f"{label}: the environment at start", before, core.facts["atStart"])
    wrong = [r["name"] for r in rows if r["change"] != change_of(r["name"], core.facts)]
    ctx.check(f"{label}: what changed is told", not wrong, repr(wrong))


def change_of(name, facts):
    before, now = facts["atStart"].get(name), facts["now"].get(name)
    return "added" if before is None else "deleted" if now is None else "changed" if before != now else ""


def whole(ctx, core, process, label):
    facts = core.facts
    # 12.0 does not remember it.
    ctx.equal(f"{label}: working directory", (process["cwd"], process["cwd_source"]),
              (facts["cwd"], "PWD at start" if ctx.version.startswith("12.0.") else "process.cwd()"))
    ctx.equal(f"{label}: NODE_OPTIONS", process["node_options"], VARIABLES["NODE_OPTIONS"])
    if ctx.major < 16 and process["uptime_seconds"] is None:
        return  # known only when something has loaded perf_hooks
    # Its clock is that of the event loop, which stands still while a callback runs.
    ctx.check(f"{label}: uptime", process["uptime_seconds"] is not None and
              -0.1 < facts["uptime"] - process["uptime_seconds"] < 2, f"{process['uptime_seconds']}, process.uptime() {facts['uptime']}")


def secrets(ctx, core):
    for words in (["nodeinfo", "-n", "0"], ["nodeinfo", "-n", "0", "--json"], ["nodeinfo", "--isolate", "all", "-n", "0"]):
        done = ctx.cli(*words, core=core)
        shown = [secret for secret in SECRETS if secret in done.text]
        ctx.check(f"{' '.join(words)}: secrets are hidden", done.status == 0 and not shown, repr(shown))
        ctx.check(f"{' '.join(words)}: all else is not", "visible" in done.text and "postgres://user:********@db.example:5432/shop?x=1" in done.text and
                  "access_token=********&page=2" in done.text and "plain word" in done.text, done.brief())
    done = ctx.cli("nodeinfo", "--reveal", "-n", "0", core=core)
    ctx.check("nodeinfo --reveal: shows them", all(secret in done.text for secret in SECRETS), done.brief())
    rows = ctx.cli_json(core, "nodeinfo", "--filter", "CW_ADDED", "-n", "5")
    ctx.equal("nodeinfo --filter -n", (len(rows["environment"]), rows["environment_omitted"]), (5, 14))


def text(ctx, core):
    """llnode's lines."""
    facts, out = core.facts, ctx.cli("nodeinfo", "--reveal", "-n", "0", core=core).text
    lines = out.split("\n")
    wanted = [f"Platform = linux, Architecture = x64, Node Version = {facts['version']}", f"Executable Path = {facts['execPath']}"]
    wanted += [f"    {key} = {value}" for key, value in facts["versions"].items()]
    wanted += [f"    [{i}] = '{word}'" for i, word in enumerate(facts["argv"])]
    missing = [line for line in wanted if line not in lines]
    ctx.check("nodeinfo: llnode's lines", not missing and lines[0].startswith(f"Information for process id {facts['pid']} (process=0x"),
              repr(missing[:3]))
    if ctx.options.lldb and ctx.options.plugin:
        one = ctx.cli_json(core, "nodeinfo")
        got = ctx.lldb("v8 nodeinfo --json", core=core).documents()
        ctx.check("nodeinfo: both faces say the same", len(got) == 1 and
                  all(got[0][key] == one[key] for key in ("processes", "process", "environment")))


def workers(ctx, core):
    objects_of = ctx.cli_json(core, "nodeinfo", "--isolate", "all")["processes"]
    ctx.equal("nodeinfo --isolate all: a process object for each thread", sorted(p["isolate"] for p in objects_of), [0, 1])
    worker = [p for p in objects_of if p["isolate"] == 1]
    if ctx.version.startswith("12.0."):
        return  # workers get arguments from 12.2 on
    ctx.check("nodeinfo --isolate all: the worker's arguments", len(worker) == 1 and worker[0]["argv"][-1:] == core.facts["workerArgv"] and
              worker[0]["exec_argv"] == [], repr(worker)[:200])


def without_node(ctx):
    core = ctx.core_without_node("nodeinfo", "plain")
    document = ctx.cli_json(core, "nodeinfo", "--reveal", "-n", "0")
    objects(ctx, core, document["processes"], "nodeinfo without executable")
    environment(ctx, core, document, "nodeinfo without executable")


def live(ctx):
    with subprocess.Popen([ctx.node, os.path.join(APPS, "nodeinfo.js"), "live"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, cwd=ctx.directory) as process:
        try:
            facts = json.loads(process.stdout.readline())
            done = run_program([ctx.options.corewalk, "-p", str(process.pid), "nodeinfo", "--reveal", "-n", "0", "--json"])
            if done.status != 0 and "not permitted" in done.errors.lower():
                raise Skip(f"no right to read another process here: {done.errors.strip()}")
            documents = done.documents()
            if not ctx.check("nodeinfo -p", done.status == 0 and len(documents) == 1, done.brief()):
                return
            document = documents[0]
            ctx.equal("nodeinfo -p: working directory", (document["process"]["cwd"], document["process"]["cwd_source"]),
                      (os.path.realpath(ctx.directory), "the system"))
            ctx.equal("nodeinfo -p: the environment", {r["name"]: r["value"] for r in document["environment"]}, facts["now"])
            limit = {r["name"]: (r["soft"], r["hard"]) for r in document["limits"]}
            if facts["limits"]:
                wanted = facts["limits"]["open_files"]
                ctx.equal("nodeinfo -p: limit of open files", limit["Max open files"], (wanted["soft"], wanted["hard"]))
            ctx.equal("nodeinfo -p: open files", document["process"]["open_files"], facts["openFiles"])
        finally:
            process.kill()
