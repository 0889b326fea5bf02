#!/usr/bin/env python3
"""Writes the compact facts about the built-in Kubernetes API that Orrery.Machinery embeds.

usage: generate-types.py REFERENCE_DIRECTORY [OUTPUT_DIRECTORY]

REFERENCE_DIRECTORY holds types.json, discovery.json and bootstrap-rbac.json (bare facts, no sentences).
Each output file has one record a line, so that a process reads only the records it asks for:

  types.tsv           type name <TAB> JSON. A type or field: t type, m format, r name of a type, f fields,
                      i items, v values of a map, q required, d default, e enum, l list type (s set, m map, a atomic),
                      k list map keys, a atomic map (1), p patch merge key, s patch strategies, u unions.
  kinds.tsv           group <TAB> version <TAB> kind <TAB> type name
  resources.tsv       group <TAB> version <TAB> resource <TAB> JSON (kind, singular, namespaced, verbs, short, categories, sub)
  bootstrap-rbac.tsv  kind <TAB> namespace (- for none) <TAB> name <TAB> JSON of the object without apiVersion, kind and name

The `default` of a scalar is kept as the reference has it: OpenAPI publishes Go's zero values ("" and 0) too.
"""
import json
import pathlib
import sys

STEM = "io.k8s."
SCALARS = {"string": "s", "integer": "i", "boolean": "b", "number": "n", "object": "o", "array": "A"}
LISTS = {"set": "s", "map": "m", "atomic": "a"}
KNOWN = {"type", "format", "ref", "fields", "items", "values", "required", "default", "enum", "oneOf",
         "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type",
         "x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy", "x-kubernetes-unions"}


def short(name):
    return name[len(STEM):] if name.startswith(STEM) else sys.exit(f"type name without {STEM}: {name}")


def compact(schema):
    unknown = set(schema) - KNOWN
    if unknown:
        sys.exit(f"facts that this generator does not know: {sorted(unknown)}")
    out = {}
    if "type" in schema:
        out["t"] = SCALARS[schema["type"]]
    if "format" in schema:
        out["m"] = schema["format"]
    if "ref" in schema:
        out["r"] = short(schema["ref"])
    if "items" in schema:
        out["i"] = compact(schema["items"])
    if "values" in schema:
        out["v"] = compact(schema["values"])
    if schema.get("required"):
        out["q"] = schema["required"]
    if "default" in schema:
        out["d"] = schema["default"]
    if "enum" in schema:
        out["e"] = schema["enum"]
    if "x-kubernetes-list-type" in schema:
        out["l"] = LISTS[schema["x-kubernetes-list-type"]]
    if "x-kubernetes-list-map-keys" in schema:
        out["k"] = schema["x-kubernetes-list-map-keys"]
    if schema.get("x-kubernetes-map-type", "granular") == "atomic":  # granular is what a map is anyway
        out["a"] = 1
    if "x-kubernetes-patch-merge-key" in schema:
        out["p"] = schema["x-kubernetes-patch-merge-key"]
    if "x-kubernetes-patch-strategy" in schema:
        out["s"] = schema["x-kubernetes-patch-strategy"].split(",")
    if "x-kubernetes-unions" in schema:
        out["u"] = schema["x-kubernetes-unions"]
    if "fields" in schema:
        out["f"] = {name: compact(field) for name, field in sorted(schema["fields"].items())}
    return out


def dense(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def write(path, lines):
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="ascii")
    print(f"{path}: {len(lines)} records, {path.stat().st_size} bytes")


def resources(discovery):
    for group in discovery["api"] + discovery["apis"]:
        for version in group["versions"]:
            for r in version["resources"]:
                facts = {"kind": r["responseKind"]["kind"], "singular": r["singularResource"],
                         "namespaced": r["scope"] == "Namespaced", "verbs": r["verbs"]}
                if r.get("shortNames"):
                    facts["short"] = r["shortNames"]
                if r.get("categories"):
                    facts["categories"] = r["categories"]
                if r.get("subresources"):
                    facts["sub"] = [
                        {"name": s["subresource"], "kind": s["responseKind"]["kind"], "verbs": s["verbs"],
                         **({"group": s["responseKind"]["group"], "version": s["responseKind"]["version"]} if s["responseKind"]["version"] else {})}
                        for s in r["subresources"]]
                yield group["metadata"].get("name", ""), version["version"], r["resource"], dense(facts)


def rbac(bootstrap):
    kinds = [("clusterroles", "ClusterRole"), ("clusterrolebindings", "ClusterRoleBinding"), ("roles", "Role"), ("rolebindings", "RoleBinding")]
    for plural, kind in kinds:
        for item in bootstrap[plural]:
            item = dict(item)
            name, namespace = item.pop("name"), item.pop("namespace", "-")
            yield kind, namespace, name, dense(item)


def main():
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else pathlib.Path(__file__).parent.parent / "src/Orrery.Machinery/Schemas/Data")
    read = lambda name: json.loads((source / name).read_text())
    facts = read("types.json")
    target.mkdir(parents=True, exist_ok=True)
    write(target / "types.tsv", [(short(name), dense(compact(schema))) for name, schema in sorted(facts["types"].items())])
    write(target / "kinds.tsv", [(*kind.rsplit("/", 2), short(name)) for kind, name in sorted(facts["kinds"].items())])
    write(target / "resources.tsv", list(resources(read("discovery.json"))))
    write(target / "bootstrap-rbac.tsv", list(rbac(read("bootstrap-rbac.json"))))


if __name__ == "__main__":
    main()
