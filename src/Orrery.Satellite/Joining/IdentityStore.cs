using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>Keeps the satellite's identity in a Secret of its cluster, so that it outlives the process and never leaves the cluster.</summary>
/// <param name="secretName">Of the Secret in <see cref="JoinNames.SystemNamespace"/>.</param>
internal sealed class IdentityStore(KubeClient cluster, string secretName)
{
    private static readonly GroupVersionResource Secrets = new("", "v1", "secrets");
    private string version = "";

    /// <summary>By which clusters are told apart.</summary>
    public async Task<string> ClusterUidAsync(CancellationToken cancellationToken) =>
        (await cluster.GetAsync(ClusterResources.Namespaces, "", "kube-system", cancellationToken).ConfigureAwait(false)).Uid;

    /// <returns>Null when there is none yet.</returns>
    public async Task<SatelliteIdentity?> ReadAsync(CancellationToken cancellationToken)
    {
        KubeObject? secret = await cluster.FindAsync(Secrets, JoinNames.SystemNamespace, secretName, cancellationToken).ConfigureAwait(false);
        version = secret?.ResourceVersion ?? "";
        return secret is null ? null : SatelliteIdentity.Of(secret);
    }

    /// <summary>Writes it, on condition that nobody did since it was read: of two satellites in one cluster, one loses.</summary>
    /// <exception cref="StatusException">Conflict, or whatever else the cluster refuses.</exception>
    public async Task WriteAsync(SatelliteIdentity identity, CancellationToken cancellationToken)
    {
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = secretName, ["namespace"] = JoinNames.SystemNamespace },
            ["type"] = "Opaque",
            ["data"] = identity.ToData(),
        };
        if (version.Length > 0)
        {
            secret.Metadata["resourceVersion"] = version;
            version = (await cluster.UpdateAsync(Secrets, JoinNames.SystemNamespace, secretName, secret, cancellationToken).ConfigureAwait(false)).ResourceVersion;
            return;
        }

        await SystemNamespace.EnsureAsync(cluster, cancellationToken).ConfigureAwait(false);
        version = (await cluster.CreateAsync(Secrets, JoinNames.SystemNamespace, secret, cancellationToken).ConfigureAwait(false)).ResourceVersion;
    }
}
