using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Services;

/// <summary>Keeps the Endpoints and the EndpointSlice of each Service that selects pods.</summary>
internal sealed class EndpointsController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("endpoints", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 2,
            LevelKeys = () => cluster.Services.All().Select(s => s.Key),
            Needs = [cluster.Services, cluster.Pods, cluster.Endpoints, cluster.EndpointSlices],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Services.Subscribe(change => host.Queue.Add(change.Key));
        cluster.Endpoints.Subscribe(change => host.Queue.Add(change.Key));
        cluster.Pods.Subscribe(change =>
        {
            if (change is { Old: { } old, Current: { } current } && SameEndpoint(old, current))
            {
                return;
            }

            foreach (KubeObject service in cluster.Services.InNamespace(ClusterName.Root, change.Key.Namespace))
            {
                if (Selects(service, change.Latest) || (change.Old is { } before && Selects(service, before)))
                {
                    host.Queue.Add(service.Key);
                }
            }
        });
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        // Deleted with the Service: the slice by its owner reference, the Endpoints by name here, as upstream.
        if (cluster.Services.Get(key) is not { } service)
        {
            if (cluster.Endpoints.Get(key) is { } orphan && orphan.Labels.ContainsKey(EndpointObjects.ManagedBy))
            {
                await cluster.DeleteAsync(cluster.Endpoints, orphan, cancellationToken).ConfigureAwait(false);
            }

            return ReconcileResult.Done;
        }

        if (service.IsDeleting || service.At("spec", "selector") is not { } selector || !selector.EnumerateObject().Any())
        {
            return ReconcileResult.Done;
        }

        List<KubeObject> pods =
        [
            .. cluster.Pods.InNamespace(ClusterName.Root, service.Namespace)
                .Where(p => Selects(service, p) && !p.IsFinishedPod && p.TextAt("status", "podIP") is { Length: > 0 })
                .OrderBy(p => p.Name, StringComparer.Ordinal),
        ];
        await WriteAsync(cluster.Endpoints, EndpointObjects.Endpoints(service, pods), "subsets", cancellationToken).ConfigureAwait(false);
        await WriteAsync(cluster.EndpointSlices, EndpointObjects.Slice(service, pods), "endpoints", cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private async Task WriteAsync(Informer informer, JsonObject wanted, string content, CancellationToken cancellationToken)
    {
        KubeObject? present = informer.Get(ClusterName.Root, wanted.Namespace, wanted.Name);
        if (present is null)
        {
            await cluster.CreateAsync(informer, wanted, cancellationToken).ConfigureAwait(false);
            return;
        }

        JsonObject body = present.ToJsonObject();
        if (Same(body[content], wanted[content]) && Same(body["ports"], wanted["ports"]))
        {
            return;
        }

        body[content] = wanted[content]?.DeepClone();
        if (wanted["ports"] is { } ports)
        {
            body["ports"] = ports.DeepClone();
        }

        await cluster.UpdateAsync(informer, body, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>An empty list and none are the same: servers leave empty ones out.</summary>
    private static bool Same(JsonNode? one, JsonNode? other) => JsonNode.DeepEquals(one ?? new JsonArray(), other ?? new JsonArray());

    internal static bool Selects(KubeObject service, KubeObject pod) =>
        service.At("spec", "selector") is { ValueKind: System.Text.Json.JsonValueKind.Object } selector
        && selector.EnumerateObject().All(s => pod.Labels.TryGetValue(s.Name, out string? value) && value == s.Value.GetString());

    private static bool SameEndpoint(KubeObject old, KubeObject current) =>
        old.IsReadyPod == current.IsReadyPod
        && old.IsDeleting == current.IsDeleting
        && old.IsFinishedPod == current.IsFinishedPod
        && old.TextAt("status", "podIP") == current.TextAt("status", "podIP")
        && old.Labels.Count == current.Labels.Count
        && old.Labels.All(l => current.Labels.TryGetValue(l.Key, out string? value) && value == l.Value);
}
