using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Authentication;

namespace Orrery.Server.Authorization;

/// <summary>A Role or ClusterRole, read for evaluation.</summary>
/// <param name="Namespace">Empty for a ClusterRole.</param>
/// <param name="Aggregates">Selectors of an aggregationRule; null when the role has none. Its own rules then do not count.</param>
internal sealed record RbacRole(
    string Namespace, string Name, IReadOnlyDictionary<string, string> Labels, IReadOnlyList<PolicyRule> Rules, IReadOnlyList<LabelSelector>? Aggregates)
{
    public static RbacRole From(KubeObject role) => new(
        role.Namespace, role.Name, role.Labels, PolicyRule.ListFrom(role.At("rules")), Selectors(role.At("aggregationRule", "clusterRoleSelectors")));

    private static List<LabelSelector>? Selectors(JsonElement? json)
    {
        if (json is not { ValueKind: JsonValueKind.Array } list)
        {
            return null;
        }

        var selectors = new List<LabelSelector>();
        foreach (JsonElement item in list.EnumerateArray())
        {
            try
            {
                selectors.Add(LabelSelector.FromJson(JsonObject.Create(item)));
            }
            catch (FormatException)
            {
                // Validation refuses such a selector; should one be stored, it selects nothing.
                selectors.Add(LabelSelector.Nothing);
            }
        }

        return selectors;
    }
}

/// <summary>A RoleBinding or ClusterRoleBinding, read for evaluation.</summary>
/// <param name="Namespace">Empty for a ClusterRoleBinding.</param>
internal sealed record RbacBinding(string Namespace, string Name, RoleRef Role, IReadOnlyList<RbacSubject> Subjects)
{
    public static RbacBinding From(KubeObject binding) => new(
        binding.Namespace,
        binding.Name,
        RoleRef.From(binding.At("roleRef")),
        binding.At("subjects") is { ValueKind: JsonValueKind.Array } subjects ? [.. subjects.EnumerateArray().Select(s => RbacSubject.From(s, binding.Namespace))] : []);

    /// <summary>Upstream's description of the grant to one of the subjects.</summary>
    public string Describe(RbacSubject subject) => Namespace.Length == 0
        ? $"ClusterRoleBinding \"{Name}\" of {Role.Kind} \"{Role.Name}\" to {subject}"
        : $"RoleBinding \"{Name}/{Namespace}\" of {Role.Kind} \"{Role.Name}\" to {subject}";
}

/// <param name="Kind"><c>Role</c> or <c>ClusterRole</c>.</param>
internal sealed record RoleRef(string Group, string Kind, string Name)
{
    public static RoleRef From(JsonElement? json) => json is { ValueKind: JsonValueKind.Object } role
        ? new RoleRef(Text(role, "apiGroup"), Text(role, "kind"), Text(role, "name"))
        : new RoleRef("", "", "");

    internal static string Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

/// <summary>Somebody whom a binding names.</summary>
/// <param name="Namespace">Of a service account; the binding's own where it names none.</param>
internal sealed record RbacSubject(string Kind, string Name, string Namespace)
{
    /// <summary>What a user must have to be this subject: <c>u:</c> and the user's name, or <c>g:</c> and a group. Null: nobody is.</summary>
    public string? Key => Kind switch
    {
        "User" => "u:" + Name,
        "Group" => "g:" + Name,
        "ServiceAccount" when Namespace.Length > 0 => "u:" + ServiceAccountName.User(Namespace, Name),
        _ => null,
    };

    public static RbacSubject From(JsonElement json, string bindingNamespace)
    {
        string kind = RoleRef.Text(json, "kind"), ns = RoleRef.Text(json, "namespace");
        return new RbacSubject(kind, RoleRef.Text(json, "name"), kind == "ServiceAccount" && ns.Length == 0 ? bindingNamespace : ns);
    }

    public override string ToString() => Kind == "ServiceAccount" ? $"{Kind} \"{Name}/{Namespace}\"" : $"{Kind} \"{Name}\"";
}
