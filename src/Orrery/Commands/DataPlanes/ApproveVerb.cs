using System.CommandLine;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.Controllers.Joining;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane approve</c>: lets a satellite in again whose certificate expired while it was away.</summary>
internal static class ApproveVerb
{
    public static Command Create()
    {
        var command = new Command("approve", "Let a satellite in again that proves the key of its expired certificate.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.DataPlane);
        command.Add(name);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient root = cluster.Connect(parsed);
            string dataPlane = parsed.GetValue(name)!;
            string request = await new PendingRequest(root).ApproveAsync(dataPlane, ct).ConfigureAwait(false)
                ?? throw new CommandFailedException($"no request of data plane {dataPlane} waits for approval");
            Console.WriteLine($"{ObjectKind.DataPlane.NameOf(dataPlane)} approved (certificate request {request})");
            return 0;
        });
        return command;
    }
}
