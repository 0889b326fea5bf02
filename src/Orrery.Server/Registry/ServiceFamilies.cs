using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>
/// Settles of which address families a Service is, before it gets an address of each (upstream <c>pkg/registry/core/service/storage/alloc.go</c>, initIPFamilyFields).
/// </summary>
/// <param name="configured">Families of the cluster, the one that Services are of by themselves first.</param>
internal sealed class ServiceFamilies(IReadOnlyList<string> configured)
{
    private const string Single = "SingleStack";
    private const string Prefer = "PreferDualStack";
    private const string Require = "RequireDualStack";

    /// <param name="spec">Sound in itself; of no ExternalName.</param>
    /// <param name="old">The spec before; null on create.</param>
    /// <param name="errors">Gets what this cluster cannot give.</param>
    public void Settle(JsonObject spec, JsonObject? old, List<FieldError> errors)
    {
        if (old is not null && IsAsPreferred(spec, old))
        {
            // What prefers to be of both is left as it is when the cluster comes to be of both, or of one.
            return;
        }

        bool isFree = spec.TextAt("clusterIP") == "None" && spec["selector"] is not JsonObject { Count: > 0 };
        string policy = spec.TextAt("ipFamilyPolicy") ?? old?.TextAt("ipFamilyPolicy") ?? (isFree ? Require : Single);
        spec["ipFamilyPolicy"] = policy;
        if (policy == Single)
        {
            LetGo(spec, old);
            RequireOne(spec, errors);
        }

        Infer(spec, errors);
        if (errors.Count > 0)
        {
            return;
        }

        if (!isFree)
        {
            RequireConfigured(spec, policy, errors);
        }

        if (errors.Count == 0)
        {
            // Nothing leads to a headless Service without a selector but what its author says, of whatever family that is.
            Complete(spec, policy != Single && (isFree || configured.Count == 2));
        }
    }

    /// <summary>Whoever says that one is enough, and changes neither list, keeps the first of each.</summary>
    private static void LetGo(JsonObject spec, JsonObject? old)
    {
        foreach (string member in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies"])
        {
            if (old is not null && spec[member] is JsonArray { Count: > 1 } list && JsonNode.DeepEquals(list, old[member]))
            {
                spec[member] = new JsonArray(list[0]!.DeepClone());
            }
        }
    }

    private static void RequireOne(JsonObject spec, List<FieldError> errors)
    {
        foreach ((string member, string what) in (ReadOnlySpan<(string, string)>)[("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")])
        {
            if (spec[member] is JsonArray { Count: 2 })
            {
                errors.Add(FieldError.Invalid("spec.ipFamilyPolicy", Single, $"must be '{Require}' or '{Prefer}' when multiple {what} are specified"));
            }
        }
    }

    /// <summary>Whoever names addresses alone means their families.</summary>
    private void Infer(JsonObject spec, List<FieldError> errors)
    {
        string[] addresses = [.. Texts(spec, "clusterIPs")];
        var families = (spec["ipFamilies"] as JsonArray)?.DeepClone() as JsonArray ?? [];
        for (int i = families.Count; addresses is not ["None"] && i < addresses.Length; i++)
        {
            string family = FamilyOf(addresses[i]);
            if (configured.Contains(family))
            {
                families.Add(family);
            }
            else
            {
                errors.Add(FieldError.Invalid($"spec.clusterIPs[{i}]", spec["clusterIPs"]!.DeepClone(), $"{family} is not configured on this cluster"));
            }
        }

        if (families.Count > 0)
        {
            spec["ipFamilies"] = families;
        }
    }

    private void RequireConfigured(JsonObject spec, string policy, List<FieldError> errors)
    {
        if (policy == Require && configured.Count < 2)
        {
            errors.Add(FieldError.Invalid("spec.ipFamilyPolicy", policy, "this cluster is not configured for dual-stack services"));
        }

        int i = 0;
        foreach (string family in Texts(spec, "ipFamilies"))
        {
            if (!configured.Contains(family))
            {
                errors.Add(FieldError.Invalid($"spec.ipFamilies[{i}]", family, "not configured on this cluster"));
            }

            i++;
        }
    }

    private void Complete(JsonObject spec, bool isDual)
    {
        string[] families = [.. Texts(spec, "ipFamilies")];
        string first = families.Length > 0 ? families[0] : configured[0];
        if (families.Length < 2)
        {
            spec["ipFamilies"] = isDual ? new JsonArray(first, first == "IPv4" ? "IPv6" : "IPv4") : new JsonArray(first);
        }
    }

    private static bool IsAsPreferred(JsonObject spec, JsonObject old) =>
        spec.TextAt("ipFamilyPolicy") == Prefer && old.TextAt("ipFamilyPolicy") == Prefer && spec.TextAt("type") == old.TextAt("type")
            && JsonNode.DeepEquals(spec["clusterIPs"], old["clusterIPs"]) && JsonNode.DeepEquals(spec["ipFamilies"], old["ipFamilies"]);

    public static IEnumerable<string> Texts(JsonObject spec, string member) =>
        (spec[member] as JsonArray ?? []).Select(v => v is JsonValue text && text.TryGetValue(out string? s) ? s : "");

    private static string FamilyOf(string address) =>
        IPAddress.TryParse(address, out IPAddress? ip) && ip.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";
}
