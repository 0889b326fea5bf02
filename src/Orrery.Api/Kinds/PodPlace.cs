namespace Orrery.Api.Kinds;

/// <summary>Which pod of which data plane a pod of a virtual cluster stands for.</summary>
/// <param name="Name">What the satellite there knows it by: <see cref="MirroredName"/>.</param>
public readonly record struct PodPlace(string DataPlane, string Name)
{
    /// <summary>A mirrored pod says it in a label. One that its tenant made stands for the pod in the first of the data planes in which it runs.</summary>
    /// <param name="pod">As it is in the virtual cluster.</param>
    /// <returns>Null for a pod that runs in no data plane.</returns>
    public static PodPlace? Of(KubeObject pod)
    {
        if (pod.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? dataPlane))
        {
            return new PodPlace(dataPlane, pod.Name);
        }

        return pod.Annotations.GetValueOrDefault(OrreryNames.RunsInAnnotation, "").Split(',')[0] is { Length: > 0 } first
            ? new PodPlace(first, MirroredName.Of(pod.Name, first))
            : null;
    }
}
