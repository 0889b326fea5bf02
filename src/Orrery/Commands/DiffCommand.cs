using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.Controllers.Installations;
using Orrery.Machinery;

namespace Orrery.Commands;

/// <summary><c>orrery diff installation NAME</c>: what would change in each data plane. Exit codes as kubectl diff: 0 nothing, 1 something, above 1 an error.</summary>
internal static class DiffCommand
{
    internal const int Trouble = 2;

    public static Command Create()
    {
        var installation = new Command("installation", "Show what an installation would change: as it is wanted now, or with the changes that the options say.");
        installation.Aliases.Add("install");
        installation.Aliases.Add("inst");
        ClusterOptions cluster = ClusterOptions.AddTo(installation, namespaced: true);
        var name = NameArgument.One(ObjectKind.Installation);
        name.Arity = ArgumentArity.ZeroOrOne;
        var file = new Option<string>("--filename", "-f") { Description = "An Installation to look at in place of the one that there is; - for standard input.", HelpName = "FILE" };
        installation.Add(name);
        installation.Add(file);
        foreach (ObjectField field in ApplicationFields.Installation)
        {
            installation.Add(field.Option);
        }

        installation.Validators.Add(result =>
        {
            if ((result.GetValue(name) is null) == (result.GetValue(file) is null))
            {
                result.AddError("want a NAME or --filename");
            }
        });
        installation.SetAction(async (parsed, ct) =>
        {
            try
            {
                return await RunAsync(parsed, cluster, parsed.GetValue(name), parsed.GetValue(file), ct).ConfigureAwait(false);
            }
            catch (Exception e) when (e is StatusException or HttpRequestException or TimeoutException or InvalidOperationException or CommandFailedException)
            {
                throw new CommandFailedException(e is InvalidOperationException ? e.Message : Faults.Of(e, parsed)!.Value.Message, e) { ExitCode = Trouble };
            }
        });
        return new Command("diff", "Show what would change before it is changed.") { installation };
    }

    private static async Task<int> RunAsync(ParseResult parsed, ClusterOptions cluster, string? name, string? file, CancellationToken ct)
    {
        ClientConfig config = ClusterOptions.Config(parsed);
        JsonObject? given = file is null ? null : await ReadAsync(file, ct).ConfigureAwait(false);
        var patch = new JsonObject();
        foreach (ObjectField field in ApplicationFields.Installation.Where(f => parsed.GetResult(f.Option) is { Implicit: false }))
        {
            await field.Write(parsed, patch, ct).ConfigureAwait(false);
        }

        using KubeClient client = cluster.Connect(parsed);
        string ns = given is { Namespace.Length: > 0 } ? given.Namespace : cluster.Namespace(parsed, client);
        IReadOnlyList<PlanePreview> previews = await InstallationPreview.RunAsync(
            config, ns, given?.Name ?? name!, present => Changed(present, given, ns, patch), TimeProvider.System, ct).ConfigureAwait(false);
        foreach (PlanePreview plane in previews)
        {
            foreach (ObjectChange change in plane.Changes)
            {
                (JsonObject? before, JsonObject? after) = Masked(change);
                Console.Write(UnifiedDiff.Of($"in force: {plane.DataPlane} {change.Name}", $"wanted: {plane.DataPlane} {change.Name}", Text(before), Text(after)));
            }

            if (plane.Refusal is { } refusal)
            {
                await Console.Error.WriteLineAsync($"orrery: {(plane.DataPlane.Length > 0 ? plane.DataPlane + ": " : "")}{refusal}").ConfigureAwait(false);
            }
        }

        return previews.Any(p => p.Refusal is not null) ? Trouble : previews.Any(p => p.Changes.Count > 0) ? 1 : 0;
    }

    /// <summary>The Installation to look at. One from a file keeps what the present one is known by.</summary>
    private static JsonObject? Changed(KubeObject? present, JsonObject? given, string ns, JsonObject patch)
    {
        JsonObject? wanted = given ?? present?.ToJsonObject();
        if (wanted is null)
        {
            return null;
        }

        wanted.Metadata["namespace"] = ns;
        if (given is not null && present is not null)
        {
            wanted.Metadata["uid"] = present.Uid;
            wanted["status"] = present.ToJsonObject()["status"]?.DeepClone();
        }

        return Machinery.Patches.MergePatch.Apply(wanted, patch);
    }

    private static async Task<JsonObject> ReadAsync(string file, CancellationToken ct)
    {
        try
        {
            return YamlJson.Parse(await TextFile.ReadAsync(file, ct).ConfigureAwait(false)) is JsonObject { Kind: "Installation" } found
                ? found
                : throw new CommandFailedException($"{file} holds no Installation");
        }
        catch (FormatException e)
        {
            throw new CommandFailedException($"{file}: {e.Message}", e);
        }
    }

    /// <summary>Values of Secrets are not shown, only whether they differ.</summary>
    private static (JsonObject? Before, JsonObject? After) Masked(ObjectChange change)
    {
        if ((change.After ?? change.Before)!.Kind != "Secret")
        {
            return (change.Before, change.After);
        }

        var before = (JsonObject?)change.Before?.DeepClone();
        var after = (JsonObject?)change.After?.DeepClone();
        foreach (string part in (string[])["data", "stringData"])
        {
            (JsonObject? old, JsonObject? fresh) = (before?[part] as JsonObject, after?[part] as JsonObject);
            foreach (string key in (old?.Select(m => m.Key) ?? []).Union(fresh?.Select(m => m.Key) ?? []).ToList())
            {
                bool same = old is not null && fresh is not null && JsonNode.DeepEquals(old[key], fresh[key]);
                Mask(old, key, same ? "***" : "*** (before)");
                Mask(fresh, key, same ? "***" : "*** (after)");
            }
        }

        return (before, after);
    }

    private static void Mask(JsonObject? values, string key, string mask)
    {
        if (values?.ContainsKey(key) == true)
        {
            values[key] = mask;
        }
    }

    private static string Text(JsonObject? manifest) => manifest is null ? "" : OutputOption.Yaml(manifest);
}
