"""Bytes per space equal what V8 itself reported just before the process died."""
from harness import Skip, bytes_by_space
import schema as S

# Bytes walked minus bytes V8 reported, lowest and highest allowed. What the program allocates between taking the
# statistics and its death (printing them) is the slack above; the programs rehearse that, so it is young but for crumbs.
EXACT = (0, 0)
TOLERANCE = {
    "new_space": (0, 32 << 10),
    "old_space": (-1024, 4096),
    "map_space": (-1024, 2048),
    "code_space": (0, 8192),          # a function that a background thread was still compiling
    "trusted_space": (-1024, 8192),   # its bytecode and code objects
    "large_object_space": EXACT,
    "code_large_object_space": EXACT,
    "new_large_object_space": EXACT,
    "trusted_large_object_space": EXACT,
    "shared_space": EXACT,
    "shared_large_object_space": EXACT,
    "shared_trusted_space": EXACT,
    "shared_trusted_large_object_space": EXACT,
}
# V8 8.6 ... 11.8 may count the linear allocation area of a space as used, whole; later ones never do.
LINEAR_AREAS_COUNTED = range(15, 22)  # majors of Node.js
LARGEST_LINEAR_AREA = 256 << 10


def compare(ctx, label, used, spaces, major=None):
    """`used` is what bytes_by_space gives, `spaces` what the program printed; `major` that of another node than ctx's."""
    for space in spaces:
        name, reported = space["space"], space["used"]
        walked, linear = used.get(name, (0, 0))
        if name == "read_only_space":
            # V8 reports 0 from Node.js 18.20 on; where it reports bytes they must be exact.
            if reported:
                ctx.equal(f"{label} {name}", walked, reported)
            continue
        low, high = TOLERANCE.get(name, (0, 8192))
        fits = low <= walked - reported <= high
        if not fits and (major or ctx.major) in LINEAR_AREAS_COUNTED:
            fits = low <= walked + linear - reported <= high
        ctx.check(f"{label} {name}", fits, f"walked {walked} (linear areas {linear}), V8 said {reported}: "
                                           f"{walked - reported:+} not in {low:+} ... {high:+}")


def run(ctx):
    for app in ("classes", "collections"):
        core = ctx.core(app, "--expose-gc")
        compare(ctx, f"spaces {app}", bytes_by_space(ctx.cli_json(core, "heap")), core.facts["spaces"])
    pages = ctx.cli_json(ctx.core("classes", "--expose-gc"), "heap", "--pages")
    ctx.check("spaces: heap --pages lists pages", len(pages[S.ROWS]) > 3)
    try:
        core = ctx.core("workers", "--expose-gc")
    except Skip as reason:
        ctx.skip("spaces workers", str(reason))
        return
    for row in ctx.cli_json(core, "isolates")[S.ROWS]:
        used = bytes_by_space(ctx.cli_json(core, "heap", "--isolate", str(row[S.ISOLATE])))
        if row[S.IS_MAIN]:
            compare(ctx, "spaces main of workers", used, core.facts["spaces"])
            continue
        # Its allocations of the last milliseconds are not in what it said last: the closest worker is meant.
        old, _ = used.get("old_space", (0, 0))
        worker = min(core.facts["workers"], key=lambda w: abs(old - reported(w, "old_space")))
        difference = old - reported(worker, "old_space")
        low, high = (-LARGEST_LINEAR_AREA, LARGEST_LINEAR_AREA) if ctx.major in LINEAR_AREAS_COUNTED else TOLERANCE["old_space"]
        ctx.check(f"spaces worker {worker['worker']} old_space", low <= difference <= high, f"{difference:+} not in {low:+} ... {high:+}")


def reported(worker, name):
    return next((s["used"] for s in worker["spaces"] if s["space"] == name), 0)
