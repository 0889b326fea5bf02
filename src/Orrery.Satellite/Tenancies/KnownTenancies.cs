using System.Collections.Concurrent;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Tenancies;

/// <summary>How each tenant is to be held apart here, as the control plane last said.</summary>
internal sealed class KnownTenancies
{
    private readonly string ns;
    private readonly ConcurrentDictionary<string, (KubeObject Json, Tenancy Tenancy)> read = new(StringComparer.Ordinal);

    public KnownTenancies(Informer tenancies, string ns)
    {
        this.ns = ns;
        Informer = tenancies;
        tenancies.Subscribe(change =>
        {
            if (change.IsDeleted)
            {
                read.TryRemove(change.Key.Name, out _);
            }

            if (change.Old?.Generation != change.Current?.Generation || change.Old?.Uid != change.Current?.Uid)
            {
                Changed?.Invoke(change.Key.Name);
            }
        });
    }

    /// <summary>What is wanted for a tenant has changed; with its name.</summary>
    public event Action<string>? Changed;

    public Informer Informer { get; }

    public KubeObject? JsonOf(string tenant) => Informer.Get(ClusterName.Root, ns, tenant);

    /// <returns>Null for a tenant that nothing is said of.</returns>
    public Tenancy? Of(string tenant)
    {
        if (JsonOf(tenant) is not { } json)
        {
            return null;
        }

        if (!read.TryGetValue(tenant, out (KubeObject Json, Tenancy Tenancy) known) || !ReferenceEquals(known.Json, json))
        {
            read[tenant] = known = (json, Tenancy.From(json));
        }

        return known.Tenancy;
    }

    /// <summary>Changes with what is wanted, and with nothing else.</summary>
    public string VersionOf(string tenant) => JsonOf(tenant) is { } json ? $"{json.Uid}/{json.Generation}" : "";
}
