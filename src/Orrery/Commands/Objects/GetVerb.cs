using System.CommandLine;
using System.Text.Json;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND get</c>: prints objects, one line each as the server's columns say, or whole.</summary>
internal static class GetVerb
{
    public static Command Create(ObjectKind kind)
    {
        var command = new Command("get", $"Print {kind.Kind} objects: all, or those named.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        OutputOption output = OutputOption.WithTemplatesTo(command, "table", "wide", "json", "yaml", "name");
        Argument<string[]> names = NameArgument.Many(kind);
        var selector = new Option<string>("--selector", "-l") { Description = "Labels to look for, such as a=b,c!=d.", HelpName = "SELECTOR" };
        var fields = new Option<string>("--field-selector") { Description = "Fields to look for, such as metadata.name=a.", HelpName = "SELECTOR" };
        var everywhere = new Option<bool>("--all-namespaces", "-A") { Description = "Of all namespaces." };
        var noHeaders = new Option<bool>("--no-headers") { Description = "Leave the line of column names out." };
        command.Add(names);
        command.Add(selector);
        command.Add(fields);
        command.Add(noHeaders);
        var watch = new Option<bool>("--watch", "-w") { Description = "Then print each change as it comes, until interrupted." };
        var events = new Option<bool>("--output-watch-events") { Description = "With --watch: say of each line what happened to the object." };
        command.Add(watch);
        command.Add(events);
        if (kind.IsNamespaced)
        {
            command.Add(everywhere);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(names) is { Length: > 0 } && (result.GetValue(selector) is not null || result.GetValue(fields) is not null || (kind.IsNamespaced && result.GetValue(everywhere))))
            {
                result.AddError("names go with neither a selector nor --all-namespaces");
            }

            if (result.GetValue(watch) && result.GetValue(names) is { Length: > 1 })
            {
                result.AddError("--watch goes with one name, or with a selector");
            }

            if (result.GetValue(events) && !result.GetValue(watch))
            {
                result.AddError("--output-watch-events goes with --watch");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            bool all = kind.IsNamespaced && parsed.GetValue(everywhere);
            string ns = kind.IsNamespaced && !all ? cluster.Namespace(parsed, client) : "";
            string format = output.Of(parsed);
            var query = new ListQuery { LabelSelector = parsed.GetValue(selector), FieldSelector = parsed.GetValue(fields) };
            string[] wanted = [.. (parsed.GetValue(names) ?? []).Distinct(StringComparer.Ordinal)];
            var look = new TableLook(format == "wide", all, !parsed.GetValue(noHeaders));
            if (parsed.GetValue(watch))
            {
                await WatchAsync(client, kind, ns, wanted, query, format, look, parsed.GetValue(events), ct).ConfigureAwait(false);
                return 0;
            }

            return format is "table" or "wide"
                ? await TableAsync(client, kind, ns, wanted, query, look, ct).ConfigureAwait(false)
                : await WholeAsync(client, kind, ns, wanted, query, format, ct).ConfigureAwait(false);
        });
        return command;
    }

    private static async Task WatchAsync(
        KubeClient client, ObjectKind kind, string ns, string[] names, ListQuery query, string format, TableLook look, bool withEvents, CancellationToken ct)
    {
        if (names.Length == 1)
        {
            // One that is not there is an error, as without a watch, and not a long silence.
            _ = await Missing.ExplainAsync(client, kind, ns, names[0], () => client.GetAsync(kind.Resource, ns, names[0], ct), ct).ConfigureAwait(false);
        }

        ListQuery what = names.Length == 1 ? query with { FieldSelector = $"metadata.name={names[0]}" } : query;
        var watch = new ObjectWatch(client, kind, ns, what, TimeProvider.System, withEvents);
        await (format is "table" or "wide" ? watch.RowsAsync(look, Console.Out, ct) : watch.WholeAsync(format, Console.Out, ct)).ConfigureAwait(false);
    }

    private static async Task<int> TableAsync(KubeClient client, ObjectKind kind, string ns, string[] names, ListQuery query, TableLook look, CancellationToken ct)
    {
        if (names.Length == 0)
        {
            JsonElement table = await client.GetTableAsync(kind.Resource, ns, ct, query: query).ConfigureAwait(false);
            if (TableText.RowsOf(table) == 0)
            {
                await Console.Error.WriteLineAsync(ns.Length == 0 ? "No resources found" : $"No resources found in {ns} namespace.").ConfigureAwait(false);
                return 0;
            }

            TableText.Write(table, Console.Out, look);
            return 0;
        }

        // One table of all that were found; what was not is said behind it.
        var found = new List<JsonElement>();
        int code = await EachAsync(names, async name => found.Add(
            await Missing.ExplainAsync(client, kind, ns, name, () => client.GetTableAsync(kind.Resource, ns, ct, name), ct).ConfigureAwait(false))).ConfigureAwait(false);
        if (found.Count > 0)
        {
            TableText.Write(TableText.Joined(found), Console.Out, look);
        }

        return code;
    }

    private static async Task<int> WholeAsync(KubeClient client, ObjectKind kind, string ns, string[] names, ListQuery query, string format, CancellationToken ct)
    {
        if (names.Length == 0)
        {
            OutputOption.WriteList(format, kind, (await client.ListAsync(kind.Resource, ns, query, ct).ConfigureAwait(false)).Items);
            return 0;
        }

        var found = new List<KubeObject>();
        int code = await EachAsync(names, async name => found.Add(
            await Missing.ExplainAsync(client, kind, ns, name, () => client.GetAsync(kind.Resource, ns, name, ct), ct).ConfigureAwait(false))).ConfigureAwait(false);
        if (names.Length == 1 && found.Count == 1)
        {
            OutputOption.Write(format, kind, found[0]);
        }
        else if (found.Count > 0)
        {
            OutputOption.WriteList(format, kind, found);
        }

        return code;
    }

    /// <summary>Does all, tells what the server refused of each, and fails when it refused any.</summary>
    public static async Task<int> EachAsync(IEnumerable<string> names, Func<string, Task> act)
    {
        int code = 0;
        foreach (string name in names)
        {
            try
            {
                await act(name).ConfigureAwait(false);
            }
            catch (StatusException e)
            {
                await Console.Error.WriteLineAsync($"orrery: {Faults.Sentence(e)}").ConfigureAwait(false);
                code = 1;
            }
            catch (CommandFailedException e)
            {
                await Console.Error.WriteLineAsync($"orrery: {e.Message}").ConfigureAwait(false);
                code = e.ExitCode;
            }
        }

        return code;
    }
}
