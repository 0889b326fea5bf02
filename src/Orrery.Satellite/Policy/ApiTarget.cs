namespace Orrery.Satellite.Policy;

/// <summary>
/// What a path of a cluster's API leads to, as far as a policy goes by it. It is read as an API server reads it (upstream's <c>request.RequestInfoFactory</c>): decoded once, by parts; empty ones count for
/// nothing, so that no way of writing a path leads past what is forbidden. A path that names no resource has all of it empty.
/// </summary>
/// <param name="Group">Empty for the core group.</param>
/// <param name="Namespace">Of a Namespace its own name.</param>
/// <param name="Resource">The plural; empty where the path leads to none.</param>
internal readonly record struct ApiTarget(string Group, string Namespace, string Resource, string Name, string Subresource)
{
    private const string Namespaces = "namespaces";
    private static readonly ApiTarget None = new("", "", "", "", "");

    /// <param name="path">Percent-encoded, without its query.</param>
    public static ApiTarget Of(string path)
    {
        string[] parts = Uri.UnescapeDataString(path).Split('/', StringSplitOptions.RemoveEmptyEntries);
        string group = parts is ["apis", string named, ..] ? named : "";
        string[] rest = parts is ["api", _, ..] ? parts[2..] : parts is ["apis", _, _, ..] ? parts[3..] : [];

        // Watches of long ago, which API servers still answer.
        rest = rest is ["watch", ..] ? rest[1..] : rest;
        return rest switch
        {
            [] => None,
            [Namespaces, string name] => new(group, name, Namespaces, name, ""),
            [Namespaces, string name, "status" or "finalize"] => new(group, name, Namespaces, name, rest[2]),
            [Namespaces, string ns, string resource, ..] => new(group, ns, resource, At(rest, 3), At(rest, 4)),
            [string resource, ..] => new(group, "", resource, At(rest, 1), At(rest, 2)),
        };
    }

    private static string At(string[] parts, int index) => index < parts.Length ? parts[index] : "";
}
