using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Admission.Certificates;

/// <summary>
/// Who asks for a certificate, and when somebody decided about it, is what the server saw, not what a client wrote.
/// Upstream: <c>pkg/registry/certificates/certificates/strategy.go</c>.
/// </summary>
internal sealed class SigningRequestIdentity(TimeProvider time) : IMutatingPlugin
{
    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.Object is { } json && request.GroupResource == SigningRequests.Resource)
        {
            if (request.Operation == AdmissionOperation.Create)
            {
                Identify(json.ObjectAt("spec"), request.User);
            }
            else if (request.Operation == AdmissionOperation.Update && request.Subresource.Length > 0)
            {
                Stamp(json, request.Old);
            }
        }

        return ValueTask.CompletedTask;
    }

    private static void Identify(JsonObject spec, UserInfo user)
    {
        foreach (string member in (string[])["username", "uid", "groups", "extra"])
        {
            spec.Remove(member);
        }

        spec["username"] = user.Name;
        if (user.Uid.Length > 0)
        {
            spec["uid"] = user.Uid;
        }

        if (user.Groups.Count > 0)
        {
            spec["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]);
        }

        if (user.Extra.Count > 0)
        {
            spec["extra"] = new JsonObject(user.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        }
    }

    private void Stamp(JsonObject json, JsonObject? old)
    {
        string now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        foreach (JsonObject condition in SigningRequests.Conditions(json))
        {
            JsonObject? before = old is null ? null : SigningRequests.Conditions(old).FirstOrDefault(c => c.TextAt("type") == condition.TextAt("type"));
            condition["lastUpdateTime"] ??= now;
            if (before is null || before.TextAt("status") != condition.TextAt("status"))
            {
                condition["lastTransitionTime"] ??= now;
            }
            else if (before["lastTransitionTime"] is { } since)
            {
                condition["lastTransitionTime"] ??= since.DeepClone();
            }
        }
    }
}
