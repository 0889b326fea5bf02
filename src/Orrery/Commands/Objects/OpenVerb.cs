using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery installation open NAME</c>: what waits for a maintenance window may go on now.</summary>
internal static class OpenVerb
{
    public static Command Create()
    {
        var command = new Command("open", "Let installations be changed for a while, whatever their maintenance windows say.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: true);
        Argument<string[]> names = NameArgument.AtLeastOne(ObjectKind.Installation);
        var minutes = new Option<int>("--for") { Description = "For how many minutes; 0 closes what was opened.", DefaultValueFactory = _ => 60, HelpName = "MINUTES" }.Within(0, 7 * 24 * 60);
        command.Add(names);
        command.Add(minutes);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            string ns = cluster.Namespace(parsed, client);
            string? until = parsed.GetValue(minutes) is > 0 and { } some ? Conditions.Time(TimeProvider.System.GetUtcNow().AddMinutes(some)) : null;
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [OrreryNames.OpenUntilAnnotation] = until } } };
            return await GetVerb.EachAsync(parsed.GetValue(names)!.Distinct(StringComparer.Ordinal), async name =>
            {
                KubeObject changed = await Missing.ExplainAsync(
                    client, ObjectKind.Installation, ns, name, () => client.PatchAsync(OrreryResources.Installations, ns, name, PatchKind.Merge, patch, ct), ct).ConfigureAwait(false);
                CreateVerb.Report("text", ObjectKind.Installation, changed, until is null ? "open in its maintenance windows alone" : $"open until {until}");
            }).ConfigureAwait(false);
        });
        return command;
    }
}
