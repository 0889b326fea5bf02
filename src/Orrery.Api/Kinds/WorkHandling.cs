using System.Text.Json.Nodes;

namespace Orrery.Api.Kinds;

/// <summary>What a satellite may do with one object beyond applying it: <c>spec.handling</c> of a Work, from annotations of what it stands for.</summary>
/// <param name="ReportsDrift">What somebody changed by hand is said, and left.</param>
/// <param name="Recreates">An object that cannot be changed in place is deleted and made anew.</param>
/// <param name="Adopts">An object of that name that somebody else made is taken over.</param>
/// <param name="TakesOver">Fields that somebody else applies too are taken from them.</param>
public sealed record WorkHandling(bool ReportsDrift = false, bool Recreates = false, bool Adopts = false, bool TakesOver = false)
{
    /// <summary>On an object: <c>Report</c> leaves what is changed by hand in a data plane. Otherwise it is put back.</summary>
    public const string DriftAnnotation = "orrery.dev/drift";

    /// <summary>On an object: <c>Recreate</c> replaces it where a field cannot be changed. Otherwise the refusal is said.</summary>
    public const string ImmutableAnnotation = "orrery.dev/immutable";

    /// <summary>On an object: <c>true</c> takes over one of its name that is there already. Otherwise that one is left alone.</summary>
    public const string AdoptAnnotation = "orrery.dev/adopt";

    /// <summary>On an object: <c>TakeOver</c> takes fields from whoever else applies them. Otherwise the conflict is said, and nothing applied.</summary>
    public const string ConflictsAnnotation = "orrery.dev/conflicts";

    private const string TakeOver = "TakeOver";
    private const string Report = "Report";
    private const string Recreate = "Recreate";

    public static WorkHandling Of(KubeObject work) => new(
        work.TextAt("spec", "handling", "drift") == Report,
        work.TextAt("spec", "handling", "immutable") == Recreate,
        work.At("spec", "handling", "adopt") is { ValueKind: System.Text.Json.JsonValueKind.True },
        work.TextAt("spec", "handling", "conflicts") == TakeOver);

    public static WorkHandling Asked(KubeObject source) => new(
        source.Annotations.GetValueOrDefault(DriftAnnotation) == Report,
        source.Annotations.GetValueOrDefault(ImmutableAnnotation) == Recreate,
        source.Annotations.GetValueOrDefault(AdoptAnnotation) == "true",
        source.Annotations.GetValueOrDefault(ConflictsAnnotation) == TakeOver);

    /// <returns>Null when nothing is asked for.</returns>
    public JsonObject? ToJson()
    {
        var json = new JsonObject();
        if (ReportsDrift)
        {
            json["drift"] = Report;
        }

        if (Recreates)
        {
            json["immutable"] = Recreate;
        }

        if (Adopts)
        {
            json["adopt"] = true;
        }

        if (TakesOver)
        {
            json["conflicts"] = TakeOver;
        }

        return json.Count > 0 ? json : null;
    }
}
