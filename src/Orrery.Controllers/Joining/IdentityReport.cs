using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>
/// Writes on a DataPlane what is known of its satellite's identity, by server-side apply under a name of its own: others own the rest of the status.
/// </summary>
internal sealed class IdentityReport(KubeClient root, Informer dataPlanes, TimeProvider time)
{
    private const string Manager = "orrery-joining";
    private const string ClusterUid = "clusterUid";
    private const string Start = "certificateStartTime";
    private const string Expiration = "certificateExpirationTime";
    private const string Pending = "pendingRequest";
    private const string Authority = "certificateAuthority";
    private const string Identity = "satelliteIdentity";

    private readonly SemaphoreSlim[] turns = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1))];

    /// <summary>A certificate is about to be issued to its satellite in this cluster: no other gets one beside it.</summary>
    public Task AdmittedAsync(KubeObject dataPlane, SigningRequest request, CancellationToken cancellationToken) =>
        WriteAsync(
            dataPlane,
            (present, status) =>
            {
                status[ClusterUid] = request.ClusterUid;
                NoneRefused(present, status);
            },
            cancellationToken);

    /// <summary>Its satellite has a certificate; the first says which cluster this data plane is.</summary>
    /// <param name="asked">When it was asked for: what was refused since stays said.</param>
    public Task<bool> IssuedAsync(KubeObject dataPlane, SigningRequest request, DateTimeOffset asked, IssuedCertificate certificate, CancellationToken cancellationToken)
    {
        // One that was told of, or an older one, is looked at again: it says nothing of what came since, such as a refusal. Next to one from a time when the clock was ahead any is newer.
        if (dataPlane.At("status", Start)?.GetDateTimeOffset() is { } known && known <= time.GetUtcNow()
            && (certificate.From < known
                || (certificate.From == known && dataPlane.At("status", Expiration)?.GetDateTimeOffset() == certificate.To && dataPlane.TextAt("status", Identity) == request.Satellite?.Identity)))
        {
            return Task.FromResult(false);
        }

        return WriteAsync(
            dataPlane,
            (present, status) =>
            {
                status[ClusterUid] = request.ClusterUid;
                status[Identity] = request.Satellite?.Identity;
                status[Authority] = certificate.Authority;
                status[Start] = Conditions.Time(certificate.From);
                status[Expiration] = Conditions.Time(certificate.To);
                status.Remove(Pending);
                Set(present, status, JoinNames.IdentityCondition, Conditions.True, "CertificateIssued", "its satellite has a certificate");
                if (Conditions.Find(present, JoinNames.RefusedCondition) is not { Status: Conditions.True } refused || refused.LastTransitionTime < asked)
                {
                    NoneRefused(present, status);
                }
            },
            cancellationToken);
    }

    public Task<bool> WaitingAsync(KubeObject dataPlane, SigningRequest request, JoinVerdict verdict, CancellationToken cancellationToken) => WriteAsync(
        dataPlane,
        (present, status) =>
        {
            status[Pending] = request.Name;
            Set(present, status, JoinNames.IdentityCondition, Conditions.False, verdict.Reason, verdict.Message);
        },
        cancellationToken);

    /// <summary>Name of the request that waits for an operator; null when none does.</summary>
    public static string? PendingOf(KubeObject dataPlane) => dataPlane.TextAt("status", Pending);

    /// <summary>The satellite that was let in last is let in no more.</summary>
    /// <returns>False for one that is, and where none ever was.</returns>
    public Task<bool> RevokedAsync(KubeObject dataPlane, CancellationToken cancellationToken) =>
        dataPlane.TextAt("status", Identity) is { } last && last != SatelliteUserName.IdentityOf(dataPlane) && Conditions.IsTrue(dataPlane, JoinNames.IdentityCondition)
            ? WriteAsync(
                dataPlane,
                (present, status) => Set(
                    present, status, JoinNames.IdentityCondition, Conditions.False, "Revoked", $"the certificate of its satellite was revoked; 'orrery data-plane token {dataPlane.Name}' lets it in again"),
                cancellationToken)
            : Task.FromResult(false);

    /// <summary>What the satellite has stays good: being refused takes nothing from whoever has the name.</summary>
    public Task<bool> RefusedAsync(KubeObject dataPlane, SigningRequest request, JoinVerdict verdict, CancellationToken cancellationToken) => WriteAsync(
        dataPlane,
        (present, status) => Set(
            present, status, JoinNames.RefusedCondition, Conditions.True, verdict.Reason, $"request {request.Name} of {request.Requester} was refused: {verdict.Message}"),
        cancellationToken);

    /// <summary>Nobody can join it any more.</summary>
    public Task<bool> UninvitedAsync(KubeObject dataPlane, string message, CancellationToken cancellationToken) =>
        WriteAsync(dataPlane, (present, status) => Set(present, status, JoinNames.RefusedCondition, Conditions.True, JoinNames.TokenExpired, message), cancellationToken);

    /// <returns>False when there was nothing new to write.</returns>
    private async Task<bool> WriteAsync(KubeObject dataPlane, Action<KubeObject, JsonObject> change, CancellationToken cancellationToken)
    {
        // Several requests of one data plane are judged at once, and none takes back what another wrote.
        SemaphoreSlim turn = turns[(uint)dataPlane.Name.GetHashCode(StringComparison.Ordinal) % (uint)turns.Length];
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await WriteInTurnAsync(dataPlanes.Get(ObjectKey.Of(dataPlane)) is { } present && present.Uid == dataPlane.Uid ? present : dataPlane, change, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task<bool> WriteInTurnAsync(KubeObject dataPlane, Action<KubeObject, JsonObject> change, CancellationToken cancellationToken)
    {
        // What this manager does not apply again is taken away, so it begins from what is there.
        var status = new JsonObject();
        foreach (string field in (ReadOnlySpan<string>)[ClusterUid, Start, Expiration, Pending, Identity, Authority])
        {
            if (dataPlane.TextAt("status", field) is { } text)
            {
                status[field] = text;
            }
        }

        foreach (string type in (ReadOnlySpan<string>)[JoinNames.IdentityCondition, JoinNames.RefusedCondition])
        {
            if (Conditions.Find(dataPlane, type) is { } c)
            {
                Conditions.Set(status, type, c.Status, c.Reason, c.Message, c.LastTransitionTime ?? DateTimeOffset.UnixEpoch, c.ObservedGeneration);
            }
        }

        JsonNode before = status.DeepClone();
        change(dataPlane, status);
        if (JsonNode.DeepEquals(before, status))
        {
            return false;
        }

        var body = new JsonObject
        {
            ["apiVersion"] = OrreryResources.ApiVersion,
            ["kind"] = "DataPlane",
            ["metadata"] = new JsonObject { ["name"] = dataPlane.Name, ["uid"] = dataPlane.Uid },
            ["status"] = status,
        };
        dataPlanes.Observe(await root.ApplyAsync(
            OrreryResources.DataPlanes, "", dataPlane.Name, body, Manager, force: true, cancellationToken, "status").ConfigureAwait(false));
        return true;
    }

    private void NoneRefused(KubeObject dataPlane, JsonObject status) =>
        Set(dataPlane, status, JoinNames.RefusedCondition, Conditions.False, "NoneRefused", "the last request for its satellite's certificate was granted");

    private void Set(KubeObject dataPlane, JsonObject status, string type, string state, string reason, string message) =>
        Conditions.Set(status, type, state, reason, message, time.GetUtcNow(), dataPlane.Generation);
}
