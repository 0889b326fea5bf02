using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.DataPlanes;

namespace Orrery.Controllers.Joining;

/// <summary>A token by which one satellite joins once.</summary>
/// <param name="Token">A secret. It is kept nowhere.</param>
public sealed record JoinToken(string Token, DateTimeOffset Expires)
{
    /// <summary>Keeps the token out of whatever prints records.</summary>
    public override string ToString() => $"{nameof(JoinToken)} until {Expires:O}";
}

/// <summary>Makes invitations, for whoever may make service accounts and tokens in the namespace of the data plane.</summary>
/// <param name="root">As an operator.</param>
public sealed class InvitationWriter(KubeClient root, TimeProvider time)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits until the data plane has its namespace and who joins may ask, then makes an invitation and its token.</summary>
    /// <param name="newCluster">Whether another cluster than the one that joined before may take its place.</param>
    /// <exception cref="StatusException">404: there is no such data plane.</exception>
    public async Task<JoinToken> InviteAsync(string dataPlane, bool newCluster, CancellationToken cancellationToken)
    {
        // 1. Where invitations stand.
        string ns = OrreryNames.DataPlaneNamespace(dataPlane);
        while (await root.FindAsync(CoreResources.Namespaces, "", ns, cancellationToken).ConfigureAwait(false) is null
            || await root.FindAsync(CoreResources.ClusterRoleBindings, "", SatelliteAccess.JoinRoleName(dataPlane), cancellationToken).ConfigureAwait(false) is null)
        {
            _ = await root.GetAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
            await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
        }

        // 2. The account, which is nobody's until it says when it ends.
        var annotations = new JsonObject();
        if (newCluster)
        {
            annotations[JoinNames.NewClusterAnnotation] = "true";
        }

        string name = "join-" + RandomNumberGenerator.GetHexString(10, lowercase: true);
        await root.CreateAsync(
            CoreResources.ServiceAccounts,
            ns,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ServiceAccount",
                ["metadata"] = new JsonObject
                {
                    ["name"] = name,
                    ["labels"] = new JsonObject { [JoinNames.InvitationLabel] = "true", [OrreryNames.DataPlaneLabel] = dataPlane },
                    ["annotations"] = annotations,
                },
                ["automountServiceAccountToken"] = false,
            },
            cancellationToken).ConfigureAwait(false);

        // 3. Its token.
        KubeObject answer = await root.CreateAsync(
            CoreResources.ServiceAccounts,
            ns,
            new JsonObject
            {
                ["apiVersion"] = "authentication.k8s.io/v1",
                ["kind"] = "TokenRequest",
                ["spec"] = new JsonObject { ["expirationSeconds"] = (int)Lifetime.TotalSeconds },
            },
            cancellationToken,
            name,
            "token").ConfigureAwait(false);
        string ends = answer.TextAt("status", "expirationTimestamp") ?? "";
        await root.PatchAsync(
            CoreResources.ServiceAccounts, ns, name, PatchKind.Merge,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [JoinNames.ExpiresAnnotation] = ends } } },
            cancellationToken).ConfigureAwait(false);
        return new JoinToken(
            answer.TextAt("status", "token") ?? throw new InvalidDataException("the server answered no token"), DateTimeOffset.Parse(ends, CultureInfo.InvariantCulture));
    }
}
