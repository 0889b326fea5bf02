#!/usr/bin/env python3
"""Writes the facts of Kubernetes' binary encoding that Orrery.Machinery embeds.

usage: generate-wire-numbers.py TYPES_TSV OUTPUT_FILE DIRECTORY...

Each DIRECTORY is searched for generated.proto files and the Go files beside them (k8s.io/api, apimachinery, apiextensions-apiserver, kube-aggregator; Debian's
packages golang-k8s-…-dev hold them). Only bare facts are taken: message, field name, number, type, and whether Go holds it behind a pointer. TYPES_TSV is the
file that generate-types.py wrote: types that it does not know are written where a known type embeds them, and those in MORE.

A record a line: type name <TAB> the fields in the order of their numbers, each NAME=NUMBER FLAGS KIND [:TYPE]
  NAME   in JSON; * for a message whose members stand in the parent's JSON
  FLAGS  ! always written, though it be empty; + repeated; % a map by text, whose values are of the kind
  KIND   s text, y bytes (base64 in JSON), i integer, b boolean, d floating point, l a list of texts within a message, m a message of TYPE
  TYPE   beginning with a dot: of the same package
"""
import json
import pathlib
import re
import sys

MESSAGE = re.compile(r"^message (\w+) \{")
FIELD = re.compile(r"^\s+(optional|repeated|required)\s+([\w.]+)\s+(\w+)\s*=\s*(\d+)|^\s+map<\s*string\s*,\s*([\w.]+)\s*>\s+(\w+)\s*=\s*(\d+)")
STRUCT = re.compile(r"^type (\w+) struct \{")
MEMBER = re.compile(r'^\s+(?:\w+\s+)?(\*?)[\w.\[\]*]+\s+`[^`]*protobuf:"[a-z0-9]+,(\d+),')
SCALARS = {"string": "s", "bytes": "y", "bool": "b", "double": "d", "int32": "i", "int64": "i", "uint32": "i"}
META = "apimachinery.pkg.apis.meta.v1."
MORE = ["APIGroup", "APIGroupList", "APIResource", "APIResourceList", "APIVersions", "GroupVersionForDiscovery", "GroupVersionKind", "PartialObjectMetadata", "PartialObjectMetadataList",
        "ServerAddressByClientCIDR", "Status", "StatusDetails", "StatusCause", "ListMeta"]
DISCOVERY = ["APIGroupDiscovery", "APIGroupDiscoveryList", "APIResourceDiscovery", "APISubresourceDiscovery", "APIVersionDiscovery"]
# What has another form in JSON than its message would say.
WELL_KNOWN = {META + "Patch", META + "Time", META + "MicroTime", META + "FieldsV1", "apimachinery.pkg.api.resource.Quantity", "apimachinery.pkg.util.intstr.IntOrString",
              "apimachinery.pkg.runtime.RawExtension"} | {"apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON" + n for n in
              ("", "SchemaPropsOrArray", "SchemaPropsOrBool", "SchemaPropsOrStringArray")}


def pointers(directory):
    """By struct and number, whether Go holds the field behind a pointer."""
    found = {}
    for path in sorted(directory.glob("*.go")):
        name = None
        for line in path.read_text().splitlines():
            if start := STRUCT.match(line):
                name = start[1]
            elif line.startswith("}"):
                name = None
            elif name and (member := MEMBER.match(line)):
                found[name, int(member[2])] = member[1] == "*"
    return found


def messages(root):
    for path in sorted(pathlib.Path(root).rglob("generated.proto")):
        package, name, fields = "", None, []
        held = pointers(path.parent)
        for line in path.read_text().splitlines():
            if line.startswith("package "):
                package = line.split()[1].rstrip(";").replace("k8s.io.", "", 1).replace("_", "-")
            elif found := MESSAGE.match(line):
                name, fields = found[1], []
            elif line.startswith("}") and name:
                yield f"{package}.{name}", sorted(fields, key=lambda f: f[1])
                name = None
            elif name and (found := FIELD.match(line)):
                how, kind, field, number = (found[1], found[2], found[3], found[4]) if found[1] else ("map", found[5], found[6], found[7])
                number = int(number)
                if kind not in SCALARS:
                    kind = kind.lstrip(".").replace("k8s.io.", "", 1).replace("_", "-") if "." in kind else f"{package}.{kind}"
                flag = "+" if how == "repeated" else "%" if how == "map" else "" if kind == "bytes" or held.get((name, number), False) else "!"
                fields.append((field, number, flag, kind))


def main():
    types, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    known = {}
    for line in types.read_text().splitlines():
        name, facts = line.split("\t", 1)
        known[name] = set(json.loads(facts).get("f", {}))
    wire = {}
    for root in sys.argv[3:]:
        wire.update(messages(root))
    lines, embedded = {}, []

    def is_list(kind):
        return [f[1:] for f in wire[kind]] == [(1, "+", "string")] and wire[kind][0][0] == "items"

    def typed(owner, flag, kind):
        if kind in SCALARS:
            return flag + SCALARS[kind]
        if kind in wire and is_list(kind):
            return flag.replace("!", "") + "l"
        package = owner.rsplit(".", 1)[0] + "."
        return f"{flag}m:" + ("." + kind[len(package):] if kind.startswith(package) else kind)

    def write(name, members):
        parts = []
        # Go's generator capitalises some names otherwise (uID for uid), and has neither signs nor dashes (xKubernetesListType for x-kubernetes-list-type, ref for $ref).
        json_names = {re.sub("[$-]", "", m).lower(): m for m in members}
        seen = set()
        for field, number, flag, kind in wire[name]:
            member = json_names.get(field.lower())
            if member or kind not in wire or flag != "!":
                if not member:
                    print(f"{name}.{field} is not in the schema", file=sys.stderr)
                    continue
                seen.add(member)
                parts.append(f"{member}={number}{typed(name, flag, kind)}")
            else:
                parts.append(f"*={number}{typed(name, flag, kind)}")
                embedded.append((kind, members))
        lines[name] = " ".join(parts)

    more = {META + n for n in MORE} | {f"api.apidiscovery.{v}.{n}" for v in ("v2", "v2beta1") for n in DISCOVERY} | {"apimachinery.pkg.apis.meta.v1beta1.PartialObjectMetadataList"}
    for name in sorted(set(known) | more):
        if name in wire and name not in WELL_KNOWN:
            write(name, known.get(name) or {f[0] for f in wire[name]})
    while embedded:
        name, members = embedded.pop()
        if name in known and known[name]:
            continue
        if name not in lines:
            write(name, members)
        else:
            # Embedded in several types: the union of what they show.
            write(name, members | {p.split("=")[0] for p in lines[name].split()})
    output.write_text("".join(f"{name}\t{lines[name]}\n" for name in sorted(lines)))


main()
