using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// Answers what the control plane asks through the tunnel: logs of pods, and streams into them. Nothing else is asked of the cluster, whatever the
/// satellite's credential there would allow: a pod must stand in a namespace that Orrery made for the virtual cluster that asks.
/// </summary>
internal sealed class PodRequests(SatelliteContext context, Informer pods)
{
    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tunnel");

    public async Task HandleAsync(HttpContext http)
    {
        string path = http.Request.Path.Value ?? "";
        if (path == "/readyz")
        {
            await http.Response.WriteAsync("ok", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        PodRequest? asked = PodRequest.Parse(path);
        try
        {
            await (asked is null ? throw ApiErrors.NoSuchResource() : AnswerAsync(asked, http, http.RequestAborted)).ConfigureAwait(false);
        }
        catch (StatusException refusal)
        {
            await RefuseAsync(http, refusal.Status).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Log.TunnelRequestFailed(logger, path, e.Message);
            await RefuseAsync(http, ApiErrors.ServiceUnavailable($"the API of data plane \"{context.Options.DataPlane}\" cannot be reached by its satellite").Status).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }

        Log.TunnelRequest(logger, http.Request.Method, path, asked?.Cluster.ToString() ?? "", http.Response.StatusCode);
    }

    private async Task AnswerAsync(PodRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. Which pod of the cluster is meant.
        (string ns, string pod) = Find(asked) ?? throw ApiErrors.NotFound(new GroupResource("", "pods"), asked.Pod);
        string target = $"/api/v1/namespaces/{ns}/pods/{pod}/{asked.Subresource}{http.Request.QueryString.Value}";

        // 2. Ask the cluster, as the satellite.
        IHttpExtendedConnectFeature? connect = http.Features.Get<IHttpExtendedConnectFeature>();
        string? protocol = connect is { IsExtendedConnect: true } ? connect.Protocol : null;
        if (asked.IsStream != protocol is not null || (protocol is null && !HttpMethods.IsGet(http.Request.Method)))
        {
            throw ApiErrors.MethodNotAllowed();
        }

        IEnumerable<KeyValuePair<string, string>> headers = protocol is null ? [] : StreamHeaders.Asked(http.Request.Headers, protocol);
        HttpMethod method = protocol is null || protocol.Equals("websocket", StringComparison.OrdinalIgnoreCase) ? HttpMethod.Get : HttpMethod.Post;
        using HttpResponseMessage answer = await context.Cluster.ForwardAsync(method, target, headers, protocol is not null, cancellationToken).ConfigureAwait(false);
        if ((int)answer.StatusCode is 401 or 403)
        {
            throw ApiErrors.Forbidden(new GroupResource("", "pods"), asked.Pod, $"data plane \"{context.Options.DataPlane}\" does not let its satellite use pods/{asked.Subresource}");
        }

        // 3. Pass the answer on.
        if (protocol is null || (int)answer.StatusCode != StatusCodes.Status101SwitchingProtocols)
        {
            http.Response.StatusCode = protocol is not null && answer.IsSuccessStatusCode ? StatusCodes.Status502BadGateway : (int)answer.StatusCode;
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await StreamRelay.CopyAsync(body, http.Response.Body, cancellationToken).ConfigureAwait(false);
            return;
        }

        StreamHeaders.Answer(answer.Headers, http.Response.Headers);
        await using Stream inside = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using Stream outside = await connect!.AcceptAsync().ConfigureAwait(false);
        await StreamRelay.RunAsync(outside, inside, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>By the satellite's own marks on its own cluster: the asker says only which virtual cluster it is.</summary>
    private (string Namespace, string Pod)? Find(PodRequest asked)
    {
        foreach (KubeObject ns in context.Namespaces.All())
        {
            if (MappedNamespace.Of(ns) is { } owner && owner.Cluster == asked.Cluster && owner.Namespace == asked.Namespace && !ns.IsDeleting)
            {
                return pods.InNamespace(ClusterName.Root, ns.Name).FirstOrDefault(p => MirroredName.Of(p.Name, context.Options.DataPlane) == asked.Pod) is { } pod
                    ? (ns.Name, pod.Name)
                    : null;
            }
        }

        return null;
    }

    private static async Task RefuseAsync(HttpContext http, Status status)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return;
        }

        http.Response.StatusCode = status.Code;
        http.Response.ContentType = "application/json";
        await http.Response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(status.ToJson()), http.RequestAborted).ConfigureAwait(false);
    }
}
