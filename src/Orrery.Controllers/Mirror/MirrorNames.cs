using System.Security.Cryptography;
using System.Text;
using Orrery.Api;
using Orrery.Api.Kinds;

namespace Orrery.Controllers.Mirror;

/// <summary>Names of mirrored objects.</summary>
internal static class MirrorNames
{
    private const int LongestName = 253;

    /// <summary><c>name.dataplane</c>; cut and hashed where that is too long for a name.</summary>
    public static string Mirrored(string name, string dataPlane)
    {
        string plain = $"{name}.{dataPlane}";
        if (plain.Length <= LongestName)
        {
            return plain;
        }

        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 5));
        int room = LongestName - dataPlane.Length - hash.Length - 2;
        return $"{name[..room].TrimEnd('-', '.')}-{hash}.{dataPlane}";
    }

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
