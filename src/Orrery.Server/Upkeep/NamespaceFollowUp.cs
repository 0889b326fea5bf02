using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Every namespace has a service account <c>default</c> and the authority's certificate in <c>kube-root-ca.crt</c>.</summary>
internal sealed class NamespaceFollowUp(ObjectStore objects, Writer writer, string authorityPem) : IFollowUp
{
    private const string Manager = "kube-controller-manager";
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");
    private static readonly ResourceDefinition Accounts = BuiltinResources.Instance.Require("", "v1", "serviceaccounts");
    private static readonly ResourceDefinition ConfigMaps = BuiltinResources.Instance.Require("", "v1", "configmaps");

    public bool Concerns(GroupResource resource) => resource == Namespaces.GroupResource;

    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            await writer.EnsureAsync(objects, Accounts, cluster, name, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, Manager, cancellationToken);
            await writer.EnsureAsync(objects, ConfigMaps, cluster, name, RootCertificate(), Manager, cancellationToken);
        }
        catch (StatusException refusal) when (refusal.IsNotFound || refusal.Reason == StatusReason.Forbidden)
        {
            // The namespace was deleted meanwhile.
        }
    }

    private JsonObject RootCertificate() => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = "kube-root-ca.crt",
            ["annotations"] = new JsonObject
            {
                ["kubernetes.io/description"] = "The certificate authority of this API server, for whoever calls it from within a pod.",
            },
        },
        ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
    };
}
