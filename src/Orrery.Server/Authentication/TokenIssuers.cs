using Orrery.Api;

namespace Orrery.Server.Authentication;

/// <summary>
/// How the server's own tokens name their issuer and for whom they are good. Each virtual cluster is an issuer of its own,
/// below root's, so that somebody who trusts one of them trusts no other.
/// </summary>
public sealed record TokenIssuers
{
    public static readonly TokenIssuers Default = new();

    /// <summary>Issuers of root: the first issues, all are accepted. Upstream: <c>--service-account-issuer</c>, given more than once to change it.</summary>
    public IReadOnlyList<string> Root { get; init; } = [AccessTokens.Issuer];

    /// <summary>What the API server calls itself: audiences of a token that names none, and what a token must be good for here. At least one.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [AccessTokens.Issuer];

    /// <summary>The <c>iss</c> of a service account's token in a cluster.</summary>
    public string For(ClusterName cluster) => Of(Root[0], cluster);

    /// <summary>Whether a token of a cluster may carry this <c>iss</c>.</summary>
    public bool Accepts(string? issuer, ClusterName cluster)
    {
        // The server's own name: tokens for people carry it, wherever the server is reached.
        if (issuer is null or AccessTokens.Issuer)
        {
            return issuer is not null;
        }

        foreach (string root in Root)
        {
            if (issuer == Of(root, cluster))
            {
                return true;
            }
        }

        return false;
    }

    private static string Of(string root, ClusterName cluster) => cluster.IsRoot ? root : root.TrimEnd('/') + cluster.PathPrefix.TrimEnd('/');
}
