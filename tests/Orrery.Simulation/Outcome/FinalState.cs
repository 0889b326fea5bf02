using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Simulation.Network;
using Orrery.Storage;

namespace Orrery.Simulation.Outcome;

/// <summary>
/// What all servers hold in the end, in a form in which two runs can be compared: without times, addresses and drawn names, with identifiers
/// as the names of what they are of, and without what is history by right, since it tells how a run went and not where it came to (Events, Leases, old revisions, usage by the hour, satellites' records and copies).
/// </summary>
internal static partial class FinalState
{
    private static readonly HashSet<string> History =
    [
        "/core/events/", "/events.k8s.io/events/", "/coordination.k8s.io/leases/", "/apps/controllerrevisions/", "/orrery.dev/tenantusages/",
        "/core/configmaps/-/orrery-system/satellite-log-", "/core/secrets/-/orrery-system/orrery-wanted-",
    ];

    private static readonly HashSet<string> Dropped =
    [
        "managedFields", "resourceVersion", "generation", "observedGeneration", "nodeName", "nodePort", "nodePorts", "deployment.kubernetes.io/revision",
        "deployment.kubernetes.io/revision-history", "inputs", "revision", "history", "podIPs", "deprecated.daemonset.template.generation", "collisionCount",

        // It names what is to be purged, and says nothing once that is gone.
        "orrery.dev/purge-request",
    ];

    public static async Task<List<string>> ReadAsync(IEnumerable<SimulatedServer> servers)
    {
        var lines = new List<string>();
        var present = new List<(string Server, string Key, JsonObject Body)>();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        var hooks = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (SimulatedServer server in servers)
        {
            RangeResult all = await server.Store.RangeAsync("", null, 0, 0, CancellationToken.None);
            (string Key, JsonObject Body)[] objects = [.. all.Items.Select(i => (i.Key, (JsonObject)JsonNode.Parse(i.Value.Span)!))];
            foreach ((string key, JsonObject body) in objects)
            {
                // What stands for an address is called by it.
                names.TryAdd(body["metadata"]?["uid"]?.GetValue<string>() ?? "", $"<uid of {server.Name}{Addresses().Replace(key, "<ip>")}>");
            }

            // A hook's Work is called by its attempt, and that by uids.
            foreach (JsonNode metadata in objects.Where(o => o.Key.StartsWith("/orrery.dev/works/", StringComparison.Ordinal)).Select(o => o.Body["metadata"]!))
            {
                if (metadata["labels"]?["orrery.dev/hook"]?.GetValue<string>() is { } on)
                {
                    string name = metadata["name"]!.GetValue<string>();
                    hooks[name] = $"{name[..name.LastIndexOf('-')]}-<{on}>";
                }
            }

            present.AddRange(objects.Select(o => (server.Name, o.Key, o.Body)));
        }

        lines.AddRange(present.Select(o => Line(o.Server, o.Key, o.Body, names)).OfType<string>()
            .Select(line => hooks.Aggregate(line, (text, hook) => text.Replace(hook.Key, hook.Value, StringComparison.Ordinal))));

        lines.Sort(StringComparer.Ordinal);
        return lines;
    }

    /// <summary>What is in one and not in the other, marked with - and +; of objects that are in both, where they part.</summary>
    public static IEnumerable<string> Difference(IReadOnlyList<string> expected, IReadOnlyList<string> found)
    {
        var missing = new List<string>(expected);
        string[] more = [.. found.Where(line => !missing.Remove(line))];
        foreach (string line in more)
        {
            if (missing.Find(m => Key(m) == Key(line)) is not { } other)
            {
                yield return "+ " + line;
                continue;
            }

            missing.Remove(other);
            int same = 0;
            while (same < Math.Min(line.Length, other.Length) && line[same] == other[same])
            {
                same++;
            }

            yield return $"~ {Key(line)}: …{Around(line, same)}… instead of …{Around(other, same)}…";
        }

        foreach (string line in missing)
        {
            yield return "- " + line;
        }
    }

    private static string Key(string line) => line[..line.IndexOf(' ', StringComparison.Ordinal)];

    private static string Around(string line, int at) => line[Math.Max(0, at - 120)..Math.Min(line.Length, at + 200)];

