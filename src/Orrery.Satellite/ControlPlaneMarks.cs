using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Satellite;

/// <summary>How what a control plane had applied in the cluster is known from what another had. Pure.</summary>
/// <param name="Id">What its objects carry as <see cref="OrreryNames.ControlPlaneAnnotation"/>; empty for one that does not say who it is.</param>
/// <param name="ServesUnmarked">Whether objects that name none are its: a satellite of it applied them before they were named.</param>
internal sealed record ControlPlaneMarks(string Id, bool ServesUnmarked)
{
    /// <summary>Of a control plane that never says who it is: as it always was, but for what is marked as another's.</summary>
    public static ControlPlaneMarks Unknown { get; } = new("", true);

    /// <summary>
    /// As a DataPlane says. One that no satellite had served when this one came has nothing in the cluster yet; of one that was served before objects were marked, and never since, all is that is not marked. Which of the two it
    /// was the satellite writes down with the first that it says of itself.
    /// </summary>
    public static ControlPlaneMarks Of(KubeObject plane) =>
        plane.TextAt("status", "controlPlane") is not { Length: > 0 } id ? Unknown
        : new ControlPlaneMarks(id, plane.At("status", "servesUnmarked") is { } known ? known.ValueKind == JsonValueKind.True : plane.TextAt("status", "satelliteVersion") is { Length: > 0 });

    /// <summary>What an object says of whose it is; <see cref="ServedControlPlane.Unmarked"/> where it says nothing.</summary>
    public static string NameOn(KubeObject live) => live.Annotations.GetValueOrDefault(OrreryNames.ControlPlaneAnnotation) is { Length: > 0 } of ? of : ServedControlPlane.Unmarked;

    public bool Has(string of) => of == ServedControlPlane.Unmarked ? ServesUnmarked : of == Id;
}
