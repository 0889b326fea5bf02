using System.Text.Json.Nodes;

namespace Orrery.Machinery.Workloads;

/// <summary>What a ControllerRevision holds of a StatefulSet or DaemonSet: the form that kubectl applies as a patch to roll back (upstream: <c>getPatch</c>).</summary>
public static class RevisionData
{
    /// <summary>On a ControllerRevision and on the pods made from it.</summary>
    public const string HashLabel = "controller-revision-hash";

    /// <summary>Members are sorted, as Go prints them: clients compare these bytes with what they make of the template themselves (<c>kubectl rollout undo</c>, to see whether there is anything to undo).</summary>
    /// <param name="template">Pod template; not used up.</param>
    public static JsonObject Of(JsonObject template)
    {
        JsonObject copy = template.DeepClone().AsObject();
        copy["$patch"] = "replace";
        return Sorted(new JsonObject { ["spec"] = new JsonObject { ["template"] = copy } });
    }

    private static JsonObject Sorted(JsonObject json)
    {
        var sorted = new JsonObject();
        foreach ((string name, JsonNode? value) in json.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            sorted[name] = Sorted(value);
        }

        return sorted;
    }

    private static JsonNode? Sorted(JsonNode? json) => json switch
    {
        JsonObject o => Sorted(o),
        JsonArray list => new JsonArray([.. list.Select(i => Sorted(i))]),
        _ => json?.DeepClone(),
    };
}
