using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Cel;
using Orrery.Machinery.Cel.Rules;
using Orrery.Machinery.Kinds;
using Schema = Orrery.Machinery.Schemas.Schema;

namespace Orrery.Machinery.Admission;

/// <summary>What of a policy does not fit the kinds that it is about: warnings in its status, which change nothing of what it does.</summary>
/// <param name="Field">Such as <c>spec.validations[0].expression</c>.</param>
/// <param name="Warning">The compiler's words, for each kind that the expression does not fit.</param>
public sealed record ExpressionWarning(string Field, string Warning);

/// <summary>Checks a ValidatingAdmissionPolicy against the schemas of what it matches (apiserver <c>pkg/admission/plugin/policy/validating/typechecking.go</c>).</summary>
public static class PolicyTypeCheck
{
    /// <summary>More kinds than these are not looked at.</summary>
    public const int MostKinds = 10;

    /// <summary>The resources whose kinds a policy is checked against: those that its rules name outright, without wildcards and subresources.</summary>
    public static IEnumerable<GroupVersionResource> Resources(JsonObject spec)
    {
        foreach (JsonObject rule in spec.Child("matchConstraints")?.Items("resourceRules") ?? [])
        {
            string[] groups = Named(rule, "apiGroups"), versions = Named(rule, "apiVersions");
            string[] resources = [.. rule.Texts("resources").Where(r => !r.AsSpan().ContainsAny('*', '/')).Order(StringComparer.Ordinal)];
            foreach (string group in groups)
            {
                foreach (string version in versions)
                {
                    foreach (string resource in resources)
                    {
                        yield return new GroupVersionResource(group, version, resource);
                    }
                }
            }
        }
    }

    /// <param name="spec">Of the policy.</param>
    /// <param name="kinds">What it is about.</param>
    /// <param name="parameters">Schema of its parameters; null where it has none, or their kind is not known: they may hold anything then.</param>
    public static IReadOnlyList<ExpressionWarning> Check(JsonObject spec, IReadOnlyList<(GroupVersionKind Kind, Schema Schema)> kinds, Schema? parameters)
    {
        CelType? given = parameters is null ? null : KindTypes.Of(parameters);
        (GroupVersionKind Kind, PolicyVariables Names)[] checks =
        [
            .. kinds.DistinctBy(k => k.Kind).OrderBy(k => k.Kind.Group, StringComparer.Ordinal).ThenBy(k => k.Kind.Version, StringComparer.Ordinal).ThenBy(k => k.Kind.Kind, StringComparer.Ordinal)
                .Select(k => (k.Kind, PolicyVariables.Compile(spec, AdmissionVariables.Types(spec.Has("paramKind"), KindTypes.Of(k.Schema), given), CelDialect.Rules))),
        ];
        var warnings = new List<ExpressionWarning>();
        int i = 0;
        foreach (JsonObject validation in spec.Items("validations"))
        {
            foreach (string member in (string[])["expression", "messageExpression"])
            {
                string[] faults = validation.Text(member) is { Length: > 0 } source ? [.. checks.Select(c => Fault(source, c.Kind, c.Names)).OfType<string>()] : [];
                if (faults.Length > 0)
                {
                    warnings.Add(new ExpressionWarning(string.Create(CultureInfo.InvariantCulture, $"spec.validations[{i}].{member}"), string.Join("\n", faults)));
                }
            }

            i++;
        }

        return warnings;
    }

    private static string? Fault(string source, GroupVersionKind kind, PolicyVariables names)
    {
        try
        {
            CelProgram.Compile(source, names.Types);
            return null;
        }
        catch (CelCompileException fault)
        {
            return $"{kind.Group}/{kind.Version}, Kind={kind.Kind}: {fault.Message}\n";
        }
    }

    /// <summary>Empty where anything is meant: nothing is checked against all there is.</summary>
    private static string[] Named(JsonObject rule, string member) =>
        rule.Texts(member).Any(t => t.Contains('*', StringComparison.Ordinal)) ? [] : [.. rule.Texts(member).Order(StringComparer.Ordinal)];
}
