using System.Collections.Concurrent;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>One resource as discovery describes it.</summary>
public sealed record ApiResource(GroupVersionResource Resource, string Kind, bool IsNamespaced, IReadOnlyList<string> Verbs, IReadOnlyList<string> Subresources);

/// <summary>
/// What one cluster serves, read from its discovery a group version at a time and kept. A kind not found is looked up
/// again after a while, since custom resources come and go.
/// </summary>
public sealed class Resources(KubeClient client, TimeProvider? time = null)
{
    /// <summary>A group version is not asked for again within this time because of a kind that it does not have.</summary>
    private static readonly TimeSpan RefreshAfter = TimeSpan.FromSeconds(2);

    /// <summary>Group versions that are asked for together: a cluster may be far away, and there are dozens.</summary>
    private const int AtOnce = 8;

    private readonly TimeProvider time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, Known> groups = new(StringComparer.Ordinal);

    /// <returns>Null when the cluster does not serve that kind.</returns>
    public Task<ApiResource?> FindAsync(string apiVersion, string kind, CancellationToken cancellationToken) =>
        FindAsync(apiVersion, r => r.Kind == kind, cancellationToken);

    /// <returns>Null when the cluster does not serve that resource.</returns>
    public Task<ApiResource?> FindAsync(GroupVersionResource resource, CancellationToken cancellationToken) =>
        FindAsync(resource.ApiVersion, r => r.Resource == resource, cancellationToken);

    /// <summary>What is served of a group has changed: it is read again when it is next asked for.</summary>
    public void Forget(string group)
    {
        foreach (string version in groups.Keys.Where(v => GroupVersionKind.From(v, "").Group == group))
        {
            groups.TryRemove(version, out _);
        }
    }

    /// <summary>All that is served may be another: its server was upgraded, say.</summary>
    public void Forget() => groups.Clear();

    /// <summary>
    /// Everything that the cluster serves now, each resource in the version that the cluster prefers of those that have it. A group may be served by something that is down, and for days: the others are no less
    /// there.
    /// </summary>
    /// <param name="ofGroup">Which groups; null: all of them.</param>
    /// <returns>With the group versions of which it cannot be said now what is in them.</returns>
    public async Task<(IReadOnlyList<ApiResource> Resources, IReadOnlyList<string> Unavailable)> AllAsync(CancellationToken cancellationToken, Predicate<string>? ofGroup = null)
    {
        JsonElement list = await client.SendJsonAsync(HttpMethod.Get, "/apis", null, cancellationToken).ConfigureAwait(false);
        IEnumerable<string> versions = Items(list, "groups").SelectMany(g => VersionsOf(g)).Prepend("v1");
        var all = new List<ApiResource>();
        var known = new HashSet<GroupResource>();
        var unavailable = new List<string>();
        foreach (string[] some in versions.Where(v => ofGroup?.Invoke(GroupVersionKind.From(v, "").Group) != false).Chunk(AtOnce))
        {
            foreach ((string version, List<ApiResource>? read) in await Task.WhenAll(some.Select(v => TryReadAsync(v, cancellationToken))).ConfigureAwait(false))
            {
                if (read is null)
                {
                    unavailable.Add(version);
                    continue;
                }

                all.AddRange(read.Where(r => known.Add(r.Resource.GroupResource)));
            }
        }

        return (all, unavailable);
    }

    /// <returns>Null where it cannot be said now what is in it.</returns>
    private async Task<(string Version, List<ApiResource>? Read)> TryReadAsync(string version, CancellationToken cancellationToken)
    {
        try
        {
            return (version, await ReadAsync(version, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is StatusException { Code: >= 500 } or TimeoutException && version.Contains('/', StringComparison.Ordinal))
        {
            return (version, null);
        }
    }

    /// <summary>The preferred one first: others may have what that lacks.</summary>
    private static IEnumerable<string> VersionsOf(JsonElement group)
    {
        string preferred = group.GetProperty("preferredVersion").GetProperty("groupVersion").GetString()!;
        return Items(group, "versions").Select(v => v.GetProperty("groupVersion").GetString()!).Where(v => v != preferred).Prepend(preferred);
    }

    private async Task<ApiResource?> FindAsync(string apiVersion, Predicate<ApiResource> match, CancellationToken cancellationToken)
    {
        if (groups.TryGetValue(apiVersion, out Known? known))
        {
            ApiResource? found = known.Resources.Find(match);
            if (found is not null || time.GetElapsedTime(known.At) < RefreshAfter)
            {
                return found;
            }
        }

        Known fresh = new(await ReadAsync(apiVersion, cancellationToken).ConfigureAwait(false), time.GetTimestamp());
        groups[apiVersion] = fresh;
        return fresh.Resources.Find(match);
    }

    private async Task<List<ApiResource>> ReadAsync(string apiVersion, CancellationToken cancellationToken)
    {
        JsonElement list;
        string prefix = apiVersion.Contains('/', StringComparison.Ordinal) ? "/apis/" : "/api/";
        try
        {
            list = await client.SendJsonAsync(HttpMethod.Get, prefix + apiVersion, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return [];
        }

        GroupVersionKind version = GroupVersionKind.From(apiVersion, "");
        var items = Items(list, "resources").Select(r => (Name: r.GetProperty("name").GetString()!, Json: r)).ToList();
        ILookup<string, string> subresources = items.Where(r => r.Name.Contains('/', StringComparison.Ordinal))
            .Select(r => r.Name.Split('/', 2)).ToLookup(p => p[0], p => p[1], StringComparer.Ordinal);
        return
        [
            .. items.Where(r => !r.Name.Contains('/', StringComparison.Ordinal)).Select(r => new ApiResource(
                new GroupVersionResource(version.Group, version.Version, r.Name),
                r.Json.GetProperty("kind").GetString()!,
                r.Json.GetProperty("namespaced").GetBoolean(),
                [.. Items(r.Json, "verbs").Select(v => v.GetString()!)],
                [.. subresources[r.Name]])),
        ];
    }

    /// <summary>A list of nothing may be left out, or null: servers are written in Go.</summary>
    private static IEnumerable<JsonElement> Items(JsonElement json, string member) => json.TryGetProperty(member, out JsonElement list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : [];

    /// <param name="At">By the clock that never jumps: one that is put right by an hour must not keep what is known for an hour.</param>
    private sealed record Known(List<ApiResource> Resources, long At);
}
