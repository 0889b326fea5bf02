using System.Text.Json.Nodes;
using Orrery.Storage;

namespace Orrery.Simulation.Worlds;

/// <summary>
/// What must hold at every moment, whatever goes wrong, read off the control plane's store after each step that could break it. That it holds in the
/// end again is not enough: somebody acts on it in between.
/// </summary>
internal sealed class Promises(World world)
{
    /// <summary>What others count on to be there for as long as anything of it is: its key's beginning, and where Works name its uid.</summary>
    private static readonly (string Prefix, string Resource, string Member, string Rule)[] Owners =
    [
        ("/orrery.dev/virtualclusters/", "/virtualclusters/", "clusterUid", "a virtual cluster is there while anything of it is in a data plane"),
        ("/orrery.dev/installations/", "/installations/", "uid", "an installation is there while anything of it is in a data plane"),
    ];

    private readonly Dictionary<string, HashSet<string>> known = new(StringComparer.Ordinal);

    /// <summary>To be called after each write to the control plane.</summary>
    public async Task LookAsync(IStore store, string path)
    {
        foreach ((string prefix, string resource, string member, string rule) in Owners)
        {
            if (!path.Contains(resource, StringComparison.Ordinal) || path.EndsWith("/status", StringComparison.Ordinal))
            {
                continue;
            }

            HashSet<string> present = [.. (await BodiesAsync(store, prefix)).Select(b => b["metadata"]!["uid"]!.GetValue<string>())];
            foreach (string gone in known.GetValueOrDefault(prefix)?.Except(present) ?? [])
            {
                string[] left = [.. (await BodiesAsync(store, "/orrery.dev/works/")).Where(w => w["spec"]?["source"]?[member]?.GetValue<string>() == gone).Select(w => w["metadata"]!["name"]!.GetValue<string>())];
                world.Promise(left.Length == 0, rule, $"it has gone, and left {string.Join(", ", left)}");
            }

            known[prefix] = present;
        }
    }

    private static async Task<IEnumerable<JsonNode>> BodiesAsync(IStore store, string prefix) =>
        (await store.RangeAsync(prefix, null, 0, 0, CancellationToken.None)).Items.Select(i => JsonNode.Parse(i.Value.Span)!);
}
