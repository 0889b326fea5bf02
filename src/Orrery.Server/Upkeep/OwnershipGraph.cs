using Orrery.Api;
using Orrery.Server.Cache;

namespace Orrery.Server.Upkeep;

/// <summary>One entry of metadata.ownerReferences.</summary>
internal sealed record OwnerReference(GroupVersionKind Kind, string Name, string Uid, bool BlocksDeletion)
{
    public static OwnerReference[] Of(KubeObject item) =>
        item.At("metadata", "ownerReferences") is { ValueKind: System.Text.Json.JsonValueKind.Array } owners
            ? [.. owners.EnumerateArray().Select(o => new KubeObject(o)).Select(o => new OwnerReference(
                GroupVersionKind.From(o.ApiVersion, o.Kind), o.TextAt("name") ?? "", o.TextAt("uid") ?? "", o.At("blockOwnerDeletion")?.ValueKind == System.Text.Json.JsonValueKind.True))]
            : [];
}

/// <summary>Which objects name which owners. Objects without owners cost nothing. Safe for use by many threads.</summary>
internal sealed class OwnershipGraph
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, HashSet<string>> dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<string, OwnerReference[]> owners = new(StringComparer.Ordinal);

    /// <summary>Owners that wait for their dependents: by uid, with their key.</summary>
    private readonly Dictionary<string, string> waiting = new(StringComparer.Ordinal);

    /// <summary>Keys of owners that were seen to go, by uid, for as long as somebody names them.</summary>
    private readonly Dictionary<string, string> gone = new(StringComparer.Ordinal);

    public string[] DependentsOf(string uid)
    {
        lock (gate)
        {
            return dependents.TryGetValue(uid, out HashSet<string>? keys) ? [.. keys] : [];
        }
    }

    /// <summary>Whether an owner was seen to go, in the cluster of the object that names it: whatever its kind has become since.</summary>
    public bool HasSeenGo(string uid, string dependent)
    {
        lock (gate)
        {
            return gone.TryGetValue(uid, out string? key) && ClusterOf(key).SequenceEqual(ClusterOf(dependent));
        }
    }

    /// <summary>Keys of all objects that name owners, and whom they name.</summary>
    public IReadOnlyCollection<KeyValuePair<string, OwnerReference[]>> Dependents()
    {
        lock (gate)
        {
            return [.. owners];
        }
    }

    /// <summary>Takes in an object's state.</summary>
    /// <param name="looksAtDependents">Whether one is to be looked at because it names others than before.</param>
    /// <returns>Keys of the objects that are to be looked at.</returns>
    public IReadOnlyCollection<string> Observe(string key, ReadOnlySpan<byte> json, bool looksAtDependents = true)
    {
        bool hasOwners = json.IndexOf("\"ownerReferences\":["u8) >= 0;
        bool mayWait = json.IndexOf("\"deletionTimestamp\""u8) >= 0 && (json.IndexOf("\"foregroundDeletion\""u8) >= 0 || json.IndexOf("\"orphan\""u8) >= 0);
        lock (gate)
        {
            owners.TryGetValue(key, out OwnerReference[]? before);
            if (!hasOwners && !mayWait && before is null)
            {
                return [];
            }

            var item = KubeObject.Parse(json);
            OwnerReference[] now = OwnerReference.Of(item);
            bool changed = !now.AsSpan().SequenceEqual(before ?? []);
            if (changed)
            {
                Unlink(key);
                Link(key, now);
            }

            if (mayWait)
            {
                waiting[item.Uid] = key;
            }

            return [.. mayWait || (changed && looksAtDependents) ? (string[])[key] : [], .. mayWait || changed ? Waiting(before) : []];
        }
    }

    /// <summary>Takes in that an object is gone.</summary>
    /// <param name="last">Its last state.</param>
    /// <inheritdoc cref="Observe"/>
    public IReadOnlyCollection<string> Forget(string key, ReadOnlySpan<byte> last)
    {
        lock (gate)
        {
            owners.TryGetValue(key, out OwnerReference[]? before);
            Unlink(key);
            string uid = last.IsEmpty ? "" : KubeObject.Parse(last).Uid;
            waiting.Remove(uid);
            if (!dependents.TryGetValue(uid, out HashSet<string>? left))
            {
                return [.. Waiting(before)];
            }

            gone[uid] = key;
            return [.. left, .. Waiting(before)];
        }
    }

    public static GroupResource? ResourceOf(string key)
    {
        string[] parts = key.Split('/', 4);
        return parts.Length == 4 ? new GroupResource(parts[1] == "core" ? "" : parts[1], parts[2]) : null;
    }

    private IEnumerable<string> Waiting(OwnerReference[]? of) =>
        (of ?? []).Select(o => waiting.GetValueOrDefault(o.Uid)).OfType<string>();

    private void Link(string key, OwnerReference[] now)
    {
        if (now.Length == 0)
        {
            return;
        }

        owners[key] = now;
        foreach (OwnerReference owner in now)
        {
            if (!dependents.TryGetValue(owner.Uid, out HashSet<string>? keys))
            {
                dependents[owner.Uid] = keys = new HashSet<string>(StringComparer.Ordinal);
            }

            keys.Add(key);
        }
    }

    private void Unlink(string key)
    {
        if (!owners.Remove(key, out OwnerReference[]? before))
        {
            return;
        }

        foreach (OwnerReference owner in before)
        {
            if (dependents.TryGetValue(owner.Uid, out HashSet<string>? keys) && keys.Remove(key) && keys.Count == 0)
            {
                dependents.Remove(owner.Uid);
                gone.Remove(owner.Uid);
            }
        }
    }

    private static ReadOnlySpan<char> ClusterOf(string key) => KeyParts.TryParse(key, out KeyParts parts) ? key.AsSpan(parts.Cluster, parts.Namespace - parts.Cluster - 1) : default;
}
