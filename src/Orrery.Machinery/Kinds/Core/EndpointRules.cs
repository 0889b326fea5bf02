using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class EndpointsRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override void Default(JsonObject o)
    {
        foreach (JsonObject port in o.Items("subsets").SelectMany(s => s.Items("ports")))
        {
            port.FillText("protocol", "TCP");
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        int s = 0;
        foreach (JsonObject subset in o.Items("subsets"))
        {
            string at = $"subsets[{s++}]";
            if (subset.Count("addresses") == 0 && subset.Count("notReadyAddresses") == 0)
            {
                faults.Required(at, "must specify `addresses` or `notReadyAddresses`");
            }

            foreach (string list in new[] { "addresses", "notReadyAddresses" })
            {
                int a = 0;
                foreach (JsonObject address in subset.Items(list))
                {
                    ValidateAddress(address, $"{at}.{list}[{a++}]", faults);
                }
            }

            int p = 0;
            foreach (JsonObject port in subset.Items("ports"))
            {
                string where = $"{at}.ports[{p++}]";
                if (port.Text("name") is { Length: > 0 } name)
                {
                    faults.All(where + ".name", name, Names.CheckDns1123Label(name));
                }
                else if (subset.Count("ports") > 1)
                {
                    faults.Required(where + ".name");
                }

                faults.All(where + ".port", port.Number("port") ?? 0, Names.CheckPortNumber(port.Number("port") ?? 0));
                faults.OneOfOrRequired(where + ".protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
                ValidateAppProtocol(port, where, faults);
            }
        }
    }

    private static void ValidateAddress(JsonObject address, string path, Faults faults)
    {
        Addresses.ValidateIp(path + ".ip", address.Text("ip"), faults);
        if (address.Text("hostname") is { Length: > 0 } hostname)
        {
            faults.All(path + ".hostname", hostname, Names.CheckDns1123Label(hostname));
        }

        ValidateNode(address, path, faults);
        Addresses.ValidateOrdinary(path + ".ip", address.Text("ip"), faults);
    }

    internal static void ValidateNode(JsonObject endpoint, string path, Faults faults)
    {
        if (endpoint.Has("nodeName"))
        {
            faults.All(path + ".nodeName", endpoint.Text("nodeName"), Names.CheckDns1123Subdomain(endpoint.Text("nodeName")));
        }
    }

    internal static void ValidateAppProtocol(JsonObject port, string path, Faults faults)
    {
        if (port.Has("appProtocol"))
        {
            faults.All(path + ".appProtocol", port.Text("appProtocol"), Names.CheckQualifiedName(port.Text("appProtocol")));
        }
    }
}

internal sealed class EndpointSliceRule : KindRule
{
    public override bool CountsGeneration => true;

    public override bool ChangesDesiredState(JsonObject o, JsonObject old) =>
        !JsonFields.Same(o["endpoints"], old["endpoints"]) || !JsonFields.Same(o["ports"], old["ports"]) || !JsonFields.Same(o["addressType"], old["addressType"]) || !JsonFields.Same(o.Metadata["labels"], old.Metadata["labels"]);

    public override void Default(JsonObject o)
    {
        foreach (JsonObject port in o.Items("ports"))
        {
            port.Fill("name", "");
            port.FillText("protocol", "TCP");
        }

        foreach (JsonObject endpoint in o.Items("endpoints"))
        {
            endpoint.ObjectAt("conditions");
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        string type = o.Text("addressType");
        int i = 0;
        foreach (JsonObject endpoint in o.Items("endpoints"))
        {
            string of = $"endpoints[{i++}]", at = of + ".addresses";
            if (endpoint.Count("addresses") == 0)
            {
                faults.Required(at, "must contain at least 1 address");
            }

            int a = 0;
            foreach (string address in endpoint.Texts("addresses"))
            {
                if (type is "IPv4" or "IPv6" && (!Addresses.IsIp(address) || Addresses.IsIpV6(address) != (type == "IPv6")))
                {
                    faults.Invalid($"{at}[{a}]", address, $"must be an {type} address");
                }

                a++;
            }

            EndpointsRule.ValidateNode(endpoint, of, faults);
            ObjectMetaRules.ValidateLabels(endpoint, "deprecatedTopology", of + ".deprecatedTopology", faults);
            if (endpoint.Has("hostname"))
            {
                faults.All(of + ".hostname", endpoint.Text("hostname"), Names.CheckDns1123Label(endpoint.Text("hostname")));
            }
        }

        faults.OneOfOrRequired("addressType", type, "FQDN", "IPv4", "IPv6");
        i = 0;
        foreach (JsonObject port in o.Items("ports"))
        {
            if (port.Text("name") is { Length: > 0 } name)
            {
                faults.All($"ports[{i}].name", name, Names.CheckDns1123Label(name));
            }

            faults.OneOfOrRequired($"ports[{i}].protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
            EndpointsRule.ValidateAppProtocol(port, $"ports[{i++}]", faults);
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        faults.MayNotChange("addressType", o["addressType"], old["addressType"]);
        Validate(o, faults);
    }
}
