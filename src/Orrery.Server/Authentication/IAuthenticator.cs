using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Server.Requests;

namespace Orrery.Server.Authentication;

/// <summary>Finds out who sent a request.</summary>
public interface IAuthenticator
{
    /// <summary>
    /// The identity of the request, before any impersonation; the anonymous user when it carries no credential. Headers
    /// that a proxy could set (<c>X-Remote-*</c>) are read of a proxy alone that is trusted (<see cref="FrontProxyOptions"/>), and taken away from everybody's requests then.
    /// </summary>
    /// <exception cref="StatusException">401 for a credential that is wrong, expired, or holds on another cluster than
    /// the one addressed.</exception>
    ValueTask<UserInfo> AuthenticateAsync(HttpContext context, RequestInfo request, CancellationToken cancellationToken);
}
