using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Server.Registry;

/// <summary>metadata.finalizers.</summary>
internal static class Finalizers
{
    public static bool Has(KubeObject item, string finalizer) => item.Finalizers.Contains(finalizer);

    /// <summary>Once, behind those that are there.</summary>
    public static void Add(JsonObject json, string finalizer)
    {
        JsonObject metadata = json.Metadata;
        if (metadata.Texts("finalizers").Contains(finalizer))
        {
            return;
        }

        if (metadata["finalizers"] is not JsonArray finalizers)
        {
            metadata["finalizers"] = finalizers = [];
        }

        finalizers.Add((JsonNode)finalizer);
    }

    public static void Remove(JsonObject json, string finalizer)
    {
        if (json.NodeAt("metadata", "finalizers") is not JsonArray finalizers)
        {
            return;
        }

        for (int i = finalizers.Count - 1; i >= 0; i--)
        {
            if (finalizers[i]?.GetValue<string>() == finalizer)
            {
                finalizers.RemoveAt(i);
            }
        }

        if (finalizers.Count == 0)
        {
            json.Metadata.Remove("finalizers");
        }
    }
}
