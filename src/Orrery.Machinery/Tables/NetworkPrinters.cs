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
            string[] hosts = [.. o.Items("spec", "rules").Select(r => r.Text("host")).Where(h => h.Length > 0)];
            cells.Text(hosts.Length == 0 ? "*" : Formats.Few(hosts, Shown));
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
            cells.TextOr(parameters is { } p ? $"{p.Text("kind")}{(p.Text("apiGroup").Length > 0 ? "." + p.Text("apiGroup") : "")}/{p.Text("name")}" : null, Formats.None);
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
            cells.TextOr(Formats.Few(all, Shown), Formats.None);
            cells.Since(o.CreationTimestamp);
        });

    public static readonly TablePrinter EndpointSlice = new(
        [Columns.Name, Columns.Text("AddressType", "Kind of the addresses."), Columns.Text("Ports", "Ports that answer."), Columns.Text("Endpoints", "Addresses that answer."), Columns.Age],
        static (o, cells) =>
        {
            cells.Text(o.Name);
            cells.Text(o.TextAt("addressType"));
            string[] ports = [.. o.Items("ports").Select(p => p.Member("port") is { } number ? number.GetRawText() : "*")];
            cells.Text(ports.Length == 0 ? "<unset>" : Formats.Few(ports, Shown));
            string[] addresses = [.. o.Items("endpoints").SelectMany(e => e.Items("addresses")).Select(a => a.GetString()!)];
            cells.Text(addresses.Length == 0 ? "<unset>" : Formats.Few(addresses, Shown));
            cells.Since(o.CreationTimestamp);
        });

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
        string.Join(',', o.Items("status", "loadBalancer", "ingress").Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname")).Distinct());

    private static string Port(JsonElement port) => port.Number("nodePort") is > 0 and var node
        ? string.Create(CultureInfo.InvariantCulture, $"{port.Number("port")}:{node}/{port.Text("protocol")}")
        : string.Create(CultureInfo.InvariantCulture, $"{port.Number("port")}/{port.Text("protocol")}");

    private static string Pair(string address, long port)
    {
        string host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
    }
}
