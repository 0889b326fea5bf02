namespace Orrery.Controllers.Installations;

/// <summary>What an attempt is for what runs: it decides which hooks run around it.</summary>
internal enum AttemptKind
{
    Install, Upgrade, Rollback,
}

/// <summary>Tells what an attempt is. Pure.</summary>
internal static class AttemptKinds
{
    /// <summary>Releases that are remembered in a data plane.</summary>
    private const int Remembered = 20;

    /// <summary>
    /// To return to a release that ran before the one in force is a rollback; so is to return to what is in force, or to anything that ran, while an attempt
    /// at something else has changed objects already.
    /// </summary>
    /// <param name="before">With the attempt that was under way, if one was.</param>
    /// <param name="wanted">Name of the release.</param>
    /// <param name="inputs">Digest of all that decides what is installed.</param>
    public static AttemptKind Of(PlaneStatus before, string? wanted, string inputs)
    {
        if (before.InForce is not { } inForce)
        {
            return AttemptKind.Install;
        }

        bool isHalfway = before.Attempt is { Stage: Stages.Applying or Stages.After } under && under.Inputs != inputs;
        (int former, int present) = (PlaceOf(before, wanted), PlaceOf(before, inForce));
        return (former >= 0 && former < present)
            || (isHalfway && (before.Inputs == inputs || (former >= 0 && before.Attempt!.Release is { } other && other != wanted)))
            ? AttemptKind.Rollback
            : AttemptKind.Upgrade;
    }

    /// <summary>Releases in the order in which they first were in force, with the one that is now.</summary>
    public static IReadOnlyList<string> With(PlaneStatus before, string? release) =>
        release is null || before.Releases.Contains(release) ? before.Releases : [.. before.Releases.TakeLast(Remembered - 1), release];

    private static int PlaceOf(PlaneStatus before, string? release) => release is null ? -1 : before.Releases.ToList().IndexOf(release);

    /// <summary>As hooks are named after it.</summary>
    public static string Word(this AttemptKind kind) => kind switch
    {
        AttemptKind.Install => "install",
        AttemptKind.Rollback => "rollback",
        _ => "upgrade",
    };

    /// <summary>What has come to pass once it is in force, as a reason.</summary>
    public static string Done(this AttemptKind kind) => kind switch
    {
        AttemptKind.Install => "Installed",
        AttemptKind.Rollback => "RolledBack",
        _ => "Upgraded",
    };
}
