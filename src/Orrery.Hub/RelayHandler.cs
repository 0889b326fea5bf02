using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// <c>…/dataplanes/NAME/relay/…</c>: another server of this control plane asks for what goes through the tunnel that is held here. Whoever it asks for
/// has been authorized and audited there, so only servers may, whatever else RBAC allows.
/// </summary>
internal sealed class RelayHandler(TunnelHub hub) : ISubresourceHandler
{
    public const string Name = "relay";

    public GroupResource Resource => OrreryResources.DataPlanes.GroupResource;

    public string Subresource => Name;

    public Task HandleAsync(SubresourceTarget target, HttpContext http, CancellationToken cancellationToken)
    {
        string dataPlane = target.Object.Name;
        if (target.User.Name != OrreryNames.ServerUser)
        {
            throw ApiErrors.Forbidden(Resource, dataPlane, "only servers of the control plane relay to each other");
        }

        var asked = new TunnelRequest(
            dataPlane, $"{target.Tail}{http.Request.QueryString.Value}", "this asks", Uri.UnescapeDataString(http.Request.Headers[StreamHeaderNames.AskedBy].ToString()))
        {
            IsProxy = true,
            IsPatient = true,
            Stream = PassedStream.Of(http),
        };
        return target.Tail == TunnelRequest.Ready ? hub.RelayReadyAsync(target.Object, asked, http, cancellationToken) : hub.RelayAsync(asked, http, cancellationToken);
    }
}
