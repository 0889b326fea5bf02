using System.Collections.Concurrent;

namespace Orrery.Simulator.Shell;

/// <summary>The files of one simulated container: in memory, small, gone with the process. Paths are absolute.</summary>
internal sealed class ContainerFiles
{
    /// <summary>All that one container may hold, in bytes.</summary>
    public const int Limit = 1024 * 1024;

    private readonly ConcurrentDictionary<string, byte[]> files = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> folders = new(StringComparer.Ordinal);

    public ContainerFiles(string hostname)
    {
        foreach (string folder in (ReadOnlySpan<string>)["/", "/etc", "/tmp", "/root"])
        {
            folders[folder] = true;
        }

        files["/etc/hostname"] = System.Text.Encoding.UTF8.GetBytes(hostname + "\n");
    }

    public bool IsFolder(string path) => folders.ContainsKey(path);

    public byte[]? Read(string path) => files.GetValueOrDefault(path);

    /// <returns>False when the folder is missing or the container is full.</returns>
    public bool Write(string path, byte[] content)
    {
        if (!IsFolder(Parent(path)) || IsFolder(path) || files.Where(f => f.Key != path).Sum(f => f.Value.Length) + content.Length > Limit)
        {
            return false;
        }

        files[path] = content;
        return true;
    }

    public void MakeFolder(string path)
    {
        for (string at = path; at.Length > 1; at = Parent(at))
        {
            folders[at] = true;
        }
    }

    public bool Remove(string path) => files.TryRemove(path, out _);

    /// <summary>Names of what stands directly in a folder, sorted.</summary>
    public IEnumerable<string> List(string folder) =>
        files.Keys.Concat(folders.Keys).Where(p => p != "/" && Parent(p) == folder).Select(p => p[(p.LastIndexOf('/') + 1)..]).Order(StringComparer.Ordinal);

    /// <summary>A file, or all files below a folder, by path.</summary>
    public IEnumerable<KeyValuePair<string, byte[]>> Below(string path) =>
        files.Where(f => f.Key == path || f.Key.StartsWith(path == "/" ? "/" : path + "/", StringComparison.Ordinal)).OrderBy(f => f.Key, StringComparer.Ordinal);

    /// <summary>A folder and all below it, each after the one that it is in; none for a file.</summary>
    public IEnumerable<string> FoldersBelow(string path) =>
        folders.Keys.Where(f => f != "/" && (f == path || f.StartsWith(path == "/" ? "/" : path + "/", StringComparison.Ordinal))).Order(StringComparer.Ordinal);

    /// <summary>A path as a shell in <paramref name="folder"/> means it, without dots.</summary>
    public static string Resolve(string folder, string path)
    {
        var parts = new List<string>();
        foreach (string part in (path.StartsWith('/') ? path : folder + "/" + path).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                parts.RemoveRange(Math.Max(0, parts.Count - 1), Math.Min(1, parts.Count));
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>The folder that something stands in.</summary>
    public static string Parent(string path) => path.LastIndexOf('/') is > 0 and int at ? path[..at] : "/";
}
