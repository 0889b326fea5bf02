using Microsoft.AspNetCore.Http;

namespace Orrery.Hub;

/// <summary>A way to a data plane's satellite: a tunnel that ends here, or the server at which it ends.</summary>
internal interface ITunnelRoute
{
    /// <summary>Takes the route for one request, which ends with <see cref="LeaveAsync"/>.</summary>
    /// <returns>False for one that takes nothing new; there is another, or will be.</returns>
    bool TryEnter();

    ValueTask LeaveAsync();

    /// <summary>Cancelled once it has ended, also where its connection does not say so to those who read from it; to be asked for after <see cref="SendAsync"/>.</summary>
    CancellationToken Over { get; }

    /// <summary>The answer as soon as its headers are there; one that grants a stream has a body that can be written to.</summary>
    /// <param name="http">The client's request: what of it passes is the route's business.</param>
    /// <exception cref="HttpRequestException">The way is broken.</exception>
    Task<HttpResponseMessage> SendAsync(TunnelRequest asked, HttpContext http, CancellationToken cancellationToken);
}
