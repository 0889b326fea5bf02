using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite.Tenancies;

/// <summary>Which hosts an Ingress claims, and whether its tenant may. Pure.</summary>
internal static class IngressBounds
{
    private const string Below = "*.";
    private const string ClassAnnotation = "kubernetes.io/ingress.class";

    /// <summary>Whatever no other Ingress claims: of a rule that names no host, and of a default backend.</summary>
    public const string Rest = "";

    public static bool IsIngress(JsonObject manifest) => manifest.GroupVersionKind is { Group: "networking.k8s.io", Kind: "Ingress" };

    /// <summary>Also those that it only brings a certificate for, which a controller shows to whoever asks for that host.</summary>
    public static IReadOnlySet<string> Hosts(JsonObject ingress)
    {
        var hosts = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (ingress["spec"] is not JsonObject spec)
        {
            return hosts;
        }

        if (spec["defaultBackend"] is JsonObject)
        {
            hosts.Add(Rest);
        }

        foreach (JsonObject rule in Objects(spec["rules"]))
        {
            hosts.Add(rule.TextAt("host") ?? Rest);
        }

        foreach (JsonNode? host in Objects(spec["tls"]).SelectMany(t => t["hosts"] as JsonArray ?? []))
        {
            if ((string?)host is { } named)
            {
                hosts.Add(named);
            }
        }

        return hosts;
    }

    /// <summary>Whether who has <paramref name="claimed"/> would lose requests to another who gets <paramref name="wanted"/>: a name wins over "*." before a part of it.</summary>
    public static bool Takes(string wanted, string claimed) =>
        string.Equals(wanted, claimed, StringComparison.OrdinalIgnoreCase) || IsBelow(wanted, claimed);

    /// <summary>Gives one that names no class the first that its tenant may have, and looks whether what it asks for is its tenant's to ask.</summary>
    /// <param name="ingress">Changed in place.</param>
    /// <returns>What it may not; null when it may all.</returns>
    public static string? Hold(JsonObject ingress, Tenancy tenancy)
    {
        if (tenancy.IngressClasses is { } classes)
        {
            string? named = ingress.TextAt("spec", "ingressClassName") ?? ingress.TextAt("metadata", "annotations", ClassAnnotation);
            if (named is null && classes.Count > 0)
            {
                ingress.ObjectAt("spec")["ingressClassName"] = classes[0];
            }
            else if (!classes.Contains(named ?? "", StringComparer.Ordinal))
            {
                return $"IngressClass \"{named}\" is none that the tenant's Ingresses may be of here: {List(classes)}";
            }
        }

        if (tenancy.IngressHosts is { } allowed
            && Hosts(ingress).Order(StringComparer.Ordinal).FirstOrDefault(h => !allowed.Any(a => string.Equals(h, a, StringComparison.OrdinalIgnoreCase) || IsBelow(h, a))) is { } foreign)
        {
            return $"{Describe(foreign)} is none that the tenant's Ingresses may claim here: {List(allowed)}";
        }

        return null;
    }

    public static string Describe(string host) => host == Rest ? "every host that nobody claims" : $"host \"{host}\"";

    private static bool IsBelow(string host, string pattern) =>
        pattern.StartsWith(Below, StringComparison.Ordinal) && host.Length > pattern.Length - 1 && host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase);

    private static string List(IReadOnlyList<string> allowed) => allowed.Count == 0 ? "none" : string.Join(", ", allowed);

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();
}
