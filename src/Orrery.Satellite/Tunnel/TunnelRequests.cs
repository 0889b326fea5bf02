using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// All that the control plane may ask through the tunnel: whether the satellite lives, what concerns the pods and Services of a virtual cluster, and, for
/// its operators, the cluster's own API. What fails is answered as a Status, and each request is logged with who asked it.
/// </summary>
internal sealed class TunnelRequests(SatelliteContext context, PodRequests pods)
{
    private const string Proxy = "/proxy/";

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tunnel");

    public async Task HandleAsync(HttpContext http)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target == "/readyz")
        {
            await http.Response.WriteAsync("ok", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        try
        {
            await (target.StartsWith(Proxy, StringComparison.Ordinal) ? ProxyAsync(target[(Proxy.Length - 1)..], http) : pods.AnswerAsync(http, http.RequestAborted)).ConfigureAwait(false);
        }
        catch (StatusException refusal)
        {
            await RefuseAsync(http, refusal.Status).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Log.TunnelRequestFailed(logger, target, e.Message);
            await RefuseAsync(http, ApiErrors.ServiceUnavailable($"the API of data plane \"{context.Options.DataPlane}\" cannot be reached by its satellite").Status).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }

        // The query is left out: a command may hold a secret.
        Log.TunnelRequest(logger, http.Request.Method, http.Request.Path.Value ?? "", AskedBy(http), http.Response.StatusCode);
    }

    /// <summary>The user of the control plane who asks, as it says.</summary>
    private static string AskedBy(HttpContext http) => Uri.UnescapeDataString(http.Request.Headers[StreamHeaderNames.AskedBy].ToString());

    private Task ProxyAsync(string target, HttpContext http) => ClusterForward.RunAsync(context.Cluster, target, headers: true, http, null, http.RequestAborted);

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
