using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Status;

/// <summary>What one data plane says of one object, read from its Work.</summary>
/// <param name="IsReporting">False while the data plane is silent: what it said last is then not known to hold, and is not counted.</param>
/// <param name="Silence">For people, when it is not reporting: why and since when.</param>
/// <param name="SourceGeneration">Generation of the source that is in force there; null before the first.</param>
/// <param name="Wanted">Replicas that are asked for there, by the Work or, once that is in force, by an autoscaler in its place; null for kinds without.</param>
/// <param name="Feedback">Raw status there; null before the first report, or when the object is not in force there.</param>
/// <param name="Applied">Status and message of the Work's Applied condition; "Unknown" before the first report.</param>
/// <param name="IsHeld">The data plane is paused, and the object has changed since.</param>
internal sealed record PlaneReport(
    string DataPlane,
    bool IsReporting,
    string Silence,
    long? SourceGeneration,
    long? Wanted,
    JsonElement? Feedback,
    (string Status, string Message) Applied,
    bool IsHeld = false)
{
    public static PlaneReport From(KubeObject work, DataPlane? dataPlane, string dataPlaneName, long sourceGeneration) => new(
        dataPlaneName,
        dataPlane?.IsReporting == true,
        dataPlane?.ReadyMessage ?? "there is no such data plane",
        work.NumberAt("status", "sourceGeneration"),
        WantedOf(work),
        work.At("status", "feedback") is { ValueKind: JsonValueKind.Object } feedback ? feedback : null,
        ConditionOf(work, OrreryNames.AppliedCondition),
        dataPlane?.Paused == true && work.NumberAt("spec", "source", "generation") < sourceGeneration);

    public long Number(string field) =>
        Feedback is { } f && f.TryGetProperty(field, out JsonElement v) && v.ValueKind == JsonValueKind.Number && v.TryGetInt64(out long n) ? n : 0;

    public string? Text(string field) =>
        Feedback is { } f && f.TryGetProperty(field, out JsonElement v) && v.ValueKind == JsonValueKind.String ? v.GetString() : null;

    public JsonElement? Part(string field) =>
        Feedback is { } f && f.TryGetProperty(field, out JsonElement v) && v.ValueKind != JsonValueKind.Null ? v : null;

    /// <summary>The condition of that type in the feedback, or null.</summary>
    public JsonElement? Condition(string type)
    {
        if (Part("conditions") is { ValueKind: JsonValueKind.Array } conditions)
        {
            foreach (JsonElement condition in conditions.EnumerateArray())
            {
                if (condition.ValueKind == JsonValueKind.Object && condition.TryGetProperty("type", out JsonElement t) && t.ValueEquals(type))
                {
                    return condition;
                }
            }
        }

        return null;
    }

    private static long? WantedOf(KubeObject work) =>
        work.NumberAt("spec", "manifest", "spec", "replicas") is not { } asked ? null
            : ConditionOf(work, OrreryNames.AppliedCondition).Status == Conditions.True && work.NumberAt("status", "observedGeneration") == work.Generation
                ? work.NumberAt("status", "desiredReplicas") ?? asked
                : asked;

    private static (string Status, string Message) ConditionOf(KubeObject work, string type)
    {
        if (work.At("status", "conditions") is { ValueKind: JsonValueKind.Array } conditions)
        {
            foreach (JsonElement condition in conditions.EnumerateArray())
            {
                if (condition.TryGetProperty("type", out JsonElement t) && t.ValueEquals(type))
                {
                    return (
                        condition.TryGetProperty("status", out JsonElement s) ? s.GetString() ?? "Unknown" : "Unknown",
                        condition.TryGetProperty("message", out JsonElement m) ? m.GetString() ?? "" : "");
                }
            }
        }

        return ("Unknown", "not reported yet");
    }
}
