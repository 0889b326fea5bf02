using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// <c>/apis/orrery.dev/v1alpha1/dataplanes/NAME/proxy/…</c>: the data plane's own API, asked by its satellite. Who may is said in root, by the verb
/// on <c>dataplanes/proxy</c>; what may be asked there, the satellite's credential and its owner's policy say.
/// </summary>
internal sealed class DataPlaneProxyHandler(TunnelHub hub) : ISubresourceHandler
{
    public GroupResource Resource => OrreryResources.DataPlanes.GroupResource;

    public string Subresource => "proxy";

    public bool ServesWithinConnection => true;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        string path = $"/proxy{(target.Tail.Length == 0 ? "/" : target.Tail)}{http.Request.QueryString.Value}";
        var asked = TunnelRequest.Of(target, target.Object.Name, path, "this asks the API of") with { IsProxy = true, IsPatient = true, Stream = PassedStream.Of(http) };
        return hub.AskAsync(asked, http, cancellationToken);
    }
}
