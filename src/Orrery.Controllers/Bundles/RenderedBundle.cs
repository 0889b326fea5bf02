using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Helm;
using Orrery.Helm.Charts;

namespace Orrery.Controllers.Bundles;

/// <summary>What a bundle comes to in one data plane.</summary>
/// <param name="Objects">In the order in which they are installed.</param>
internal sealed record RenderedBundle(IReadOnlyList<JsonObject> Objects, IReadOnlyList<RenderedHook> Hooks)
{
    /// <summary>Objects at the start of the list that come before anything else, hooks as well: a chart's <c>crds/</c>.</summary>
    public int Definitions { get; init; }

    /// <summary>What the chart looked up, and what came of it, for people.</summary>
    public IReadOnlyList<string> Lookups { get; init; } = [];

    /// <summary>The place of an object in the order of coming into force; those of one place come together.</summary>
    public int PlaceOf(int index) => index < Definitions ? 0 : 1 + InstallOrder.PlaceOf(Objects[index].Kind);
}

/// <summary>An object that is made at an event and is no part of what stays.</summary>
/// <param name="Event">As <c>pre-install</c>. One that runs at several stands here once for each.</param>
/// <param name="Order">Place among the hooks of the event.</param>
/// <param name="Policies">When it is deleted; before the next of its name is made when empty.</param>
internal sealed record RenderedHook(string Event, int Order, IReadOnlyList<string> Policies, JsonObject Object)
{
    public const string BeforeCreation = "before-hook-creation";
    public const string Succeeded = "hook-succeeded";
    public const string Failed = "hook-failed";
}

/// <summary>For what a bundle is rendered.</summary>
/// <param name="Name">Of the Installation.</param>
/// <param name="Namespace">In the data plane; what objects get that name none.</param>
/// <param name="IsVendors">For the data plane as a whole: objects may name other namespaces.</param>
/// <param name="KubernetesVersion">Of the data plane; null where it never said.</param>
/// <param name="ApiVersions">What the data plane serves; null takes what Helm takes for granted.</param>
/// <param name="Revision">From 1.</param>
internal sealed record RenderTarget(
    string Name, string Namespace, bool IsVendors, string? KubernetesVersion, IReadOnlyList<string>? ApiVersions, int Revision, bool IsUpgrade)
{
    /// <summary>Answers the chart's lookups; null answers that nothing is there.</summary>
    public LookupAnswers? Lookups { get; init; }

    /// <exception cref="BundleException">The object names a namespace that it may not be in.</exception>
    public void Place(JsonObject found)
    {
        if (found.Namespace.Length == 0)
        {
            found.Metadata["namespace"] = Namespace;
        }
        else if (!IsVendors && found.Namespace != Namespace)
        {
            throw new BundleException(
                "ForeignNamespace", $"{found.Kind} {found.Name} names the namespace {found.Namespace}; a tenant's installation has one namespace, here {Namespace}");
        }
    }
}
