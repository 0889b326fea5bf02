using System.CommandLine;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND describe</c>: everything about objects for people, with the Events about them.</summary>
internal static class DescribeVerb
{
    private static readonly GroupVersionResource Events = new("", "v1", "events");

    public static Command Create(ObjectKind kind)
    {
        var command = new Command("describe", $"Tell everything about {kind.Kind} objects, with what happened to them.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        Argument<string[]> names = NameArgument.Many(kind);
        var selector = new Option<string>("--selector", "-l") { Description = "Labels to look for.", HelpName = "SELECTOR" };
        command.Add(names);
        command.Add(selector);
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            string ns = kind.IsNamespaced ? cluster.Namespace(parsed, client) : "";
            string[] wanted = parsed.GetValue(names) is { Length: > 0 } named
                ? named
                : [.. (await client.ListAsync(kind.Resource, ns, new ListQuery { LabelSelector = parsed.GetValue(selector) }, ct).ConfigureAwait(false)).Items.Select(i => i.Name)];
            bool first = true;
            return await GetVerb.EachAsync(wanted, async name =>
            {
                KubeObject item = await Missing.ExplainAsync(client, kind, ns, name, () => client.GetAsync(kind.Resource, ns, name, ct), ct).ConfigureAwait(false);
                if (!first)
                {
                    Console.WriteLine("\n");
                }

                first = false;
                Description.Write(item, await EventsOfAsync(client, item, ct).ConfigureAwait(false), TimeProvider.System.GetUtcNow(), Console.Out);
            }).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task<IReadOnlyList<KubeObject>> EventsOfAsync(KubeClient client, KubeObject item, CancellationToken ct)
    {
        // Events about a cluster-scoped object stand in the namespace "default".
        var query = new ListQuery { FieldSelector = $"involvedObject.uid={item.Uid}" };
        KubeList list = await client.ListAsync(Events, item.Namespace.Length > 0 ? item.Namespace : "default", query, ct).ConfigureAwait(false);
        return list.Items;
    }
}
