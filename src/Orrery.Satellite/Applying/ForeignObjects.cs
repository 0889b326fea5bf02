using System.Collections.Concurrent;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Tenancies;

namespace Orrery.Satellite.Applying;

/// <summary>Looks for what is somebody else's where something is to go that would take it along: a namespace with all that is in it, a definition with all objects of its kind.</summary>
internal sealed class ForeignObjects(SatelliteContext context, AppliedObjects applied)
{
    /// <summary>What Kubernetes itself serves; all others are custom resources, or served by somebody else's server.</summary>
    private static readonly HashSet<string> OwnGroups = new(StringComparer.Ordinal)
    {
        "", "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "authentication.k8s.io", "authorization.k8s.io", "autoscaling", "batch", "certificates.k8s.io",
        "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "extensions", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
        "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io",
    };

    /// <summary>By uid of what does not go, for what. As long as that is there, nothing else is looked for.</summary>
    private readonly ConcurrentDictionary<string, ForeignObject> keptFor = new(StringComparer.Ordinal);

    /// <summary>What would go with an object that a Work brought, and that is wanted no more.</summary>
    /// <returns>Null when nothing would.</returns>
    public async Task<string?> TakenAlongAsync(GroupVersionResource resource, KubeObject live, CancellationToken cancellationToken)
    {
        List<string> unseen = [];
        ForeignObject? found;
        if (keptFor.TryRemove(live.Uid, out ForeignObject? known) && await IsThereAsync(known, IsAnothers, cancellationToken).ConfigureAwait(false))
        {
            found = known;
        }
        else if (resource.GroupResource == ClusterResources.Namespaces.GroupResource)
        {
            found = applied.FirstIn(live.Name, IsWanted) ?? await InNamespaceAsync(live.Name, IsAnothers, unseen, cancellationToken).ConfigureAwait(false);
        }
        else if (resource.GroupResource == ClusterResources.Definitions.GroupResource)
        {
            found = await OfDefinitionAsync(live, unseen, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            return null;
        }

        if (found is not null)
        {
            keptFor[live.Uid] = found;
            return $"{found} is not of what goes, and would go with it";
        }

        return unseen.Count > 0 ? $"something of {string.Join(", ", unseen)} may be somebody else's, which the cluster does not tell, and would go with it" : null;
    }

    /// <summary>The first object in a namespace that neither the cluster nor a controller made by itself.</summary>
    /// <param name="isForeign">Of those whether it counts; null: each does.</param>
    /// <param name="unseen">Gets what the satellite may not see of the usual kinds, which may be what it applied itself, and what is not served now.</param>
    public async Task<ForeignObject?> InNamespaceAsync(string ns, Func<KubeObject, bool>? isForeign, List<string> unseen, CancellationToken cancellationToken)
    {
        foreach (PlaceableKind kind in PlaceableKinds.All)
        {
            try
            {
                if (await context.Resources.FindAsync(kind.Resource, cancellationToken).ConfigureAwait(false) is not null
                    && await FirstAsync(kind.Resource, kind.Kind, ns, isForeign, cancellationToken).ConfigureAwait(false) is { } foreign)
                {
                    return foreign;
                }
            }
            catch (StatusException e) when (e.Code == 403)
            {
                unseen.Add(kind.Resource.GroupResource.ToString());
            }
        }

        // Custom kinds that the satellite may not see are passed over: whoever keeps them from it takes that on.
        (IReadOnlyList<ApiResource> custom, IReadOnlyList<string> silent) = await context.Resources.AllAsync(cancellationToken, g => !OwnGroups.Contains(g)).ConfigureAwait(false);
        unseen.AddRange(silent);
        foreach (ApiResource resource in custom.Where(r => r.IsNamespaced && r.Verbs.Contains("list") && r.Verbs.Contains("delete")))
        {
            try
            {
                if (await FirstAsync(resource.Resource, resource.Kind, ns, isForeign, cancellationToken).ConfigureAwait(false) is { } foreign)
                {
                    return foreign;
                }
            }
            catch (StatusException e) when (e.Code is 403 or 404)
            {
                // 404: gone with its definition.
            }
        }

        return null;
    }

    /// <summary>Whether one that was found is still there.</summary>
    /// <param name="isForeign">Whether it counts; null: it does.</param>
    public async Task<bool> IsThereAsync(ForeignObject known, Func<KubeObject, bool>? isForeign, CancellationToken cancellationToken)
    {
        try
        {
            return await context.Cluster.FindAsync(known.Resource, known.Namespace, known.Name, cancellationToken).ConfigureAwait(false) is { } found && !IsAutomatic(known.Kind, found) && isForeign?.Invoke(found) != false;
        }
        catch (StatusException e) when (e.Code is 403 or 404)
        {
            return false;
        }
    }

    /// <summary>The first object of a kind that goes with its definition, in whichever namespace.</summary>
    private async Task<ForeignObject?> OfDefinitionAsync(KubeObject definition, List<string> unseen, CancellationToken cancellationToken)
    {
        string version = definition.At("spec", "versions") is { ValueKind: JsonValueKind.Array } versions
            ? versions.EnumerateArray().Where(v => v.TryGetProperty("served", out JsonElement served) && served.ValueKind == JsonValueKind.True).Select(v => v.GetProperty("name").GetString()).FirstOrDefault() ?? "" : "";
        var kind = new GroupVersionResource(definition.TextAt("spec", "group") ?? "", version, definition.TextAt("spec", "names", "plural") ?? "");
        try
        {
            return await FirstAsync(kind, definition.TextAt("spec", "names", "kind") ?? "", "", IsAnothers, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code == 404)
        {
            // It never came to be served: there are none.
            return null;
        }
        catch (StatusException e) when (e.Code == 403)
        {
            unseen.Add(kind.GroupResource.ToString());
            return null;
        }
    }

    private async Task<ForeignObject?> FirstAsync(GroupVersionResource resource, string kind, string ns, Func<KubeObject, bool>? isForeign, CancellationToken cancellationToken)
    {
        KubeList found = await context.Cluster.ListAsync(resource, ns, null, cancellationToken).ConfigureAwait(false);
        return found.Items.FirstOrDefault(o => !IsAutomatic(kind, o) && isForeign?.Invoke(o) != false) is { } foreign ? new ForeignObject(resource, kind, foreign.Namespace, foreign.Name) : null;
    }

    /// <summary>What a Work brought that is gone goes by itself, unless its release wants it kept.</summary>
    private bool IsAnothers(KubeObject found) => AppliedObjects.MarkOf(found).Length == 0 || context.Served.IsAnothers(found) || ResourcePolicy.Keeps(found) || IsWanted(found);

    private bool IsWanted(KubeObject found) => AppliedObjects.MarkOf(found) is { Length: > 0 } work && context.Work(work) is { IsDeleting: false };

    private static bool IsAutomatic(string kind, KubeObject found) =>
        (kind == "ConfigMap" && found.Name == "kube-root-ca.crt")
        || (kind == "ServiceAccount" && found.Name == "default")
        || (kind == "Secret" && found.TextAt("type") == "kubernetes.io/service-account-token")
        || NamespaceGuards.IsGuard(found)
        || found.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array };
}

/// <summary>An object that would be lost with what it is in, or of.</summary>
internal sealed record ForeignObject(GroupVersionResource Resource, string Kind, string Namespace, string Name)
{
    public override string ToString() => Namespace.Length > 0 ? $"{Kind} {Namespace}/{Name}" : $"{Kind} {Name}";
}
