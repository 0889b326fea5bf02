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
        if (spec.Text("sessionAffinity") == "ClientIP" && spec.Child("sessionAffinityConfig")?.Child("clientIP")?.Number("timeoutSeconds") is { } timeout and (<= 0 or > 86400))
        {
            faults.Invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", timeout, "must be greater than 0 and less than 86400");
        }

        if (type != "ExternalName")
        {
            ServiceAddressValidation.Validate(spec, faults);
        }

        ServiceAddressValidation.ValidateExternal(spec, faults);
        faults.OneOfOrRequired("spec.type", type, "ClusterIP", "ExternalName", "LoadBalancer", "NodePort");
        ValidateNodePorts(spec, type, faults);
        ValidateUnique(spec, faults);
        ValidateLoadBalancer(spec, type, faults);
        ValidatePolicies(spec, type, faults);
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

                foreach (string member in new[] { "ipFamilies", "ipFamilyPolicy" })
                {
                    if (spec.Count(member) > 0 || spec.Text(member).Length > 0)
                    {
                        faults.Forbidden("spec." + member, "may not be set for ExternalName services");
                    }
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
            if (port.Has("appProtocol") && port.Text("appProtocol") is var app)
            {
                faults.All(at + ".appProtocol", app, Names.CheckQualifiedName(app));
            }
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

        if (spec.Number("healthCheckNodePort") is { } port and not 0)
        {
            if (type != "LoadBalancer" || spec.Text("externalTrafficPolicy") != "Local")
            {
                faults.Invalid("spec.healthCheckNodePort", port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'");
            }
            else
            {
                faults.All("spec.healthCheckNodePort", port, Names.CheckPortNumber(port));
            }
        }

        if (spec.Text("internalTrafficPolicy") is { Length: > 0 } inside)
        {
            faults.OneOf("spec.internalTrafficPolicy", inside, "Cluster", "Local");
        }

        if (spec.Has("trafficDistribution"))
        {
            faults.OneOf("spec.trafficDistribution", spec.Text("trafficDistribution"), "PreferClose", "PreferSameNode", "PreferSameZone");
        }
    }

    private static void ValidateLoadBalancer(JsonObject spec, string type, Faults faults)
    {
        const string OnlyThere = "may only be used when `type` is 'LoadBalancer'";

        // Upstream writes this one with a capital.
        const string Ranges = "spec.LoadBalancerSourceRanges";
        if (spec.Count("loadBalancerSourceRanges") > 0 && type != "LoadBalancer")
        {
            faults.Forbidden(Ranges, OnlyThere);
        }

        int i = 0;
        foreach (string range in spec.Texts("loadBalancerSourceRanges"))
        {
            Addresses.ValidateCidr($"{Ranges}[{i++}]", range.Trim(), faults);
        }

        if (spec.Has("allocateLoadBalancerNodePorts") && type != "LoadBalancer")
        {
            faults.Forbidden("spec.allocateLoadBalancerNodePorts", OnlyThere);
        }

        if (!spec.Has("loadBalancerClass"))
        {
            return;
        }

        if (type == "LoadBalancer")
        {
            faults.All("spec.loadBalancerClass", spec.Text("loadBalancerClass"), Names.CheckQualifiedName(spec.Text("loadBalancerClass")));
        }
        else
        {
            faults.Forbidden("spec.loadBalancerClass", OnlyThere);
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
        var seen = new HashSet<(string, long)>();
        JsonObject[] ports = [.. spec.Items("ports")];
        for (int i = 0; type == "ClusterIP" && i < ports.Length; i++)
        {
            if (ports[i].Number("nodePort") is not (null or 0))
            {
                faults.Forbidden($"spec.ports[{i}].nodePort", "may not be used when `type` is 'ClusterIP'");
            }
        }

        for (int i = 0; i < ports.Length; i++)
        {
            if (ports[i].Number("nodePort") is { } number and not 0 && !seen.Add((ports[i].Text("protocol"), number)))
            {
                faults.Duplicate($"spec.ports[{i}].nodePort", number);
            }
        }
    }
}
