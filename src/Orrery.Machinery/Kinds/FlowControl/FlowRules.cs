using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.FlowControl;

/// <summary>One of a FlowSchema's rules: whose requests it takes, and which.</summary>
internal static class FlowRules
{
    private const string Any = "*";

    private static readonly string[] Verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];

    /// <summary>The kinds of subjects, each with the member that describes it.</summary>
    private static readonly (string Kind, string Member)[] Subjects = [("User", "user"), ("Group", "group"), ("ServiceAccount", "serviceAccount")];

    public static void Validate(JsonObject rule, string path, Faults faults)
    {
        if (rule.Count("subjects") == 0)
        {
            faults.Required(path + ".subjects", "subjects must contain at least one value");
        }

        int i = 0;
        foreach (JsonObject subject in rule.Items("subjects"))
        {
            Subject(subject, $"{path}.subjects[{i++}]", faults);
        }

        if (rule.Count("resourceRules") == 0 && rule.Count("nonResourceRules") == 0)
        {
            faults.Required(path, "at least one of resourceRules and nonResourceRules has to be non-empty");
        }

        i = 0;
        foreach (JsonObject resources in rule.Items("resourceRules"))
        {
            Resources(resources, $"{path}.resourceRules[{i++}]", faults);
        }

        i = 0;
        foreach (JsonObject paths in rule.Items("nonResourceRules"))
        {
            Paths(paths, $"{path}.nonResourceRules[{i++}]", faults);
        }
    }

    private static void Subject(JsonObject subject, string path, Faults faults)
    {
        string kind = subject.Text("kind");
        if (Subjects.FirstOrDefault(s => s.Kind == kind) is not { Member: { } member })
        {
            faults.NotSupported(path + ".kind", kind, Subjects.Select(s => s.Kind).Order(StringComparer.Ordinal));
            return;
        }

        string at = $"{path}.{member}";
        if (subject.Child(member) is not { } named)
        {
            faults.Required(at, $"{member} is required when subject kind is '{kind}'");
        }
        else if (named.Text("name").Length == 0)
        {
            faults.Required(at + ".name");
        }
        else if (kind == "ServiceAccount" && named.Text("name") != Any)
        {
            faults.All(at + ".name", named.Text("name"), Names.CheckDns1123Subdomain(named.Text("name")));
        }

        if (kind == "ServiceAccount" && subject.Child(member) is { } account)
        {
            if (account.Text("namespace").Length == 0)
            {
                faults.Required(at + ".namespace", "must specify namespace for service account");
            }
            else
            {
                faults.All(at + ".namespace", account.Text("namespace"), Names.CheckDns1123Label(account.Text("namespace")));
            }
        }

        foreach ((string other, string unwanted) in Subjects.Where(s => s.Kind != kind && subject.Has(s.Member)))
        {
            faults.Forbidden($"{path}.{unwanted}", $"{unwanted} is forbidden when subject kind is not '{other}'");
        }
    }

    private static void Resources(JsonObject rule, string path, Faults faults)
    {
        OfVerbs(rule, path, faults);
        Alone(rule, "apiGroups", path, "resource rules must supply at least one api group", "api groups", faults);
        Alone(rule, "resources", path, "resource rules must supply at least one resource", "resources", faults);
        if (rule.Count("namespaces") == 0)
        {
            if (!rule.Flag("clusterScope"))
            {
                faults.Required(path + ".namespaces", "resource rules that are not cluster scoped must supply at least one namespace");
            }
        }
        else if (Alone(rule, "namespaces", path, "", "namespaces", faults))
        {
            int i = 0;
            foreach (string ns in rule.Texts("namespaces"))
            {
                faults.All($"{path}.namespaces[{i++}]", ns, Names.CheckDns1123Label(ns));
            }
        }
    }

    private static void Paths(JsonObject rule, string path, Faults faults)
    {
        OfVerbs(rule, path, faults);
        if (Alone(rule, "nonResourceURLs", path, "nonResourceURLs must contain at least one value", "non-resource URLs", faults))
        {
            int i = 0;
            foreach (string url in rule.Texts("nonResourceURLs"))
            {
                string at = $"{path}.nonResourceURLs[{i++}]";
                if (FaultOf(url) is { } fault)
                {
                    faults.Invalid(at, url, fault);
                }
            }
        }
    }

    private static string? FaultOf(string url) => url switch
    {
        "" => "must not be empty",
        "/" => null,
        _ when url[0] != '/' => "must start with slash",
        _ when url.Contains(' ', StringComparison.Ordinal) => "must not contain white-space",
        _ when url.Contains("//", StringComparison.Ordinal) => "must not contain double slash",
        _ when url.Count(c => c == '*') is var stars && (stars > 1 || (stars == 1 && !url.EndsWith("/*", StringComparison.Ordinal))) => "wildcard can only do suffix matching",
        _ => null,
    };

    private static void OfVerbs(JsonObject rule, string path, Faults faults)
    {
        if (Alone(rule, "verbs", path, "verbs must contain at least one value", "verbs", faults) && rule.Texts("verbs").Except(Verbs).Any())
        {
            faults.NotSupported(path + ".verbs", rule["verbs"], Verbs);
        }
    }

    /// <summary>The list has entries, and where it holds the one for all it holds no other.</summary>
    /// <returns>Whether there are entries to be looked at one by one.</returns>
    private static bool Alone(JsonObject rule, string member, string path, string missing, string what, Faults faults)
    {
        int count = rule.Count(member);
        if (count == 0)
        {
            faults.Required($"{path}.{member}", missing);
            return false;
        }

        if (!rule.Texts(member).Contains(Any, StringComparer.Ordinal))
        {
            return true;
        }

        if (count > 1)
        {
            faults.Invalid($"{path}.{member}", rule[member], $"if '*' is present, must not specify other {what}");
        }

        return false;
    }
}
