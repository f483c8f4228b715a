"""Reads the exact counters of testdata/apps/common.js (truthCounters) out of a core file, without any help of the heap."""
import mmap
import os
import struct

MAGIC = bytes(0xFF & ~b for b in (0xBC, 0xB0, 0xAD, 0xBA, 0xA8, 0xBE, 0xB3, 0xB4, 0xD2, 0xAB, 0xAD, 0xAA, 0xAB, 0xB7, 0xF2,
                                  0xF5))
MAX_COUNTERS = 64
CHUNK = 64 << 20


def _data_ranges(stream):
    """The parts of a sparse file that hold data; the whole file where the file system cannot tell."""
    size = os.fstat(stream.fileno()).st_size
    at = 0
    while at < size:
        try:
            start = os.lseek(stream.fileno(), at, os.SEEK_DATA)
        except OSError:
            return
        end = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
        yield start, end
        at = end


def read_counters(core_path, identity):
    """The list of counters with this identity. LookupError unless the core holds exactly one such block."""
    found = []
    with open(core_path, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as core:
        for start, end in _data_ranges(stream):
            for chunk in range(start, end, CHUNK):
                limit = min(end, chunk + CHUNK + len(MAGIC))
                at = core.find(MAGIC, chunk, limit)
                while at >= 0:
                    if at + 24 <= len(core):
                        count, which = struct.unpack_from("<II", core, at + 16)
                        tail = at + 24 + 4 * count
                        if which == identity and 0 < count <= MAX_COUNTERS and core[tail:tail + 16] == MAGIC[::-1]:
                            found.append(list(struct.unpack_from(f"<{count}I", core, at + 24)))
                    at = core.find(MAGIC, at + 1, limit)
    if len(found) != 1:
        raise LookupError(f"{core_path}: {len(found)} blocks of truth counters, not one")
    return found[0]
