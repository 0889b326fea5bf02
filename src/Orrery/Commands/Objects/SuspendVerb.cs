using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery tenant suspend</c> and <c>resume</c>: a line each for what is <c>spec.suspended</c>.</summary>
internal static class SuspendVerb
{
    public static IEnumerable<Command> Both() =>
    [
        Create("suspend", "Run nothing of a tenant and refuse its API, until it is resumed. What it made is kept.", suspended: true),
        Create("resume", "Let a suspended tenant run again, as it was.", suspended: false),
    ];

    private static Command Create(string verb, string description, bool suspended)
    {
        var command = new Command(verb, description);
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.Tenant);
        command.Add(name);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            var patch = new JsonObject { ["spec"] = new JsonObject { ["suspended"] = suspended } };
            string which = parsed.GetValue(name)!;
            KubeObject changed = await Missing.ExplainAsync(
                client, ObjectKind.Tenant, "", which, () => client.PatchAsync(ObjectKind.Tenant.Resource, "", which, PatchKind.Merge, patch, ct), ct).ConfigureAwait(false);
            CreateVerb.Report("text", ObjectKind.Tenant, changed, suspended ? "suspended" : "resumed");
            return 0;
        });
        return command;
    }
}
