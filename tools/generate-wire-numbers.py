#!/usr/bin/env python3
"""Writes the field numbers of Kubernetes' binary encoding that Orrery.Machinery embeds.

usage: generate-wire-numbers.py PROTO_DIRECTORY TYPES_TSV [OUTPUT_FILE]

PROTO_DIRECTORY is searched for generated.proto files (k8s.io/api, apimachinery, apiextensions-apiserver, kube-aggregator; Debian's packages golang-k8s-…-dev
hold them). Only bare facts are taken: message, field name, number. TYPES_TSV is the file that
generate-types.py wrote: types that it does not know are written only where a known type embeds them.

A record a line: type name <TAB> field=number ... ; a field whose members stand in the parent's JSON is *=number:type.
"""
import pathlib
import re
import sys

STEM = "io.k8s."
MESSAGE = re.compile(r"^message (\w+) \{")
FIELD = re.compile(r"^\s+(?:optional|repeated|required)\s+([\w.]+)\s+(\w+)\s*=\s*(\d+)|^\s+map<\s*\w+\s*,\s*([\w.]+)\s*>\s+(\w+)\s*=\s*(\d+)")


def messages(root):
    for path in sorted(pathlib.Path(root).rglob("generated.proto")):
        package, name, fields = "", None, []
        for line in path.read_text().splitlines():
            if line.startswith("package "):
                package = line.split()[1].rstrip(";").replace("k8s.io.", "", 1).replace("_", "-")
            elif found := MESSAGE.match(line):
                name, fields = f"{package}.{found[1]}", []
            elif line.startswith("}") and name:
                yield name, fields
                name = None
            elif name and (found := FIELD.match(line)):
                kind, field, number = (found[1], found[2], found[3]) if found[1] else (found[4], found[5], found[6])
                if "." in kind:
                    kind = kind.lstrip(".").replace("k8s.io.", "", 1).replace("_", "-")
                else:
                    kind = f"{package}.{kind}"
                fields.append((field, int(number), kind))


def main():
    root, types = sys.argv[1], pathlib.Path(sys.argv[2])
    output = pathlib.Path(sys.argv[3] if len(sys.argv) > 3 else types.with_name("wire-numbers.tsv"))
    import json
    known = {}
    for line in types.read_text().splitlines():
        name, facts = line.split("\t", 1)
        known[name] = set(json.loads(facts).get("f", {}))
    wire = dict(messages(root))
    lines, embedded = {}, []

    def write(name, members):
        parts = []
        # Go's generator capitalises some names otherwise (uID for uid), and has neither signs nor dashes (xKubernetesListType for x-kubernetes-list-type, ref for $ref).
        json_names = {re.sub("[$-]", "", m).lower(): m for m in members}
        for field, number, kind in wire[name]:
            if field.lower() in json_names:
                parts.append(f"{json_names[field.lower()]}={number}")
            elif kind in wire:
                parts.append(f"*={number}:{kind}")
                embedded.append((kind, members))
        lines[name] = " ".join(parts)

    for name in known:
        if name in wire and known[name]:
            write(name, known[name])
    while embedded:
        name, members = embedded.pop()
        if name in known and known[name]:
            continue
        if name not in lines:
            write(name, members)
        else:
            # Embedded in several types: the union of what they show.
            before = set(lines[name].split())
            write(name, members | {p.split("=")[0] for p in before})
    output.write_text("".join(f"{name}\t{lines[name]}\n" for name in sorted(lines)))


main()
