using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// <c>…/services/NAME:PORT/proxy/…</c> of a virtual cluster: HTTP to one of the ready pods that the Service selects, in whichever data plane, one after the other, or the same
/// one for one client where it has <c>sessionAffinity: ClientIP</c>.
/// </summary>
internal sealed class ServiceProxyHandler(TunnelHub hub) : ISubresourceHandler
{
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");

    private int turn;

    public GroupResource Resource => new("", "services");

    public string Subresource => "proxy";

    public bool ServesWithinConnection => true;

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        if (target.Cluster.IsRoot)
        {
            throw ApiErrors.NotImplemented("Services of the root cluster lead nowhere; ask in a virtual cluster");
        }

        // 1. Which of its ports.
        KubeObject service = target.Object;
        JsonElement port = PortOf(service, target.Proxy.Port)
            ?? throw ApiErrors.ServiceUnavailable($"no service port \"{target.Proxy.Port}\" found for service \"{service.Name}\"");

        // 2. Which of its pods: all that are ready, in whichever data plane.
        string selector = service.At("spec", "selector") is { ValueKind: JsonValueKind.Object } labels
            ? string.Join(',', labels.EnumerateObject().Select(l => $"{l.Name}={l.Value.GetString()}"))
            : throw NoEndpoints(service);
        KubeList found = await hub.In(target.Cluster).ListAsync(Pods, service.Namespace, new ListQuery { LabelSelector = selector }, cancellationToken).ConfigureAwait(false);
        KubeObject[] ready = [.. found.Items.Where(p => PodPlace.Of(p) is not null && Conditions.IsTrue(p, "Ready") && !p.IsDeleting).OrderBy(p => p.Name, StringComparer.Ordinal)];
        if (ready.Length == 0)
        {
            throw NoEndpoints(service);
        }

        // 3. Ask it.
        KubeObject pod = service.TextAt("spec", "sessionAffinity") == "ClientIP" ? OfClient(ready, http) : ready[(uint)Interlocked.Increment(ref turn) % (uint)ready.Length];
        PodPlace place = PodPlace.Of(pod)!.Value;
        var name = new ProxyName(target.Proxy.Scheme, place.Name, TargetOf(port, pod));
        await PodProxyHandler.AskAsync(hub, target, place.DataPlane, name, http, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The same pod for the same client for as long as that pod is ready: the one whose name and the client's address weigh most together, so that other pods may come and go.</summary>
    private static KubeObject OfClient(KubeObject[] ready, HttpContext http)
    {
        string client = http.Connection.RemoteIpAddress?.ToString() ?? "";
        return ready.MaxBy(p => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{client}/{p.Uid}"))), StringComparer.Ordinal)!;
    }

    private static StatusException NoEndpoints(KubeObject service) => ApiErrors.ServiceUnavailable($"no endpoints available for service \"{service.Name}\"");

    /// <param name="wanted">A port's name or number; empty where the Service has only one.</param>
    private static JsonElement? PortOf(KubeObject service, string wanted)
    {
        JsonElement[] ports = service.At("spec", "ports") is { ValueKind: JsonValueKind.Array } all ? [.. all.EnumerateArray()] : [];
        return wanted.Length == 0
            ? ports.Length == 1 ? ports[0] : null
            : ports.Where(p => (p.TryGetProperty("name", out JsonElement name) && name.ValueEquals(wanted)) || p.GetProperty("port").GetRawText() == wanted).Select(p => (JsonElement?)p).FirstOrDefault();
    }

    /// <summary>The number on which the pod listens: <c>targetPort</c>, looked up in its containers where it is a name.</summary>
    private static string TargetOf(JsonElement port, KubeObject pod)
    {
        if (!port.TryGetProperty("targetPort", out JsonElement target))
        {
            return port.GetProperty("port").GetRawText();
        }

        if (target.ValueKind == JsonValueKind.Number)
        {
            return target.GetInt32().ToString(CultureInfo.InvariantCulture);
        }

        IEnumerable<JsonElement> declared = pod.At("spec", "containers") is { ValueKind: JsonValueKind.Array } containers
            ? containers.EnumerateArray().SelectMany(c => c.TryGetProperty("ports", out JsonElement ports) && ports.ValueKind == JsonValueKind.Array ? [.. ports.EnumerateArray()] : Array.Empty<JsonElement>())
            : [];
        return declared.Where(p => p.TryGetProperty("name", out JsonElement name) && name.ValueEquals(target.GetString())).Select(p => p.GetProperty("containerPort").GetRawText()).FirstOrDefault()
            ?? throw ApiErrors.ServiceUnavailable($"pod \"{pod.Name}\" declares no port \"{target.GetString()}\"");
    }
}
