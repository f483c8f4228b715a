"""Broken, foreign and incomplete input: one clear line or an answer that says it is partial; never a crash, never a hang."""
import os
import re
import shutil
import struct
import subprocess

from harness import Core, counts_by_name, run as run_program, wrong_counts
import schema as S

PATIENCE = 30  # seconds for a refusal


def run(ctx):
    if not ctx.first and ctx.options.quick:
        return
    core = ctx.core("classes", "--expose-gc")
    directory = os.path.join(ctx.directory, "broken")
    os.makedirs(directory, exist_ok=True)
    cuts(ctx, core, directory)
    without_symbols(ctx, core, directory)
    wrong_binary(ctx, core)
    hidden_tables(ctx, core)
    if ctx.first:
        foreign(ctx, core, directory)
        usage(ctx, core)
    shutil.rmtree(directory, ignore_errors=True)


def refused(ctx, label, done):
    """The command failed by itself with one clear line, or the same as a JSON document. Returns the message."""
    message = done.refusal()
    ok = done.status is not None and 0 < done.status < 126 and len(message) > 15 and "\n" not in message
    ctx.check(f"broken: {label}: refused with one line", ok, done.brief())
    return message


def lldb_survives(ctx, label, core_path, node):
    """The plugin fails on this input and LLDB goes on to its next command."""
    if not (ctx.options.lldb and ctx.options.plugin):
        return
    command = [ctx.options.lldb, "--batch", "--no-lldbinit", "-o", f"plugin load {ctx.options.plugin}"]
    target = f"target create --core '{core_path}'" + (f" '{node}'" if node else "")
    # A file of commands with stop-on-error off: batch mode would end at the first failure.
    script = core_path + ".lldb"
    with open(script, "w", encoding="utf-8") as stream:
        stream.write(f"settings set interpreter.stop-command-source-on-error false\n{target}\nv8 summary\n"
                     "v8 histogram -n 3\nscript print('STILL' + 'HERE')\nversion\n")
    done = run_program(command + ["-o", f"command source -e false '{script}'"], timeout=PATIENCE * 2)
    alive = done.status is not None and done.status >= 0 and ("STILLHERE" in done.text or "lldb version" in done.text)
    ctx.check(f"broken: {label}: LLDB lives", alive, done.brief())


def copy_cut(source, target, keep):
    """The first `keep` bytes of a sparse file, holes kept."""
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, target], check=True)
    os.truncate(target, keep)


