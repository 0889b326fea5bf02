using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Registry;

/// <summary>
/// Gives Services their cluster IPs and node ports. What is taken is read from the Services themselves; an address that
/// was given to a write under way is reserved until that write has ended, which is when the Service can be read. Every cluster has the whole range to itself.
/// </summary>
internal sealed class ServiceAddresses(CacheSet caches, ServiceRange range, NodePortRange ports, NameSource names)
{
    private static readonly GroupResource Services = new("", "services");
    private readonly ConcurrentDictionary<(ClusterName Cluster, string Taken), byte> underWay = new();
    private readonly AddressGuards guards = new(caches);

    /// <summary>
    /// Nothing reserved is let go of between a look at what is taken and the reservation that follows from it: what was let go of after the look would be in
    /// neither. A few, chosen by cluster, so that clusters seldom wait for each other.
    /// </summary>
    private readonly Lock[] gates = [.. Enumerable.Range(0, 16).Select(_ => new Lock())];

    /// <summary>Fills in what the Service wants and lacks; null for anything but a Service. Dispose when the write has ended.</summary>
    /// <param name="old">Null on create.</param>
    /// <exception cref="StatusException">422: the address or port asked for is taken or out of range. 500: none is left.</exception>
    public ValueTask<Reservation?> ReserveAsync(WriteScope scope, JsonObject json, JsonObject? old, CancellationToken cancellationToken) =>
        scope.GroupResource != Services || scope.Subresource.Length > 0 || json["spec"] is not JsonObject spec ? default : ReserveAsync(scope, json, spec, old, cancellationToken);

    private async ValueTask<Reservation?> ReserveAsync(WriteScope scope, JsonObject json, JsonObject spec, JsonObject? old, CancellationToken cancellationToken)
    {
        CacheSnapshot? seen = await guards.SeenAsync(cancellationToken);
        Lock gate = gates[(uint)scope.Cluster.GetHashCode() % (uint)gates.Length];
        var reservation = new Reservation(underWay, scope.Cluster, gate, old?["spec"] is JsonObject before ? [.. Held(before)] : [])
        {
            Asked = seen is null ? null : (JsonObject)spec.DeepClone(),
        };
        try
        {
            var errors = new List<FieldError>();
            lock (gate)
            {
                HashSet<string> taken = Taken(scope.Cluster, scope.Namespace, json.Name);
                if ((scope.Namespace, json.Name) != (OwnServiceObjects.Namespace, OwnServiceObjects.Name) && !reservation.Owns(range.First))
                {
                    // Of the Service that every cluster has, stored or not.
                    taken.Add(range.First);
                }

                GiveAddress(spec, taken, reservation, errors);
                GivePorts(spec, old?["spec"] as JsonObject, taken, reservation, errors);
                GiveHealthPort(spec, taken, reservation, errors);
            }

            if (errors.Count > 0)
            {
                throw ApiErrors.Invalid(scope.Resource.Kind.GroupKind, json.Name, errors);
            }

            reservation.Guards = seen is null ? default : AddressGuards.For(seen, scope.Cluster, reservation.Taken);
            return reservation;
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    private void GiveAddress(JsonObject spec, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec.TextAt("type") == "ExternalName")
        {
            return;
        }

        string address = spec.TextAt("clusterIP") ?? "";
        if (address == "None")
        {
            spec["clusterIPs"] ??= new JsonArray("None");
        }
        else if (address.Length == 0)
        {
            int start = names.Next(0, range.Count);
            for (int i = 0; i < range.Count && address.Length == 0; i++)
            {
                string candidate = range.Address((start + i) % range.Count);
                address = taken.Contains(candidate) || !reservation.Take(candidate) ? "" : candidate;
            }

            if (address.Length == 0)
            {
                throw ApiErrors.InternalError("failed to allocate a serviceIP: range is full");
            }

            spec["clusterIP"] = address;
            spec["clusterIPs"] = new JsonArray(address);
        }
        else if (!range.Contains(address))
        {
            errors.Add(FieldError.Invalid(
                "spec.clusterIPs", new JsonArray(address), $"failed to allocate IP {address}: the provided IP ({address}) is not in the valid range. The range of valid IPs is {range}"));
        }
        else if (taken.Contains(address) || !reservation.Take(address))
        {
            errors.Add(FieldError.Invalid("spec.clusterIPs", new JsonArray(address), "failed to allocate IP " + address + ": provided IP is already allocated"));
        }

        spec["ipFamilies"] ??= new JsonArray("IPv4");
        spec["ipFamilyPolicy"] ??= "SingleStack";
        spec["clusterIPs"] ??= new JsonArray(address);
    }

    private void GivePorts(JsonObject spec, JsonObject? old, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec["ports"] is not JsonArray wanted)
        {
            return;
        }

        bool wants = spec.TextAt("type") is "NodePort"
            || (spec.TextAt("type") is "LoadBalancer" && spec.FlagAt("allocateLoadBalancerNodePorts") != false);
        for (int i = 0; i < wanted.Count; i++)
        {
            if (wanted[i] is not JsonObject port)
            {
                continue;
            }

            if (!wants)
            {
                if (old?.TextAt("type") is "NodePort" or "LoadBalancer")
                {
                    port.Remove("nodePort");
                }

                continue;
            }

            string protocol = port.TextAt("protocol") ?? "TCP";
            if ((port.NumberAt("nodePort") ?? 0) == 0)
            {
                port["nodePort"] = FreePort(protocol, taken, reservation);
            }
            else
            {
                CheckPort(port.NumberAt("nodePort")!.Value, protocol, $"spec.ports[{i}].nodePort", taken, reservation, errors);
            }
        }
    }

