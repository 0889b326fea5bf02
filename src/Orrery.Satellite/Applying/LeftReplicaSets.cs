using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Finds the ReplicaSet that a Deployment left here (<c>--cascade=orphan</c>) for a Work that wants it by itself. It is called after a hash of its template as it is here; which one it was in the
/// virtual cluster stands on its template, and so in the Work.
/// </summary>
internal sealed class LeftReplicaSets(SatelliteContext context, AppliedObjects applied)
{
    /// <summary>Reason of what is not applied while a Deployment here controls the object.</summary>
    public const string Controlled = "Controlled";

    public static readonly GroupVersionResource Resource = new("apps", "v1", "replicasets");

    private const string HashLabel = "pod-template-hash";

    /// <summary>Gives the manifest the name and the hash that it has here, where it is here.</summary>
    /// <returns>What was left and is to be taken, and why it cannot be yet.</returns>
    public async Task<(KubeObject? Left, ApplyOutcome? Waits)> FindAsync(Manifest manifest, GroupVersionResource resource, CancellationToken cancellationToken)
    {
        if (manifest.Kind is not { Group: "apps", Kind: "ReplicaSet" } || HashOf(manifest.Json.NodeAt("spec", "template", "metadata", "annotations")) is not { } hash
            || manifest.Json.TextAt("spec", "selector", "matchLabels", HashLabel) is not { } label || !manifest.Name.EndsWith("-" + label, StringComparison.Ordinal))
        {
            return default;
        }

        string deployment = manifest.Name[..^(label.Length + 1)];
        KubeObject? found = applied.Of(manifest.WorkName).Where(a => a.Resource.GroupResource == resource.GroupResource && a.Live.Namespace == manifest.Namespace).Select(a => a.Live).FirstOrDefault()
            ?? await LeftAsync(manifest.Namespace, resource, deployment, hash, cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            return default;
        }

        if (ControllerOf(found) is { } controller)
        {
            return (found, ApplyOutcome.Refused(Controlled, $"{controller} controls it here", found));
        }

        if (found.TextAt("spec", "selector", "matchLabels", HashLabel) is { } here)
        {
            JsonObject json = manifest.Json;
            json.Metadata["name"] = found.Name;
            foreach (JsonNode? labels in (JsonNode?[])[json.Metadata["labels"], json.NodeAt("spec", "selector", "matchLabels"), json.NodeAt("spec", "template", "metadata", "labels")])
            {
                if (labels is JsonObject present && present.ContainsKey(HashLabel))
                {
                    present[HashLabel] = here;
                }
            }
        }

        return (found, null);
    }

    /// <summary>The one that runs, where several are of one template of the virtual cluster: a data plane rolls its pods too when a tenant's machines change.</summary>
    private async Task<KubeObject?> LeftAsync(string ns, GroupVersionResource resource, string deployment, string hash, CancellationToken cancellationToken)
    {
        KubeList all = await context.Cluster.ListAsync(resource, ns, new ListQuery { LabelSelector = HashLabel }, cancellationToken).ConfigureAwait(false);
        return all.Items
            .Where(s => !s.IsDeleting && !IsTaken(s)
                && s.TextAt("spec", "template", "metadata", "annotations", OrreryNames.TemplateHashAnnotation) == hash
                && s.TextAt("spec", "selector", "matchLabels", HashLabel) is { } here && s.Name == $"{deployment}-{here}")
            .OrderByDescending(s => s.NumberAt("spec", "replicas") ?? 1)
            .ThenByDescending(s => s.CreationTimestamp)
            .ThenBy(s => s.Name, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    /// <summary>By another Work: the mark of its Deployment's a ReplicaSet has from the first, as Deployments give theirs the annotations that they have.</summary>
    private bool IsTaken(KubeObject set) => context.Work(AppliedObjects.MarkOf(set))?.TextAt("spec", "source", "kind") == "ReplicaSet";

    private static string? HashOf(JsonNode? annotations) => (annotations as JsonObject)?.TextAt(OrreryNames.TemplateHashAnnotation);

    private static string? ControllerOf(KubeObject found)
    {
        if (found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners)
        {
            foreach (JsonElement owner in owners.EnumerateArray())
            {
                if (owner.TryGetProperty("controller", out JsonElement controls) && controls.ValueKind == JsonValueKind.True)
                {
                    return $"{owner.GetProperty("kind").GetString()} {owner.GetProperty("name").GetString()}";
                }
            }
        }

        return null;
    }
}
