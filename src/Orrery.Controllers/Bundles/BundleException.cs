namespace Orrery.Controllers.Bundles;

/// <summary>A bundle cannot be read or rendered. Nothing was changed.</summary>
/// <param name="reason">CamelCase, for a condition.</param>
/// <param name="message">For people: what, where and why. Holds no value of a Secret.</param>
internal sealed class BundleException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}
