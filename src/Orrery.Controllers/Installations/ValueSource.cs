using Orrery.Api;

namespace Orrery.Controllers.Installations;

/// <summary>A ConfigMap or a Secret of the root cluster that an installation takes values from.</summary>
internal readonly record struct ValueSource(string Namespace, bool IsSecret, string Name)
{
    public string Kind => IsSecret ? "Secret" : "ConfigMap";

    public GroupVersionResource Resource => IsSecret ? CoreResources.Secrets : CoreResources.ConfigMaps;

    public override string ToString() => $"{Kind} {Namespace}/{Name}";
}
