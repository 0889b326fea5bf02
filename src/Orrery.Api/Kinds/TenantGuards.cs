using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>The objects that hold a tenant apart, one set a namespace. Pure.</summary>
public static class TenantGuards
{
    /// <summary>Name of each of them.</summary>
    public const string Name = "orrery-tenant";

    public const string EnforceLabel = "pod-security.kubernetes.io/enforce";
    public const string WarnLabel = "pod-security.kubernetes.io/warn";

    /// <summary>On a namespace of a data plane: the level that was enforced there for its tenant. Another one was set by the cluster's owner.</summary>
    public const string LevelAnnotation = "orrery.dev/pod-security";

    /// <summary>Of the Pod Security standards, the stricter the later.</summary>
    private static readonly string[] Levels = ["privileged", "baseline", "restricted"];

    private static readonly string[] Kinds = ["NetworkPolicy", "ResourceQuota", "LimitRange"];

    private const string NamespaceNameLabel = "kubernetes.io/metadata.name";

    /// <summary>
    /// Where pods, nodes and services have their addresses: private ranges, carrier-grade NAT and link-local. Everything else is outside the
    /// cluster, and open. Most networks match a block against pods too, which is why these are left out.
    /// </summary>
    public static readonly IReadOnlyList<(string Cidr, string[] Except)> Outside =
    [
        ("0.0.0.0/0", ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"]),
        ("::/0", ["fc00::/7", "fe80::/10"]),
    ];

    /// <summary>Whether a namespace of a data plane enforces a level, or a stricter one that the cluster's owner set there, which is not loosened.</summary>
    public static bool IsSecured(KubeObject ns, string level)
    {
        string present = ns.Labels.GetValueOrDefault(EnforceLabel) ?? "", made = ns.Annotations.GetValueOrDefault(LevelAnnotation) ?? "";
        return (present == level && made == level) || (made.Length > 0 && present != made && Array.IndexOf(Levels, present) > Array.IndexOf(Levels, level));
    }

    /// <summary>Whether something of that kind and name is what holds a tenant apart, in whichever namespace of the tenant: nothing else may take its place.</summary>
    public static bool IsReserved(string kind, string name) => name == Name && Kinds.Contains(kind);

    /// <summary>
    /// Lets the pods of a namespace talk with the tenant's own, with those of namespaces that it allows, with the cluster's name service and
    /// with what is outside the cluster. Both directions are held, so that a tenant that opens its own side alone opens nothing.
    /// </summary>
    public static JsonObject NetworkPolicy(string tenant, string ns, IReadOnlyList<string> allowedNamespaces)
    {
        var dns = new JsonObject
        {
            ["to"] = new JsonArray(Peer(new JsonObject { ["matchLabels"] = new JsonObject { [NamespaceNameLabel] = "kube-system" } })),
            ["ports"] = new JsonArray(Port("UDP", 53), Port("TCP", 53)),
        };
        return Make("networking.k8s.io/v1", "NetworkPolicy", tenant, ns, new JsonObject
        {
            ["podSelector"] = new JsonObject(),
            ["policyTypes"] = new JsonArray("Ingress", "Egress"),
            ["ingress"] = new JsonArray(new JsonObject { ["from"] = Peers(tenant, allowedNamespaces) }),
            ["egress"] = new JsonArray(new JsonObject { ["to"] = Peers(tenant, allowedNamespaces) }, dns),
        });
    }

    public static JsonObject ResourceQuota(string tenant, string ns, IReadOnlyDictionary<string, Quantity> hard) =>
        Make("v1", "ResourceQuota", tenant, ns, new JsonObject { ["hard"] = KindJson.Quantities(hard) });

    /// <returns>Null when nothing bounds a container and none needs a default.</returns>
    public static JsonObject? LimitRange(
        string tenant, string ns, IReadOnlyDictionary<string, Quantity> quota, IReadOnlyDictionary<string, Quantity> limits, IReadOnlyDictionary<string, Quantity> defaults)
    {
        // A quota on a resource refuses every container that says nothing of it, and a container of which only a limit is known asks for all of that.
        var requests = new Dictionary<string, Quantity>(defaults, StringComparer.Ordinal);
        var most = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach ((string resource, string usual) in (ReadOnlySpan<(string, string)>)[("cpu", "50m"), ("memory", "64Mi")])
        {
            bool counted = quota.ContainsKey(resource) || quota.ContainsKey("requests." + resource) || limits.ContainsKey(resource);
            if (counted && !requests.ContainsKey(resource))
            {
                requests[resource] = limits.TryGetValue(resource, out Quantity cap) && cap < Quantity.Parse(usual) ? cap : Quantity.Parse(usual);
            }

            if (limits.TryGetValue(resource, out Quantity limit))
            {
                most[resource] = limit;
            }
            else if (quota.ContainsKey("limits." + resource) && requests.TryGetValue(resource, out Quantity request))
            {
                most[resource] = request;
            }
        }

        foreach ((string resource, Quantity limit) in limits)
        {
            most[resource] = limit;
        }

        if (requests.Count == 0 && most.Count == 0)
        {
            return null;
        }

        var item = new JsonObject { ["type"] = "Container" };
        Put(item, "max", limits);
        Put(item, "default", most);
        Put(item, "defaultRequest", requests);
        return Make("v1", "LimitRange", tenant, ns, new JsonObject { ["limits"] = new JsonArray((JsonNode)item) });
    }

    private static void Put(JsonObject item, string name, IReadOnlyDictionary<string, Quantity> quantities)
    {
        if (quantities.Count > 0)
        {
            item[name] = KindJson.Quantities(quantities);
        }
    }

    /// <summary>Whom pods of the tenant may talk with, as peers of a NetworkPolicy; the name service apart.</summary>
    public static JsonArray Peers(string tenant, IReadOnlyList<string> allowedNamespaces)
    {
        var peers = new JsonArray(Peer(new JsonObject { ["matchLabels"] = new JsonObject { [OrreryNames.TenantLabel] = tenant } }));
        if (allowedNamespaces.Count > 0)
        {
            peers.Add((JsonNode)Peer(new JsonObject
            {
                ["matchExpressions"] = new JsonArray(new JsonObject
                {
                    ["key"] = NamespaceNameLabel,
                    ["operator"] = "In",
                    ["values"] = new JsonArray([.. allowedNamespaces.Order(StringComparer.Ordinal).Select(n => (JsonNode)n)]),
                }),
            }));
        }

        foreach ((string cidr, string[] except) in Outside)
        {
            peers.Add((JsonNode)new JsonObject
            {
                ["ipBlock"] = new JsonObject { ["cidr"] = cidr, ["except"] = new JsonArray([.. except.Select(e => (JsonNode)e)]) },
            });
        }

        return peers;
    }

    private static JsonObject Peer(JsonObject namespaceSelector) => new() { ["namespaceSelector"] = namespaceSelector };

    private static JsonObject Port(string protocol, int port) => new() { ["protocol"] = protocol, ["port"] = port };

    private static JsonObject Make(string apiVersion, string kind, string tenant, string ns, JsonObject spec) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = Name,
            ["namespace"] = ns,
            ["labels"] = new JsonObject
            {
                [OrreryNames.ManagedByLabel] = OrreryNames.Manager,
                [OrreryNames.TenantLabel] = tenant,
                [OrreryNames.GuardLabel] = tenant,
            },
        },
        ["spec"] = spec,
    };
}
