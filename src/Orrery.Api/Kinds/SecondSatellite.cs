using System.Globalization;

namespace Orrery.Api.Kinds;

/// <summary>
/// That another satellite of a data plane asked to be let in while the first one is connected, and was refused: as servers note it in the record of the first one's tunnel
/// (<see cref="OrreryNames.SecondSatelliteAnnotation"/>).
/// </summary>
/// <param name="At">When it was noted, to the second; it may have asked since.</param>
/// <param name="Address">That it dialled from; empty where that is not known.</param>
public readonly record struct SecondSatellite(DateTimeOffset At, string Address)
{
    /// <summary>Reason of the Event about it.</summary>
    public const string Event = "SecondSatellite";

    /// <summary>For how long it is told of without another note.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromMinutes(10);

    /// <returns>Null for what is no such note.</returns>
    public static SecondSatellite? Parse(string? note) =>
        note?.Split(' ', 2) is [var at, var address] && DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset noted)
            ? new SecondSatellite(noted, address) : null;

    /// <summary>What whoever operates them is to do: a clone of a cluster has the same names and uids, so that nobody else can know which of the two is the right one.</summary>
    public static string Remedy(string dataPlane) =>
        "Where one cluster runs both, scale its Deployment orrery-satellite to 1. Where the cluster was cloned with its etcd, stop the clone's; or shut out both "
            + $"('orrery data-plane revoke {dataPlane}') and apply to the right one what 'orrery data-plane token {dataPlane}' prints";

    /// <summary>The note.</summary>
    public override string ToString() => $"{At.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)} {Address}";
}