    /// <summary>Where a balancer asks a node whether it has an endpoint of its own: only for traffic that does not go from node to node.</summary>
    private void GiveHealthPort(JsonObject spec, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec.TextAt("type") != "LoadBalancer" || spec.TextAt("externalTrafficPolicy") != "Local")
        {
            return;
        }

        if ((spec.NumberAt("healthCheckNodePort") ?? 0) == 0)
        {
            spec["healthCheckNodePort"] = FreePort("TCP", taken, reservation);
        }
        else
        {
            CheckPort(spec.NumberAt("healthCheckNodePort")!.Value, "TCP", "spec.healthCheckNodePort", taken, reservation, errors);
        }
    }

    private int FreePort(string protocol, HashSet<string> taken, Reservation reservation)
    {
        int start = names.Next(0, ports.Count);
        for (int i = 0; i < ports.Count; i++)
        {
            int candidate = ports.First + (start + i) % ports.Count;
            string key = Key(protocol, candidate);
            if (!taken.Contains(key) && !reservation.Owns(key) && reservation.Take(key))
            {
                return candidate;
            }
        }

        throw ApiErrors.InternalError("failed to allocate a nodePort: range is full");
    }

    private void CheckPort(long port, string protocol, string field, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (!ports.Contains(port))
        {
            errors.Add(FieldError.Invalid(field, port, $"provided port is not in the valid range. The range of valid ports is {ports}"));
        }
        else if (taken.Contains(Key(protocol, port)) || !reservation.Take(Key(protocol, port)))
        {
            errors.Add(FieldError.Invalid(field, port, "provided port is already allocated"));
        }
    }

    /// <summary>Addresses and ports of every other Service of the cluster.</summary>
    private HashSet<string> Taken(ClusterName cluster, string ns, string name)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        string self = StoreKey.Of(Services, cluster, ns, name);
        foreach (CachedObject service in caches.For(Services).Current.Range(StoreKey.Prefix(Services, cluster), null))
        {
            if (service.Key != self && StoredJson.Parse(service.Json.Span)["spec"] is JsonObject spec)
            {
                taken.UnionWith(Held(spec));
            }
        }

        return taken;
    }

    /// <summary>The address and the ports that a Service has.</summary>
    private static IEnumerable<string> Held(JsonObject spec)
    {
        if (spec.TextAt("clusterIP") is { Length: > 0 } address and not "None")
        {
            yield return address;
        }

        foreach (JsonObject port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (port.NumberAt("nodePort") is > 0 and { } number)
            {
                yield return Key(port.TextAt("protocol") ?? "TCP", number);
            }
        }

        if (spec.NumberAt("healthCheckNodePort") is > 0 and { } asked)
        {
            yield return Key("TCP", asked);
        }
    }

    private static string Key(string protocol, long port) => $"{protocol}:{port}";

    /// <summary>What one write under way has taken. What its Service had before is its own already, whoever else writes to it at the same time.</summary>
    internal sealed class Reservation(ConcurrentDictionary<(ClusterName Cluster, string Taken), byte> all, ClusterName cluster, Lock gate, HashSet<string> own) : IDisposable
    {
        private readonly List<string> mine = [];
        private readonly HashSet<string> kept = new(StringComparer.Ordinal);

        /// <summary>What is new.</summary>
        public IEnumerable<string> Taken => mine;

        /// <summary>To be committed with the Service.</summary>
        public CommitAdditions Guards { get; set; }

        /// <summary>The spec before anything was given; null where no other server can be.</summary>
        public JsonObject? Asked { get; init; }

        public bool Owns(string what) => own.Contains(what);

        public bool Take(string what)
        {
            if (Owns(what))
            {
                return kept.Add(what);
            }

            if (!all.TryAdd((cluster, what), 0))
            {
                return false;
            }

            mine.Add(what);
            return true;
        }

        public void Dispose()
        {
            lock (gate)
            {
                foreach (string what in mine)
                {
                    all.TryRemove((cluster, what), out _);
                }
            }
        }
    }
}
