using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>The request of a satellite, whose certificate has expired, that waits for an operator. What it asks for was checked before it was told of.</summary>
/// <param name="root">As somebody who may approve requests of <see cref="JoinNames.Signer"/>.</param>
public sealed class PendingRequest(KubeClient root)
{
    /// <returns>Name of the request that was approved; null when none waits.</returns>
    /// <exception cref="StatusException">404: there is no such data plane.</exception>
    public async Task<string?> ApproveAsync(string dataPlane, CancellationToken cancellationToken)
    {
        KubeObject found = await root.GetAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
        if (found.TextAt("status", "pendingRequest") is not { Length: > 0 } name
            || await root.FindAsync(CoreResources.SigningRequests, "", name, cancellationToken).ConfigureAwait(false) is not { } request
            || SigningRequest.Of(request) is not { } asked || asked.DataPlane != dataPlane)
        {
            return null;
        }

        JsonObject body = request.ToJsonObject();
        JsonObject status = body.ObjectAt("status");
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        conditions.Add((JsonNode)new JsonObject
        {
            ["type"] = "Approved", ["status"] = Conditions.True, ["reason"] = "ApprovedByOperator", ["message"] = $"let in again by an operator, with the former key proved (cluster {asked.ClusterUid})",
        });
        await root.UpdateAsync(CoreResources.SigningRequests, "", name, body, cancellationToken, "approval").ConfigureAwait(false);
        return name;
    }
}
