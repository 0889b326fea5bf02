using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Quotas;

/// <summary>Which objects a quota counts: an entry of <c>spec.scopes</c> or of <c>spec.scopeSelector</c>.</summary>
/// <param name="Operator"><c>In</c>, <c>NotIn</c>, <c>Exists</c> or <c>DoesNotExist</c>.</param>
public sealed record QuotaScope(string Name, string Operator, IReadOnlyList<string> Values)
{
    public static IReadOnlyList<QuotaScope> Of(JsonObject quota)
    {
        JsonObject spec = quota.ObjectAt("spec");
        return
        [
            .. spec.Texts("scopes").Select(name => new QuotaScope(name, "Exists", [])),
            .. (spec.Child("scopeSelector")?.Items("matchExpressions") ?? []).Select(e => new QuotaScope(e.Text("scopeName"), e.Text("operator"), [.. e.Texts("values")])),
        ];
    }

    internal bool MatchesPod(JsonObject pod)
    {
        JsonObject spec = pod.ObjectAt("spec");
        return Name switch
        {
            "Terminating" => IsTerminating(spec),
            "NotTerminating" => !IsTerminating(spec),
            "BestEffort" => Kinds.Core.QualityOfService.Of(spec) == "BestEffort",
            "NotBestEffort" => Kinds.Core.QualityOfService.Of(spec) != "BestEffort",
            "PriorityClass" => MatchesText(spec.Text("priorityClassName")),
            "CrossNamespacePodAffinity" => CrossesNamespaces(spec.Child("affinity")),
            _ => false,
        };
    }

    internal bool MatchesClaim(JsonObject claim) => Name == "VolumeAttributesClass" && Classes(claim) is var classes && Operator switch
    {
        "Exists" => classes.Count > 0,
        "DoesNotExist" => classes.Count == 0,
        "In" => classes.Any(Values.Contains),
        "NotIn" => classes.Count == 0 || classes.Exists(c => !Values.Contains(c)),
        _ => false,
    };

    private bool MatchesText(string value) => Operator switch
    {
        "Exists" => value.Length > 0,
        "DoesNotExist" => value.Length == 0,
        "In" => value.Length > 0 && Values.Contains(value),
        "NotIn" => value.Length == 0 || !Values.Contains(value),
        _ => false,
    };

    private static bool IsTerminating(JsonObject spec) => spec.Number("activeDeadlineSeconds") is >= 0;

    private static bool CrossesNamespaces(JsonObject? affinity) => new[] { "podAffinity", "podAntiAffinity" }
        .Select(kind => affinity?.Child(kind)).OfType<JsonObject>()
        .SelectMany(rules => rules.Items("requiredDuringSchedulingIgnoredDuringExecution")
            .Concat(rules.Items("preferredDuringSchedulingIgnoredDuringExecution").Select(p => p.Child("podAffinityTerm")).OfType<JsonObject>()))
        .Any(term => term.Count("namespaces") > 0 || term.Has("namespaceSelector"));

    private static List<string> Classes(JsonObject claim) =>
        [.. new[]
        {
            claim.ObjectAt("spec").Text("volumeAttributesClassName"),
            claim.Child("status")?.Text("currentVolumeAttributesClassName") ?? "",
            claim.Child("status")?.Child("modifyVolumeStatus")?.Text("targetVolumeAttributesClassName") ?? "",
        }.Where(c => c.Length > 0).Distinct(StringComparer.Ordinal)];
}
