using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Clusters;
using Orrery.Server.Handlers;
using Orrery.Server.Requests;

namespace Orrery.Server.Authentication;

/// <summary>The authentication stage: front proxy, then certificate, then bearer token, then anonymous.</summary>
/// <param name="proxy">Null where none is trusted.</param>
internal sealed class RequestAuthenticator(
    FrontProxy? proxy, CertificateAuthenticator certificates, TokenAuthenticator tokens, LogicalClusters clusters, TokenProviders providers, ILogger<RequestAuthenticator> log) : IAuthenticator
{
    public async ValueTask<UserInfo> AuthenticateAsync(HttpContext context, RequestInfo request, CancellationToken cancellationToken)
    {
        ClusterName cluster = request.Cluster;

        // 1. A certificate of the connection: of a proxy that says who asks, or of whoever asks.
        X509Certificate2? certificate = context.Connection.ClientCertificate;
        UserInfo? byProxy = certificate is null ? null : InScope(proxy?.Authenticate(certificate, context.Request.Headers), cluster);
        proxy?.Clear(context.Request.Headers);
        if (byProxy is not null)
        {
            return byProxy;
        }

        if (certificate is not null && InScope(certificates.Authenticate(certificate), cluster) is { } byCertificate)
        {
            return byCertificate;
        }

        // 2. A bearer token of the request.
        string? token = BearerToken(context) ?? SocketToken.Take(context);
        if (token is not null && InScope((await tokens.AuthenticateAsync(cluster, token, [], cancellationToken))?.User, cluster) is { } byToken)
        {
            return byToken;
        }

        // 3. Whoever shows no credential is anonymous; whoever shows a wrong one is nobody.
        return certificate is null && token is null && providers.Anonymous.Admits(request.Path)
            ? new UserInfo { Name = UserGroups.Anonymous, Groups = [UserGroups.Unauthenticated], Scope = new ClusterScope(cluster) }
            : throw ApiErrors.Unauthorized();
    }

    private UserInfo? InScope(UserInfo? user, ClusterName cluster)
    {
        if (user is not null && !clusters.Admits(user.Scope, cluster))
        {
            log.OutOfScope(user.Name, user.Scope, cluster.ToString());
            return null;
        }

        return user;
    }

    /// <summary>Null for no or an empty token and for other schemes, which upstream takes for no credential at all.</summary>
    private static string? BearerToken(HttpContext context)
    {
        string[] parts = context.Request.Headers.Authorization.ToString().Trim().Split(' ', 3);
        if (parts.Length == 3 && parts[0].Equals("Bearer", StringComparison.OrdinalIgnoreCase) && parts[1].Length == 0)
        {
            Warnings.Add(context.Response, ["the provided Authorization header contains extra space before the bearer token, and is ignored"]);
        }

        return parts.Length > 1 && parts[0].Equals("Bearer", StringComparison.OrdinalIgnoreCase) && parts[1].Length > 0 ? parts[1] : null;
    }
}
