using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;

namespace Orrery.KubeApiServer.Proxies;

/// <summary><c>…/pods/NAME:PORT/proxy/…</c>: HTTP to the address that a pod's status names. Upstream: <c>pkg/registry/core/pod/strategy.go</c>, ResourceLocation.</summary>
internal sealed class PodAddressProxy(AddressForwarder forwarder) : ISubresourceHandler
{
    public GroupResource Resource => new("", "pods");

    public string Subresource => "proxy";

    public bool ServesWithinConnection => true;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken) =>
        forwarder.ForwardAsync(
            target, AddressesOf(target.Object).FirstOrDefault("") ?? "", target.Proxy.Port.Length > 0 ? target.Proxy.Port : FirstPort(target.Object), http, cancellationToken);

    public static IEnumerable<string?> AddressesOf(KubeObject pod) =>
        pod.At("status", "podIPs") is { ValueKind: JsonValueKind.Array } all && all.GetArrayLength() > 0
            ? all.EnumerateArray().Select(ip => ip.TryGetProperty("ip", out JsonElement text) ? text.GetString() : "")
            : pod.TextAt("status", "podIP") is { } one ? [one] : [];

    private static string FirstPort(KubeObject pod) =>
        pod.At("spec", "containers") is not { ValueKind: JsonValueKind.Array } containers ? ""
        : containers.EnumerateArray()
            .SelectMany(c => c.TryGetProperty("ports", out JsonElement ports) && ports.ValueKind == JsonValueKind.Array ? [.. ports.EnumerateArray()] : Array.Empty<JsonElement>())
            .Select(p => p.GetProperty("containerPort").GetRawText()).FirstOrDefault("");
}
