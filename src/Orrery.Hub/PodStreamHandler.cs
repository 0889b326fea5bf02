using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// Logs of a pod in a virtual cluster, and streams into it: asked of the satellite of the data plane in which it runs, in the words of the virtual
/// cluster. The satellite finds the pod by its own marks, so that nothing that a tenant writes can lead to a pod of another.
/// </summary>
internal sealed class PodStreamHandler(TunnelHub hub, string subresource, TimeProvider time, ILogger logger) : ISubresourceHandler
{
    /// <summary>How long a satellite has for the start of an answer; a data plane may have to start something first.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public GroupResource Resource => new("", "pods");

    public string Subresource => subresource;

    private bool IsUpgrade => subresource != "log";

    public async Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. What is asked, and of whom.
        (string dataPlane, string pod) = PlaceOf(target);
        Tunnel tunnel = TunnelOf(dataPlane, pod);
        if (!IsUpgrade && target.Verb != "get")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        if (IsUpgrade && http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            throw ApiErrors.BadRequest("Upgrade request required");
        }

        var path = new Uri(Tunnel.Base, $"{target.Cluster.PathPrefix}/api/v1/namespaces/{target.Object.Namespace}/pods/{pod}/{subresource}{http.Request.QueryString.Value}");
        using var request = new HttpRequestMessage(IsUpgrade ? HttpMethod.Connect : HttpMethod.Get, path);
        if (IsUpgrade)
        {
            StreamHeaders.CopyRequest(http.Request.Headers, request.Headers);
        }

        // 2. The start of the answer.
        using HttpResponseMessage answer = await SendAsync(tunnel, request, pod, cancellationToken).ConfigureAwait(false);

        // 3. The rest, as it comes, for as long as either side wants.
        if (!IsUpgrade || !answer.IsSuccessStatusCode)
        {
            await PassAsync(answer, http, cancellationToken).ConfigureAwait(false);
            return;
        }

        StreamHeaders.CopyAnswer(answer.Headers, http.Request.Headers.Upgrade.ToString(), http.Response.Headers);
        await using Stream inside = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using Stream outside = await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        await StreamRelay.RunAsync(outside, inside, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The data plane that is asked, and the name under which the pod is mirrored from there.</summary>
    /// <exception cref="StatusException">The pod runs nowhere, or in several places.</exception>
    private static (string DataPlane, string Pod) PlaceOf(SubresourceTarget target)
    {
        string name = target.Object.Name;
        if (target.Cluster.IsRoot)
        {
            throw ApiErrors.NotImplemented("pods of the root cluster run nowhere; ask in a virtual cluster");
        }

        if (target.Object.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? dataPlane))
        {
            return (dataPlane, name);
        }

        // One that is placed itself stands for one pod in each data plane.
        string[] places = target.Object.Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation, "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        return places switch
        {
            [var only] => (only, MirroredName.Of(name, only)),
            [] => throw ApiErrors.BadRequest($"pod \"{name}\" runs in no data plane"),
            _ => throw ApiErrors.BadRequest($"pod \"{name}\" runs in several data planes; ask for one of: {string.Join(", ", places.Select(p => MirroredName.Of(name, p)))}"),
        };
    }

    /// <exception cref="StatusException">503: not connected.</exception>
    private Tunnel TunnelOf(string dataPlane, string pod)
    {
        if (hub.Find(dataPlane) is { } tunnel)
        {
            return tunnel;
        }

        string since = hub.LostAt(dataPlane) is { } at ? string.Create(CultureInfo.InvariantCulture, $" since {at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}") : "";
        throw ApiErrors.ServiceUnavailable($"pod \"{pod}\" runs in data plane \"{dataPlane}\", whose satellite is not connected{since}");
    }

    private async Task<HttpResponseMessage> SendAsync(Tunnel tunnel, HttpRequestMessage request, string pod, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await tunnel.SendAsync(request, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw ApiErrors.Timeout($"data plane \"{tunnel.DataPlane}\" did not answer within {AnswerLimit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Log.RequestFailed(logger, tunnel.DataPlane, e.Message);
            throw ApiErrors.ServiceUnavailable($"pod \"{pod}\" runs in data plane \"{tunnel.DataPlane}\", whose satellite has just gone away");
        }
    }

    private static async Task PassAsync(HttpResponseMessage answer, HttpContext http, CancellationToken cancellationToken)
    {
        http.Response.StatusCode = (int)answer.StatusCode;
        http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await StreamRelay.CopyAsync(body, http.Response.Body, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // It broke off within the body: so does what the client gets, lest it take it for all.
            http.Abort();
        }
    }
}
