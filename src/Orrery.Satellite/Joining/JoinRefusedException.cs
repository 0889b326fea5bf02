namespace Orrery.Satellite.Joining;

/// <summary>The control plane refused to certify this satellite, and will not change its mind about this request.</summary>
internal sealed class JoinRefusedException(string reason, string message) : Exception($"{reason}: {message}")
{
    public string Reason { get; } = reason;
}
