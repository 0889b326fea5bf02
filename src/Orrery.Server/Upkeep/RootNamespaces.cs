using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Root begins with the namespaces that clients take for granted. Virtual clusters have them from the base layer.</summary>
internal sealed class RootNamespaces(ObjectStore objects, Writer writer)
{
    private const string Manager = "kube-apiserver";
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");

    public async ValueTask EnsureAsync(CancellationToken cancellationToken)
    {
        // Together: they share one wait for the disk.
        await Task.WhenAll(NamespaceContents.Namespaces.Select(name =>
            writer.EnsureAsync(objects, Namespaces, ClusterName.Root, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, Manager, cancellationToken).AsTask()));
    }
}
