using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Clusters;

namespace Orrery.Server.Authorization;

/// <summary>What decides whether a user may do something. Names of upstream's <c>--authorization-mode</c>.</summary>
public enum AuthorizationMode
{
    /// <summary>The roles and bindings of the cluster.</summary>
    Rbac,

    /// <summary>Whoever was authenticated may do everything in the clusters that the credential is for: test environments only.</summary>
    AlwaysAllow,

    /// <summary>Nobody but <c>system:masters</c> may do anything.</summary>
    AlwaysDeny,
}

/// <summary>Authorizes by the roles and bindings of the cluster that a request is for.</summary>
internal sealed class RbacAuthorizer(RbacIndexes indexes, AuthorizationMode mode = AuthorizationMode.Rbac) : IAuthorizer, IClusterMemory
{
    public void Forget(ClusterName cluster) => indexes.Forget(cluster);

    /// <summary>What nobody else needs to be asked about: a credential does not hold there, or its user may do everything. Null: neither.</summary>
    public AuthorizationDecision? Settled(AuthorizationAttributes attributes) =>
        !attributes.User.Scope.Covers(attributes.Cluster) ? new AuthorizationDecision(false, "the credential is for another cluster")
        : attributes.User.IsMaster || mode == AuthorizationMode.AlwaysAllow ? new AuthorizationDecision(true, "")
        : null;

    public AuthorizationDecision Authorize(AuthorizationAttributes attributes)
    {
        if (Settled(attributes) is { } settled)
        {
            return settled;
        }

        if (mode == AuthorizationMode.AlwaysDeny)
        {
            return new AuthorizationDecision(false, "Everything is forbidden.");
        }

        // There are no roles that span clusters.
        return attributes.Cluster.IsAll
            ? new AuthorizationDecision(false, "only control-plane components reach all clusters at once")
            : indexes.For(attributes.Cluster).Authorize(attributes);
    }

    /// <summary>Everything granted to a user in a namespace, and what could not be resolved.</summary>
    public (IReadOnlyList<PolicyRule> Rules, IReadOnlyList<string> Missing) RulesFor(ClusterName cluster, UserInfo user, string ns) =>
        indexes.For(cluster).RulesFor(user, ns);

    /// <summary>The rules of the role that a binding in <paramref name="ns"/> names; null when there is none.</summary>
    public IReadOnlyList<PolicyRule>? RulesOf(ClusterName cluster, RoleRef role, string ns) => indexes.For(cluster).Rules(role, ns);

    /// <summary>What an aggregated ClusterRole gathers now; null when the role does not aggregate or does not exist.</summary>
    public IReadOnlyList<PolicyRule>? Aggregated(ClusterName cluster, string clusterRole) => indexes.For(cluster).Aggregated(clusterRole);

    /// <summary>The ClusterRoles of a cluster that aggregate.</summary>
    public IReadOnlyList<string> AggregatedNames(ClusterName cluster) => indexes.For(cluster).AggregatedNames;
}
