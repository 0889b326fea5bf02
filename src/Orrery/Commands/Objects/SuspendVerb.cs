using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>suspend</c> and <c>resume</c>: a line each for what is <c>spec.suspended</c> of a tenant, an application or an installation, or of channels of an application.</summary>
internal static class SuspendVerb
{
    private static readonly KeyedList Channels = new("spec.channels", "name");

    public static IEnumerable<Command> OfTenants() => Both(
        ObjectKind.Tenant, "Run nothing of tenants and refuse their API, until they are resumed. What they made is kept.", "Let suspended tenants run again, as they were.");

    public static IEnumerable<Command> OfInstallations() => Both(
        ObjectKind.Installation, "Leave what is installed as it is, whatever is wanted, until it is resumed.", "Bring suspended installations to what is wanted by now.");

    /// <remarks>With <c>--channel</c>, of what follows it alone.</remarks>
    public static IEnumerable<Command> OfApplications() => Both(
        ObjectKind.Application, "Leave all that is installed of applications, or what follows a channel, as it is, whatever is wanted, until it is resumed.",
        "Bring what was left as it is to what is wanted by now.");

    private static IEnumerable<Command> Both(ObjectKind kind, string suspend, string resume) => [Create(kind, "suspend", suspend, suspended: true), Create(kind, "resume", resume, suspended: false)];

    private static Command Create(ObjectKind kind, string verb, string description, bool suspended)
    {
        var command = new Command(verb, description);
        ClusterOptions cluster = ClusterOptions.AddTo(command, kind.IsNamespaced);
        Argument<string[]> names = NameArgument.AtLeastOne(kind);
        var channels = new Option<string[]>("--channel") { Description = "Only what follows this channel; may be said several times.", HelpName = "NAME" };
        command.Add(names);
        if (kind == ObjectKind.Application)
        {
            command.Add(channels);
        }

        command.SetAction(async (parsed, ct) =>
        {
            using KubeClient client = cluster.Connect(parsed);
            string ns = kind.IsNamespaced ? cluster.Namespace(parsed, client) : "";
            string[] some = kind == ObjectKind.Application ? [.. (parsed.GetValue(channels) ?? []).Distinct(StringComparer.Ordinal)] : [];
            JsonObject patch = some.Length == 0
                ? new JsonObject { ["spec"] = new JsonObject { ["suspended"] = suspended } }
                : new JsonObject { ["spec"] = new JsonObject { ["channels"] = new JsonArray([.. some.Select(c => (JsonNode)new JsonObject { ["name"] = c, ["suspended"] = suspended })]) } };
            return await GetVerb.EachAsync(parsed.GetValue(names)!.Distinct(StringComparer.Ordinal), async name =>
            {
                KubeObject changed = await Missing.ExplainAsync(
                    client, kind, ns, name, () => SetVerb.ChangeAsync(client, kind, ns, name, patch, some.Length == 0 ? [] : [Channels], now => Known(now, some), ct), ct).ConfigureAwait(false);
                CreateVerb.Report("text", kind, changed, (suspended ? "suspended" : "resumed") + (some.Length == 0 ? "" : $" (channel {string.Join(", ", some)})"));
            }).ConfigureAwait(false);
        });
        return command;
    }

    /// <exception cref="CommandFailedException">The application has no such channel.</exception>
    private static void Known(KubeObject application, string[] channels)
    {
        string[] there = application.At("spec", "channels") is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Select(c => c.GetProperty("name").GetString()!)] : [];
        if (channels.Except(there, StringComparer.Ordinal).FirstOrDefault() is { } missing)
        {
            string? near = NearestName.Of(missing, there);
            throw new CommandFailedException($"application {application.Name} has no channel {missing}{(near is null ? "" : $"; did you mean {near}?")}");
        }
    }
}
