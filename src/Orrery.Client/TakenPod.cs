using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Client;

/// <summary>
/// A pod that a tenant made itself, and that a controller of its data plane took since, as its selector matches. Whether it is there is that controller's to say from then on: where it went it is not made again,
/// and once it has gone everywhere it goes from its virtual cluster.
/// </summary>
public static class TakenPod
{
    /// <summary>Reason of the Applied condition of the Work once the pod has gone from the data plane.</summary>
    public const string Gone = "DeletedByController";

    /// <summary>Member of the status of a Work: uid of the source that was taken there.</summary>
    public const string Member = "taken";

    /// <summary>Whether something in its cluster controls it.</summary>
    public static bool IsControlled(KubeObject live) =>
        live.Kind == "Pod" && live.At("metadata", "ownerReferences") is { ValueKind: JsonValueKind.Array } owners
        && owners.EnumerateArray().Any(o => o.TryGetProperty("controller", out JsonElement controls) && controls.ValueKind == JsonValueKind.True);

    /// <summary>Uid of what the Work was made from; empty where it does not say.</summary>
    public static string SourceOf(KubeObject work) => work.TextAt("spec", "source", "uid") ?? "";

    /// <summary>Whether that very source was taken there, as the Work's status says. Another that was made under its name since was not.</summary>
    public static bool IsTaken(KubeObject work) => work.TextAt("status", Member) is { Length: > 0 } taken && taken == SourceOf(work);

    /// <summary>Whether it was taken there, and has gone.</summary>
    public static bool IsGone(KubeObject work) => IsTaken(work) && Conditions.Find(work, OrreryNames.AppliedCondition) is { Reason: Gone };
}
