using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Applications;
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

    /// <summary>Why what is installed is left as it is, whatever is wanted: the installation, its application or the channel that it follows is suspended. Null while it is not.</summary>
    public PlanRefusal? Suspension
    {
        get
        {
            string? channel = Installation.TextAt("spec", "channel");
            return IsSuspended(Installation) ? new PlanRefusal("Suspended", "what runs is left as it is")
                : Application is not null && IsSuspended(Application) ? new PlanRefusal("ApplicationSuspended", $"what runs is left as it is: Application {Application.Name} is suspended")
                : Application is not null && channel is not null && ApplicationReconciler.IsSuspended(Application, channel)
                    ? new PlanRefusal("ChannelSuspended", $"what runs is left as it is: channel {channel} of Application {Application.Name} is suspended")
                : null;

            static bool IsSuspended(KubeObject of) => of.At("spec", "suspended") is { ValueKind: JsonValueKind.True };
        }
    }

    /// <summary>Whether it may run on a data plane at all.</summary>
    public Func<DataPlane, bool> Admits { get; init; } = _ => false;

    /// <summary>When alone what runs may be changed; null at any time.</summary>
    public MaintenanceWindows? Windows { get; init; }

    public TimeSpan Deadline => TimeSpan.FromSeconds(Installation.NumberAt("spec", "progressDeadlineSeconds") ?? 600);

    /// <summary>Namespace in every data plane.</summary>
    public string TargetNamespace => IsVendors
        ? Installation.TextAt("spec", "targetNamespace") ?? Installation.Name
        : NamespaceMapping.MapInstallation(Tenant, Installation.Namespace, Installation.Name);

    public JsonObject? Overrides => Installation.At("spec", "overrides") is { } found ? JsonObject.Create(found) : null;
}

/// <summary>Why nothing new is installed.</summary>
/// <param name="Reason">CamelCase.</param>
internal sealed record PlanRefusal(string Reason, string Message)
{
    /// <summary>It is about what <c>valuesFrom</c> names, which a tenant's own controllers read in their own cluster.</summary>
    public bool IsOfReferencedValues { get; init; }
}
