namespace Orrery.Satellite.Recording;

/// <summary>One ConfigMap of the owner's record.</summary>
/// <param name="Number">Counts from one.</param>
/// <param name="Content">Lines, each with its end.</param>
public sealed record RecordPart(long Number, string Content)
{
    /// <summary>How many are kept: about 1.5 MiB, some five thousand lines.</summary>
    public const int Kept = 32;

    /// <summary>The ConfigMap's resource version.</summary>
    public string Version { get; init; } = "";
}
