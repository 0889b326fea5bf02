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
        Create("suspend", "Run nothing of tenants and refuse their API, until they are resumed. What they made is kept.", suspended: true),
        Create("resume", "Let suspended tenants run again, as they were.", suspended: false),
    ];

    private static Command Create(string verb, string description, bool suspended)
    {
        var command = new Command(verb, description);
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string[]> names = NameArgument.AtLeastOne(ObjectKind.Tenant);
        command.Add(names);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            var patch = new JsonObject { ["spec"] = new JsonObject { ["suspended"] = suspended } };
            return await GetVerb.EachAsync(parsed.GetValue(names)!.Distinct(StringComparer.Ordinal), async name =>
            {
                KubeObject changed = await Missing.ExplainAsync(
                    client, ObjectKind.Tenant, "", name, () => client.PatchAsync(ObjectKind.Tenant.Resource, "", name, PatchKind.Merge, patch, ct), ct).ConfigureAwait(false);
                CreateVerb.Report("text", ObjectKind.Tenant, changed, suspended ? "suspended" : "resumed");
            }).ConfigureAwait(false);
        });
        return command;
    }
}
