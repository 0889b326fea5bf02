using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Matching;

/// <summary>The <c>request</c> of an <c>admission.k8s.io/v1</c> AdmissionReview, without uid and objects: what expressions see as <c>request</c> and webhooks are sent.</summary>
internal static class ReviewRequest
{
    /// <param name="matched">The resource that the rules speak of; the request's own stands in requestKind and requestResource.</param>
    public static JsonObject Make(AdmissionRequest request, ResourceDefinition matched)
    {
        GroupVersionKind kind = request.Kind == request.Resource.Kind ? matched.Kind : request.Kind;
        var json = new JsonObject { ["kind"] = Kind(kind), ["resource"] = Resource(matched.Resource) };
        Put(json, "subResource", request.Subresource);
        json["requestKind"] = Kind(request.Kind);
        json["requestResource"] = Resource(request.Resource.Resource);
        Put(json, "requestSubResource", request.Subresource);
        Put(json, "name", request.Name);
        Put(json, "namespace", request.RequestNamespace);
        json["operation"] = Words.Operation(request.Operation);
        json["userInfo"] = User(request.User);
        json["dryRun"] = request.DryRun;
        if (request.Operation != AdmissionOperation.Connect)
        {
            json["options"] = request.Options(request.Operation);
        }

        return json;
    }

    private static JsonObject User(UserInfo user)
    {
        var json = new JsonObject();
        Put(json, "username", user.Name);
        Put(json, "uid", user.Uid);
        if (user.Groups.Count > 0)
        {
            json["groups"] = new JsonArray([.. user.Groups.Select(g => (JsonNode)g)]);
        }

        if (user.Extra.Count > 0)
        {
            json["extra"] = new JsonObject(user.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        }

        return json;
    }

    private static JsonObject Kind(GroupVersionKind kind) => new() { ["group"] = kind.Group, ["version"] = kind.Version, ["kind"] = kind.Kind };

    private static JsonObject Resource(GroupVersionResource resource) => new() { ["group"] = resource.Group, ["version"] = resource.Version, ["resource"] = resource.Resource };

    private static void Put(JsonObject json, string name, string value)
    {
        if (value.Length > 0)
        {
            json[name] = value;
        }
    }
}
