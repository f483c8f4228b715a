"""Addresses and layout are those that V8 itself prints of the same objects (%DebugPrint, in official binaries)."""
import os
import re

import schema as S

ADDRESS = r"0x0*([0-9a-f]+)"


def blocks_of(path):
    """name -> the text that V8 printed of that object."""
    with open(path, encoding="utf-8", errors="replace") as stream:
        text = stream.read()
    parts = re.split(r"^@@ (\w+)$", text, flags=re.MULTILINE)
    return {name: block for name, block in zip(parts[1::2], parts[2::2]) if name != "end"}


def untagged(match):
    return f"0x{int(match.group(1), 16) - 1:x}" if match else None


def first(pattern, block):
    return re.search(pattern, block, re.MULTILINE)


def printed_properties(block):
    """name -> text, of the lines "#x: 7 (const data field 0)"; only Smis, which V8 prints in full."""
    own = re.search(r"- All own properties.*?\{\n(.*?)^ \}", block, re.DOTALL | re.MULTILINE)
    found = re.findall(r"#(\w+): (-?\d+) \((?:const )?data field", own.group(1) if own else "")
    return {name: int(value) for name, value in found}


def run(ctx):
    if ctx.major < 14:
        ctx.skip("debug_print", "this Node.js prints no objects")
        return
    core = ctx.core("debug_print", "--allow-natives-syntax", "--expose-gc")
    printed = blocks_of(os.path.join(core.directory, "facts.json"))
    ctx.equal("debug_print: V8 printed all", sorted(printed), sorted(core.facts["names"]))
    rows = [row for row in ctx.cli_json(core, "instances", "PrintKeeper")[S.ROWS]]
    keepers = [ctx.cli_json(core, "inspect", "--array-length", "0", row["address"])["value"] for row in rows]
    keeper = max(keepers, key=lambda value: len(value["properties"]))
    values = {p["key"]: p["value"] for p in keeper["properties"]}
    for name, block in printed.items():
        value = values.get(name, {})
        address = untagged(first(rf"DebugPrint: {ADDRESS}", block))
        if address is None:
            continue  # V8 8.4 prints strings without it
        ctx.equal(f"debug_print {name}: address", value.get("address"), address)
        shape = untagged(first(rf"^ - map: {ADDRESS}", block))
        if shape is None or "map" not in value:
            continue
        ctx.equal(f"debug_print {name}: map", value["map"], shape)
        # Behind the object V8 prints its Map.
        of_map = re.search(rf"^{ADDRESS}: \[Map\](.*)", block, re.DOTALL | re.MULTILINE)
        answer = ctx.cli_json(core, "inspect", shape)["value"]
        if of_map:
            described = of_map.group(2)
            kind = first(r"^ - type: (\w+)", described)
            if kind:
                ctx.equal(f"debug_print {name}: type", answer["of_type"], kind.group(1))
            size = first(r"^ - instance size: (\d+)", described)
            if size:
                ctx.equal(f"debug_print {name}: instance size", answer["instance_size"], int(size.group(1)))
        prototype = untagged(first(rf"^ - prototype: {ADDRESS}", block))
        if prototype and value["kind"] != "proxy":  # the null of proxies has no address in our answer
            ctx.equal(f"debug_print {name}: prototype", answer["prototype"].get("address"), prototype)
        length = first(r"^ - length: (\d+)$", block)
        if length and value.get("kind") == "array":
            ctx.equal(f"debug_print {name}: length", value["length"], int(length.group(1)))
        smis = printed_properties(block)
        if smis:
            own = ctx.cli_json(core, "inspect", value["address"])["value"]["properties"]
            told = {p["key"]: p["value"].get("value") for p in own if p["key"] in smis and "value" in p}
            ctx.equal(f"debug_print {name}: {len(smis)} properties", told, smis)
