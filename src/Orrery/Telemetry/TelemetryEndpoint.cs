using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Orrery.Telemetry;

/// <summary>
/// <c>/metrics</c>, <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c> of a process that serves nothing else, over plain HTTP: nothing in it is anybody's secret, and
/// kubelets and scrapers ask it so.
/// </summary>
internal static class TelemetryEndpoint
{
    /// <summary>Serves until cancelled.</summary>
    /// <param name="isReady">Whether the process does its work.</param>
    public static async Task RunAsync(IPEndPoint listen, Func<bool> isReady, PrometheusText metrics, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(listen));
        builder.Logging.ClearProviders();
        await using WebApplication app = builder.Build();
        app.Run(http => AnswerAsync(http, isReady, metrics));
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await app.StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private static Task AnswerAsync(HttpContext http, Func<bool> isReady, PrometheusText metrics)
    {
        CancellationToken gone = http.RequestAborted;
        http.Response.ContentType = "text/plain; charset=utf-8";
        switch (http.Request.Path.Value)
        {
            case "/metrics":
                http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                return http.Response.WriteAsync(metrics.Write(), gone);
            case "/livez":
                return http.Response.WriteAsync("ok", gone);
            case "/readyz" or "/healthz" when isReady():
                return http.Response.WriteAsync("ok", gone);
            case "/readyz" or "/healthz":
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return http.Response.WriteAsync("not ready", gone);
            default:
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return http.Response.WriteAsync("404 page not found", gone);
        }
    }
}
