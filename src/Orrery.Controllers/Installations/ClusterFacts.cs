using System.Collections.Concurrent;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;

namespace Orrery.Controllers.Installations;

/// <summary>What data planes say of themselves: in their DataPlane, and through their satellites' tunnels.</summary>
internal sealed class ClusterFacts(Informer dataPlanes, KubeClient root, TimeProvider time) : IClusterFacts
{
    /// <summary>How long what a data plane serves is taken as known.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (IReadOnlyList<string> Versions, DateTimeOffset At)> served = new(StringComparer.Ordinal);

    public async Task<RenderTarget> TargetAsync(InstallationPlan plan, DataPlane dataPlane, Bundle bundle, int revision, bool isUpgrade, CancellationToken cancellationToken)
    {
        string? version = dataPlanes.Get(ClusterName.Root, "", dataPlane.Name)?.TextAt("status", "kubernetesVersion");
        IReadOnlyList<string>? apis = bundle is ChartBundle ? await ServedAsync(dataPlane.Name, cancellationToken).ConfigureAwait(false) : null;
        return new RenderTarget(plan.Installation.Name, plan.TargetNamespace, plan.IsVendors, version, apis, revision, isUpgrade);
    }

    /// <summary>Group versions, and kinds in them, as Helm lists them; null where the data plane cannot be asked now.</summary>
    private async Task<IReadOnlyList<string>?> ServedAsync(string dataPlane, CancellationToken cancellationToken)
    {
        if (served.TryGetValue(dataPlane, out (IReadOnlyList<string> Versions, DateTimeOffset At) known) && time.GetUtcNow() - known.At < Kept)
        {
            return known.Versions;
        }

        string proxy = $"/apis/{OrreryResources.ApiVersion}/dataplanes/{dataPlane}/proxy";
        try
        {
            JsonElement groups = await root.SendJsonAsync(HttpMethod.Get, proxy + "/apis", null, cancellationToken).ConfigureAwait(false);
            string[] versions = ["v1", .. groups.GetProperty("groups").EnumerateArray().SelectMany(g => g.GetProperty("versions").EnumerateArray()).Select(v => v.GetProperty("groupVersion").GetString()!)];
            var all = new List<string>(versions);
            foreach (string version in versions)
            {
                string path = version.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/";
                JsonElement list = await root.SendJsonAsync(HttpMethod.Get, proxy + path + version, null, cancellationToken).ConfigureAwait(false);
                all.AddRange(list.GetProperty("resources").EnumerateArray().Select(r => $"{version}/{r.GetProperty("kind").GetString()}").Distinct(StringComparer.Ordinal));
            }

            served[dataPlane] = (all, time.GetUtcNow());
            return all;
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
        {
            // No tunnel now: the chart sees what Helm takes for granted, as when no cluster is asked.
            return null;
        }
    }
}
