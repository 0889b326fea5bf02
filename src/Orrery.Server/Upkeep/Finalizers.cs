using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Upkeep;

/// <summary>metadata.finalizers.</summary>
internal static class Finalizers
{
    public static bool Has(KubeObject item, string finalizer) => item.Finalizers.Contains(finalizer);

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
