using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane revoke</c>: shuts the satellite of a data plane out at once, whatever its certificate says.</summary>
internal static class RevokeVerb
{
    private const int IdentityLength = 16;

    public static Command Create()
    {
        var command = new Command("revoke", "Shut the satellite of a data plane out: its certificate is good for nothing from now on. What runs there stays; another token lets it in again.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.DataPlane);
        command.Add(name);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient root = cluster.Connect(parsed);
            string dataPlane = parsed.GetValue(name)!;
            string identity = RandomNumberGenerator.GetHexString(IdentityLength, lowercase: true);
            await root.PatchAsync(
                OrreryResources.DataPlanes, "", dataPlane, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["satelliteIdentity"] = identity } }, ct).ConfigureAwait(false);
            Console.WriteLine($"{ObjectKind.DataPlane.NameOf(dataPlane)} revoked; 'orrery data-plane token {dataPlane}' lets its satellite in again");
            return 0;
        });
        return command;
    }
}
