using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// Where a virtual cluster says whose tokens it accepts: an AuthenticationConfiguration in the ConfigMap
/// <c>kube-system/orrery-authentication</c>, key <c>config.yaml</c>.
/// </summary>
internal static class ClusterProviders
{
    public const string Namespace = "kube-system";
    public const string Name = "orrery-authentication";
    public const string Key = "config.yaml";

    /// <summary>Of one virtual cluster.</summary>
    private const int MostProviders = 8;

    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static IReadOnlyList<TokenProvider> Read(ClusterName cluster, JsonObject configMap, TokenIssuers issuers)
    {
        if (configMap.TextAt("data", Key) is not { } yaml)
        {
            return [];
        }

        AuthenticationConfiguration read = AuthenticationConfiguration.Parse(yaml, issuer => issuers.Accepts(issuer, cluster) || issuers.Accepts(issuer, ClusterName.Root));
        return read.Anonymous is not null ? throw new FormatException("anonymous: who needs no credential is said for a whole server")
            : read.Providers.Count > MostProviders ? throw new FormatException($"jwt: Too many: {read.Providers.Count}: must have at most {MostProviders} items")
            : read.Providers;
    }
}
