using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Registry;

/// <summary>
/// Gives Services their cluster IPs and node ports. What is taken is read from the Services themselves; an address that
/// was given to a write under way is reserved until that write has ended, which is when the Service can be read. Every cluster has the whole range to itself.
/// </summary>
internal sealed class ServiceAddresses(CacheSet caches, ServiceRanges ranges, AddressRecords records, NodePortRange ports, NameSource names)
{
    private const int Gates = 16;
    private static readonly GroupResource Services = new("", "services");
    private readonly ConcurrentDictionary<(ClusterName Cluster, string Taken), byte> underWay = new();
    private readonly AddressGuards guards = new(caches);
    private readonly ServiceFamilies families = new([.. ranges.Own.Select(r => r.Family)]);

    /// <summary>
    /// Nothing reserved is let go of between a look at what is taken and the reservation that follows from it: what was let go of after the look would be in
    /// neither. A few, chosen by cluster, so that clusters seldom wait for each other.
    /// </summary>
    private readonly Lock[] gates = [.. Enumerable.Range(0, Gates).Select(_ => new Lock())];

    /// <summary>Each under its gate.</summary>
    private readonly HeldByServices[] held = [.. Enumerable.Range(0, Gates).Select(_ => new HeldByServices(Held))];

    /// <summary>Fills in what the Service wants and lacks; null for anything but a Service. Dispose when the write has ended.</summary>
    /// <param name="old">Null on create.</param>
    /// <exception cref="StatusException">422: the address or port asked for is taken or out of range. 500: none is left.</exception>
    public ValueTask<Reservation?> ReserveAsync(WriteScope scope, JsonObject json, JsonObject? old, CancellationToken cancellationToken) =>
        scope.GroupResource != Services || scope.Subresource.Length > 0 || json["spec"] is not JsonObject spec ? default : ReserveAsync(scope, json, spec, old, cancellationToken);

