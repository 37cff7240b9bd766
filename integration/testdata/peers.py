"""Reads SDMX messages as the users of pysdmx and sdmx1 do, and compares.

Standard input has one JSON object on each line: {"source": file, "messages": {URN: file}}. The source is a
file as an office published it; each message is what a topic holds for one of its structures. Standard output
has one JSON object for each line: for each library, what it says of the source ("unread", the reason, or ""),
the number of messages that it reads, the number of structures that are the same in both, and what differs.
"""

import contextlib
import json
import logging
import re
import sys
import warnings

import msgspec
import pysdmx.io
import sdmx
from pysdmx.model import Concept
from pysdmx.model.__base import ItemReference, MaintainableArtefact, Reference

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def name(agency, id, version):
    return f"{getattr(agency, 'id', agency)}:{id}({version})"


def of_urn(urn):
    return re.sub(r"^urn:sdmx:[^=]*=", "", urn)


def plain(x, top=True):
    """x as lists, dictionaries and texts. What is referred to is named: whether pysdmx puts it in the place of the
    reference depends on what else a file holds."""
    if isinstance(x, MaintainableArtefact) and not top:
        return name(x.agency, x.id, x.version)
    if isinstance(x, Reference):
        return name(x.agency, x.id, x.version)
    if isinstance(x, ItemReference):
        return x.item_id
    if isinstance(x, str):
        return of_urn(x)
    if isinstance(x, msgspec.Struct):
        return {f: plain(getattr(x, f), False) for f in x.__struct_fields__}
    if isinstance(x, dict):
        return {str(k): plain(v, False) for k, v in x.items()}
    if isinstance(x, (list, tuple, set, frozenset)) or hasattr(x, "__iter__"):
        return [plain(v, False) for v in x]
    return str(x) if x is not None else None


# Fields that pysdmx fills from elsewhere in the file, where it has more than the structure.
ELSEWHERE = ("urn", "codes", "dataflows", "other_references", "dtype", "facets", "enumeration", "custom_type_scheme",
             "name_personalisation_scheme", "vtl_mapping_scheme", "ruleset_schemes", "user_defined_operator_schemes")
COMPONENT = ("id", "role", "required", "attachment_level", "array_def")


def alone(x, top=True):
    """What a structure says itself."""
    if isinstance(x, dict):
        if "local_dtype" in x:  # a component, which takes what it lacks from its concept
            concept = x["concept"].get("id") if isinstance(x["concept"], dict) else x["concept"]
            x = {"concept": concept} | {k: x[k] for k in COMPONENT}
        if "rel_valid_from" in x:  # a hierarchical code, which takes names from the code
            return {"id": x["id"], "codes": [alone(v, False) for v in x["codes"] or []]}
        if set(x) == {"agency", "id", "version", "name"}:  # a reference to a dataflow
            return name(x["agency"], x["id"], x["version"])
        return {k: alone(v, False) for k, v in x.items() if top and k == "codes" or k not in ELSEWHERE}
    return [alone(v, False) for v in x] if isinstance(x, list) else x


def by_pysdmx(file):
    message = pysdmx.io.read_sdmx(file, validate=False)
    found = [(type(s).__name__ + "=" + name(s.agency, s.id, s.version), s) for s in message.structures or [] if hasattr(s, "agency")]
    keys = [key for key, _ in found]
    # Two hierarchies of hierarchical codelists may have one id, and cannot be told apart here.
    return {key: alone(plain(s)) for key, s in found if keys.count(key) == 1}


def by_sdmx1(file):
    found = {}
    for s in sdmx.read_sdmx(file).iter_objects(external_reference=False):
        items = {i.id: sorted(i.name.localizations.items()) for i in getattr(s, "items", {}).values()} if isinstance(getattr(s, "items", None), dict) else {}
        found[type(s).__name__ + "=" + name(s.maintainer, s.id, s.version)] = {"names": sorted(s.name.localizations.items()), "items": items}
    return found


def difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted({*a, *b}):
            if a.get(k) != b.get(k):
                return difference(a.get(k), b.get(k), path + "." + str(k))
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                return difference(x, y, f"{path}[{i}]")
    return f"{path}: {str(a)[:150]} became {str(b)[:150]}"


def compare(read, source, messages):
    try:
        wanted = read(source)
    except Exception as e:
        wanted, unread = {}, f"{type(e).__name__}: {str(e)[:120]}"
    else:
        unread = ""
    readable, same, differs = 0, 0, []
    for urn, file in messages.items():
        try:
            got = read(file)
        except Exception as e:
            if not unread:
                differs.append(f"{of_urn(urn)} cannot be read: {type(e).__name__}: {str(e)[:200]}")
            continue
        readable += 1
        for key, s in got.items():
            if key in wanted and s == wanted[key]:
                same += 1
            elif key in wanted:
                differs.append(key + difference(wanted[key], s))
    return {"unread": unread, "read": readable, "same": same, "differs": differs}


for line in sys.stdin:
    job = json.loads(line)
    with contextlib.redirect_stdout(sys.stderr):  # sdmx1 prints what it does not know
        said = {peer: compare(read, job["source"], job["messages"]) for peer, read in (("pysdmx", by_pysdmx), ("sdmx1", by_sdmx1))}
    print(json.dumps(said), flush=True)
