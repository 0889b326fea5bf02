using System.Text.Json.Nodes;

namespace Orrery.Machinery.Workloads;

/// <summary>What a ControllerRevision holds of a StatefulSet or DaemonSet: the form that kubectl applies as a patch to roll back (upstream: <c>getPatch</c>).</summary>
public static class RevisionData
{
    /// <summary>On a ControllerRevision and on the pods made from it.</summary>
    public const string HashLabel = "controller-revision-hash";

    /// <param name="template">Pod template; not used up.</param>
    public static JsonObject Of(JsonObject template)
    {
        JsonObject copy = template.DeepClone().AsObject();
        copy["$patch"] = "replace";
        return new JsonObject { ["spec"] = new JsonObject { ["template"] = copy } };
    }
}
