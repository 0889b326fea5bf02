namespace Orrery.Controllers.Bundles;

/// <summary>The name of a container image in its parts.</summary>
/// <param name="Name">With registry and path, without tag and digest.</param>
internal sealed record ImageName(string Name, string? Tag, string? Digest)
{
    public static ImageName Parse(string image)
    {
        string rest = image;
        string? digest = null;
        if (rest.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at)
        {
            (rest, digest) = (rest[..at], rest[(at + 1)..]);
        }

        // A colon before the last slash is that of a registry's port.
        int colon = rest.IndexOf(':', rest.LastIndexOf('/') + 1);
        return colon < 0 ? new ImageName(rest, null, digest) : new ImageName(rest[..colon], rest[(colon + 1)..], digest);
    }

    /// <summary>A new tag or digest takes the place of both; null leaves what is there.</summary>
    public ImageName With(string? name, string? tag, string? digest) =>
        tag is null && digest is null ? this with { Name = name ?? Name } : new ImageName(name ?? Name, tag, digest);

    public override string ToString() => Name + (Tag is null ? "" : ":" + Tag) + (Digest is null ? "" : "@" + Digest);
}
