using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal static class ServiceValidation
{
    public static void Validate(JsonObject spec, Faults faults)
    {
        string type = spec.Text("type");
        bool headless = spec.Text("clusterIP") == "None";
        if (spec.Count("ports") == 0 && !headless && type != "ExternalName")
        {
            faults.Required("spec.ports");
        }

        ValidateType(spec, type, headless, faults);
        ValidatePorts(spec, faults);
        ObjectMetaRules.ValidateLabels(spec, "selector", "spec.selector", faults);
        faults.OneOfOrRequired("spec.sessionAffinity", spec.Text("sessionAffinity"), "ClientIP", "None");
        if (spec.Child("sessionAffinityConfig")?.Child("clientIP")?.Number("timeoutSeconds") is { } timeout and (<= 0 or > 86400))
        {
            faults.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, "must be greater than 0 and less than or equal to 86400");
        }

        ValidateAddresses(spec, headless, faults);
        faults.OneOfOrRequired("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        ValidatePolicies(spec, type, faults);
        ValidateUnique(spec, faults);
        ValidateNodePorts(spec, type, faults);
    }

    private static void ValidateType(JsonObject spec, string type, bool headless, Faults faults)
    {
        switch (type)
        {
            case "LoadBalancer" or "NodePort" when headless:
                faults.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
                break;
            case "ExternalName":
                if (spec.Count("clusterIPs") > 0)
                {
                    faults.Forbidden("spec.clusterIPs", "may not be set for ExternalName services");
                }

                string name = spec.Text("externalName");
                name = name.EndsWith('.') ? name[..^1] : name;
                if (name.Length == 0)
                {
                    faults.Required("spec.externalName");
                }
                else
                {
                    faults.All("spec.externalName", name, Names.CheckDns1123Subdomain(name));
                }

                break;
        }
    }

    private static void ValidatePorts(JsonObject spec, Faults faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject port in spec.Items("ports"))
        {
            string at = $"spec.ports[{i++}]";
            string name = port.Text("name");
            if (name.Length > 0)
            {
                faults.All(at + ".name", name, Names.CheckDns1123Label(name));
                if (!names.Add(name))
                {
                    faults.Duplicate(at + ".name", name);
                }
            }
            else if (spec.Count("ports") > 1)
            {
                faults.Required(at + ".name");
            }

            long number = port.Number("port") ?? 0;
            faults.All(at + ".port", number, Names.CheckPortNumber(number));
            faults.OneOfOrRequired(at + ".protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
            ContainerValidation.ValidatePort(port["targetPort"], at + ".targetPort", faults);
            if (port.Text("appProtocol") is { Length: > 0 } app)
            {
                faults.All(at + ".appProtocol", app, Names.CheckQualifiedName(app));
            }
        }
    }

    private static void ValidateAddresses(JsonObject spec, bool headless, Faults faults)
    {
        int i = 0;
        foreach (string address in spec.Texts("clusterIPs"))
        {
            string at = $"spec.clusterIPs[{i++}]";
            if (!headless && !Addresses.IsIp(address))
            {
                faults.Invalid(at, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            }
        }

        i = 0;
        foreach (string family in spec.Texts("ipFamilies"))
        {
            faults.OneOf($"spec.ipFamilies[{i++}]", family, "IPv4", "IPv6");
        }

        if (spec.Text("ipFamilyPolicy") is { Length: > 0 } policy)
        {
            faults.OneOf("spec.ipFamilyPolicy", policy, "SingleStack", "PreferDualStack", "RequireDualStack");
        }

        i = 0;
        foreach (string address in spec.Texts("externalIPs"))
        {
            Addresses.ValidateIp($"spec.externalIPs[{i++}]", address, faults);
        }
    }

    private static void ValidatePolicies(JsonObject spec, string type, Faults faults)
    {
        if (spec.Text("externalTrafficPolicy") is { Length: > 0 } external)
        {
            if (type is not ("NodePort" or "LoadBalancer") && spec.Count("externalIPs") == 0)
            {
                faults.Invalid("spec.externalTrafficPolicy", external, "may only be set for externally-accessible services");
            }
            else
            {
                faults.OneOf("spec.externalTrafficPolicy", external, "Cluster", "Local");
            }
        }

        if (spec.Text("internalTrafficPolicy") is { Length: > 0 } inside)
        {
            faults.OneOf("spec.internalTrafficPolicy", inside, "Cluster", "Local");
        }
    }

    private static void ValidateUnique(JsonObject spec, Faults faults)
    {
        var seen = new HashSet<(string, long)>();
        int i = 0;
        foreach (JsonObject port in spec.Items("ports"))
        {
            if (!seen.Add((port.Text("protocol"), port.Number("port") ?? 0)))
            {
                // Upstream prints its internal type here.
                faults.Duplicate($"spec.ports[{i}]", new JsonObject
                {
                    ["Name"] = "",
                    ["Protocol"] = port.Text("protocol"),
                    ["AppProtocol"] = null,
                    ["Port"] = port.Number("port") ?? 0,
                    ["TargetPort"] = 0,
                    ["NodePort"] = 0,
                });
            }

            i++;
        }
    }

    private static void ValidateNodePorts(JsonObject spec, string type, Faults faults)
    {
        int i = 0;
        foreach (JsonObject port in spec.Items("ports"))
        {
            string at = $"spec.ports[{i++}].nodePort";
            if (type == "ClusterIP" && port.Number("nodePort") is not (null or 0))
            {
                faults.Forbidden(at, "may not be used when `type` is 'ClusterIP'");
            }
        }
    }
}
