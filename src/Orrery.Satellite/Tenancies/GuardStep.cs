using Orrery.Api;

namespace Orrery.Satellite.Tenancies;

/// <summary>Something that is not yet as it must be for a tenant to be held apart.</summary>
/// <param name="Namespace">Empty for a namespace itself.</param>
/// <param name="What">What is done about the object: while it is the same, so is the outcome.</param>
internal sealed record GuardStep(GroupVersionResource Resource, string Kind, string Namespace, string Name, string What, Func<CancellationToken, Task> Do)
{
    public string Of => Namespace.Length > 0 ? $"{Kind} {Namespace}/{Name}" : $"{Kind} {Name}";
}
