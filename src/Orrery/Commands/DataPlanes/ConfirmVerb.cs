using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane confirm</c>: what a data plane runs and a restored control plane does not know of may be removed.</summary>
internal static class ConfirmVerb
{
    public static Command Create()
    {
        var command = new Command("confirm", "After a restore: let a data plane remove what the backup does not know of. Its condition Restored names that.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.DataPlane);
        command.Add(name);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient root = cluster.Connect(parsed);
            string dataPlane = parsed.GetValue(name)!;
            KubeObject found = await root.GetAsync(OrreryResources.DataPlanes, "", dataPlane, ct).ConfigureAwait(false);
            if (!found.Annotations.ContainsKey(OrreryNames.RestoredAnnotation))
            {
                throw new CommandFailedException($"data plane {dataPlane} keeps nothing because of a restore");
            }

            await root.PatchAsync(
                OrreryResources.DataPlanes, "", dataPlane, PatchKind.Merge,
                new JsonObject { ["metadata"] = new JsonObject { ["uid"] = found.Uid, ["annotations"] = new JsonObject { [OrreryNames.RestoredAnnotation] = null } } }, ct).ConfigureAwait(false);
            Console.WriteLine($"{ObjectKind.DataPlane.NameOf(dataPlane)} confirmed; what it runs and the control plane does not know of is removed");
            return 0;
        });
        return command;
    }
}
