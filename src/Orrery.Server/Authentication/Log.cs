using Microsoft.Extensions.Logging;

namespace Orrery.Server.Authentication;

/// <summary>Event ids 2100-2199. Credentials never stand in a message.</summary>
internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Information, "client certificate {Subject} refused: {Problem}")]
    public static partial void CertificateRefused(this ILogger log, string subject, string problem);

    [LoggerMessage(2101, LogLevel.Information, "bearer token refused: {Problem}")]
    public static partial void TokenRefused(this ILogger log, string problem);

    [LoggerMessage(2102, LogLevel.Information, "{User} of scope {Scope} refused on cluster '{Cluster}'")]
    public static partial void OutOfScope(this ILogger log, string user, ClusterScope scope, string cluster);

    [LoggerMessage(2104, LogLevel.Information, "ID token of {Issuer} refused: {Problem}")]
    public static partial void IdTokenRefused(this ILogger log, string issuer, string problem);

    [LoggerMessage(2105, LogLevel.Information, "{Issuer} publishes {Count} keys")]
    public static partial void KeysFetched(this ILogger log, string issuer, int count);

    [LoggerMessage(2106, LogLevel.Warning, "keys of {Issuer} could not be fetched: {Problem}")]
    public static partial void KeysNotFetched(this ILogger log, string issuer, string problem);

    [LoggerMessage(2109, LogLevel.Information, "the providers of cluster '{Cluster}' let nobody in: {Problem}")]
    public static partial void ClusterProvidersRefused(this ILogger log, string cluster, string problem);

    [LoggerMessage(2103, LogLevel.Information, "{User} impersonates {Other} on cluster '{Cluster}'")]
    public static partial void Impersonates(this ILogger log, string user, string other, string cluster);
}
