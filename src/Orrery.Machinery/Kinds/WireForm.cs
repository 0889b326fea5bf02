using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Kinds;

/// <summary>Brings a built-in object to the form in which Go's encoder would answer it.</summary>
internal static class WireForm
{
    public static void Complete(GroupVersionKind kind, JsonObject o)
    {
        if (BuiltinTypes.Instance.Find(kind) is { } schema)
        {
            // Empty, it ends the tracking of fields: whoever keeps track of them takes it out.
            bool endsTracking = o.NodeAt("metadata", "managedFields") is JsonArray { Count: 0 };
            TypedDecoding.Apply(o, schema, kind);
            GoShape.Normalize(o, schema);
            if (endsTracking)
            {
                o.Metadata["managedFields"] = new JsonArray();
            }
        }
    }
}
