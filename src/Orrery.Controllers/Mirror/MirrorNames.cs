using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>Names of mirrored objects.</summary>
internal static class MirrorNames
{
    public static string Mirrored(string name, string dataPlane) => MirroredName.Of(name, dataPlane);

    /// <summary>Whether this process's kind made the object out of something in a data plane.</summary>
    public static bool IsMirrored(KubeObject found) =>
        found.Labels.ContainsKey(OrreryNames.DataPlaneLabel) && found.Annotations.ContainsKey(OrreryNames.SourceUidAnnotation);

    /// <summary>
    /// The name that a node of a data plane has in a virtual cluster: its own, unless another data plane's node, or a node that somebody
    /// else made, has that name there.
    /// </summary>
    /// <param name="holder">The node that has the physical name in the virtual cluster now, if any.</param>
    public static string Node(string physical, string dataPlane, KubeObject? holder) =>
        holder is null || (IsMirrored(holder) && holder.Labels[OrreryNames.DataPlaneLabel] == dataPlane) ? physical : Mirrored(physical, dataPlane);
}
