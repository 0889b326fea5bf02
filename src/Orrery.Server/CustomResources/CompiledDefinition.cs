using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>A CustomResourceDefinition made ready to serve: one resource a served version. Immutable; definitions of the same text share one.</summary>
internal sealed class CompiledDefinition
{
    private static readonly FrozenSet<string> Verbs = FrozenSet.ToFrozenSet(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]);

    private static readonly FrozenSet<string> SubresourceVerbs = FrozenSet.ToFrozenSet(["get", "patch", "update"]);

    private CompiledDefinition(string group, string digest, IReadOnlyList<ResourceDefinition> versions)
    {
        Group = group;
        Digest = digest;
        Versions = versions;
    }

    public string Group { get; }

    /// <summary>Of all that it was made of.</summary>
    public string Digest { get; }

    /// <summary>Best version first (apimachinery <c>pkg/version</c>: v2 before v1 before v1beta1).</summary>
    public IReadOnlyList<ResourceDefinition> Versions { get; }

    /// <summary>A version of a group that every server has is the server's own: upstream's routes to it come first, too.</summary>
    /// <param name="definition">Read, and not kept: a tree takes ten times what its text does.</param>
    /// <param name="source">The same as it is cached: what is large is read again from there when it is first used.</param>
    public static CompiledDefinition From(JsonObject definition, string digest, CachedObject source)
    {
        JsonObject spec = definition.ObjectAt("spec");
        string group = spec.TextAt("group") ?? "";
        List<JsonObject> versions = IsBuiltin(definition) ? [] : [.. (spec["versions"] as JsonArray ?? []).OfType<JsonObject>()];
        string storage = versions.FirstOrDefault(v => v.FlagAt("storage") == true)?.TextAt("name") ?? "";
        WebhookConversion? remote = WebhookConversion.Of(spec);
        return new CompiledDefinition(
            group,
            digest,
            [.. versions.Where(v => v.FlagAt("served") == true && !BuiltinResources.Instance.HasVersion(group, v.TextAt("name") ?? "")).Select(v => Version(spec, NamesOf(definition), v, storage, remote, definition.Generation > 1, source)).OrderBy(d => d.Resource.Version, VersionOrder.Instance)]);
    }

    /// <summary>
    /// Whether it would define what every server has. Such a one is never served, in no version: its objects would be the server's own, which it could write without their rules, and
    /// which would go with it.
    /// </summary>
    public static bool IsBuiltin(JsonObject definition) =>
        BuiltinResources.Instance.Has(new GroupResource(definition.TextAt("spec", "group") ?? "", definition.TextAt("spec", "names", "plural") ?? ""));

    /// <summary>The version in which a definition's objects are stored, whether it is served or not; null when it has none of its own.</summary>
    public static ResourceDefinition? StorageOf(JsonObject definition, CachedObject source)
    {
        JsonObject spec = definition.ObjectAt("spec");
        return !IsBuiltin(definition) && (spec["versions"] as JsonArray ?? []).OfType<JsonObject>().FirstOrDefault(v => v.FlagAt("storage") == true) is { } storage
            ? Version(spec, NamesOf(definition), storage, storage.TextAt("name") ?? "", WebhookConversion.Of(spec), definition.Generation > 1, source)
            : null;
    }

    /// <summary>The names that are served: those that no other definition of the group had first.</summary>
    public static JsonObject NamesOf(JsonObject definition) =>
        definition.NodeAt("status", "acceptedNames") is JsonObject accepted && accepted.TextAt("plural") is { Length: > 0 } ? accepted : definition.ObjectAt("spec").ObjectAt("names");

    private static ResourceDefinition Version(JsonObject spec, JsonObject names, JsonObject version, string storage, WebhookConversion? remote, bool changed, CachedObject source)
    {
        string group = spec.TextAt("group") ?? "";
        var kind = new GroupVersionKind(group, version.TextAt("name") ?? "", names.TextAt("kind") ?? "");
        bool namespaced = spec.TextAt("scope") == "Namespaced";
        ScalePaths? scale = version.NodeAt("subresources", "scale") is JsonObject paths
            ? new ScalePaths(paths.TextAt("specReplicasPath") ?? "", paths.TextAt("statusReplicasPath") ?? "", paths.TextAt("labelSelectorPath"))
            : null;
        bool hasStatus = version.NodeAt("subresources", "status") is JsonObject;
        string name = kind.Version;
        var schema = new Lazy<Schema>(() => CustomSchema.Parse(Find(source, name).NodeAt("schema", "openAPIV3Schema") is JsonObject found ? (JsonObject)found.DeepClone() : []));
        return new ResourceDefinition(() => schema.Value)
        {
            Resource = new GroupVersionResource(group, kind.Version, names.TextAt("plural") ?? ""),
            Kind = kind,
            ListKind = names.TextAt("listKind") ?? kind.Kind + "List",
            Singular = names.TextAt("singular") ?? "",
            Namespaced = namespaced,
            Verbs = Verbs,
            ShortNames = Texts(names["shortNames"]),
            Categories = Texts(names["categories"]),
            Subresources = Subresources(kind, hasStatus, scale is not null),
            Strategy = new CustomStrategy(kind, namespaced, hasStatus, scale, () => schema.Value) { SelectableFields = Selectable(version) },
            IsCustom = true,
            HasChanged = changed,
            StoredKind = kind with { Version = storage },
            Place = (spec["versions"] as JsonArray)?.IndexOf(version) ?? 0,
            Conversion = remote is null ? new RenamingConversion(kind.ApiVersion, (kind with { Version = storage }).ApiVersion, schema) : null,
            Remote = remote,
            Deprecation = version.FlagAt("deprecated") == true ? version.TextAt("deprecationWarning") ?? Deprecated(kind, spec) : null,
            Scale = scale,
            PrinterColumns = version.ContainsKey("additionalPrinterColumns") ? () => Find(source, name)["additionalPrinterColumns"] as JsonArray : null,
        };
    }

    private static JsonObject Find(CachedObject source, string version) =>
        (StoredJson.Parse(source.Json.Span).NodeAt("spec", "versions") as JsonArray ?? []).OfType<JsonObject>().First(v => v.TextAt("name") == version);

    /// <summary>What is said of a deprecated version whose author says nothing: it names the best one to go to, if there is any.</summary>
    private static string Deprecated(GroupVersionKind kind, JsonObject spec)
    {
        string? better = (spec["versions"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(v => v.FlagAt("served") == true && v.FlagAt("deprecated") != true)
            .Select(v => v.TextAt("name") ?? "")
            .Where(v => VersionOrder.Instance.Compare(v, kind.Version) < 0)
            .Order(VersionOrder.Instance)
            .FirstOrDefault();
        string warning = $"{kind.ApiVersion} {kind.Kind} is deprecated";
        return better is null ? warning : $"{warning}; use {(kind with { Version = better }).ApiVersion} {kind.Kind}";
    }

    private static FrozenDictionary<string, SubresourceDefinition> Subresources(GroupVersionKind kind, bool hasStatus, bool hasScale)
    {
        var found = new Dictionary<string, SubresourceDefinition>(StringComparer.Ordinal);
        if (hasStatus)
        {
            found["status"] = new SubresourceDefinition("status", kind, SubresourceVerbs);
        }

        if (hasScale)
        {
            found["scale"] = new SubresourceDefinition("scale", new GroupVersionKind("autoscaling", "v1", "Scale"), SubresourceVerbs);
        }

        return found.ToFrozenDictionary();
    }

    private static List<SelectableField> Selectable(JsonObject version) =>
        [.. (version["selectableFields"] as JsonArray ?? []).OfType<JsonObject>().Select(f => new SelectableField((f.TextAt("jsonPath") ?? "").TrimStart('.')))];

    private static string[] Texts(JsonNode? list) => list is JsonArray array ? [.. array.Select(t => t!.GetValue<string>())] : [];

    /// <summary>Conversion strategy None: versions differ in their name alone. What the version's schema does not know is not shown in it.</summary>
    private sealed class RenamingConversion(string served, string stored, Lazy<Schema> schema) : IVersionConversion
    {
        public void FromStored(JsonObject json)
        {
            json["apiVersion"] = served;
            Pruning.Apply(json, schema.Value);
        }

        public void ToStored(JsonObject json) => json["apiVersion"] = stored;
    }
}
