using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;
using Orrery.Simulator.Services;

namespace Orrery.Simulator.Ports;

/// <summary>Answers <c>…/services/NAME:PORT/proxy/…</c> as one of the ready pods that the Service selects, one after the other.</summary>
/// <param name="podsIn">The pods of a namespace.</param>
internal sealed class ServiceProxy(Func<string, IReadOnlyList<KubeObject>> podsIn) : ISubresourceHandler
{
    private int turn;

    public GroupResource Resource => Known.Services.GroupResource;

    public string Subresource => "proxy";

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject service = target.Object;
        JsonElement port = PortOf(service, target.Proxy.Port) ?? throw ApiErrors.ServiceUnavailable($"no service port \"{target.Proxy.Port}\" found for service \"{service.Name}\"");
        (KubeObject Pod, int Port)[] ready =
        [
            .. from pod in podsIn(service.Namespace)
               where EndpointsController.Selects(service, pod) && pod.IsReadyPod && !pod.IsDeleting
               let number = EndpointObjects.TargetPort(port, pod)
               where number is not null && ContainerPort.Find(pod, $"{number}") is not null
               orderby pod.Name
               select (pod, number.Value),
        ];
        if (ready.Length == 0)
        {
            throw ApiErrors.ServiceUnavailable($"no endpoints available for service \"{service.Name}\"");
        }

        (KubeObject chosen, int at) = ready[(uint)Interlocked.Increment(ref turn) % (uint)ready.Length];
        return PodProxy.AnswerAsync(chosen, at, target, http, cancellationToken);
    }

    /// <param name="wanted">A port's name or number; empty where the Service has only one.</param>
    private static JsonElement? PortOf(KubeObject service, string wanted)
    {
        JsonElement[] ports = service.At("spec", "ports") is { ValueKind: JsonValueKind.Array } all ? [.. all.EnumerateArray()] : [];
        return wanted.Length == 0
            ? ports.Length == 1 ? ports[0] : null
            : ports.Where(p => (p.TryGetProperty("name", out JsonElement name) && name.ValueEquals(wanted)) || p.GetProperty("port").GetRawText() == wanted).Select(p => (JsonElement?)p).FirstOrDefault();
    }
}
