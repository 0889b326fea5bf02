using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for a reference by group, kind and name.</summary>
internal static class TypedReferences
{
    public static void Validate(JsonObject reference, string path, Faults faults)
    {
        if (reference.Text("apiGroup") is { Length: > 0 } group)
        {
            faults.All(path + ".apiGroup", group, Names.CheckDns1123Subdomain(group));
        }

        foreach (string member in new[] { "kind", "name" })
        {
            if (reference.Text(member) is not { Length: > 0 } value)
            {
                faults.Required($"{path}.{member}", $"{member} is required");
            }
            else
            {
                faults.All($"{path}.{member}", value, Names.CheckPathSegment(value));
            }
        }
    }
}
