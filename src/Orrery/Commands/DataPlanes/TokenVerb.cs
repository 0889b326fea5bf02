using System.CommandLine;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane token</c>: another token for a DataPlane that is there.</summary>
internal static class TokenVerb
{
    public static Command Create()
    {
        var command = new Command("token", "Print a manifest with another token: for a cluster that has not joined in time, or whose satellite's certificate has expired.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.DataPlane);
        var newCluster = new Option<bool>("--new-cluster") { Description = "Let another cluster than the one that joined before take its place." };
        InvitationOutput output = InvitationOutput.AddTo(command);
        command.Add(name);
        command.Add(newCluster);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient root = cluster.Connect(parsed);
            string dataPlane = parsed.GetValue(name)!;
            InvitationDetails details = await output.ReadAsync(parsed, root, dataPlane, ct).ConfigureAwait(false);
            await InvitationOutput.WriteAsync(details, root, dataPlane, parsed.GetValue(newCluster), ct).ConfigureAwait(false);
            return 0;
        });
        return command;
    }
}
