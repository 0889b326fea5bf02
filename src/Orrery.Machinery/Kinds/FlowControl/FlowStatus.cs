using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds.FlowControl;

/// <summary>Conditions of both kinds: each type once.</summary>
internal static class FlowStatus
{
    public static void Validate(JsonObject o, Faults faults)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject condition in o.Child("status")?.Items("conditions") ?? [])
        {
            string at = $"status.conditions[{i++}].type", type = condition.Text("type");
            if (!types.Add(type))
            {
                faults.Duplicate(at, type);
            }

            if (type.Length == 0)
            {
                faults.Required(at);
            }
        }
    }
}
