using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Registry;

/// <summary>The addresses and ports of a cluster's Services, of which each is read once a version: a cluster may have thousands. It remembers the cluster that was asked for last. Not thread-safe.</summary>
/// <param name="read">What a Service has, by its spec.</param>
internal sealed class HeldByServices(Func<JsonObject, IEnumerable<string>> read)
{
    private ClusterName? cluster;
    private Dictionary<string, (long Revision, string[] Held)> known = [];

    /// <param name="services">All of that cluster.</param>
    /// <param name="except">The key of one that does not count.</param>
    public HashSet<string> ByOthers(ClusterName of, IEnumerable<CachedObject> services, string except)
    {
        if (cluster != of)
        {
            (cluster, known) = (of, []);
        }

        var taken = new HashSet<string>(StringComparer.Ordinal);
        var now = new Dictionary<string, (long, string[])>(known.Count, StringComparer.Ordinal);
        foreach (CachedObject service in services)
        {
            string[] held = known.TryGetValue(service.Key, out (long Revision, string[] Held) before) && before.Revision == service.Revision ? before.Held : Read(service);
            now[service.Key] = (service.Revision, held);
            if (service.Key != except)
            {
                taken.UnionWith(held);
            }
        }

        known = now;
        return taken;
    }

    private string[] Read(CachedObject service) => StoredJson.Parse(service.Json.Span)["spec"] is JsonObject spec ? [.. read(spec)] : [];
}
