using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Commands;
using Orrery.Commands.Objects;
using Orrery.Installation;
using Orrery.Machinery;

namespace Orrery.Demo;

/// <summary>What the story does with kubectl, done by our own client where kubectl is missing. Prints as kubectl would.</summary>
internal sealed class OwnClient(KubeClient client, TimeProvider time)
{
    private const string Namespace = "default";
    private const string FieldManager = "orrery-demo";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");

    public async Task ApplyAsync(string file, CancellationToken cancellationToken) => await EachAsync(file, async (resource, ns, item) =>
    {
        _ = await client.ApplyAsync(resource, ns, item.Name, item, FieldManager, force: false, cancellationToken).ConfigureAwait(false);
        Console.WriteLine($"{resource.GroupResource}/{item.Name} applied");
    }, cancellationToken).ConfigureAwait(false);

    public async Task DeleteAsync(string file, CancellationToken cancellationToken) => await EachAsync(file, async (resource, ns, item) =>
    {
        await client.DeleteAsync(resource, ns, item.Name, null, cancellationToken).ConfigureAwait(false);
        Console.WriteLine($"{resource.GroupResource} \"{item.Name}\" deleted");
    }, cancellationToken).ConfigureAwait(false);

    /// <param name="resources">Each as <c>resource.version.group</c>, the group empty for core.</param>
    public async Task ShowTablesAsync(string[] resources, CancellationToken cancellationToken)
    {
        foreach (string text in resources)
        {
            GroupVersionResource resource = Resource(text);
            JsonElement table = await client.GetTableAsync(resource, "", cancellationToken).ConfigureAwait(false);
            if (TableText.RowsOf(table) == 0)
            {
                Console.WriteLine("No resources found.");
                continue;
            }

            TableText.Write(table, Console.Out, new TableLook());
        }
    }

    public async Task ScaleAsync(string deployment, int replicas, CancellationToken cancellationToken)
    {
        _ = await client.PatchAsync(Deployments, Namespace, deployment, PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }, cancellationToken, "scale").ConfigureAwait(false);
        Console.WriteLine($"deployment.apps/{deployment} scaled");
    }

    public async Task AnnotateAsync(string deployment, string annotation, string value, CancellationToken cancellationToken)
    {
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [annotation] = value } } };
        _ = await client.PatchAsync(Deployments, Namespace, deployment, PatchKind.Merge, patch, cancellationToken).ConfigureAwait(false);
        Console.WriteLine($"deployment.apps/{deployment} annotated");
    }

    /// <summary>Waits until the Deployment has exactly so many replicas and all are ready.</summary>
    public Task WaitForReplicasAsync(string deployment, int count, CancellationToken cancellationToken) =>
        UntilAsync($"{count} replicas of {deployment}", async () =>
        {
            KubeObject item = await client.GetAsync(Deployments, Namespace, deployment, cancellationToken).ConfigureAwait(false);
            return item.NumberAt("status", "replicas") == count && item.NumberAt("status", "readyReplicas") == count;
        }, cancellationToken);

    public Task WaitForConditionAsync(string resource, string ns, string name, string condition, CancellationToken cancellationToken) =>
        UntilAsync($"{condition} of {name}", async () =>
            await client.FindAsync(Resource(resource), ns, name, cancellationToken).ConfigureAwait(false) is { } item && Fleet.IsTrue(item, condition), cancellationToken);

    public Task WaitForNoPodsAsync(string labelSelector, CancellationToken cancellationToken) =>
        UntilAsync($"no pods with {labelSelector}", async () =>
            (await client.ListAsync(Pods, Namespace, new ListQuery { LabelSelector = labelSelector }, cancellationToken).ConfigureAwait(false)).Items.Count == 0, cancellationToken);

    private async Task EachAsync(string file, Func<GroupVersionResource, string, JsonObject, Task> act, CancellationToken cancellationToken)
    {
        var resources = new Resources(client);
        foreach (JsonNode? document in YamlJson.ParseAll(await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)))
        {
            if (document is JsonObject item)
            {
                ApiResource found = await resources.FindAsync(item.ApiVersion, item.Kind, cancellationToken).ConfigureAwait(false)
                    ?? throw new CommandFailedException($"{file}: this cluster does not serve {item.Kind} of {item.ApiVersion}");
                string ns = !found.IsNamespaced ? "" : item.Namespace.Length > 0 ? item.Namespace : Namespace;
                await act(found.Resource, ns, item).ConfigureAwait(false);
            }
        }
    }

    private Task UntilAsync(string what, Func<Task<bool>> reached, CancellationToken cancellationToken) =>
        Waiting.UntilAsync(what, Patience, time, reached, cancellationToken);

    private static GroupVersionResource Resource(string text)
    {
        string[] parts = text.Split('.', 3);
        return new GroupVersionResource(parts[2], parts[1], parts[0]);
    }
}
