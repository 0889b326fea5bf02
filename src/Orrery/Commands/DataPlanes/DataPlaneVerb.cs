using System.CommandLine;
using Orrery.Client;
using Orrery.Commands.Objects;

namespace Orrery.Commands.DataPlanes;

/// <summary>A verb that does one thing to one data plane, and says so in a line.</summary>
internal static class DataPlaneVerb
{
    /// <param name="act">Gets root and the data plane's name; what it returns is said after that name.</param>
    public static Command Create(string name, string description, Func<KubeClient, string, CancellationToken, Task<string>> act)
    {
        var command = new Command(name, description);
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> dataPlane = NameArgument.One(ObjectKind.DataPlane);
        command.Add(dataPlane);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient root = cluster.Connect(parsed);
            string asked = parsed.GetValue(dataPlane)!;
            string done = await Missing.ExplainAsync(root, ObjectKind.DataPlane, "", asked, () => act(root, asked, ct), ct).ConfigureAwait(false);
            Console.WriteLine($"{ObjectKind.DataPlane.NameOf(asked)} {done}");
            return 0;
        });
        return command;
    }
}
