using System.CommandLine;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.KubeApiServer;

namespace Orrery.Commands;

/// <summary><c>orrery events</c>: what happened in root, to everything or to what is one tenant's, oldest first.</summary>
internal static class EventsCommand
{
    private static readonly GroupVersionResource Events = new("", "v1", "events");
    private static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");

    public static Command Create()
    {
        var command = new Command("events", "Print what happened: Events of the root cluster, oldest first.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: false);
        OutputOption output = OutputOption.AddTo(command, "table", "json", "yaml");
        var tenant = new Option<string>("--tenant") { Description = "Only about the tenant and what is in its namespaces.", HelpName = "NAME" }.With(ObjectKind.Tenant);
        var since = new Option<string>("--since") { Description = "Only those of the last so long: 90s, 10m, 1h30m. Default: all, which are kept for an hour after they were told last.", HelpName = "DURATION" };
        var types = new Option<string>("--type") { Description = "Only those of this type. Default: both.", HelpName = "Normal|Warning" };
        types.AcceptOnlyFromAmong("Normal", "Warning");
        var about = new Option<string>("--for") { Description = "Only about one object, such as installation/shop.", HelpName = "KIND/NAME" };
        about.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var said }] && said.Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
            {
                result.AddError($"--for: '{said}' is no KIND/NAME, such as installation/shop");
            }
        });
        foreach (Option option in (Option[])[tenant, since, types, about])
        {
            command.Add(option);
        }

        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            DateTimeOffset from = parsed.GetValue(since) is { } text ? now - (GoDuration.Parse(text) ?? throw new CommandFailedException($"--since: '{text}' is no duration such as 10m or 1h30m")) : DateTimeOffset.MinValue;
            Func<KubeObject, bool> isWanted = parsed.GetValue(tenant) is { } name ? await OfTenantAsync(client, name, ct).ConfigureAwait(false) : _ => true;
            KubeList list = await client.ListAsync(Events, "", new ListQuery { FieldSelector = parsed.GetValue(types) is { } type ? $"type={type}" : null }, ct).ConfigureAwait(false);
            List<KubeObject> found = [.. list.Items.Where(isWanted).Where(e => IsAbout(e, parsed.GetValue(about))).Where(e => LastOf(e) >= from).OrderBy(LastOf).ThenBy(e => e.Name, StringComparer.Ordinal)];
            if (output.Of(parsed) != "table")
            {
                OutputOption.WriteList(output.Of(parsed), new ObjectKind("", [], Events, "Event", true, ""), found);
                return 0;
            }

            if (found.Count == 0)
            {
                await Console.Error.WriteLineAsync("No events found").ConfigureAwait(false);
                return 0;
            }

            Columns.Write(Console.Out, [["LAST SEEN", "NAMESPACE", "TYPE", "REASON", "OBJECT", "MESSAGE"], .. found.Select(e => (string[])
            [
                Description.Age(e.TextAt("lastTimestamp") ?? e.TextAt("eventTime"), now),
                e.TextAt("involvedObject", "namespace") ?? "",
                e.TextAt("type") ?? "",
                e.TextAt("reason") ?? "",
                $"{e.TextAt("involvedObject", "kind")}/{e.TextAt("involvedObject", "name")}",
                (e.TextAt("message") ?? "").ReplaceLineEndings(" "),
            ])]);
            return 0;
        });
        return command;
    }

    /// <summary>About the tenant itself, or about something in one of its namespaces.</summary>
    private static async Task<Func<KubeObject, bool>> OfTenantAsync(KubeClient client, string tenant, CancellationToken ct)
    {
        KubeList own = await client.ListAsync(Namespaces, "", new ListQuery { LabelSelector = $"{OrreryNames.TenantLabel}={tenant}" }, ct).ConfigureAwait(false);
        if (own.Items.Count == 0 && await client.FindServedAsync(OrreryResources.Tenants, "", tenant, ct).ConfigureAwait(false) is null)
        {
            throw new CommandFailedException($"there is no tenant {tenant}");
        }

        HashSet<string> names = [.. own.Items.Select(n => n.Name)];
        return e => names.Contains(e.TextAt("involvedObject", "namespace") ?? "")
            || (e.TextAt("involvedObject", "kind") == "Tenant" && e.TextAt("involvedObject", "name") == tenant);
    }

    private static bool IsAbout(KubeObject found, string? about) => about is null
        || string.Equals($"{found.TextAt("involvedObject", "kind")}/{found.TextAt("involvedObject", "name")}", about, StringComparison.OrdinalIgnoreCase);

    private static DateTimeOffset LastOf(KubeObject found) =>
        DateTimeOffset.TryParse(found.TextAt("lastTimestamp") ?? found.TextAt("eventTime"), CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : found.CreationTimestamp ?? DateTimeOffset.MinValue;
}
