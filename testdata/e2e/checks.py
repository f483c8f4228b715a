"""Counts and prints what the tests find: one line per check, safe to use from several threads."""
import sys
import threading


class Checks:
    def __init__(self, stream=sys.stdout, verbose=True):
        self._lock = threading.Lock()
        self._stream = stream
        self._verbose = verbose
        self.passed, self.failed, self.skipped = 0, 0, 0
        self.failures = []

    def _line(self, word, label, detail):
        text = f"{word}  {label}" + (f": {detail}" if detail else "")
        # Whatever a broken program printed must not reach the terminal raw.
        safe = "".join(c if c.isprintable() and ord(c) < 0x7F else ascii(c)[1:-1] for c in text)
        print(safe[:400], file=self._stream, flush=True)

    def check(self, label, ok, detail=""):
        """Records one check; `detail` is printed when it failed. Returns `ok`."""
        with self._lock:
            if ok:
                self.passed += 1
                if self._verbose:
                    self._line("PASS", label, "")
            else:
                self.failed += 1
                self.failures.append(label)
                self._line("FAIL", label, detail)
        return bool(ok)

    def equal(self, label, got, wanted):
        return self.check(label, got == wanted, f"got {got!r}, want {wanted!r}")

    def skip(self, label, reason):
        with self._lock:
            self.skipped += 1
            self._line("SKIP", label, reason)

    def closing_line(self):
        line = f"{self.passed} passed, {self.failed} failed"
        return line + (f", {self.skipped} skipped" if self.skipped else "")