    private static string? Line(string server, string key, JsonObject body, Dictionary<string, string> names)
    {
        // A namespace that every cluster has is stored from the first write in it on: of this one, the Lease of a node that was there.
        if (key.StartsWith("/core/namespaces/", StringComparison.Ordinal) && key.EndsWith("/kube-node-lease", StringComparison.Ordinal))
        {
            return null;
        }

        if (History.Any(h => key.StartsWith(h, StringComparison.Ordinal)) || IsOldRevision(key, body) || IsRecord(key))
        {
            return null;
        }

        // An observation is called by a digest of what it is of; what it is of says more.
        if (body["spec"]?["source"] is JsonObject && key.Contains("/observations/", StringComparison.Ordinal))
        {
            if (body["spec"]?["object"]?["kind"]?.GetValue<string>() == "Event")
            {
                return null;
            }

            ((JsonObject)body["metadata"]!).Remove("name");
            ((JsonObject)body["metadata"]!).Remove("uid");
            key = key[..(key.LastIndexOf('/') + 1)] + body["spec"]!["object"]!["metadata"]!["name"];
        }

        // In which way a data plane came to what runs there is told as the reason, and over which releases: one that was replaced before anybody acted on it ran nowhere.
        foreach (JsonObject plane in key.StartsWith("/orrery.dev/installations/", StringComparison.Ordinal) ? (body["status"]?["dataPlanes"] as JsonArray ?? []).OfType<JsonObject>() : [])
        {
            plane.Remove("reason");
            plane.Remove("releases");
        }

        // Sorted by addresses, which are drawn: what is compared is whose they are.
        foreach (JsonNode? subset in key.StartsWith("/core/endpoints/", StringComparison.Ordinal) ? body["subsets"] as JsonArray ?? [] : [])
        {
            foreach (string member in (string[])["addresses", "notReadyAddresses"])
            {
                if (subset?[member] is JsonArray addresses)
                {
                    subset[member] = new JsonArray([.. addresses.OrderBy(a => Drawn().Replace(a?["targetRef"]?["name"]?.GetValue<string>() ?? "", "-*"), StringComparer.Ordinal).Select(a => a?.DeepClone())]);
                }
            }
        }

        Clean(body);
        string text = Times().Replace(Uids().Replace(Addresses().Replace($"{server}{key} {body.ToJsonString()}", "<ip>"), u => names.GetValueOrDefault(u.Value, "<uid of nothing>")), "<time>");
        return Attempts().Replace(Drawn().Replace(text, "-*"), "<attempt>-<inputs>$1");
    }

    /// <summary>What satellites did, as the cluster's owner may read it.</summary>
    private static bool IsRecord(string key) => key.Contains("/orrery-system", StringComparison.Ordinal);

    private static bool IsOldRevision(string key, JsonObject body) =>
        key.StartsWith("/apps/replicasets/", StringComparison.Ordinal) && body["spec"]?["replicas"]?.GetValue<long>() == 0;

    private static void Clean(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach ((string name, JsonNode? value) in map.ToArray())
                {
                    if (Dropped.Contains(name))
                    {
                        map.Remove(name);
                    }
                    else
                    {
                        Clean(value);

                        // Where an annotation that does not count was, and was taken away, nothing is left but its place.
                        if (name == "annotations" && value is JsonObject { Count: 0 })
                        {
                            map.Remove(name);
                        }
                    }
                }

                JsonNode?[] values = [.. map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => p.Value)];
                string[] names = [.. map.Select(p => p.Key).Order(StringComparer.Ordinal)];
                map.Clear();
                for (int i = 0; i < names.Length; i++)
                {
                    map.Add(names[i], values[i]);
                }

                break;
            case JsonArray list:
                // Conditions are a map by type: in which order they came to be is history.
                if (list.Count > 1 && list.All(c => c is JsonObject { } each && each["type"] is JsonValue && each["status"] is JsonValue))
                {
                    JsonNode?[] sorted = [.. list.OrderBy(c => c!["type"]!.GetValue<string>(), StringComparer.Ordinal)];
                    list.Clear();
                    foreach (JsonNode? condition in sorted)
                    {
                        list.Add(condition);
                    }
                }

                foreach (JsonNode? item in list)
                {
                    Clean(item);
                }

                break;
        }
    }

    [GeneratedRegex(@"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b")]
    private static partial Regex Addresses();

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uids();

    [GeneratedRegex(@"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")]
    private static partial Regex Times();

    /// <summary>An attempt: how many there were, what it was to bring (with uids, so that it tells nothing of a Secret), and what came of it.</summary>
    [GeneratedRegex(@"\b\d+-[0-9a-f]{8}([0-9a-f]{8})\b")]
    private static partial Regex Attempts();

    /// <summary>The five characters that generateName draws; upstream's alphabet has neither vowels nor 0, 1 and 3.</summary>
    [GeneratedRegex("-[bcdfghjklmnpqrstvwxz2456789]{5}(?![a-z0-9])")]
    private static partial Regex Drawn();
}
