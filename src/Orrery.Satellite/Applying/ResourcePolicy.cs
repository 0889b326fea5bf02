using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>
/// Helm's <c>helm.sh/resource-policy: keep</c>, on what an Installation brought. (In a virtual cluster it is the Helm client that heeds it.)
/// </summary>
internal static class ResourcePolicy
{
    /// <summary>Whether it stays when nobody wants it any more. Its marks stay too: the same installation, made again, finds it as its own.</summary>
    public static bool Keeps(KubeObject live) => live.Labels.ContainsKey(OrreryNames.InstallationLabel)
        && live.Annotations.GetValueOrDefault(OrreryNames.ResourcePolicyAnnotation)?.Trim().Equals(OrreryNames.KeepPolicy, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>A tenant's namespace goes with its Installation; one that holds something to keep must not, and is told so before that can happen.</summary>
    public static async Task MarkNamespaceAsync(SatelliteContext context, KubeObject kept, ILogger logger, CancellationToken cancellationToken)
    {
        if (context.IsByCopy || context.Namespaces.Get(ClusterName.Root, "", kept.Namespace) is not { } ns || context.Served.OwnerOf(ns) is not { Tenant.Length: > 0 } owner
            || ns.Annotations.ContainsKey(OrreryNames.KeptAnnotation))
        {
            return;
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = ns.Uid, ["annotations"] = new JsonObject { [OrreryNames.KeptAnnotation] = "true" } } };
        context.Namespaces.Observe(await context.Actions.PatchAsync(ClusterResources.Namespaces, "Namespace", ns.Name, patch, owner.ToString(), cancellationToken).ConfigureAwait(false));
        Log.KeptByPolicy(logger, kept.Kind, kept.Namespace, kept.Name);
    }
}
