namespace Orrery.Api.Kinds;

/// <summary>How what is placed elsewhere moves, as <c>spec.placement.move</c> says.</summary>
/// <param name="StartsFirst">It leaves a data plane only once it runs wherever it is wanted now. Otherwise it leaves as soon as it is not wanted there any more.</param>
/// <param name="Timeout">For how long it is waited for that, from when the new place was first given it. A data plane that is drained waits without end.</param>
public sealed record PlacementMove(bool StartsFirst, TimeSpan Timeout)
{
    public static readonly PlacementMove Usual = new(true, TimeSpan.FromMinutes(10));

    /// <param name="owner">An object with <c>spec.placement</c>.</param>
    public static PlacementMove Of(KubeObject owner) => new(
        owner.TextAt("spec", "placement", "move", "strategy") != "AtOnce",
        owner.NumberAt("spec", "placement", "move", "timeoutSeconds") is { } seconds ? TimeSpan.FromSeconds(seconds) : Usual.Timeout);
}
