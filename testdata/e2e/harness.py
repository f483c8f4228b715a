"""What the end-to-end tests stand on: making cores of real Node.js processes, running corewalk's two faces over them and
reading what they print.

A test is a module test_<topic>.py with run(ctx): it is called once per Node.js version with a Context of that version.
Cores are made on demand, shared by the topics of one version, and deleted with it.
"""
import json
import os
import re
import shutil
import subprocess
import threading
import time

import schema as S

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APPS = os.path.join(ROOT, "testdata", "apps")
SCRIPTS = os.path.join(ROOT, "scripts")
COMMAND_TIMEOUT = 120  # seconds; a hang is a failure


class Skip(Exception):
    """A test cannot run here; the text says why."""


class Broken(Exception):
    """A test cannot go on: something did not behave; counted as a failure."""


class Run:
    """What one program run left: status (negative = killed by that signal, None = hung), output, seconds."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    @property
    def text(self):
        return self.out.decode("utf-8", "replace")

    @property
    def errors(self):
        return self.err.decode("utf-8", "replace")

    def documents(self):
        """Every corewalk JSON document in the output, in order."""
        decoder, text, found, at = json.JSONDecoder(), self.text, [], 0
        pattern = re.compile(r'^\s*\{\s*"schema"\s*:', re.MULTILINE)
        while match := pattern.search(text, at):
            try:
                value, at = decoder.raw_decode(text, match.start() + len(match.group()) - len(match.group().lstrip()))
                found.append(value)
            except ValueError:
                at = match.end()
        return found

    def refusal(self):
        """The message of a command that failed before it could answer: one line on stderr, or with --json a document that
        holds nothing but the error. "" when it did anything else."""
        lines = [line for line in self.errors.split("\n") if line.strip()]
        documents = self.documents()
        if not documents:
            return lines[0] if len(lines) == 1 and not self.out.strip() else ""
        error = documents[0].get("error")
        alone = len(documents) == 1 and isinstance(error, dict) and S.ROWS not in documents[0] and not lines
        return str(error.get("message", "")) if alone else ""

    def brief(self):
        how = "hung" if self.status is None else f"status {self.status}"
        return f"{how}; stderr: {self.errors.strip()[-200:]!r}; stdout: {self.text.strip()[-100:]!r}"


def run(command, timeout=COMMAND_TIMEOUT, env=None, cwd=None, stdin=None):
    begin = time.monotonic()
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, env=env, cwd=cwd, input=stdin,
                              stdin=subprocess.DEVNULL if stdin is None else None, check=False)
        return Run(done.returncode, done.stdout, done.stderr, time.monotonic() - begin)
    except subprocess.TimeoutExpired as error:
        return Run(None, error.stdout or b"", error.stderr or b"", time.monotonic() - begin)


def read_facts(path):
    """The last line of facts in a program's standard output. (Old V8 write their last words there too.)"""
    with open(path, encoding="utf-8", errors="replace") as stream:
        lines = [line for line in stream if line.startswith("{")]
    if not lines:
        raise ValueError("no line of JSON")
    return json.loads(lines[-1])


class Core:
    """A core file, the node binary that made it and the facts its program printed."""

    def __init__(self, path, node, facts, directory):
        self.path, self.node, self.facts, self.directory = path, node, facts, directory