def data_end(path):
    """Where the last data of a sparse file ends: cuts beyond it change little."""
    with open(path, "rb") as stream:
        size, end, at = os.fstat(stream.fileno()).st_size, 0, 0
        while at < size:
            try:
                start = os.lseek(stream.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            at = end = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
        return end


def cuts(ctx, core, directory):
    whole = counts_by_name(ctx.cli_json(core, "histogram", "-n", "0"))
    size = os.path.getsize(core.path)
    end = data_end(core.path)
    points = [40, 64, 4096] + [end * percent // 100 for percent in (5, 15, 30, 50, 70, 85, 97)]
    if ctx.options.quick:
        points = points[::3]
    path = os.path.join(directory, "cut")
    for keep in points:
        label = f"cut to {keep} of {size} bytes"
        copy_cut(core.path, path, keep)
        done = ctx.cli("histogram", "-n", "0", "--json", core=Core(path, core.node, core.facts, directory), timeout=PATIENCE * 2)
        documents = done.documents()
        if done.status == 0 and documents:
            document = documents[0]
            completeness = document[S.COMPLETENESS]
            ctx.check(f"broken: {label}: labelled partial",
                      completeness[S.COMPLETE] is False and completeness[S.CORE_TRUNCATED] is True, str(completeness)[:200])
            invented = [n for n, c in counts_by_name(document).items() if n.startswith("Generated") and c > whole.get(n, 0)]
            ctx.check(f"broken: {label}: nothing invented", not invented, str(invented[:3]))
            text = ctx.cli("histogram", "-n", "3", core=Core(path, core.node, core.facts, directory))
            ctx.check(f"broken: {label}: text says so", "truncated" in (text.text + text.errors).lower(), text.brief())
        else:
            refused(ctx, label, done)
    lldb_survives(ctx, "core cut in the middle", path, core.node)


def without_symbols(ctx, core, directory):
    stripped = os.path.join(directory, "node-stripped")
    if not shutil.which("strip"):
        ctx.skip("broken: stripped node", "binutils are not installed")
        return
    shutil.copyfile(core.node, stripped)
    subprocess.run(["strip", stripped], check=True, capture_output=True)
    done = ctx.cli("histogram", "-n", "0", "--json", core=core, node=stripped)
    documents = done.documents()
    if ctx.check("broken: stripped node: answers", done.status == 0 and documents, done.brief()):
        wrong = wrong_counts(counts_by_name(documents[0]), core.facts["classes"])
        ctx.check("broken: stripped node: counts exact", not wrong, "; ".join(wrong[:3]))
    # The core alone, its executable nowhere to be found: an answer that is right, or one line that says what is missing.
    elsewhere = ctx.core_without_node()
    done = ctx.cli("-c", elsewhere.path, "histogram", "-n", "0", "--json", timeout=PATIENCE * 2)
    if done.status == 0 and done.documents():
        wrong = wrong_counts(counts_by_name(done.documents()[0]), elsewhere.facts["classes"])
        ctx.check("broken: core without executable: counts exact", not wrong, "; ".join(wrong[:3]))
    else:
        message = refused(ctx, "core without executable", done)
        ctx.check("broken: core without executable: build-id named", "build-id" in message.lower(), message)


def wrong_binary(ctx, core):
    other = next((n for v, n in ctx.options.nodes if v != ctx.version), None)
    if other is None:
        ctx.skip("broken: wrong node binary", "only one version under test")
        return
    done = ctx.cli("histogram", "--json", core=core, node=other, timeout=PATIENCE)
    message = refused(ctx, "wrong node binary", done)
    ids = {word for word in re.findall(r"[0-9a-f]+", message.lower()) if len(word) >= 16}
    ctx.check("broken: wrong node binary: both build-ids named", "build-id" in message and len(ids) >= 2, message)
    forced = ctx.cli("histogram", S.FORCE, "--json", core=core, node=other, timeout=PATIENCE * 2)
    ctx.check("broken: wrong node binary: --force goes on", forced.status is not None and forced.status >= 0 and
              "wrong executable" not in forced.refusal(), forced.brief())
    lldb_survives(ctx, "wrong node binary", core.path, other)


def hidden_tables(ctx, core):
    done = ctx.cli("histogram", "-n", "0", S.HIDE_TABLES, "--json", core=core)
    documents = done.documents()
    if done.status == 0 and documents:
        guessed = not documents[0][S.COMPLETENESS][S.COMPLETE] or documents[0][S.NOTES]
        wrong = wrong_counts(counts_by_name(documents[0]), core.facts["classes"])
        ctx.check("broken: no layout table: right, or said to be doubtful", not wrong or guessed, "; ".join(wrong[:3]))
    else:
        refused(ctx, "no layout table", done)


def elf(machine=62, bits=2, order=1, kind=4, tail=b""):
    """An ELF header with one program header; a core for x86-64 unless told otherwise."""
    ident = b"\x7fELF" + bytes([bits, order, 1, 0]) + bytes(8)
    mark = "<" if order == 1 else ">"
    header = ident + struct.pack(mark + "HHIQQQIHHHHHH", kind, machine, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    program = struct.pack(mark + "IIQQQQQQ", 1, 4, 120, 0x400000, 0, len(tail), max(4096, len(tail)), 4096)
    return header + program + tail


def foreign(ctx, core, directory):
    def made(name, content):
        path = os.path.join(directory, name)
        with open(path, "wb") as stream:
            stream.write(content)
        return path

    inputs = [
        ("empty file", made("empty", b"")),
        ("text file", made("text", b"this is not a core file\n" * 200)),
        ("/dev/null", "/dev/null"),
        ("a directory", directory),
        ("a path that is not there", os.path.join(directory, "missing")),
        ("aarch64 core", made("aarch64", elf(machine=183, tail=b"\0" * 4096))),
        ("32-bit core", made("elf32", elf(bits=1))),
        ("big-endian core", made("big", elf(order=2))),
        ("the node binary as core", core.node),
        ("core without notes or memory", made("bare", elf())),
        ("core with a wild segment", made("wild", elf()[:64] + struct.pack("<IIQQQQQQ", 1, 4, 2**63, 2**63, 0, 2**63, 2**63, 1))),
    ]
    other = another_programs_core(ctx, directory)
    if other:
        inputs.append(("core of another program", other))
    for label, path in inputs:
        refused(ctx, label, run_program([ctx.options.corewalk, "-c", path, "-e", core.node, "summary"], timeout=PATIENCE))
        if os.path.isfile(path) and not path.startswith("/dev/"):
            link = path if path.startswith(directory) else made("node-as-core", b"\x7fELF")
            lldb_survives(ctx, label, link, core.node)
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    refused(ctx, "a FIFO nobody writes to", run_program([ctx.options.corewalk, "-c", fifo, "summary"], timeout=PATIENCE))
    refused(ctx, "text as executable", run_program([ctx.options.corewalk, "-c", core.path, "-e", made("t2", b"text\n"), "summary"],
                                                   timeout=PATIENCE))


def another_programs_core(ctx, directory):
    where = os.path.join(directory, "sleep")
    os.makedirs(where, exist_ok=True)
    run_program(["bash", "-c", "ulimit -c unlimited; sleep 60 & p=$!; sleep 0.3; kill -ABRT $p; wait $p"], cwd=where)
    cores = [name for name in os.listdir(where) if name.startswith("core")]
    if not cores:
        ctx.skip("broken: core of another program", "sleep left no core here")
        return None
    return os.path.join(where, cores[0])


def usage(ctx, core):
    tool = ctx.options.corewalk
    for label, words in (("unknown command", ["-c", core.path, "-e", core.node, "no-such-command"]),
                         ("unknown option", ["-c", core.path, "-e", core.node, "summary", "--no-such-option"]),
                         ("bad number", ["-c", core.path, "-e", core.node, "histogram", "-n", "many"]),
                         ("bad regular expression", ["-c", core.path, "-e", core.node, "histogram", "--filter", "("]),
                         ("isolate that is not there", ["-c", core.path, "-e", core.node, "histogram", "--isolate", "77"]),
                         ("bad process id", ["-p", "0", "summary"])):
        refused(ctx, label, run_program([tool, *words], timeout=PATIENCE))
    done = run_program([tool, "help"])
    ctx.check("broken: help works without a target", done.status == 0 and "histogram" in done.text, done.brief())
