namespace Orrery.Helm.Functions;

/// <summary>Go's path package; the os-functions are the same on Linux.</summary>
internal static class PathFunctions
{
    public static IEnumerable<Function> All => new[] { "", "os" }.SelectMany(Set);

    private static IEnumerable<Function> Set(string prefix)
    {
        string Name(string n) => prefix.Length == 0 ? n : prefix + char.ToUpperInvariant(n[0]) + n[1..];
        yield return Function.Of(Name("base"), [P.String], a => Base((string)a[0]!));
        yield return Function.Of(Name("dir"), [P.String], a => (string)a[0]! is var p ? Clean(p[..(p.LastIndexOf('/') + 1)]) : "");
        yield return Function.Of(Name("clean"), [P.String], a => Clean((string)a[0]!));
        yield return Function.Of(Name("ext"), [P.String], a => Extension((string)a[0]!));
        yield return Function.Of(Name("isAbs"), [P.String], a => ((string)a[0]!).StartsWith('/'));
    }

    private static string Base(string path)
    {
        string trimmed = path.TrimEnd('/');
        return path.Length == 0 ? "." : trimmed.Length == 0 ? "/" : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }

    private static string Extension(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        int dot = name.LastIndexOf('.');
        return dot < 0 ? "" : name[dot..];
    }

    public static string Clean(string path)
    {
        bool rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part == ".." && (parts.Count > 0 && parts[^1] != ".."))
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or ".") && !(part == ".." && rooted))
            {
                parts.Add(part);
            }
        }

        string joined = string.Join('/', parts);
        return rooted ? "/" + joined : joined.Length == 0 ? "." : joined;
    }
}
