using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds.Registration;

/// <summary>Rules of policies and webhooks: operations, groups, versions and resources (<c>pkg/apis/admissionregistration/validation</c>).</summary>
internal static class RuleValidation
{
    private static readonly string[] Operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    private static readonly string[] Scopes = ["*", "Cluster", "Namespaced"];

    /// <param name="named">The rule may also name objects.</param>
    public static void Validate(JsonObject rule, string path, bool named, Faults faults)
    {
        if (named)
        {
            Names(rule, path, faults);
        }

        Wildcard(rule, "operations", path, "operations", faults);
        int i = 0;
        foreach (string operation in rule.Texts("operations"))
        {
            faults.OneOf($"{path}.operations[{i++}]", operation, Operations);
        }

        Wildcard(rule, "apiGroups", path, "API groups", faults);
        Wildcard(rule, "apiVersions", path, "API versions", faults);
        i = 0;
        foreach (string version in rule.Texts("apiVersions"))
        {
            if (version.Length == 0)
            {
                faults.Required($"{path}.apiVersions[{i}]");
            }

            i++;
        }

        Resources(rule, path + ".resources", faults);
        if (rule.Has("scope"))
        {
            faults.OneOf(path + ".scope", rule.Text("scope"), Scopes);
        }
    }

    private static void Names(JsonObject rule, string path, Faults faults)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (string name in rule.Texts("resourceNames"))
        {
            string at = $"{path}.resourceNames[{i++}]";
            faults.All(at, name, Api.Names.CheckPathSegment(name));
            if (!known.Add(name))
            {
                faults.Duplicate(at, name);
            }
        }
    }

    private static void Wildcard(JsonObject rule, string member, string path, string what, Faults faults)
    {
        if (rule.Count(member) == 0)
        {
            faults.Required($"{path}.{member}");
        }
        else if (rule.Count(member) > 1 && rule.Texts(member).Contains("*", StringComparer.Ordinal))
        {
            faults.Invalid($"{path}.{member}", rule[member], $"if '*' is present, must not specify other {what}");
        }
    }

    private static void Resources(JsonObject rule, string path, Faults faults)
    {
        string[] resources = [.. rule.Texts("resources")];
        if (resources.Length == 0)
        {
            faults.Required(path);
        }

        var wholly = new HashSet<string>(StringComparer.Ordinal);
        var everywhere = new HashSet<string>(StringComparer.Ordinal);
        bool hasPlain = false;
        for (int i = 0; i < resources.Length; i++)
        {
            string at = $"{path}[{i}]", resource = resources[i];
            string[] parts = resource.Split('/', 2);
            if (resource.Length == 0)
            {
                faults.Required(at);
            }
            else if (parts.Length == 1)
            {
                hasPlain |= resource != "*";
            }
            else
            {
                if (wholly.Contains(parts[0]))
                {
                    faults.Invalid(at, resource, $"if '{parts[0]}/*' is present, must not specify {resource}");
                }

                if (everywhere.Contains(parts[1]))
                {
                    faults.Invalid(at, resource, $"if '*/{parts[1]}' is present, must not specify {resource}");
                }

                _ = parts[1] == "*" && wholly.Add(parts[0]);
                _ = parts[0] == "*" && everywhere.Add(parts[1]);
            }
        }

        if (resources.Length > 1 && resources.Contains("*/*", StringComparer.Ordinal))
        {
            faults.Invalid(path, rule["resources"], "if '*/*' is present, must not specify other resources");
        }

        if (hasPlain && resources.Contains("*", StringComparer.Ordinal))
        {
            faults.Invalid(path, rule["resources"], "if '*' is present, must not specify other resources without subresources");
        }
    }
}
