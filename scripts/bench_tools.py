"""What the benchmarks share: cores made of test programs, programs run and measured, memory cgroups."""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
MB = 1e6


def fail(text, status=1):
    print(f'{os.path.basename(sys.argv[0])}: {text}', file=sys.stderr)
    sys.exit(status)


def make_core(directory, node, app, *words):
    """The path of a core of testdata/apps/<app>."""
    command = [f'{HERE}/make-core', '-o', directory, '--timeout', '600', node, app, '--max-old-space-size=16000', '--', *words]
    made = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if made.returncode != 0:
        fail(f'no core of {app} {" ".join(words)}: scripts/make-core failed')
    return made.stdout.strip().splitlines()[-1]


def measure(command, enter=None):
    """Runs a command to its end: seconds, exit status, output, peak RSS and peak anonymous memory in bytes.

    The anonymous part is sampled every millisecond: it is what the program needs beside the mapped core.
    """
    with tempfile.TemporaryFile() as out:
        start = time.monotonic()
        child = subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, preexec_fn=enter)
        anonymous = 0
        while True:
            pid, status, usage = os.wait4(child.pid, os.WNOHANG)
            if pid != 0:
                break
            try:
                with open(f'/proc/{child.pid}/status', encoding='ascii', errors='replace') as lines:
                    for line in lines:
                        if line.startswith('RssAnon:'):
                            anonymous = max(anonymous, int(line.split()[1]) << 10)
            except OSError:
                pass
            time.sleep(0.001)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        return {'seconds': time.monotonic() - start, 'status': child.returncode, 'output': out.read(),
                'rss': usage.ru_maxrss << 10, 'anonymous': anonymous,
                'cpu': usage.ru_utime + usage.ru_stime, 'major_faults': usage.ru_majflt}


def drop_from_cache(path):
    with open(path, 'rb') as file:
        os.fsync(file.fileno())  # dirty pages cannot be dropped
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class MemoryCgroup:
    """A memory cgroup of our own; `reason` says why there is none."""

    def __init__(self, limit):
        self.path = None
        self.reason = ''
        name = f'corewalk-bench-{os.getpid()}'
        try:
            if os.path.isdir('/sys/fs/cgroup/memory'):  # v1
                self.path = f'/sys/fs/cgroup/memory/{name}'
                os.mkdir(self.path)
                self.procs, self.peak = 'cgroup.procs', 'memory.max_usage_in_bytes'
                self._write('memory.limit_in_bytes', limit)
            elif os.path.exists('/sys/fs/cgroup/cgroup.controllers'):  # v2
                with open('/sys/fs/cgroup/cgroup.subtree_control', encoding='ascii') as file:
                    enabled = file.read().split()
                if 'memory' not in enabled:
                    raise OSError('the memory controller is not enabled for children of the root cgroup')
                self.path = f'/sys/fs/cgroup/{name}'
                os.mkdir(self.path)
                self.procs, self.peak = 'cgroup.procs', 'memory.peak'
                self._write('memory.max', limit)
                if os.path.exists(f'{self.path}/memory.swap.max'):
                    self._write('memory.swap.max', 0)
            else:
                raise OSError('no cgroup file system is mounted on /sys/fs/cgroup')
        except OSError as error:
            self.reason = str(error)
            self.close()

    def _write(self, file, value):
        with open(f'{self.path}/{file}', 'w', encoding='ascii') as out:
            out.write(str(value))

    def enter(self):
        """In the child, before exec."""
        self._write(self.procs, os.getpid())

    def peak_bytes(self):
        try:
            with open(f'{self.path}/{self.peak}', encoding='ascii') as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def close(self):
        if self.path and os.path.isdir(self.path):
            for _ in range(50):  # the kernel needs a moment after the last process has ended
                try:
                    os.rmdir(self.path)
                    break
                except OSError:
                    time.sleep(0.1)
        self.path = None
