using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.KubeApiServer.Proxies;

/// <summary>
/// <c>…/services/NAME:PORT/proxy/…</c>: HTTP to one of the pods that EndpointSlices of the Service name as ready, one after the other; only to addresses that the pod itself has, so that
/// who may write slices reaches nothing else by this. Upstream: <c>pkg/registry/core/service/storage/storage.go</c>, ResourceLocation.
/// </summary>
internal sealed class ServiceAddressProxy(AddressForwarder forwarder) : ISubresourceHandler
{
    private static readonly GroupVersionResource Slices = new("discovery.k8s.io", "v1", "endpointslices");
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");

    private int turn;

    public GroupResource Resource => new("", "services");

    public string Subresource => "proxy";

    public bool ServesWithinConnection => true;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject service = target.Object;
        string port = NameOf(service, target.Proxy.Port);
        var pods = target.Beside(Pods).ToDictionary(p => p.Name, StringComparer.Ordinal);
        (string Address, string Port)[] ready =
        [
            .. from slice in target.Beside(Slices)
               where slice.Labels.GetValueOrDefault("kubernetes.io/service-name") == service.Name && slice.TextAt("addressType") != "FQDN"
               from number in Items(slice, "ports").Where(p => Text(p, "name") == port && p.TryGetProperty("port", out _)).Select(p => p.GetProperty("port").GetRawText())
               from endpoint in Items(slice, "endpoints")
               let at = endpoint.GetProperty("addresses")[0].GetString()
               where IsReady(endpoint) && pods.GetValueOrDefault(PodOf(endpoint, service.Namespace)) is { } pod && PodAddressProxy.AddressesOf(pod).Contains(at)
               orderby at, number
               select (at, number),
        ];
        if (ready.Length == 0)
        {
            throw ApiErrors.ServiceUnavailable($"no endpoints available for service \"{service.Name}\"");
        }

        (string chosen, string on) = ready[(uint)Interlocked.Increment(ref turn) % (uint)ready.Length];
        return forwarder.ForwardAsync(target, chosen, on, http, cancellationToken);
    }

    /// <summary>The name of a port that was asked for by its number; empty for the one without a name.</summary>
    private static string NameOf(KubeObject service, string asked)
    {
        if (!ushort.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            return asked;
        }

        JsonElement[] found = [.. Items(service.At("spec"), "ports").Where(p => p.GetProperty("port").GetRawText() == asked)];
        return found.Length > 0 ? Text(found[0], "name") : throw ApiErrors.ServiceUnavailable($"no service port {asked} found for service \"{service.Name}\"");
    }

    /// <summary>Name of the pod that an endpoint is; empty for one that is no pod of the namespace.</summary>
    private static string PodOf(JsonElement endpoint, string ns) =>
        endpoint.TryGetProperty("targetRef", out JsonElement reference) && Text(reference, "kind") == "Pod" && Text(reference, "namespace") == ns ? Text(reference, "name") : "";

    private static bool IsReady(JsonElement endpoint) =>
        !endpoint.TryGetProperty("conditions", out JsonElement conditions) || !conditions.TryGetProperty("ready", out JsonElement ready) || ready.ValueKind != JsonValueKind.False;

    private static IEnumerable<JsonElement> Items(KubeObject item, string member) => item.At(member) is { ValueKind: JsonValueKind.Array } all ? all.EnumerateArray() : [];

    private static IEnumerable<JsonElement> Items(JsonElement? item, string member) =>
        item is { ValueKind: JsonValueKind.Object } within && within.TryGetProperty(member, out JsonElement all) && all.ValueKind == JsonValueKind.Array ? all.EnumerateArray() : [];

    private static string Text(JsonElement item, string member) => item.TryGetProperty(member, out JsonElement text) ? text.GetString() ?? "" : "";
}
