using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.CustomResources;

/// <summary>Accepts the names of a new definition when no other of its cluster has them, and with that establishes it.</summary>
internal sealed class DefinitionFollowUp(ObjectStore objects, Writer writer, TimeProvider time) : IFollowUp
{
    private static readonly ResourceDefinition Definitions = BuiltinResources.Instance.Require("apiextensions.k8s.io", "v1", "customresourcedefinitions");

    public bool Concerns(GroupResource resource) => resource == CustomResourceSet.Definitions;

    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        await writer.UpdateAsync(
            Definitions, cluster, "", name, "status", "kube-apiserver",
            definition =>
            {
                if (!definition.IsDeleting)
                {
                    Accept(cluster, definition);
                }
            },
            cancellationToken);
    }

    private void Accept(ClusterName cluster, JsonObject definition)
    {
        JsonObject status = definition.ObjectAt("status");
        JsonObject names = definition.ObjectAt("spec").ObjectAt("names");
        string now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        if (Conflict(cluster, definition, names) is { } taken)
        {
            DefinitionStatus.Set(status, "NamesAccepted", "False", "NameConflict", taken, now);
            DefinitionStatus.Set(status, "Established", "False", "NotAccepted", "not all names are accepted", now);
            return;
        }

        status["acceptedNames"] = names.DeepClone();
        DefinitionStatus.Set(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found", now);
        if (!DefinitionStatus.IsTrue(definition, "Established"))
        {
            DefinitionStatus.Set(status, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now);
        }
    }

    /// <summary>The first name that another definition of the group has, or null.</summary>
    private string? Conflict(ClusterName cluster, JsonObject definition, JsonObject names)
    {
        string? group = definition.TextAt("spec", "group");
        foreach (Cache.CachedObject item in objects.Current(Definitions).Range(Cache.StoreKey.Prefix(CustomResourceSet.Definitions, cluster)))
        {
            if (item.Name == definition.Name || StoredJson.Parse(item.Json.Span) is not { } other || other.TextAt("spec", "group") != group || other.NodeAt("status", "acceptedNames") is not JsonObject taken)
            {
                continue;
            }

            if (Kinds(names).Intersect(Kinds(taken)).FirstOrDefault() is { } kind)
            {
                return $"\"{kind}\" is already in use";
            }

            if (Resources(names).Intersect(Resources(taken)).FirstOrDefault() is { } resource)
            {
                return $"\"{resource}\" is already in use";
            }
        }

        return null;
    }

    private static IEnumerable<string> Kinds(JsonObject names) => new[] { names.TextAt("kind"), names.TextAt("listKind") }.OfType<string>().Where(n => n.Length > 0);

    private static IEnumerable<string> Resources(JsonObject names) =>
        new[] { names.TextAt("plural"), names.TextAt("singular") }
            .Concat((names["shortNames"] as JsonArray ?? []).Select(s => s?.GetValue<string>()))
            .OfType<string>().Where(n => n.Length > 0);
}
