using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>
/// Keeps from tenants whose a machine is that is not theirs. Machines that were taken for a tenant carry its name, in a label and in a taint, and a scheduler names the
/// taints that keep a pod off. Pure.
/// </summary>
internal static partial class TakenMachines
{
    /// <param name="labels">Of a node; changed in place.</param>
    /// <param name="taints">Of the node; null when it has none. Changed in place: that there is one stays said.</param>
    /// <param name="tenant">Who is to see it.</param>
    public static void Hide(JsonObject labels, JsonArray? taints, string tenant)
    {
        if (labels.TextAt(OrreryNames.TenantLabel) != tenant)
        {
            labels.Remove(OrreryNames.TenantLabel);
            labels.Remove(OrreryNames.MachinePoolLabel);
        }

        foreach (JsonObject taint in (taints ?? []).OfType<JsonObject>().Where(t => t.TextAt("key") == OrreryNames.TenantLabel && t.TextAt("value") != tenant))
        {
            taint.Remove("value");
        }
    }

    /// <summary>What is said of a pod or to people, without the names of tenants whose machines did not take it.</summary>
    public static string Hide(string text) => text.Contains(OrreryNames.TenantLabel, StringComparison.Ordinal) ? Taint().Replace(text, $"{{{OrreryNames.TenantLabel}}}") : text;

    /// <summary>The messages of a pod's conditions; changed in place.</summary>
    public static void Hide(JsonArray? conditions)
    {
        foreach (JsonObject condition in (conditions ?? []).OfType<JsonObject>())
        {
            if (condition.TextAt("message") is { } message && Hide(message) is var shown && shown != message)
            {
                condition["message"] = shown;
            }
        }
    }

    /// <summary>A taint as Kubernetes' scheduler writes it.</summary>
    [GeneratedRegex(@"\{orrery\.dev/tenant: [^}]*\}")]
    private static partial Regex Taint();
}
