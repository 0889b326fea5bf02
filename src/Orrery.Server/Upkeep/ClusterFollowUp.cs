using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Every cluster begins with the namespaces that clients take for granted; root also has the Service of its own API.</summary>
internal sealed class ClusterFollowUp(ObjectStore objects, Writer writer) : IFollowUp
{
    private const string Manager = "kube-apiserver";
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    public bool Concerns(GroupResource resource) => resource == OrreryResources.LogicalClusters.GroupResource;

    public ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken) =>
        EnsureAsync(new ClusterName(ns, name), cancellationToken);

    public async ValueTask EnsureAsync(ClusterName cluster, CancellationToken cancellationToken)
    {
        // Together: they share one wait for the disk.
        await Task.WhenAll(NamespaceContents.Namespaces.Select(name =>
            writer.EnsureAsync(objects, Namespaces, cluster, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, Manager, cancellationToken).AsTask()));
    }
}
