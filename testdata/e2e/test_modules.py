"""modules: what require.cache and the program's own books say of a tree of modules and packages that it wrote itself."""
import harness
import schema as S

VERSIONS_KNOWN = 22  # from here on Node.js keeps the text of package.json files


def run(ctx):
    for many in (10, 10000) if ctx.options.all_programs or ctx.major in (18, 24) else (10,):
        core = ctx.core("modules", "--expose-gc", str(many))
        label = f"modules {many}"
        document = ctx.cli_json(core, "modules", "-n", "0")
        cache(ctx, core, document, label)
        packages(ctx, core, document, label)
        esm(ctx, core, document, label)
        if many == 10:
            retained(ctx, core, document, label)
            evaluations(ctx, core)
            options(ctx, core, document)
    workers(ctx)


def cache(ctx, core, document, label):
    rows = [r for r in document[S.ROWS] if r["kind"] != "esm"]
    ctx.equal(f"{label}: require.cache", sorted(r["file"] for r in rows if r["cached"]), sorted(core.facts["cache"]))
    ctx.equal(f"{label}: size of the cache", document["modules"]["cached"], len(core.facts["cache"]))
    ctx.equal(f"{label}: held, but deleted from the cache", sorted(r["file"] for r in rows if not r["cached"] and r["file"].endswith("hot.js")),
              sorted(core.facts["uncached"]))
    ctx.equal(f"{label}: loaded", sum(r["state"] == "loaded" and r["cached"] for r in rows), core.facts["loaded"])
    by = {}
    for row in rows:
        by[row["file"]] = by.get(row["file"], 0) + row["required_by"]
    wanted = core.facts["required_by"]
    wrong = {f: (by.get(f), n) for f, n in wanted.items() if by.get(f) != n and not f.endswith(("hot.js", "bad.js"))}
    ctx.check(f"{label}: by how many each is required", not wrong, repr(list(wrong.items())[:3]))
    one = next(r for r in rows if r["file"] == core.facts["exports"]["file"])
    ctx.equal(f"{label}: exports", (sorted(one["exports"].split(",")), one["exports_class"]), (core.facts["exports"]["names"], "Object"))
    ctx.equal(f"{label}: kind of JSON", [r["kind"] for r in rows if r["file"] == core.facts["data"]], ["json"])
    alpha = next(r for r in rows if r["file"].endswith("node_modules/alpha/index.js") and "/beta/" not in r["file"] and "/gamma/" not in r["file"])
    ctx.check(f"{label}: exports of a class", "part" in alpha["exports"].split(",") and alpha["package"] == "alpha", repr(alpha))


def packages(ctx, core, document, label):
    got = {r["directory"]: r for r in document["packages"]}
    ctx.equal(f"{label}: packages", sorted((r["name"], r["directory"], r["files"]) for r in document["packages"]),
              sorted((f["name"], f["directory"], f["files"]) for f in core.facts["packages"]))
    for fact in core.facts["packages"]:
        row = got.get(fact["directory"], {})
        known = ctx.major >= VERSIONS_KNOWN or fact["name"] == "eps"
        if known or row.get("version") is not None:  # never a wrong one
            ctx.equal(f"{label}: version of {fact['name']} in {fact['directory'].split('/node_modules/', 1)[1]}", row.get("version"), fact["version"])
        if fact["name"] == "alpha":
            ctx.equal(f"{label}: copies of alpha", (row.get("copies"), row.get("versions")), (3, 2 if known else 1))
    ctx.equal(f"{label}: duplicate packages", document["modules"]["duplicate_packages"], 1)


def evaluations(ctx, core):
    """`async`: who waits for an import waits for the await at the top level of a module below."""
    if not core.facts["esm"]:
        return
    chains = ctx.cli_json(core, "async", "--chains", "-n", "0")["chains"]
    found = {}
    for chain in chains:
        first, _, rest = chain["frames"].partition(" <- ")
        for name in ("awaits", "hangs"):
            if f"{name}.mjs:1:" in first:
                found[name] = (chain["waits_for_text"], rest.split(" <- ")[0].rsplit("/", 1)[-1], "run node:" in rest)
    ctx.equal("modules: async --chains: evaluations", found, {"awaits": ("timer of 1000000 ms", "waits.mjs", True),
                                                              "hangs": ("a promise that nobody holds", "hung.mjs", True)})
    rows = ctx.cli_json(core, "async", "-n", "0")["suspended"]
    ctx.equal("modules: async: run() waits for evaluations",
              sorted(r["waits_for_text"].rsplit("/", 1)[-1] for r in rows if r["waits_for"] == "module_evaluation"), ["hung.mjs", "waits.mjs"])
    ctx.check("modules: async: nothing is unknown", all(r["waits_for"] not in ("unknown", "nothing_found") for r in rows), repr(rows)[:500])


