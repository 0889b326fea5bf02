using System.Globalization;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Machinery.Tables;

internal static class NetworkPrinters
{
    private const int Shown = 3;

    public static readonly TablePrinter Service = new(
        [
            Columns.Name, Columns.Text("Type", "How the service is reached."), Columns.Text("Cluster-IP", "Address inside the cluster."),
            Columns.Text("External-IP", "Addresses outside the cluster."), Columns.Text("Port(s)", "Ports, and the node ports that lead to them."), Columns.Age, Columns.Selector,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "type"));
            cells.TextOr(o.Items("spec", "clusterIPs").Select(i => i.GetString()).FirstOrDefault() ?? o.TextAt("spec", "clusterIP"), Formats.None);
            cells.Text(External(o));
            cells.TextOr(string.Join(',', o.Items("spec", "ports").Select(Port)), Formats.None);
            cells.Since(o.CreationTimestamp);
            cells.Text(Formats.Labels(o.At("spec", "selector")));
        });

    public static readonly TablePrinter Ingress = new(
        [
            Columns.Name, Columns.Text("Class", "Which controller serves it."), Columns.Text("Hosts", "Names that are served."),
            Columns.Text("Address", "Where it is reached."), Columns.Text("Ports", "Ports that are open."), Columns.Age,
        ],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.TextOr(o.TextAt("spec", "ingressClassName"), Formats.None);
            cells.Text(Hosts(o));
            cells.Text(Balancers(o));
            cells.Text(Formats.CountOf(o.At("spec", "tls")) > 0 ? "80, 443" : "80");
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter IngressClass = new(
        [Columns.Name, Columns.Text("Controller", "Who serves the class."), Columns.Text("Parameters", "What configures it."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("spec", "controller"));
            JsonElement? parameters = o.At("spec", "parameters");
            cells.TextOr(parameters is { } p ? $"{p.Text("kind")}{(p.Member("apiGroup") is null ? "" : "." + p.Text("apiGroup"))}/{p.Text("name")}" : null, Formats.None);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter NetworkPolicy = new(
        [Columns.Name, Columns.Text("Pod-Selector", "Which pods the policy is for."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(Formats.Selector(o.At("spec", "podSelector")));
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter Endpoints = new(
        [Columns.Name, Columns.Text("Endpoints", "Addresses and ports that answer."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            string[] all = [.. o.Items("subsets").SelectMany(s => s.Items("ports").Any()
                ? s.Items("ports").SelectMany(p => s.Items("addresses").Select(a => Pair(a.Text("ip"), p.Number("port"))))
                : s.Items("addresses").Select(a => a.Text("ip")))];
            cells.Text(o.Items("subsets").Any() ? Formats.Few(all, Shown) : Formats.None);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter EndpointSlice = new(
        [Columns.Name, Columns.Text("AddressType", "Kind of the addresses."), Columns.Text("Ports", "Ports that answer."), Columns.Text("Endpoints", "Addresses that answer."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("addressType"));
            string[] ports = [.. o.Items("ports").Select(p => p.Member("port") is { } number ? number.GetRawText() : p.Member("name") is null ? "*" : p.Text("name"))];
            cells.TextOr(Formats.Few(ports, Shown), Formats.Unset);
            string[] addresses = [.. o.Items("endpoints").SelectMany(e => e.Items("addresses")).Select(a => a.GetString()!)];
            cells.TextOr(Formats.Few(addresses, Shown), Formats.Unset);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter ServiceCidr = new(
        [Columns.Name, Columns.Text("CIDRs", "Ranges that addresses are taken from."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(string.Join(',', o.Items("spec", "cidrs").Select(c => c.GetString())));
            cells.Since(o.CreationTimestamp);
        });

    // A row has the age too, which no column names: so upstream's has.
    public static readonly TablePrinter IpAddress = new(
        [Columns.Name, Columns.Text("ParentRef", "Who has the address.")],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.At("spec", "parentRef") is { } parent ? Parent(parent) : Formats.None);
            cells.Since(o.CreationTimestamp);
        });

    private static string Parent(JsonElement parent)
    {
        string group = parent.Text("group");
        string resource = (group.Length > 0 ? $"{parent.Text("resource")}.{group}" : parent.Text("resource")).ToLowerInvariant();
        return string.Join('/', new[] { resource, parent.Text("namespace"), parent.Text("name") }.Where((t, i) => i != 1 || t.Length > 0));
    }

    /// <summary>The first hosts; how many more there are counts rules without a host too, once there are enough.</summary>
    private static string Hosts(KubeObject o)
    {
        string[] rules = [.. o.Items("spec", "rules").Select(r => r.Text("host"))];
        var hosts = new List<string>();
        bool isMore = false;
        foreach (string host in rules)
        {
            isMore |= hosts.Count == Shown;
            if (host.Length > 0 && !isMore)
            {
                hosts.Add(host);
            }
        }

        string text = hosts.Count == 0 ? "*" : string.Join(',', hosts);
        return isMore ? $"{text} + {rules.Length - Shown} more..." : text;
    }

    private static string External(KubeObject o)
    {
        string given = string.Join(',', o.Items("spec", "externalIPs").Select(i => i.GetString()));
        switch (o.TextAt("spec", "type"))
        {
            case "ExternalName":
                return o.TextAt("spec", "externalName") ?? "";
            case "LoadBalancer":
                string balancers = Balancers(o);
                string both = string.Join(',', new[] { balancers, given }.Where(t => t.Length > 0));
                return both.Length > 0 ? both : "<pending>";
            default:
                return given.Length > 0 ? given : Formats.None;
        }
    }

    private static string Balancers(KubeObject o) =>
        string.Join(',', o.Items("status", "loadBalancer", "ingress").Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname"))
            .Where(i => i.Length > 0).Distinct().Order(StringComparer.Ordinal));

    private static string Port(JsonElement port) => port.Number("nodePort") is > 0 and var node
        ? string.Create(CultureInfo.InvariantCulture, $"{port.Number("port")}:{node}/{port.Text("protocol")}")
        : string.Create(CultureInfo.InvariantCulture, $"{port.Number("port")}/{port.Text("protocol")}");

    private static string Pair(string address, long port)
    {
        string host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }
}
