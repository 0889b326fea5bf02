using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Installations;

/// <summary>What an Installation comes to, before anything is rendered.</summary>
/// <param name="Tenant">Empty for one of scope DataPlane.</param>
/// <param name="Release">The release wanted; ready to be installed unless <paramref name="Refusal"/> says otherwise.</param>
/// <param name="Refusal">Why nothing new can be installed; null when it can.</param>
internal sealed record InstallationPlan(KubeObject Installation, string Tenant, KubeObject? Application, KubeObject? Release, string? WantedRelease, Resolution Placement, PlanRefusal? Refusal)
{
    /// <summary>Values from <c>valuesFrom</c>, merged in their order.</summary>
    public JsonObject ReferencedValues { get; init; } = [];

    /// <summary>Of those, what came out of Secrets: nobody is told it.</summary>
    public SecretTexts Secrets { get; init; } = SecretTexts.None;

    public string? TenantClass { get; init; }

    public bool IsVendors => Installation.TextAt("spec", "scope") == "DataPlane";

    public bool IsSuspended => Installation.At("spec", "suspended") is { ValueKind: System.Text.Json.JsonValueKind.True };

    public TimeSpan Deadline => TimeSpan.FromSeconds(Installation.NumberAt("spec", "progressDeadlineSeconds") ?? 600);

    /// <summary>Namespace in every data plane.</summary>
    public string TargetNamespace => IsVendors
        ? Installation.TextAt("spec", "targetNamespace") ?? Installation.Name
        : NamespaceMapping.MapInstallation(Tenant, Installation.Namespace, Installation.Name);

    public JsonObject? Overrides => Installation.At("spec", "overrides") is { } found ? JsonObject.Create(found) : null;
}

/// <summary>Why nothing new can be installed.</summary>
/// <param name="Reason">CamelCase.</param>
internal sealed record PlanRefusal(string Reason, string Message)
{
    /// <summary>It is about what <c>valuesFrom</c> names, which a tenant's own controllers read in their own cluster.</summary>
    public bool IsOfReferencedValues { get; init; }
}
