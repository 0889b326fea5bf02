using Orrery.Api;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>Every namespace has a service account <c>default</c>, so that pods can be made in it at once.</summary>
internal sealed class NamespaceFollowUp(ObjectStore objects, Writer writer) : IFollowUp
{
    private const string Manager = "kube-controller-manager";
    private static readonly ResourceDefinition Namespaces = BuiltinResources.Instance.Require("", "v1", "namespaces");
    private static readonly ResourceDefinition Accounts = BuiltinResources.Instance.Require("", "v1", "serviceaccounts");

    public bool Concerns(GroupResource resource) => resource == Namespaces.GroupResource;

    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            await writer.EnsureAsync(objects, Accounts, cluster, name, NamespaceContents.Account(), Manager, cancellationToken);
        }
        catch (StatusException refusal) when (refusal.IsNotFound || refusal.Reason == StatusReason.Forbidden)
        {
            // The namespace was deleted meanwhile.
        }
    }
}
