using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane revoke</c>: shuts the satellite of a data plane out at once, whatever its certificate says.</summary>
internal static class RevokeVerb
{
    private const int IdentityLength = 16;

    public static Command Create() => DataPlaneVerb.Create(
        "revoke",
        "Shut the satellite of a data plane out: its certificate is good for nothing from now on. What runs there stays; another token lets it in again.",
        RevokeAsync);

    private static async Task<string> RevokeAsync(KubeClient root, string dataPlane, CancellationToken cancellationToken)
    {
        string identity = RandomNumberGenerator.GetHexString(IdentityLength, lowercase: true);
        await root.PatchAsync(
            OrreryResources.DataPlanes, "", dataPlane, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["satelliteIdentity"] = identity } }, cancellationToken).ConfigureAwait(false);
        return $"revoked; 'orrery data-plane token {dataPlane}' lets its satellite in again";
    }
}
