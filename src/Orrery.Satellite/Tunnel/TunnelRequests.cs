using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Policy;
using Orrery.Satellite.Recording;

namespace Orrery.Satellite.Tunnel;

/// <summary>
/// All that the control plane may ask through the tunnel: whether the satellite lives, what concerns the pods and Services of a virtual cluster, and, for
/// its operators, the cluster's own API. What fails is answered as a Status, and each request is logged with who asked it.
/// </summary>
internal sealed class TunnelRequests(SatelliteContext context, PodRequests pods, MetricsRequests metrics)
{
    private const string Proxy = "/proxy/";

    private readonly ILogger logger = context.Options.Loggers.CreateLogger("Orrery.Satellite.Tunnel");

    public async Task HandleAsync(HttpContext http)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (target == "/readyz")
        {
            http.Response.Headers[OrreryNames.InstanceHeader] = context.Options.Instance;
            await http.Response.WriteAsync("ok", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        // The query is left out: a command may hold a secret.
        string? stream = ClusterForward.StreamProtocol(http);
        var asked = new RecordEntry(stream is null ? http.Request.Method : "STREAM", "", "", http.Request.Path.Value ?? "", "user " + AskedBy(http));
        if (stream is not null)
        {
            // It may last for days, and its owner is to know of it while it does.
            context.Record.Add(asked, "begun");
        }

        string? cut = null;
        try
        {
            await (target.StartsWith(Proxy, StringComparison.Ordinal) ? ProxyAsync(target[(Proxy.Length - 1)..], http)
                : MetricsRequests.Parse(http.Request.Path.Value ?? "") is { } figures ? metrics.AnswerAsync(figures, http, http.RequestAborted)
                : pods.AnswerAsync(http, http.RequestAborted)).ConfigureAwait(false);
        }
        catch (StatusException refusal)
        {
            cut = http.Response.HasStarted ? "cut: " + refusal.Message : null;
            await RefuseAsync(http, refusal.Status).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Log.TunnelRequestFailed(logger, http.Request.Path.Value ?? "", e.Message);
            await RefuseAsync(http, ApiErrors.ServiceUnavailable($"the API of data plane \"{context.Options.DataPlane}\" cannot be reached by its satellite").Status).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for it any more.
        }

        context.Record.Add(asked, cut ?? http.Response.StatusCode.ToString(CultureInfo.InvariantCulture));
        Log.TunnelRequest(logger, http.Request.Method, http.Request.Path.Value ?? "", AskedBy(http), http.Response.StatusCode);
    }

    /// <summary>The user of the control plane who asks, as it says.</summary>
    private static string AskedBy(HttpContext http) => Uri.UnescapeDataString(http.Request.Headers[StreamHeaderNames.AskedBy].ToString());

    private Task ProxyAsync(string target, HttpContext http)
    {
        int question = target.IndexOf('?', StringComparison.Ordinal);
        var asked = ApiTarget.Of(question < 0 ? target : target[..question]);
        bool isStream = ClusterForward.StreamProtocol(http) is not null;
        target = SatellitePolicy.ShowsOwnSecrets(asked) ? ClusterForward.Without(target, "metadata.namespace", JoinNames.SystemNamespace) : target;
        return context.Policy.WhileAllowedAsync(
            p => p.DeniesProxy(http.Request.Method, asked, isStream),
            denial => new StatusException(new Status { Code = 403, Reason = StatusReason.Forbidden, Message = ClusterActions.Explain(denial) }),
            token => ClusterForward.RunAsync(context.Cluster, target, headers: true, http, null, token),
            http.RequestAborted);
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
