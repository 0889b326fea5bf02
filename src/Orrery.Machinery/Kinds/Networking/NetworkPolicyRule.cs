using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Networking;

internal sealed class NetworkPolicyRule : KindRule
{
    public override bool CountsGeneration => true;

    public override void Default(JsonObject o)
    {
        JsonObject spec = o.ObjectAt("spec");
        spec.ObjectAt("podSelector");
        foreach (JsonObject port in spec.Items("ingress").Concat(spec.Items("egress")).SelectMany(r => r.Items("ports")))
        {
            port.FillText("protocol", "TCP");
        }

        if (spec.Count("policyTypes") == 0)
        {
            spec["policyTypes"] = spec.Count("egress") > 0 ? new JsonArray("Ingress", "Egress") : new JsonArray("Ingress");
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        Selectors.Validate(spec.Child("podSelector"), "spec.podSelector", faults);
        ValidateRules(spec, "ingress", "from", faults);
        ValidateRules(spec, "egress", "to", faults);
        if (spec.Count("policyTypes") > 2)
        {
            faults.Invalid("spec.policyTypes", spec["policyTypes"], "may not specify more than two policyTypes");
            return;
        }

        int i = 0;
        foreach (string type in spec.Texts("policyTypes"))
        {
            faults.OneOf($"spec.policyTypes[{i++}]", type, "Ingress", "Egress");
        }
    }

    private static void ValidateRules(JsonObject spec, string direction, string peers, Faults faults)
    {
        int i = 0;
        foreach (JsonObject rule in spec.Items(direction))
        {
            string at = $"spec.{direction}[{i++}]";
            int p = 0;
            foreach (JsonObject port in rule.Items("ports"))
            {
                ValidatePort(port, $"{at}.ports[{p++}]", faults);
            }

            p = 0;
            foreach (JsonObject peer in rule.Items(peers))
            {
                ValidatePeer(peer, $"{at}.{peers}[{p++}]", faults);
            }
        }
    }

    private static void ValidatePort(JsonObject port, string path, Faults faults)
    {
        faults.OneOf(path + ".protocol", port.Text("protocol"), "SCTP", "TCP", "UDP");
        if (port["port"] is { } value)
        {
            ContainerValidation.ValidatePort(value, path + ".port", faults);
            if (port.Number("endPort") is { } end)
            {
                if (port.Number("port") is not { } start)
                {
                    faults.Invalid(path + ".endPort", end, "may not be specified when `port` is non-numeric");
                }
                else if (end < start)
                {
                    faults.Invalid(path + ".endPort", end, "must be greater than or equal to `port`");
                }
            }
        }
        else if (port.Has("endPort"))
        {
            faults.Invalid(path + ".endPort", port["endPort"], "may not be specified when `port` is not specified");
        }
    }

    private static void ValidatePeer(JsonObject peer, string path, Faults faults)
    {
        Selectors.Validate(peer.Child("podSelector"), path + ".podSelector", faults);
        Selectors.Validate(peer.Child("namespaceSelector"), path + ".namespaceSelector", faults);
        int selectors = (peer.Has("podSelector") ? 1 : 0) + (peer.Has("namespaceSelector") ? 1 : 0);
        if (peer.Child("ipBlock") is { } block)
        {
            if (block.Text("cidr").Length == 0)
            {
                faults.Required(path + ".ipBlock.cidr");
            }
            else
            {
                Addresses.ValidateCidr(path + ".ipBlock.cidr", block.Text("cidr"), faults);
            }

            int i = 0;
            foreach (string except in block.Texts("except"))
            {
                string at = $"{path}.ipBlock.except[{i++}]";
                Addresses.ValidateCidr(at, except, faults);
                if (IPNetwork.TryParse(block.Text("cidr"), out IPNetwork all) && IPNetwork.TryParse(except, out IPNetwork part) && (part.PrefixLength <= all.PrefixLength || !all.Contains(part.BaseAddress)))
                {
                    faults.Invalid(at, except, "must be a strict subset of `cidr`");
                }
            }

            if (selectors > 0)
            {
                faults.Forbidden(path, "may not specify both ipBlock and another peer");
            }
        }
        else if (selectors == 0)
        {
            faults.Required(path, "must specify a peer");
        }
    }
}
