using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>What a data plane reports of Works, read for people. Pure.</summary>
internal static class WorkReport
{
    /// <summary>Objects named in a message; more are counted only.</summary>
    private const int MostNamed = 5;

    /// <summary>Whether the data plane was asked about the trial and would take it; null while it has not answered.</summary>
    public static ConditionState? Accepted(KubeObject work) => Current(work, OrreryNames.AcceptedCondition);

    /// <summary>The manifest is in force as it stands there now.</summary>
    public static bool IsApplied(KubeObject work) => Current(work, OrreryNames.AppliedCondition) is { Status: Conditions.True };

    /// <summary>In force and available, which is also to be rolled out.</summary>
    public static bool IsReady(KubeObject work) => IsApplied(work) && Current(work, OrreryNames.AvailableCondition) is { Status: Conditions.True };

    /// <summary>The first reasons why Works are not ready, each with its object; empty when all are.</summary>
    public static string WhyNotReady(IEnumerable<KubeObject> works) => Several(works.Where(w => !IsReady(w)).Select(w => $"{Name(w)}: {Why(w)}"));

    public static string Several(IEnumerable<string> messages)
    {
        string[] all = [.. messages];
        return string.Join("; ", all.Take(MostNamed)) + (all.Length > MostNamed ? $"; and {all.Length - MostNamed} more" : "");
    }

    /// <summary>Such as <c>Deployment web</c>.</summary>
    public static string Name(KubeObject work) => InstallationWorks.ManifestOf(work) is { Json.ValueKind: JsonValueKind.Object } manifest ? $"{manifest.Kind} {manifest.Name}" : work.Name;

    /// <summary>How far a hook is.</summary>
    /// <returns>Null while it runs.</returns>
    public static (bool Succeeded, string Message)? HookOutcome(KubeObject work)
    {
        if (Current(work, OrreryNames.AppliedCondition) is not { } applied)
        {
            return null;
        }

        if (applied.Status != Conditions.True)
        {
            return applied.Reason is "Terminating" or "NamespaceTerminating" ? null : (false, $"{Name(work)}: {applied.Message}");
        }

        KubeObject feedback = new(work.At("status", "feedback") ?? default);
        bool knows = feedback.Json.ValueKind == JsonValueKind.Object;
        KubeObject hook = InstallationWorks.ManifestOf(work);
        return (hook.GroupVersionKind.GroupKind.IsUpstream ? hook.Kind : "") switch
        {
            "Job" => !knows ? null
                : Condition(feedback, "Complete") is not null ? (true, "")
                : Condition(feedback, "Failed") is { } failed ? (false, $"{Name(work)} failed: {failed}")
                : null,
            "Pod" => !knows ? null : feedback.TextAt("phase") switch
            {
                "Succeeded" => (true, ""),
                "Failed" => (false, $"{Name(work)} failed: {feedback.TextAt("message") ?? "its containers ended with errors"}"),
                _ => null,
            },
            _ => (true, ""),
        };
    }

    private static string Why(KubeObject work) =>
        Current(work, OrreryNames.AppliedCondition) is not { } applied ? "the data plane has not reported on it yet"
        : applied.Status != Conditions.True ? applied.Message
        : Current(work, OrreryNames.AvailableCondition)?.Message ?? "its state is not reported yet";

    /// <summary>A condition that speaks of the Work as it is now.</summary>
    private static ConditionState? Current(KubeObject work, string type) => Conditions.Find(work, type) is { } found && found.ObservedGeneration == work.Generation ? found : null;

    /// <summary>The message of a condition of a raw status when it is true.</summary>
    private static string? Condition(KubeObject feedback, string type)
    {
        if (feedback.At("conditions") is not { ValueKind: JsonValueKind.Array } conditions)
        {
            return null;
        }

        foreach (KubeObject condition in conditions.EnumerateArray().Select(c => new KubeObject(c)))
        {
            if (condition.TextAt("type") == type && condition.TextAt("status") == Conditions.True)
            {
                return condition.TextAt("message") ?? condition.TextAt("reason") ?? type;
            }
        }

        return null;
    }
}
