using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Rbac;

internal sealed class RoleRule(bool clusterWide) : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override IReadOnlyList<string> CheckName(string name) => Names.CheckPathSegment(name);

    public override void Validate(JsonObject o, Faults faults)
    {
        int i = 0;
        foreach (JsonObject rule in o.Items("rules"))
        {
            ValidateRule(rule, $"rules[{i++}]", faults);
        }

        if (o.Child("aggregationRule") is { } aggregation)
        {
            ValidateAggregation(aggregation, "aggregationRule.clusterRoleSelectors", faults);
        }
    }

    private static void ValidateAggregation(JsonObject aggregation, string path, Faults faults)
    {
        if (aggregation.Count("clusterRoleSelectors") == 0)
        {
            faults.Required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil");
        }

        int i = 0;
        foreach (JsonObject selector in aggregation.Items("clusterRoleSelectors"))
        {
            int before = faults.Errors.Count;
            string at = $"{path}[{i++}]";
            Selectors.Validate(selector, at, faults);
            if (faults.Errors.Count > before)
            {
                // Upstream names the selector that it could not make, which is none.
                faults.Invalid(at, "null", "invalid label selector.");
            }
        }
    }

    private void ValidateRule(JsonObject rule, string path, Faults faults)
    {
        if (rule.Count("verbs") == 0)
        {
            faults.Required(path + ".verbs", "verbs must contain at least one value");
        }

        if (rule.Count("nonResourceURLs") > 0)
        {
            if (!clusterWide)
            {
                faults.Invalid(path + ".nonResourceURLs", rule["nonResourceURLs"], "namespaced rules cannot apply to non-resource URLs");
            }

            if (rule.Count("apiGroups") + rule.Count("resources") + rule.Count("resourceNames") > 0)
            {
                faults.Invalid(path + ".nonResourceURLs", rule["nonResourceURLs"], "rules cannot apply to both regular resources and non-resource URLs");
            }

            return;
        }

        if (rule.Count("apiGroups") == 0)
        {
            faults.Required(path + ".apiGroups", "resource rules must supply at least one api group");
        }

        if (rule.Count("resources") == 0)
        {
            faults.Required(path + ".resources", "resource rules must supply at least one resource");
        }
    }
}

internal sealed class RoleBindingRule(bool clusterWide) : KindRule
{
    private const string Group = "rbac.authorization.k8s.io";

    public override bool CreatesOnUpdate => true;

    public override IReadOnlyList<string> CheckName(string name) => Names.CheckPathSegment(name);

    public override void Default(JsonObject o)
    {
        o.ObjectAt("roleRef").FillText("apiGroup", Group);
        foreach (JsonObject subject in o.Items("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.FillText("apiGroup", Group);
            }
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject role = o.ObjectAt("roleRef");
        faults.OneOf("roleRef.apiGroup", role.Text("apiGroup"), Group);
        if (clusterWide)
        {
            faults.OneOf("roleRef.kind", role.Text("kind"), "ClusterRole");
        }
        else
        {
            faults.OneOf("roleRef.kind", role.Text("kind"), "Role", "ClusterRole");
        }

        if (role.Text("name") is { Length: > 0 } name)
        {
            faults.All("roleRef.name", name, Names.CheckPathSegment(name));
        }
        else
        {
            faults.Required("roleRef.name");
        }

        int i = 0;
        foreach (JsonObject subject in o.Items("subjects"))
        {
            ValidateSubject(subject, $"subjects[{i++}]", faults);
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        if (!JsonFields.Same(o["roleRef"], old["roleRef"]))
        {
            faults.Invalid("roleRef", o["roleRef"], "cannot change roleRef");
        }
    }

    private void ValidateSubject(JsonObject subject, string path, Faults faults)
    {
        string name = subject.Text("name");
        if (name.Length == 0)
        {
            faults.Required(path + ".name");
        }

        switch (subject.Text("kind"))
        {
            case "ServiceAccount":
                if (name.Length > 0)
                {
                    faults.All(path + ".name", name, Names.CheckDns1123Subdomain(name));
                }

                if (subject.Text("apiGroup").Length > 0)
                {
                    faults.NotSupported(path + ".apiGroup", subject["apiGroup"], "");
                }

                if (clusterWide && subject.Text("namespace").Length == 0)
                {
                    faults.Required(path + ".namespace");
                }

                break;
            case "User" or "Group":
                faults.OneOf(path + ".apiGroup", subject.Text("apiGroup"), Group);
                break;
            case var other:
                faults.NotSupported(path + ".kind", other, "ServiceAccount", "User", "Group");
                break;
        }
    }
}
