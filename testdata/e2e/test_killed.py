"""A busy process killed at a random moment: hardly a byte is lost and what was settled is counted exactly."""
from harness import counts_by_name, wrong_counts
import schema as S

MAX_BYTES_LOST = 64  # the last words before the allocation top may not be written yet


WANTED = 2         # kills that must be read whole
MOST_KILLS = 5     # a collector's thread may be caught while it fills a page: then the loss must be labelled


def run(ctx):
    wanted = 1 if ctx.options.quick else WANTED
    whole, losses = 0, []
    for attempt in range(MOST_KILLS):
        core = ctx.core("busy", kill_after="100-1500", key=f"busy-{attempt}")
        document = ctx.cli_json(core, "histogram", "-n", "0", "--isolate", "all")
        completeness = document[S.COMPLETENESS]
        lost = completeness[S.BYTES_LOST]
        wrong = wrong_counts(counts_by_name(document), core.facts["classes"])
        ctx.check(f"killed {attempt}: settled objects exact", not wrong, "; ".join(wrong))
        if lost > MAX_BYTES_LOST:
            losses.append(lost)
            ctx.check(f"killed {attempt}: the loss is labelled", not completeness[S.COMPLETE], f"{lost} bytes")
        else:
            whole += 1
        if whole == wanted:
            break
    ctx.check("killed: bytes lost", whole == wanted, f"more than {MAX_BYTES_LOST} bytes lost in {losses}")