class Context:
    """One Node.js version under test."""

    def __init__(self, options, version, node, checks, first):
        self.options, self.version, self.node, self.checks = options, version, node, checks
        self.first = first  # true for one version of the run: for checks that need no second
        self.major = int(version.split(".")[0])
        self.directory = os.path.join(options.work, version)
        self._cores, self._lock = {}, threading.Lock()
        os.makedirs(self.directory, exist_ok=True)

    # Reporting; labels begin with the version.
    def check(self, label, ok, detail=""):
        return self.checks.check(f"{self.version} {label}", ok, detail)

    def equal(self, label, got, wanted):
        return self.checks.equal(f"{self.version} {label}", got, wanted)

    def skip(self, label, reason):
        self.checks.skip(f"{self.version} {label}", reason)

    # Cores.
    def core(self, app, *words, kill_after=None, key=None, env=None, limit=120):
        """The core of testdata/apps/<app>.js (or of the file `app`) run with these options and arguments; made once.
        `limit`: seconds within which it must die."""
        key = key or "-".join([app, *words]).replace("/", "_")
        with self._lock:
            if key not in self._cores:
                self._cores[key] = self._make_core(app, words, kill_after, os.path.join(self.directory, key), env=env,
                                                    limit=limit)
            made = self._cores[key]
        if isinstance(made, Exception):
            raise made
        return made

    def _make_core(self, app, words, kill_after, directory, node=None, env=None, limit=120):
        command = [os.path.join(SCRIPTS, "make-core"), "-o", directory, "--timeout", str(limit)]
        if kill_after:
            command += ["--kill-after", kill_after]
        done = run(command + [node or self.node, app, *words], timeout=limit + 60,
                   env=dict(os.environ, **env) if env else None)
        if done.status == 3:
            return Skip(done.errors.strip().splitlines()[-1] if done.err else "no cores on this machine")
        if done.status != 0:
            return Broken(f"no core of {app}: {done.brief()}")
        try:
            facts = read_facts(os.path.join(directory, "facts.json"))
        except (OSError, ValueError) as error:
            return Broken(f"{app} printed no facts: {error}")
        return Core(done.text.strip().splitlines()[-1], node or self.node, facts, directory)

    def make_core(self, app, words, directory, node):
        """A core by another node than that of this version; made anew."""
        made = self._make_core(app, words, None, directory, node=node)
        if isinstance(made, Exception):
            raise made
        return made

    def stripped_node(self, topic):
        """A copy of node without symbols, made once; "" (and a skip of `topic`'s check) where binutils are not installed."""
        copy = os.path.join(self.directory, "stripped-node")
        if not os.path.exists(copy):
            if not shutil.which("strip"):
                self.skip(f"{topic}: stripped", "binutils are not installed")
                return ""
            subprocess.run(["strip", "-o", copy, self.node], check=True, capture_output=True)
        return copy

    def core_without_node(self, app="classes", *words):
        """The core of a program run by a copy of node that is gone: nothing leads from it to its executable."""
        copy = os.path.join(self.directory, "gone", "node")
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copy(self.node, copy)
        try:
            core = self.make_core(app, ["--expose-gc", *words], os.path.join(self.directory, "without-node-" + app), node=copy)
            core.node = ""
            return core
        finally:
            os.remove(copy)

    def drop(self, key):
        """Forgets one core, for tests that make many."""
        with self._lock:
            self._cores.pop(key, None)
        shutil.rmtree(os.path.join(self.directory, key), ignore_errors=True)

    def drop_cores(self):
        with self._lock:
            self._cores.clear()
        if not self.options.keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    # The stand-alone program.
    def cli(self, *words, core=None, node=None, timeout=COMMAND_TIMEOUT):
        """Runs corewalk; with a Core, its core and (if it is there) node are named first."""
        command = [self.options.corewalk]
        if core is not None:
            node = node or core.node
            command += ["-c", core.path] + (["-e", node] if node else [])
        return run(command + list(words), timeout)

    def cli_json(self, core, *words):
        """The one JSON document of a command; Broken when it fails."""
        done = self.cli(*words, "--json", core=core)
        return self._one_document(done, words)

    def _one_document(self, done, words):
        documents = done.documents()
        if done.status != 0 or len(documents) != 1:
            raise Broken(f"{' '.join(words)} --json: {len(documents)} documents, {done.brief()}")
        if documents[0].get("schema") != S.SCHEMA:
            raise Broken(f"{' '.join(words)} --json: schema is {documents[0].get('schema')!r}")
        return documents[0]

    # The plugin in LLDB.
    def lldb(self, *commands, core=None, node=None, lldb=None, load=True, init=False, home=None, timeout=COMMAND_TIMEOUT):
        """Runs LLDB in batch mode over a core with the plugin loaded; `commands` are LLDB command lines."""
        words = [lldb or self.options.lldb, "--batch", "--source-quietly"]
        if not init:
            words.append("--no-lldbinit")
        if core is not None:
            words += ["--core", core.path, node or core.node]
        if load:
            words += ["-o", f"plugin load {self.options.plugin}"]
        for command in commands:
            words += ["-o", command]
        env = dict(os.environ, TERM="dumb")
        if home:
            env["HOME"] = home
        return run(words, timeout, env=env)

    def need_plugin(self):
        if not self.options.lldb:
            raise Skip("no lldb on this machine (scripts/setup installs one)")
        if not self.options.plugin or not os.path.exists(self.options.plugin):
            raise Skip("the plugin is not built")


# Reading histograms.
def counts_by_name(document):
    """name -> sum of counts over all rows with that name."""
    counts = {}
    for row in document[S.ROWS]:
        counts[row[S.NAME]] = counts.get(row[S.NAME], 0) + row[S.COUNT]
    return counts


def bytes_by_space(document):
    """space -> (bytes of objects, bytes of linear allocation areas), over all rows of `heap`."""
    found = {}
    for row in document[S.ROWS]:
        space = row[S.SPACE].replace("-", "_")
        used, linear = found.get(space, (0, 0))
        found[space] = (used + row[S.USED_BYTES], linear + row[S.LINEAR_AREA_BYTES])
    return found


def wrong_counts(counts, classes):
    """The classes of the facts whose count is not exactly right, as text; empty when all are right."""
    wrong = []
    for fact in classes:
        name, wanted = fact["name"], fact["instances"] + fact["prototypes"]
        got = counts.get(name, 0)
        if got == wanted:
            continue
        others = sum(counts.get(other, 0) for other in fact.get("also", []))
        if "also" in fact and got == 0 and others >= fact["instances"]:
            continue
        wrong.append(f"{name}: {got}, want {wanted}")
    return wrong


def untamed(output):
    """What a terminal could obey or be fooled by in these bytes of output, as a list of texts; empty = inert."""
    text, found = output.decode("utf-8", "surrogateescape"), []
    for position, char in enumerate(text):
        code = ord(char)
        if (code < 0x20 and char != "\n") or 0x7F <= code < 0xA0 or 0xD800 <= code < 0xE000 or code in (
                0x61C, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF, 0xAD) or 0x202A <= code <= 0x202E or (
                    0x2066 <= code <= 0x2069) or 0xE000 <= code < 0xF900 or 0xE0000 <= code < 0xE0080:
            found.append(f"U+{code:04X} at {position}")
            if len(found) >= 5:
                break
    return found
