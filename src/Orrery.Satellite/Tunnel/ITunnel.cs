namespace Orrery.Satellite.Tunnel;

/// <summary>The connection to the control plane by which it knows that this satellite lives, and through which it asks.</summary>
internal interface ITunnel
{
    /// <summary>Ends once the control plane has let this satellite in for the first time.</summary>
    Task Joined { get; }

    /// <summary>Raised each time that it was opened, and where another seems to use it: what the control plane knows of this satellite may not be what it said.</summary>
    event Action? Opened;

    /// <summary>Keeps it open until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
