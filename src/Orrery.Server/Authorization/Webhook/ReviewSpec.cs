using System.Text.Json.Nodes;

namespace Orrery.Server.Authorization.Webhook;

/// <summary>A request as the spec of a SubjectAccessReview.</summary>
internal static class ReviewSpec
{
    /// <summary>As the wire has it: without what is empty.</summary>
    /// <param name="version">Of <c>authorization.k8s.io</c>: the beta names groups otherwise.</param>
    public static JsonObject ForWire(AuthorizationAttributes attributes, string version)
    {
        JsonObject spec = Complete(attributes);
        if (spec["groups"] is JsonArray { Count: > 0 } groups && version == "v1beta1")
        {
            spec.Remove("groups");
            spec["group"] = groups;
        }

        Trim(spec);
        return spec;
    }

    /// <summary>As expressions see it: with every text.</summary>
    public static JsonObject Complete(AuthorizationAttributes attributes)
    {
        var spec = new JsonObject();
        if (attributes.IsResourceRequest)
        {
            spec["resourceAttributes"] = new JsonObject
            {
                ["namespace"] = attributes.Namespace,
                ["verb"] = attributes.Verb,
                ["group"] = attributes.Group,
                ["version"] = attributes.Version,
                ["resource"] = attributes.Resource,
                ["subresource"] = attributes.Subresource,
                ["name"] = attributes.Name,
            };
            Add("fieldSelector", attributes.FieldSelector);
            Add("labelSelector", attributes.LabelSelector);
        }
        else
        {
            spec["nonResourceAttributes"] = new JsonObject { ["path"] = attributes.Path, ["verb"] = attributes.Verb };
        }

        spec["user"] = attributes.User.Name;
        spec["groups"] = new JsonArray([.. attributes.User.Groups.Select(g => (JsonNode)g)]);
        spec["extra"] = new JsonObject(attributes.User.Extra.Select(e => KeyValuePair.Create(e.Key, (JsonNode?)new JsonArray([.. e.Value.Select(v => (JsonNode)v)]))));
        spec["uid"] = attributes.User.Uid;
        return spec;

        void Add(string member, SelectorLimit? limit)
        {
            if (limit?.ToJson() is { } json)
            {
                spec["resourceAttributes"]![member] = json;
            }
        }
    }

    private static void Trim(JsonObject json)
    {
        foreach ((string name, JsonNode? value) in json.ToArray())
        {
            if (value is JsonValue text && text.GetValue<string>().Length == 0 || value is JsonArray { Count: 0 } || value is JsonObject { Count: 0 })
            {
                json.Remove(name);
            }
            else if (value is JsonObject inner && name != "extra")
            {
                Trim(inner);
            }
        }
    }
}
