"""Compares what inspect says of values (docs/values.md) with what testdata/apps/describe.js expects.

Every member of the expectation must be equal in the answer; the answer may say more. What differs from plain equality:

- Properties are compared as three lists, each in its order: those with a string for a key, those with a symbol, those with
  a private name. Programs cannot see how these lists were mixed. Private names that nobody expects (V8 has its own) are
  passed over.
- kIgnored: keys that are data, accessors or nothing at all, depending on the version of V8. `stack` of errors is one.
- Weak collections and registries are compared as sets: no order is visible. So are the exports of a module.
- <member>_count: only the number is known. `sha1`: of long strings. `bytes`: the first ones are compared.
- `script`: the name without its folder.
- `index` and `last_index` may be values in their own right: programs can put anything there.
"""
import hashlib

kOfFunctions = ("length", "name", "prototype", "arguments", "caller")
kIgnored = {"function": kOfFunctions, "bound_function": kOfFunctions, "error": ("stack",)}
kUnordered = {"weakmap": ("entries",), "weakset": ("entries",), "finalization_registry": ("cells",)}
kFlags = ("writable", "enumerable", "configurable")


def brief(value):
    text = ascii(value)
    return text if len(text) <= 90 else text[:70] + "..." + text[-15:]


def difference(want, got, path="$"):
    """The first difference as "path: got X, want Y", or None. No recursion limit is met: programs bound the depth."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return f"{path}: got {brief(got)}, want {brief(want)}"
        # The type first: everything else follows from it.
        for member in sorted(want, key=lambda m: (m not in ("type", "kind"), m == "properties")):
            if found := of_member(member, want, got, path):
                return found
        return None
    if isinstance(want, list):
        return of_lists(want, got, path)
    if not same(want, got):
        return f"{path}: got {brief(got)}, want {brief(want)}"
    return None


def same(want, got):
    if isinstance(want, bool) or isinstance(got, bool) or want is None or got is None:
        return want is got
    if isinstance(want, (int, float)) and isinstance(got, (int, float)):
        return float(want) == float(got)  # JSON of 1e22 and of 10000000000000000000000 is one number
    return type(want) is type(got) and want == got


def of_member(member, want, got, path):
    wanted, here = want[member], f"{path}.{member}"
    kind = want.get("kind")
    if member in ("properties", "elements"):
        if got.get(member + "_omitted"):
            return f"{here}: {got[member + '_omitted']} omitted"
        given = got.get(member, [])
        return of_properties(wanted, given, kind, here) if member == "properties" else of_elements(wanted, given, here)
    if member == "sha1":
        value = got.get("value")
        if not isinstance(value, str):
            return f"{path}.value: got {brief(value)}, want a string"
        digest = hashlib.sha1(value.encode("utf-16-le", "surrogatepass")).hexdigest()
        return None if digest == wanted else f"{path}.value: {brief(value)} has the digest {digest}, want {wanted}"
    if member.endswith("_count"):
        given = got.get(member[:-6], [] if wanted == 0 else None)
        ok = isinstance(given, list) and len(given) == wanted
        return None if ok else f"{path}.{member[:-6]}: got {brief(given)}, want {wanted} of them"
    if member not in got:
        # Lists with nothing in them need not be there.
        return None if wanted == [] else f"{here}: missing in {brief(got)}, want {brief(wanted)}"
    given = got[member]
    if member == "entries" and got.get("entries_omitted"):
        return f"{here}: {got['entries_omitted']} omitted"
    if member == "bytes":
        length = min(len(wanted), len(given)) if isinstance(given, str) else 0
        ok = length > 0 and given[:length] == wanted[:length]
        return None if ok else f"{here}: got {brief(given)}, want {brief(wanted)}"
    if member == "script":
        ok = isinstance(given, str) and given.rsplit("/", 1)[-1] == wanted
        return None if ok else f"{here}: got {brief(given)}, want {brief(wanted)}"
    if member in ("index", "last_index") and isinstance(given, dict) and given.get("type") == "number":
        given = given.get("value")
    if member == "exports":
        return difference(sorted(wanted, key=lambda e: e["key"]), sorted(given, key=lambda e: str(e.get("key"))), here)
    if member in kUnordered.get(kind, ()):
        return of_sets(wanted, given, here)
    return difference(wanted, given, here)


def of_lists(want, got, path):
    if not isinstance(got, list):
        return f"{path}: got {brief(got)}, want a list"
    for index, wanted in enumerate(want):
        if index >= len(got):
            return f"{path}: {len(got)} there, want {len(want)}; missing {brief(wanted)}"
        if found := difference(wanted, got[index], f"{path}[{index}]"):
            return found
    return None if len(got) == len(want) else f"{path}: {len(got)} there, want {len(want)}; too many: {brief(got[len(want)])}"


def of_sets(want, got, path):
    if not isinstance(got, list) or len(got) != len(want):
        return f"{path}: got {brief(got)}, want {len(want)} of them"
    left = list(got)
    for wanted in want:
        match = next((i for i, given in enumerate(left) if difference(wanted, given) is None), None)
        if match is None:
            return f"{path}: none is {brief(wanted)} in {brief(got)}"
        left.pop(match)
    return None


def of_flags(want, got, path):
    for flag in kFlags:
        if want.get(flag, True) != got.get(flag, True):
            return f"{path}: {flag} is {got.get(flag, True)}, want {want.get(flag, True)}"
    return None


def group(entry):
    return "private" if entry.get("private") else "symbol" if entry.get("symbol") else "string"


def of_properties(want, got, kind, path):
    ignored = kIgnored.get(kind, ())
    for which in ("string", "symbol", "private"):
        wanted = [p for p in want if group(p) == which]
        given = [p for p in got if group(p) == which and not (which == "string" and p.get("key") in ignored)]
        if which == "private":
            names = [p["key"] for p in wanted]
            given = [p for p in given if p.get("key") in names]
        keys, wanted_keys = [p.get("key") for p in given], [p["key"] for p in wanted]
        if keys != wanted_keys:
            at = next((i for i, (a, b) in enumerate(zip(keys, wanted_keys)) if a != b), min(len(keys), len(wanted_keys)))
            return f"{path}: {which} keys from the {at}th on are {brief(keys[at:at + 5])}, want {brief(wanted_keys[at:at + 5])}"
        for p, w in zip(given, wanted):
            if found := of_property(w, p, f"{path}[{brief(w['key'])}]"):
                return found
    return None


def of_elements(want, got, path):
    indexes, wanted_indexes = [e.get("index") for e in got], [e["index"] for e in want]
    if indexes != wanted_indexes:
        at = next((i for i, (a, b) in enumerate(zip(indexes, wanted_indexes)) if a != b), min(len(indexes), len(wanted_indexes)))
        return f"{path}: indexes from the {at}th on are {brief(indexes[at:at + 5])}, want {brief(wanted_indexes[at:at + 5])}"
    for e, w in zip(got, want):
        if found := of_property(w, e, f"{path}[{w['index']}]"):
            return found
    return None


def of_property(want, got, path):
    # A private name is neither enumerable nor anything else: V8 sets such flags for its own use.
    found = None if want.get("private") else of_flags(want, got, path)
    if found:
        return found
    for member in ("native", "value", "getter", "setter"):
        if member in want:
            if member not in got:
                return f"{path}.{member}: missing in {brief(got)}"
            if found := difference(want[member], got[member], f"{path}.{member}"):
                return found
    return None
