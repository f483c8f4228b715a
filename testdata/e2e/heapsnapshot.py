"""Reads V8's .heapsnapshot files: the independent witness of what a heap is made of."""
import collections
import json
import sys


class Snapshot:
    """The nodes of a heap snapshot. Fails with ValueError on a file that is not one."""

    def __init__(self, path):
        with open(path, encoding="utf-8", errors="surrogatepass") as stream:
            data = json.load(stream)
        try:
            meta = data["snapshot"]["meta"]
            fields = meta["node_fields"]
            types = meta["node_types"][fields.index("type")]
            self._nodes = data["nodes"]
            self._strings = data["strings"]
            self._width = len(fields)
            self._type, self._name = fields.index("type"), fields.index("name")
            self._size = fields.index("self_size")
            self._types = types
            if data["snapshot"]["node_count"] * self._width != len(self._nodes):
                raise ValueError(f"{path}: node_count disagrees with the nodes")
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a heap snapshot ({error})") from error

    def nodes(self):
        """(type, name, self_size in bytes) of each node."""
        nodes, strings, types = self._nodes, self._strings, self._types
        for at in range(0, len(nodes), self._width):
            yield types[nodes[at + self._type]], strings[nodes[at + self._name]], nodes[at + self._size]

    def objects_by_name(self):
        """How many nodes of type object carry each name."""
        return collections.Counter(name for kind, name, _ in self.nodes() if kind == "object")

    def by_type(self):
        """type -> (count, bytes)."""
        counts, sizes = collections.Counter(), collections.Counter()
        for kind, _, size in self.nodes():
            counts[kind] += 1
            sizes[kind] += size
        return {kind: (counts[kind], sizes[kind]) for kind in counts}


if __name__ == "__main__":
    for name_, count_ in Snapshot(sys.argv[1]).objects_by_name().most_common(60):
        print(f"{count_:9} {ascii(name_)}")
