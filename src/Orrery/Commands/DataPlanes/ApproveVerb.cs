using System.CommandLine;
using Orrery.Client;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane approve</c>: lets a satellite in again whose certificate expired while it was away.</summary>
internal static class ApproveVerb
{
    public static Command Create() => DataPlaneVerb.Create("approve", "Let a satellite in again that proves the key of its expired certificate.", ApproveAsync);

    private static async Task<string> ApproveAsync(KubeClient root, string dataPlane, CancellationToken cancellationToken)
    {
        string request = await new PendingRequest(root).ApproveAsync(dataPlane, cancellationToken).ConfigureAwait(false)
            ?? throw new CommandFailedException($"no request of data plane {dataPlane} waits for approval");
        return $"approved (certificate request {request})";
    }
}
