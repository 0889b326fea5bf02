namespace Orrery.Helm;

/// <summary>A chart cannot be rendered. The message is Helm's own, as text.</summary>
/// <param name="phase">
/// Where it failed: values, load, dependencies, release, schema, kubeVersion, manifests; within templates parse, exec, or
/// message (raised by fail or required).
/// </param>
public sealed class ChartException(string phase, string message) : Exception(Go.Utf8.ToText(message))
{
    public string Phase { get; } = phase;
}
