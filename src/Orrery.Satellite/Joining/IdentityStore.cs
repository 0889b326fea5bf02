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

    /// <summary>What was sent and not answered: it may stand there.</summary>
    private JsonObject? unanswered;

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
        if (unanswered is { } sent)
        {
            // Whether it arrived: otherwise it would be taken for somebody else's, for as long as this process lives.
            KubeObject? there = await cluster.FindAsync(Secrets, JoinNames.SystemNamespace, secretName, cancellationToken).ConfigureAwait(false);
            version = there is not null && JsonComparison.IsSame(there.At("data"), sent) ? there.ResourceVersion : version;
            unanswered = null;
        }

        JsonObject data = identity.ToData();
        var secret = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject { ["name"] = secretName, ["namespace"] = JoinNames.SystemNamespace },
            ["type"] = "Opaque",
            ["data"] = data.DeepClone(),
        };
        if (version.Length == 0)
        {
            await SystemNamespace.EnsureAsync(cluster, cancellationToken).ConfigureAwait(false);
        }

        try
        {
            unanswered = data;
            version = (await PutAsync(secret, cancellationToken).ConfigureAwait(false)).ResourceVersion;
            unanswered = null;
        }
        catch (StatusException refused) when (refused.Code is >= 400 and < 500)
        {
            unanswered = null;
            throw;
        }
    }

    private Task<KubeObject> PutAsync(JsonObject secret, CancellationToken cancellationToken)
    {
        if (version.Length == 0)
        {
            return cluster.CreateAsync(Secrets, JoinNames.SystemNamespace, secret, cancellationToken);
        }

        secret.Metadata["resourceVersion"] = version;
        return cluster.UpdateAsync(Secrets, JoinNames.SystemNamespace, secretName, secret, cancellationToken);
    }
}