    private async ValueTask<Reservation?> ReserveAsync(WriteScope scope, JsonObject json, JsonObject spec, JsonObject? old, CancellationToken cancellationToken)
    {
        CacheSnapshot? seen = await guards.SeenAsync(cancellationToken);
        int place = (int)((uint)scope.Cluster.GetHashCode() % Gates);
        Lock gate = gates[place];
        var reservation = new Reservation(underWay, scope.Cluster, gate, old?["spec"] is JsonObject before ? [.. Held(before)] : [])
        {
            Service = (scope.Namespace, json.Name),
            Asked = (JsonObject)spec.DeepClone(),
        };
        try
        {
            var errors = new List<FieldError>();
            lock (gate)
            {
                string self = StoreKey.Of(Services, scope.Cluster, scope.Namespace, json.Name);
                HashSet<string> taken = held[place].ByOthers(scope.Cluster, caches.For(Services).Current.Range(StoreKey.Prefix(Services, scope.Cluster)), self);
                if ((scope.Namespace, json.Name) != (OwnServiceObjects.Namespace, OwnServiceObjects.Name) && !reservation.Owns(ranges.Own[0].First))
                {
                    // Of the Service that every cluster has, stored or not.
                    taken.Add(ranges.Own[0].First);
                }

                GiveAddresses(spec, old?["spec"] as JsonObject, taken, reservation, errors);
                GivePorts(spec, old?["spec"] as JsonObject, taken, reservation, errors);
                GiveHealthPort(spec, taken, reservation, errors);
            }

            if (errors.Count > 0)
            {
                throw ApiErrors.Invalid(scope.Resource.Kind.GroupKind, json.Name, errors);
            }

            HashSet<string> has = [.. Held(spec)];
            reservation.Guards = (seen is null ? default : AddressGuards.For(seen, scope.Cluster, reservation.Taken)).And(
                Recorded(scope, json.Name, AddressRecords.Addresses(reservation.Taken), old is null ? [] : Held(old.ObjectAt("spec")).Where(h => !has.Contains(h))));
            return reservation;
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    /// <summary>What goes with a Service that is deleted; nothing for anything else.</summary>
    public CommitAdditions Released(WriteScope scope, JsonObject service) =>
        scope.GroupResource == Services && service["spec"] is JsonObject spec ? Recorded(scope, service.Name, [], Held(spec)) : default;

    private CommitAdditions Recorded(WriteScope scope, string service, IEnumerable<string> given, IEnumerable<string> released) =>
        records.Change(scope.Cluster, scope.Namespace, service, given, AddressRecords.Addresses(released));

    private void GiveAddresses(JsonObject spec, JsonObject? old, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec.TextAt("type") == "ExternalName")
        {
            return;
        }

        families.Settle(spec, old, errors);
        if (errors.Count > 0)
        {
            return;
        }

        string[] wanted = [.. ServiceFamilies.Texts(spec, "clusterIPs")];
        if (wanted is ["None"] || spec.TextAt("clusterIP") == "None")
        {
            spec["clusterIPs"] ??= new JsonArray("None");
            return;
        }

        string[] of = [.. ServiceFamilies.Texts(spec, "ipFamilies")];
        var addresses = new JsonArray();
        for (int i = 0; i < of.Length; i++)
        {
            string asked = i < wanted.Length ? wanted[i] : "";
            ServiceRange[] from = ranges.Own.Any(r => r.Family == of[i]) ? [.. ranges.Of(reservation.Cluster, of[i])] : [];
            if (from.Length == 0)
            {
                // Of a family that the cluster has no more: what it had of it stays.
                addresses.Add(asked);
                continue;
            }

            addresses.Add(asked.Length > 0 ? asked : FreeAddress(from, taken, reservation));
            if (asked.Length > 0)
            {
                CheckAddress(from, asked, spec["clusterIPs"]!, taken, reservation, errors);
            }
        }

        spec["clusterIP"] = addresses[0]!.DeepClone();
        spec["clusterIPs"] = addresses;
    }

    private string FreeAddress(ServiceRange[] from, HashSet<string> taken, Reservation reservation)
    {
        foreach (ServiceRange range in from.Where(r => r.Count > 0))
        {
            int start = names.Next(0, range.Count);
            for (int i = 0; i < range.Count; i++)
            {
                string candidate = range.Address((start + i) % range.Count);
                if (!taken.Contains(candidate) && !IsOthers(candidate, reservation) && reservation.Take(candidate))
                {
                    return candidate;
                }
            }
        }

        throw ApiErrors.InternalError("failed to allocate a serviceIP: range is full");
    }

    private bool IsOthers(string address, Reservation reservation) => records.IsOthers(reservation.Cluster, address, reservation.Service.Namespace, reservation.Service.Name);

    private void CheckAddress(ServiceRange[] from, string address, JsonNode all, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        string key = Plain(address);
        if (reservation.Owns(key))
        {
            // Also one of a range that was another when it was given.
            reservation.Take(key);
        }
        else if (!from.Any(r => r.Contains(address)))
        {
            errors.Add(FieldError.Invalid("spec.clusterIPs", all.DeepClone(), $"failed to allocate IP {address}: the provided network does not match the current range"));
        }
        else if (taken.Contains(key) || IsOthers(key, reservation) || !reservation.Take(key))
        {
            errors.Add(FieldError.Invalid("spec.clusterIPs", all.DeepClone(), $"failed to allocate IP {address}: provided IP is already allocated"));
        }
    }

    private void GivePorts(JsonObject spec, JsonObject? old, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec["ports"] is not JsonArray wanted || spec.TextAt("type") is not ("NodePort" or "LoadBalancer"))
        {
            return;
        }

        bool gives = spec.TextAt("type") == "NodePort" || spec.FlagAt("allocateLoadBalancerNodePorts") != false;
        var mine = new HashSet<long>();
        for (int i = 0; i < wanted.Count; i++)
        {
            if (wanted[i] is not JsonObject port)
            {
                continue;
            }

            long number = port.NumberAt("nodePort") ?? 0;
            if (number == 0 && !gives)
            {
                continue;
            }

            if (number == 0 && old is null)
            {
                number = OfAnotherProtocol(wanted, port.NumberAt("port"));
            }

            if (number == 0)
            {
                number = FreePort(taken, reservation);
            }
            else if (!mine.Contains(number))
            {
                CheckPort(number, $"spec.ports[{i}].nodePort", taken, reservation, errors);
            }

            mine.Add(number);
            port["nodePort"] = number;
        }
    }

