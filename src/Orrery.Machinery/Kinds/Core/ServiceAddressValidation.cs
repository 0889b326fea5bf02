using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>Rules for the addresses of a Service and their families (<c>pkg/apis/core/validation/validation.go</c>, ValidateServiceClusterIPsRelatedFields).</summary>
internal static class ServiceAddressValidation
{
    public static void Validate(JsonObject spec, Faults faults)
    {
        const string At = "spec.clusterIPs";
        string[] addresses = [.. spec.Texts("clusterIPs")], families = [.. spec.Texts("ipFamilies")];
        string first = spec.Text("clusterIP");
        if (first.Length > 0 && addresses.Length == 0)
        {
            faults.Required(At);
        }
        else if (first.Length > 0 && addresses[0] != first)
        {
            faults.Invalid(At, spec["clusterIPs"], "first value must match `clusterIP`");
        }
        else if (first.Length == 0 && addresses.Length > 0)
        {
            faults.Invalid(At, spec["clusterIPs"], "must be empty when `clusterIP` is not specified");
        }

        ValidateFamilies(spec, families, faults);
        if (!ValidateEach(spec, addresses, faults))
        {
            return;
        }

        if (addresses.Length > 1 && (addresses.Length > 2 || Addresses.IsIpV6(addresses[0]) == Addresses.IsIpV6(addresses[1])))
        {
            faults.Invalid(At, spec["clusterIPs"], "may specify no more than one IP for each IP family");
        }

        for (int i = 0; addresses is not ["None"] && i < Math.Min(addresses.Length, families.Length); i++)
        {
            string actual = Addresses.IsIpV6(addresses[i]) ? "IPv6" : "IPv4";
            if (families[i] != actual && families[i] is "IPv4" or "IPv6")
            {
                faults.Invalid($"{At}[{i}]", addresses[i], $"expected an {families[i]} value as indicated by `ipFamilies[{i}]`");
            }
        }
    }

    /// <summary>Addresses by which something outside leads to the Service.</summary>
    public static void ValidateExternal(JsonObject spec, Faults faults)
    {
        int i = 0;
        foreach (string address in spec.Texts("externalIPs"))
        {
            string at = $"spec.externalIPs[{i++}]";
            int before = faults.Count;
            Addresses.ValidateIp(at, address, faults);
            if (faults.Count == before)
            {
                Addresses.ValidateOrdinary(at, address, faults);
            }
        }
    }

    /// <summary>What was given stays, except on the way to and from ExternalName.</summary>
    public static void ValidateUpdate(JsonObject spec, JsonObject old, Faults faults)
    {
        if (spec.Text("type") == "ExternalName" || old.Text("type") == "ExternalName" || (spec.Text("clusterIP") == "None" && old.Text("clusterIP") == "None"))
        {
            return;
        }

        bool sameHeadlessness = (spec.Text("clusterIP") == "None") == (old.Text("clusterIP") == "None");
        ValidateKept(spec, old, "clusterIPs", "primary clusterIP can not be unset", "must be set to 'SingleStack' when releasing the secondary clusterIP", faults);
        if (sameHeadlessness)
        {
            ValidateKept(spec, old, "ipFamilies", "primary ipFamily can not be unset", "must be set to 'SingleStack' when releasing the secondary ipFamily", faults);
        }
    }

    private static void ValidateKept(JsonObject spec, JsonObject old, string member, string unset, string released, Faults faults)
    {
        string[] now = [.. spec.Texts(member)], before = [.. old.Texts(member)];
        string at = $"spec.{member}[0]";
        if (now.Length == before.Length)
        {
            for (int i = 0; i < now.Length; i++)
            {
                if (now[i] != before[i])
                {
                    faults.Invalid($"spec.{member}[{i}]", spec[member], "may not change once set");
                }
            }

            return;
        }

        if (now.Length == 0)
        {
            faults.Invalid(at, spec[member] ?? new JsonArray(), unset);
        }
        else if (before.Length > 0 && now[0] != before[0])
        {
            faults.Invalid(at, spec[member], "may not change once set");
        }

        if (before.Length > now.Length && now.Length == 1 && spec.Text("ipFamilyPolicy") != "SingleStack")
        {
            faults.Invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], released);
        }
    }

    private static void ValidateFamilies(JsonObject spec, string[] families, Faults faults)
    {
        for (int i = 0; i < families.Length; i++)
        {
            faults.OneOf($"spec.ipFamilies[{i}]", families[i], "IPv4", "IPv6");
            if (Array.IndexOf(families, families[i]) < i)
            {
                faults.Duplicate($"spec.ipFamilies[{i}]", families[i]);
            }
        }

        if (spec.Text("ipFamilyPolicy") is { Length: > 0 } policy)
        {
            faults.OneOf("spec.ipFamilyPolicy", policy, "PreferDualStack", "RequireDualStack", "SingleStack");
        }
    }

    /// <returns>False when nothing can be said of them together.</returns>
    private static bool ValidateEach(JsonObject spec, string[] addresses, Faults faults)
    {
        const string At = "spec.clusterIPs";
        bool sound = true;
        for (int i = 0; i < addresses.Length; i++)
        {
            if (i == 0 && addresses[0] == "None")
            {
                if (addresses.Length > 1)
                {
                    sound = false;
                    faults.Invalid(At, spec["clusterIPs"], "'None' must be the first and only value");
                }

                continue;
            }

            int before = faults.Count;
            Addresses.ValidateIp($"{At}[{i}]", addresses[i], faults);
            sound &= faults.Count == before;
        }

        if (addresses.Length > 2)
        {
            faults.Invalid(At, spec["clusterIPs"], "may only hold up to 2 values");
        }

        return sound;
    }
}
