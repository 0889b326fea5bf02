using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Services;

/// <summary>Gives each Service of type LoadBalancer an address of 198.18.0.0/15 (RFC 2544), as a cloud's controller would.</summary>
internal sealed class LoadBalancerController(SimulatedCluster cluster) : IReconciler<ObjectKey>
{
    public ReconcilerHost<ObjectKey> Host()
    {
        var host = new ReconcilerHost<ObjectKey>("load-balancer", this, new ReconcilerOptions<ObjectKey>
        {
            Workers = 1,
            LevelKeys = () => cluster.Services.All().Select(s => s.Key),
            Needs = [cluster.Services],
            Time = cluster.Time,
            Loggers = cluster.Options.Loggers,
        });
        cluster.Services.Subscribe(change => host.Queue.Add(change.Key));
        return host;
    }

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (cluster.Services.Get(key) is not { IsDeleting: false } service)
        {
            return ReconcileResult.Done;
        }

        bool wanted = service.TextAt("spec", "type") == "LoadBalancer";
        if (wanted == AddressOf(service) is not null)
        {
            return ReconcileResult.Done;
        }

        JsonObject status = service.CopyAt("status");
        status["loadBalancer"] = wanted
            ? new JsonObject { ["ingress"] = new JsonArray((JsonNode)new JsonObject { ["ip"] = Free(), ["ipMode"] = "VIP" }) }
            : new JsonObject();
        await cluster.WriteStatusAsync(cluster.Services, service, status, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private string Free()
    {
        HashSet<string?> used = [.. cluster.Services.All().Select(AddressOf)];
        return Enumerable.Range(1, 131_070)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"198.{18 + (i >> 16)}.{(i >> 8) & 255}.{i & 255}"))
            .First(a => !used.Contains(a));
    }

    private static string? AddressOf(KubeObject service) =>
        service.At("status", "loadBalancer", "ingress") is { ValueKind: System.Text.Json.JsonValueKind.Array } all && all.GetArrayLength() > 0
            ? all[0].GetProperty("ip").GetString()
            : null;
}
