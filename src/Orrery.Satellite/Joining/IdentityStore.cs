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

    /// <summary>As it stood there when it was last read or written; null when it did not.</summary>
    private KubeObject? present;

    /// <summary>What was sent and not answered: it may stand there.</summary>
    private JsonObject? unanswered;

    /// <summary>Whether something stands there that was no identity when it was last read.</summary>
    public bool IsUnreadable { get; private set; }

    /// <summary>By which clusters are told apart.</summary>
    public async Task<string> ClusterUidAsync(CancellationToken cancellationToken) =>
        (await cluster.GetAsync(ClusterResources.Namespaces, "", "kube-system", cancellationToken).ConfigureAwait(false)).Uid;

    /// <returns>Null when there is none yet, or nothing that could be one.</returns>
    public async Task<SatelliteIdentity?> ReadAsync(CancellationToken cancellationToken)
    {
        present = await FindAsync(cancellationToken).ConfigureAwait(false);
        SatelliteIdentity? identity = present is null ? null : SatelliteIdentity.Of(present);
        IsUnreadable = present is not null && identity is null;
        return identity;
    }

    /// <summary>
    /// Writes it, on condition that nobody wrote another since it was read: of two satellites in one cluster, one loses. Who only labels it, stores it anew under another key, or takes it away
    /// takes nothing from the satellite that runs: without it that could not replace its certificate any more.
    /// </summary>
    /// <exception cref="StatusException">Conflict, or whatever else the cluster refuses.</exception>
    /// <exception cref="InvalidDataException">Another satellite has written its own.</exception>
    public async Task WriteAsync(SatelliteIdentity identity, CancellationToken cancellationToken)
    {
        if (unanswered is not null)
        {
            // Whether it arrived: otherwise it would be taken for somebody else's.
            await IsStillOursAsync(cancellationToken).ConfigureAwait(false);
        }

        JsonObject data = identity.ToData();
        try
        {
            await PutAsync(data, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException refused) when (refused.Code is 404 or 409)
        {
            if (!await IsStillOursAsync(cancellationToken).ConfigureAwait(false))
            {
                if (await FindAsync(cancellationToken).ConfigureAwait(false) is { } there)
                {
                    RefuseAnother(there, identity);
                }

                throw;
            }

            await PutAsync(data, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Makes it again where somebody took it away, or wrote what is no identity in its place: a satellite that starts anew without it knows nothing of itself. Where its whole namespace goes, it is its owner who sends it away.</summary>
    /// <returns>Whether it was gone, or nobody's.</returns>
    /// <exception cref="InvalidDataException">Another satellite has written its own.</exception>
    public async Task<bool> RestoreAsync(SatelliteIdentity identity, CancellationToken cancellationToken)
    {
        KubeObject? there = await FindAsync(cancellationToken).ConfigureAwait(false);
        if (there is not null)
        {
            if (RefuseAnother(there, identity))
            {
                return false;
            }

            // Nobody works with that: another satellite would have written one.
            present = there;
        }
        else if (await cluster.FindAsync(ClusterResources.Namespaces, "", JoinNames.SystemNamespace, cancellationToken).ConfigureAwait(false) is not { IsDeleting: false })
        {
            return false;
        }

        await WriteAsync(identity, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <returns>Whether an identity stands there, which is this satellite's.</returns>
    private bool RefuseAnother(KubeObject there, SatelliteIdentity own)
    {
        SatelliteIdentity? found = SatelliteIdentity.Of(there);
        return found is null || (found.DataPlane == own.DataPlane && found.Server == own.Server)
            ? found is not null
            : throw new InvalidDataException(
                $"Secret {JoinNames.SystemNamespace}/{secretName} holds the identity of data plane {found.DataPlane} of {found.Server}: another satellite works in this cluster, and this one cannot keep a new certificate nor start anew; let one of them run");
    }

    private Task<KubeObject?> FindAsync(CancellationToken cancellationToken) => cluster.FindAsync(Secrets, JoinNames.SystemNamespace, secretName, cancellationToken);

    /// <summary>Looks at what stands there now, and goes on from it where it holds nothing but what was written here.</summary>
    private async Task<bool> IsStillOursAsync(CancellationToken cancellationToken)
    {
        KubeObject? there = await FindAsync(cancellationToken).ConfigureAwait(false);
        bool isOurs = there is null ? present is not null
            : (present?.At("data") is { } known && JsonComparison.IsSame(there.At("data"), KubeJson.ToNode(known))) || (unanswered is { } sent && JsonComparison.IsSame(there.At("data"), sent));
        unanswered = null;
        present = isOurs ? there : present;
        return isOurs;
    }

    private async Task PutAsync(JsonObject data, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject { ["name"] = secretName, ["namespace"] = JoinNames.SystemNamespace };
        var secret = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Secret", ["metadata"] = metadata, ["type"] = "Opaque", ["data"] = data.DeepClone() };
        if (present is null)
        {
            await SystemNamespace.EnsureAsync(cluster, cancellationToken).ConfigureAwait(false);
        }

        foreach (string member in (ReadOnlySpan<string>)["labels", "annotations", "resourceVersion"])
        {
            if (present?.At("metadata", member) is { } kept)
            {
                metadata[member] = KubeJson.ToNode(kept);
            }
        }

        try
        {
            unanswered = data;
            present = await (present is null
                ? cluster.CreateAsync(Secrets, JoinNames.SystemNamespace, secret, cancellationToken)
                : cluster.UpdateAsync(Secrets, JoinNames.SystemNamespace, secretName, secret, cancellationToken)).ConfigureAwait(false);
            unanswered = null;
        }
        catch (StatusException refused) when (refused.Code is >= 400 and < 500)
        {
            unanswered = null;
            throw;
        }
    }
}
