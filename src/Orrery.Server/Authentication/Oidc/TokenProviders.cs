using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Webhooks;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// The OpenID providers that each cluster trusts: root those that the operator names, a virtual cluster those of a ConfigMap of its
/// own. A virtual cluster's providers are reached at public addresses alone, as its webhooks are.
/// </summary>
internal sealed class TokenProviders(CacheSet caches, TokenIssuers issuers, AddressGuard guard, AnonymousRule anonymous, TimeProvider time, ILogger<TokenProviders> log) : IClusterMemory, IDisposable
{
    private static readonly GroupResource ConfigMaps = new("", "configmaps");

    private readonly ResourceCache cache = caches.For(ConfigMaps);
    private readonly ConcurrentDictionary<ClusterName, Entry> ofClusters = new();
    private volatile ProviderSet root = ProviderSet.None;
    private volatile AnonymousRule? configured;

    public AnonymousRule Anonymous => configured ?? anonymous;

    /// <summary>The provider of the cluster that a token says it is of; null for none.</summary>
    /// <param name="read">The token, where there is a provider.</param>
    public OidcAuthenticator? Find(ClusterName cluster, string token, out JsonWebToken? read)
    {
        ProviderSet set = cluster.IsRoot ? root : cluster.IsAll ? ProviderSet.None : Of(cluster);
        read = set.IsEmpty ? null : JsonWebToken.Read(token);
        return read is null ? null : set.Find(read);
    }

    /// <summary>Trusts one provider on root.</summary>
    /// <exception cref="FormatException">It has the name of this server, whose own tokens would be held for its.</exception>
    public void Trust(TokenProvider provider) => root = issuers.Accepts(provider.Issuer, ClusterName.Root)
        ? throw new FormatException($"'{provider.Issuer}' is the issuer of this server's own tokens")
        : root.Replace([provider], null, time, log);

    /// <summary>Trusts on root what a configuration names, in the place of what was trusted before.</summary>
    /// <exception cref="FormatException">Names the field and what it may be; nothing has changed then.</exception>
    public void Configure(string yaml)
    {
        AuthenticationConfiguration read = AuthenticationConfiguration.Parse(yaml, issuers);
        root = root.Replace(read.Providers, null, time, log);
        configured = read.Anonymous;
    }

    public void Dispose()
    {
        root.Dispose();
        foreach (Entry entry in ofClusters.Values)
        {
            entry.Set.Dispose();
        }
    }

    /// <summary>A look drops what is no more.</summary>
    public void Forget(ClusterName cluster) => _ = Of(cluster);

    private ProviderSet Of(ClusterName cluster)
    {
        CachedObject? item = cache.Current.Get(StoreKey.Of(ConfigMaps, cluster, ClusterProviders.Namespace, ClusterProviders.Name));
        if (item is null)
        {
            if (ofClusters.TryRemove(cluster, out Entry? gone))
            {
                gone.Set.Dispose();
            }

            return ProviderSet.None;
        }

        if (ofClusters.TryGetValue(cluster, out Entry? known) && ReferenceEquals(known.Item, item))
        {
            return known.Set;
        }

        lock (ofClusters)
        {
            ProviderSet before = ofClusters.TryGetValue(cluster, out Entry? last) ? last.Set : ProviderSet.None;
            if (ReferenceEquals(last?.Item, item))
            {
                return before;
            }

            ProviderSet set = before.Replace(Read(cluster, item), (host, cancellationToken) => guard.ConnectAsync(cluster, "a provider", host, cancellationToken), time, log);
            ofClusters[cluster] = new Entry(item, set);
            return set;
        }
    }

    private IReadOnlyList<TokenProvider> Read(ClusterName cluster, CachedObject item)
    {
        try
        {
            return ClusterProviders.Read(cluster, KubeObject.Parse(item.Json.Span).ToJsonObject(), issuers);
        }
        catch (FormatException bad)
        {
            // Only what was stored before it was looked at can be bad: it lets nobody in.
            log.ClusterProvidersRefused(cluster.ToString(), bad.Message);
            return [];
        }
    }

    private sealed record Entry(CachedObject Item, ProviderSet Set);
}
