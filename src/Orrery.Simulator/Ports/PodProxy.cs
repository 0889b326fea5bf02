using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Ports;

/// <summary>Answers <c>…/pods/NAME:PORT/proxy/…</c> for the simulated pods, as what listens there would.</summary>
internal sealed class PodProxy : ISubresourceHandler
{
    private const int LongestBody = 1024 * 1024;

    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "proxy";

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject pod = target.Object;
        if (pod.PodPhase != "Running" || ContainerPort.Find(pod, target.Proxy.Port) is not { } port)
        {
            throw ApiErrors.ServiceUnavailable($"error trying to reach service: connect to pod {pod.Name}, port {(target.Proxy.Port.Length > 0 ? target.Proxy.Port : "80")}: connection refused");
        }

        using var body = new MemoryStream();
        byte[] buffer = new byte[16 * 1024];
        for (int read; (read = await http.Request.Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            body.Write(buffer, 0, read);
            if (body.Length > LongestBody)
            {
                throw ApiErrors.BadRequest("a simulated pod takes bodies up to 1 MiB");
            }
        }

        string path = (target.Tail.Length == 0 ? "/" : target.Tail) + http.Request.QueryString.Value;
        (int status, byte[] answer) = ContainerServer.Answer(pod, port, http.Request.Method, path, body.ToArray());
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.ContentLength = answer.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(answer, cancellationToken).ConfigureAwait(false);
        }
    }
}
