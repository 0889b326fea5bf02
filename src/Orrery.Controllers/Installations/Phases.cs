namespace Orrery.Controllers.Installations;

/// <summary>Phases of an installation in one data plane.</summary>
internal static class Phases
{
    public const string Pending = "Pending";
    public const string Checking = "Checking";
    public const string Installing = "Installing";
    public const string Upgrading = "Upgrading";
    public const string Running = "Running";
    public const string Degraded = "Degraded";
    public const string Failed = "Failed";

    /// <summary>It is not wanted there any more, and stays until it runs where it is wanted.</summary>
    public const string Leaving = "Leaving";
    public const string Uninstalling = "Uninstalling";
    public const string Paused = "Paused";
    public const string Unknown = "Unknown";

    /// <summary>The furthest from running first.</summary>
    public static readonly IReadOnlyList<string> Gravest = [Failed, Unknown, Uninstalling, Pending, Checking, Installing, Upgrading, Degraded, Leaving, Paused, Running];
}
