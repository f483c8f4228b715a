"""A busy process killed at a random moment: hardly a byte is lost and what was settled is counted exactly."""
from harness import counts_by_name, wrong_counts
import schema as S

MAX_BYTES_LOST = 64  # the last words before the allocation top may not be written yet


def run(ctx):
    for attempt in range(1 if ctx.options.quick else 2):
        core = ctx.core("busy", kill_after="100-1500", key=f"busy-{attempt}")
        document = ctx.cli_json(core, "histogram", "-n", "0", "--isolate", "all")
        lost = document[S.COMPLETENESS][S.BYTES_LOST]
        ctx.check(f"killed {attempt}: bytes lost", lost <= MAX_BYTES_LOST, f"{lost} bytes")
        wrong = wrong_counts(counts_by_name(document), core.facts["classes"])
        ctx.check(f"killed {attempt}: settled objects exact", not wrong, "; ".join(wrong))
