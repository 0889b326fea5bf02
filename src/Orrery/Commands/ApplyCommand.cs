using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.Installation;
using Orrery.Machinery;

namespace Orrery.Commands;

/// <summary><c>orrery apply</c>: brings objects of any kind to what files say, by server-side apply, as <c>kubectl apply --server-side</c> does.</summary>
internal static class ApplyCommand
{
    private const string FieldManager = "orrery-cli";
    private static readonly string[] Extensions = [".yaml", ".yml", ".json"];

    /// <summary>For the namespace of a tenant that is applied together with what is to be in it: Orrery makes it in a moment.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Command Create()
    {
        var command = new Command("apply", "Bring objects to what files say: make what is not there, change what differs, leave what others say.");
        ClusterOptions cluster = ClusterOptions.AddTo(command, namespaced: true);
        OutputOption output = OutputOption.AddTo(command, "text", "json", "yaml", "name");
        var files = new Option<string[]>("--filename", "-f") { Description = "Manifests, JSON or YAML: files, folders of such, or - for standard input.", HelpName = "FILE", Required = true };
        var force = new Option<bool>("--force-conflicts") { Description = "Take over fields that somebody else says otherwise." };
        Option<string> dryRun = CreateVerb.DryRun();
        command.Add(files);
        command.Add(force);
        command.Add(dryRun);
        command.SetAction(async (parsed, ct) =>
        {
            // All of it is read, and of a kind that is served, before any of it is applied.
            string mode = parsed.GetValue(dryRun)!;
            List<JsonObject> wanted = [];
            foreach (string file in parsed.GetValue(files)!.SelectMany(Expand))
            {
                wanted.AddRange(await ReadAsync(file, ct).ConfigureAwait(false));
            }

            using KubeClient client = cluster.Connect(parsed);
            var resources = new Resources(client);
            var found = new List<ObjectKind>();
            foreach (JsonObject item in wanted)
            {
                ApiResource served = await resources.FindAsync(item.ApiVersion, item.Kind, ct).ConfigureAwait(false)
                    ?? throw new CommandFailedException($"{item.Kind} {item.Name}: this cluster does not serve {item.Kind} of {item.ApiVersion}");
                found.Add(new ObjectKind("", [], served.Resource, item.Kind, served.IsNamespaced, ""));
            }

            var run = new Run(client, parsed.GetValue(force), mode, [.. wanted.Where(w => w.Kind == "Tenant").Select(w => w.Name)]);
            int code = 0;
            foreach ((JsonObject item, ObjectKind kind) in wanted.Zip(found))
            {
                string ns = !kind.IsNamespaced ? "" : item.Namespace.Length > 0 ? item.Namespace : cluster.Namespace(parsed, client);
                code |= await GetVerb.EachAsync([item.Name], async name =>
                {
                    (KubeObject applied, string what) = await run.ApplyAsync(kind, ns, item, ct).ConfigureAwait(false);
                    CreateVerb.Report(output.Of(parsed), kind, applied, what);
                }).ConfigureAwait(false);
            }

            return code;
        });
        return command;
    }

    private static string[] Expand(string path)
    {
        if (!Directory.Exists(path))
        {
            return [path];
        }

        string[] files = [.. Directory.EnumerateFiles(path).Where(f => Extensions.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new CommandFailedException($"folder {path} holds no {string.Join(", ", Extensions)}");
    }

    private static async Task<IReadOnlyList<JsonObject>> ReadAsync(string file, CancellationToken cancellationToken)
    {
        string text = await TextFile.ReadAsync(file, cancellationToken).ConfigureAwait(false);
        try
        {
            List<JsonObject> read = [.. YamlJson.ParseAll(text).OfType<JsonObject>().SelectMany(Items)];
            return read.Find(o => o.Kind.Length == 0 || o.ApiVersion.Length == 0 || o.Name.Length == 0) is { } odd
                ? throw new CommandFailedException($"{file} holds an object without {(odd.Kind.Length == 0 ? "kind" : odd.ApiVersion.Length == 0 ? "apiVersion" : "metadata.name")}")
                : read.Count > 0 ? read : throw new CommandFailedException($"{file} holds no object");
        }
        catch (FormatException e)
        {
            throw new CommandFailedException($"{file}: {e.Message}", e);
        }
    }

    private static IEnumerable<JsonObject> Items(JsonObject read) =>
        read.Kind.EndsWith("List", StringComparison.Ordinal) && read["items"] is JsonArray items ? items.OfType<JsonObject>() : [read];

    /// <param name="mode"><c>none</c>, <c>client</c> or <c>server</c>: whether it is a dry run.</param>
    /// <param name="tenants">Those that are applied too.</param>
    private sealed class Run(KubeClient client, bool force, string mode, IReadOnlyCollection<string> tenants)
    {
        public async Task<(KubeObject Applied, string What)> ApplyAsync(ObjectKind kind, string ns, JsonObject item, CancellationToken cancellationToken)
        {
            if (mode == "client")
            {
                return (KubeObject.From(item), "applied (dry run)");
            }

            if (mode == "none" && tenants.Contains(ns))
            {
                await Waiting.UntilAsync($"namespace {ns} of tenant {ns}", Patience, TimeProvider.System, async () =>
                    await client.FindAsync(ObjectKind.Namespace.Resource, "", ns, cancellationToken).ConfigureAwait(false) is not null, cancellationToken).ConfigureAwait(false);
            }

            KubeObject? before = await client.FindAsync(kind.Resource, ns, item.Name, cancellationToken).ConfigureAwait(false);
            KubeObject after = await Missing.ExplainAsync(
                client, ObjectKind.Namespace, "", ns, () => SendAsync(kind, ns, item, cancellationToken), cancellationToken).ConfigureAwait(false);
            string what = before is null ? "created" : JsonNode.DeepEquals(Said(before), Said(after)) ? "unchanged" : "configured";
            return (after, mode == "server" ? what + " (server dry run)" : what);
        }

        private async Task<KubeObject> SendAsync(ObjectKind kind, string ns, JsonObject item, CancellationToken cancellationToken)
        {
            try
            {
                return await client.ApplyAsync(kind.Resource, ns, item.Name, item, FieldManager, force, cancellationToken, dryRun: mode == "server").ConfigureAwait(false);
            }
            catch (StatusException e) when (e.IsConflict)
            {
                throw new CommandFailedException($"{kind.NameOf(item.Name)}: {e.Message}; --force-conflicts takes these fields over", e);
            }
        }

        /// <summary>What people say of an object, without what servers and controllers do.</summary>
        private static JsonObject Said(KubeObject item)
        {
            JsonObject json = item.ToJsonObject();
            json.Remove("status");
            foreach (string kept in (string[])["managedFields", "resourceVersion", "generation"])
            {
                json.Metadata.Remove(kept);
            }

            return json;
        }
    }
}
