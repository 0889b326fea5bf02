using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Crowd;

/// <summary>Says of each Work of one data plane that it is applied, in the words in which a satellite does.</summary>
internal sealed class CrowdWorks : IReconciler<string>
{
    private readonly KubeClient client;
    private readonly string ns;
    private readonly TimeProvider time;
    private readonly Informer works;
    private readonly ReconcilerHost<string> host;

    public CrowdWorks(KubeClient client, string dataPlane, TimeProvider time)
    {
        this.client = client;
        this.time = time;
        ns = OrreryNames.DataPlaneNamespace(dataPlane);
        works = new Informer(client, OrreryResources.Works, new InformerOptions { Namespace = ns, WatchTimeout = SatelliteContext.ControlPlaneWatch, Transform = InformerOptions.WithoutManagedFields, Time = time });
        host = new ReconcilerHost<string>("crowd", this, new ReconcilerOptions<string> { Workers = 1, LevelInterval = TimeSpan.Zero, Needs = [works], Time = time });
        works.Subscribe(change => host.Queue.Add(change.Key.Name));
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(works.RunAsync(cancellationToken), host.RunAsync(cancellationToken));

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        if (works.Get(ClusterName.Root, ns, key) is not { } work || work.NumberAt("status", "observedGeneration") == work.Generation || work.At("spec", "manifest") is not { } manifest)
        {
            return ReconcileResult.Done;
        }

        JsonObject status = WorkStatus.Build(work, ApplyOutcome.InForce(new KubeObject(manifest)), null, time.GetUtcNow());
        works.Observe(await client.PatchAsync(
            OrreryResources.Works, ns, key, PatchKind.Merge, new JsonObject { ["status"] = status }, cancellationToken, "status").ConfigureAwait(false));
        return ReconcileResult.Done;
    }
}
