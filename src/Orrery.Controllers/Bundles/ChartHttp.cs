namespace Orrery.Controllers.Bundles;

/// <summary>How charts are fetched. Releases are made by the vendor alone, so that their repositories may be anywhere, as with root's webhooks.</summary>
internal static class ChartHttp
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(1);

    public static HttpClient Create() => new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(10), MaxAutomaticRedirections = 5, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout };
}
