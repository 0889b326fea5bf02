namespace Orrery.Api.Kinds;

/// <summary>What a Work that is no longer wanted says in <c>spec.withdrawal</c>. Without it the object is applied; without the Work it is removed.</summary>
public static class Withdrawal
{
    /// <summary>The object stays in the data plane as it is: a claim outlives a placement, and goes with its source.</summary>
    public const string Keep = "Keep";

    /// <summary>The object goes and what it made stays: its source was deleted with <c>--cascade=orphan</c>.</summary>
    public const string Orphan = "Orphan";

    /// <summary>The object goes in as many seconds as <c>spec.gracePeriodSeconds</c> says, and the Work stays until it has gone: of a pod that its tenant deleted, and that stands there until then.</summary>
    public const string Remove = "Remove";

    /// <summary>The object stays and is nobody's Work any more: a Deployment has taken over the ReplicaSet that another had left, and does so in the data plane too.</summary>
    public const string Release = "Release";

    /// <summary>Reason of the Applied condition once a <see cref="Release"/> is done: the Work may go.</summary>
    public const string Released = "Released";

    /// <summary>Reason of the Applied condition once a <see cref="Remove"/> is done: the Work may go.</summary>
    public const string Removed = "Removed";

    /// <summary>Reason of the Applied condition once an <see cref="Orphan"/> is done: the Work may go.</summary>
    public const string Orphaned = "Orphaned";

    /// <summary>Reason of the Applied condition while a <see cref="Keep"/> holds.</summary>
    public const string Kept = "Kept";

    /// <returns>Null when the object is to be there.</returns>
    public static string? Of(KubeObject work) => work.TextAt("spec", "withdrawal");

    /// <summary>In seconds; null where the object says itself how long it takes.</summary>
    public static long? GraceOf(KubeObject work) => work.NumberAt("spec", "gracePeriodSeconds");
}
