"""A busy process killed at a random moment: hardly a byte is lost and what was settled is counted exactly."""
from harness import counts_by_name, wrong_counts
import schema as S

MAX_BYTES_LOST = 64  # the last words before the allocation top may not be written yet

KILLS = 3


def run(ctx):
    for attempt in range(1 if ctx.options.quick else KILLS):
        core = ctx.core("busy", kill_after="100-1500", key=f"busy-{attempt}")
        document = ctx.cli_json(core, "histogram", "-n", "0", "--isolate", "all")
        completeness = document[S.COMPLETENESS]
        lost = completeness[S.BYTES_LOST]
        wrong = wrong_counts(counts_by_name(document), core.facts["classes"])
        ctx.check(f"killed {attempt}: settled objects exact", not wrong, "; ".join(wrong))
        ctx.check(f"killed {attempt}: bytes lost", lost <= MAX_BYTES_LOST, f"{lost} bytes lost")
        ctx.check(f"killed {attempt}: a loss is labelled", lost == 0 or not completeness[S.COMPLETE], f"{lost} bytes")