    /// <summary>What the same port of a new Service has, or asks for, by another protocol (a name server has one for both); otherwise 0.</summary>
    private static long OfAnotherProtocol(JsonArray ports, long? port) =>
        ports.OfType<JsonObject>().Where(p => p.NumberAt("port") == port).Select(p => p.NumberAt("nodePort") ?? 0).FirstOrDefault(n => n != 0);

    /// <summary>Where a balancer asks a node whether it has an endpoint of its own: only for traffic that does not go from node to node.</summary>
    private void GiveHealthPort(JsonObject spec, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        if (spec.TextAt("type") != "LoadBalancer" || spec.TextAt("externalTrafficPolicy") != "Local")
        {
            return;
        }

        if ((spec.NumberAt("healthCheckNodePort") ?? 0) == 0)
        {
            spec["healthCheckNodePort"] = FreePort(taken, reservation);
        }
        else
        {
            CheckPort(spec.NumberAt("healthCheckNodePort")!.Value, "spec.healthCheckNodePort", taken, reservation, errors);
        }
    }

    private int FreePort(HashSet<string> taken, Reservation reservation)
    {
        int start = names.Next(0, ports.Count);
        for (int i = 0; i < ports.Count; i++)
        {
            int candidate = ports.First + (start + i) % ports.Count;
            string key = Key(candidate);
            if (!taken.Contains(key) && !reservation.Owns(key) && reservation.Take(key))
            {
                return candidate;
            }
        }

        throw ApiErrors.InternalError("failed to allocate a nodePort: range is full");
    }

    private void CheckPort(long port, string field, HashSet<string> taken, Reservation reservation, List<FieldError> errors)
    {
        string key = Key(port);
        if (!ports.Contains(port) && !reservation.Owns(key))
        {
            errors.Add(FieldError.Invalid(field, port, $"provided port is not in the valid range. The range of valid ports is {ports}"));
        }
        else if ((taken.Contains(key) && !reservation.Owns(key)) || !reservation.Take(key))
        {
            errors.Add(FieldError.Invalid(field, port, "provided port is already allocated"));
        }
    }

    /// <summary>The addresses and the ports that a Service has.</summary>
    public static IEnumerable<string> Held(JsonObject spec)
    {
        foreach (string address in ServiceFamilies.Texts(spec, "clusterIPs").Append(spec.TextAt("clusterIP") ?? "").Distinct().Where(a => a is not ("" or "None")))
        {
            yield return Plain(address);
        }

        foreach (JsonObject port in (spec["ports"] as JsonArray ?? []).OfType<JsonObject>())
        {
            if (port.NumberAt("nodePort") is > 0 and { } number)
            {
                yield return Key(number);
            }
        }

        if (spec.NumberAt("healthCheckNodePort") is > 0 and { } asked)
        {
            yield return Key(asked);
        }
    }

    /// <summary>A node port is one Service's, whatever the protocols, as upstream.</summary>
    private static string Key(long port) => $"port:{port}";

    /// <summary>The same for every spelling of an address.</summary>
    private static string Plain(string address) => IPAddress.TryParse(address, out IPAddress? ip) ? ip.ToString() : address;

    /// <summary>What one write under way has taken. What its Service had before is its own already, whoever else writes to it at the same time.</summary>
    internal sealed class Reservation(ConcurrentDictionary<(ClusterName Cluster, string Taken), byte> all, ClusterName cluster, Lock gate, HashSet<string> own) : IDisposable
    {
        private readonly List<string> mine = [];
        private readonly HashSet<string> kept = new(StringComparer.Ordinal);

        public ClusterName Cluster => cluster;

        /// <summary>Whose it is.</summary>
        public required (string Namespace, string Name) Service { get; init; }

        /// <summary>What is new.</summary>
        public IEnumerable<string> Taken => mine;

        /// <summary>To be committed with the Service.</summary>
        public CommitAdditions Guards { get; set; }

        /// <summary>The spec before anything was given.</summary>
        public required JsonObject Asked { get; init; }

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