def esm(ctx, core, document, label):
    rows = [r for r in document[S.ROWS] if r["kind"] == "esm" and core.facts["root"] in (r["file"] or "")]
    got = sorted((r["file"], r["state"], ",".join(sorted(r["exports"].split(",")))) for r in rows)
    want = sorted((f["file"], f["state"], ",".join(sorted(f["exports"]))) for f in core.facts["esm"])
    ctx.equal(f"{label}: ES modules, states, exports", got, want)
    if not want:
        return
    failed = next(r for r in rows if r["state"] == "failed")
    ctx.equal(f"{label}: why it failed", failed["error"], "Error: failing module")
    entry = next(r["file"] for r in rows if r["file"].endswith("entry.mjs"))
    imported = [r for r in rows if "/esm/e" in r["file"] or r["file"].endswith("x.mjs")]
    ctx.equal(f"{label}: Modules of createRequire()", (document["modules"]["made"], [r["file"] for r in document[S.ROWS] if r["state"] == "made"],
              [r["file"] for r in document[S.ROWS] if r["kind"] == "commonjs" and r["file"].endswith(".mjs")]),
              (2, [core.facts["root"] + "/noop.js"], []))
    ctx.check(f"{label}: who imports them", all(r["required_by"] == 1 and r["first_required_by"] == entry for r in imported))


def retained(ctx, core, document, label):
    row = next(r for r in document[S.ROWS] if r["file"] == core.facts["heavy"])
    told = {r["name"]: r for r in ctx.cli_json(core, "histogram", "--live", "--retained", "-n", "0")[S.ROWS]}["Heavy"]
    ctx.check(f"{label}: bytes that a file keeps alive", 0 < row["retained_bytes"] - told["retained_bytes"] < 64 * 1024,
              f"{row['retained_bytes']}, its objects {told['retained_bytes']}")
    ctx.check(f"{label}: the largest is first", max(r["retained_bytes"] for r in document[S.ROWS]) == document[S.ROWS][0]["retained_bytes"])


def options(ctx, core, document):
    some = ctx.cli_json(core, "modules", "--filter", "alpha", "-n", "0")
    ctx.equal("modules --filter", (len(some[S.ROWS]), len(some["packages"])), (4, 3))
    first = ctx.cli_json(core, "modules", "-n", "2")
    ctx.equal("modules -n", (len(first[S.ROWS]), first[S.ROWS + "_omitted"]), (2, len(document[S.ROWS]) - 2))
    done = ctx.cli("modules", "--exports", "-n", "0", core=core)
    ctx.check("modules: text", done.status == 0 and "3 copies" in done.text and "value, fn" in done.text, done.brief())
    only = ctx.cli_json(core, "modules", "--packages", "-n", "0")
    ctx.check("modules --packages", S.ROWS not in only and only["packages"] == document["packages"])
    done = ctx.cli("modules", "word", core=core)
    ctx.check("modules word is refused", done.status in (1, 2) and bool(done.refusal()), done.brief())


def workers(ctx):
    """Workers have modules of their own."""
    core = ctx.core("worker_facts", "--expose-gc", "3")
    files = {}
    for row in ctx.cli_json(core, "isolates")[S.ROWS]:
        number = row["isolate"]
        found = ctx.cli_json(core, "modules", "--isolate", str(number), "-n", "0")[S.ROWS]
        files[number] = sorted(r["file"] for r in found if r["cached"])
    wanted = sorted([sorted(core.facts["cache"])] + [sorted(w["cache"]) for w in core.facts["workers"]])
    ctx.equal("modules: of each worker", sorted(files.values()), wanted)
