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
            TypedDecoding.Apply(o, schema, kind);
            GoShape.Normalize(o, schema);
        }
    }
}
