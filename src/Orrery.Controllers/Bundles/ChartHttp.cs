namespace Orrery.Controllers.Bundles;

/// <summary>How charts are fetched. Releases are made by the vendor alone, so that their repositories may be anywhere, as with root's webhooks.</summary>
internal static class ChartHttp
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    /// <param name="carrier">In place of the network, where given.</param>
    public static HttpClient Create(Func<HttpMessageHandler>? carrier) => new(carrier?.Invoke() ?? Network()) { Timeout = Timeout };

    private static SocketsHttpHandler Network() =>
        new() { ConnectTimeout = TimeSpan.FromSeconds(10), MaxAutomaticRedirections = 5, PooledConnectionLifetime = TimeSpan.FromMinutes(5) };
}
