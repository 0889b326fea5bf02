using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane confirm</c>: what a data plane runs and a restored control plane does not know of may be removed.</summary>
internal static class ConfirmVerb
{
    public static Command Create() => DataPlaneVerb.Create(
        "confirm", "After a restore: let a data plane remove what the backup does not know of. Its condition Restored names that.", ConfirmAsync);

    private static async Task<string> ConfirmAsync(KubeClient root, string dataPlane, CancellationToken cancellationToken)
    {
        KubeObject found = await root.GetAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
        if (!found.Annotations.ContainsKey(OrreryNames.RestoredAnnotation))
        {
            throw new CommandFailedException($"data plane {dataPlane} keeps nothing because of a restore");
        }

        await root.PatchAsync(
            OrreryResources.DataPlanes, "", dataPlane, PatchKind.Merge,
            new JsonObject { ["metadata"] = new JsonObject { ["uid"] = found.Uid, ["annotations"] = new JsonObject { [OrreryNames.RestoredAnnotation] = null } } }, cancellationToken).ConfigureAwait(false);
        return "confirmed; what it runs and the control plane does not know of is removed";
    }
}
