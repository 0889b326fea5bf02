using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>How a satellite gets its own certificate, and keeps one.</summary>
public sealed record JoinOptions
{
    /// <summary>Asked whenever a token is needed; null while there is none. What it answers may change: an operator may hand out another.</summary>
    public required Func<CancellationToken, ValueTask<JoinInvitation?>> Invitation { get; init; }

    /// <summary>Through which proxy the control plane is reached; null dials it directly.</summary>
    public ForwardProxy? Proxy { get; init; }

    /// <summary>How long a certificate is asked for.</summary>
    public TimeSpan CertificateLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How often it is looked whether the certificate, or what is trusted, is due to change.</summary>
    public TimeSpan LookInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How soon the control plane is asked again for a certificate that is not there yet. What is not there after ten times waits for a person, or for a control plane that is down: it is asked for ever less.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait from one such time to the next: a fleet that was away for a day asks all at once.</summary>
    public TimeSpan LongestPoll { get; init; } = TimeSpan.FromSeconds(30);
}
