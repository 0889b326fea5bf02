using System.Text.Json.Nodes;
using Orrery.Simulation.Network;
using Orrery.Simulation.Script;
using Orrery.Storage;

namespace Orrery.Simulation.Worlds;

/// <summary>
/// What must hold at every moment, whatever goes wrong, read off a server's store at each step that could break it. That it holds in the
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

    /// <summary>To be called before each write to the control plane: of several that could, one acts.</summary>
    public async Task LeadsAsync(IStore store, SimulatedProcess process, string path)
    {
        if (!world.HasStandby || process.Name != World.Controllers || path.Contains("/leases", StringComparison.Ordinal))
        {
            return;
        }

        string? holder = (await BodiesAsync(store, World.LeaseKey)).FirstOrDefault()?["spec"]?["holderIdentity"]?.GetValue<string>();
        world.Promise(holder == process.Identity, "only who holds the Lease writes", $"{process.Identity} writes {path}, and {holder} holds it");
    }

    /// <summary>To be called after each write.</summary>
    public async Task LookAsync(SimulatedServer server, string path)
    {
        IStore store = server.Store;
        if (server.Name != World.ControlPlane)
        {
            if (path.Contains($"/namespaces/{UseChapter.Scratch}/", StringComparison.Ordinal))
            {
                await NotMetAsync(store);
            }

            return;
        }

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

    /// <summary>Nothing of a namespace that was deleted is met by what comes under its name.</summary>
    private async Task NotMetAsync(IStore store)
    {
        string prefix = $"/core/configmaps/-/{UseChapter.Scratch}/";
        string? Key(string name, IEnumerable<JsonNode> all) => all.FirstOrDefault(c => c["metadata"]!["name"]!.GetValue<string>() == name)?["data"]?["key"]?.GetValue<string>();
        JsonNode[] present = [.. await BodiesAsync(store, prefix)];
        world.Promise(
            Key("notes", present) != UseChapter.Anew || Key("left", present) is null, "what is made anew does not meet what was left under its name", $"both are in {UseChapter.Scratch}");
    }

    private static async Task<IEnumerable<JsonNode>> BodiesAsync(IStore store, string prefix) =>
        (await store.RangeAsync(prefix, null, 0, 0, CancellationToken.None)).Items.Select(i => JsonNode.Parse(i.Value.Span)!);
}
