"""The names in corewalk's JSON, in one place: tests speak of these constants only."""

SCHEMA = "corewalk/1"
COMMAND, TARGET, ROWS, NOTES, COMPLETENESS = "command", "target", "rows", "notes", "completeness"

# completeness
COMPLETE, CORE_TRUNCATED, BYTES_LOST, PAGES_MISSING = "complete", "core_truncated", "bytes_lost", "pages_missing"

# histogram
NAME, COUNT, SHALLOW_BYTES, KIND = "name", "count", "shallow_bytes", "kind"
# heap
SPACE, USED_BYTES, LINEAR_AREA_BYTES = "space", "used_bytes", "linear_area_bytes"
# isolates
ISOLATE, IS_MAIN = "isolate", "is_main"
# memory-check (hidden): a digest over every readable byte of the target's pages
DIGEST, BYTES = "digest", "bytes"
# instances
ADDRESS = "address"

# inspect: docs/values.md; the names inside of values stand in values.py
VALUE = "value"

# Members of "target" that may differ between the plugin and the stand-alone program on the same core.
FACE_FIELDS = ("face", "tool", "lldb", "lldb_version", "kind", "memory", "description", "reader", "seconds", "source",
               "core", "executable")

# Options of the tests' own use.
HIDE_TABLES = "--hide-tables"
FORCE = "--force"
