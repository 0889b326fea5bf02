using Orrery.Helm.Go;

namespace Orrery.Helm.Charts;

/// <summary>Reads a chart's folder: names in order, without what .helmignore names, never out of the folder.</summary>
internal static class ChartDirectory
{
    public static List<ChartFile> Read(string folder, ChartBounds bounds)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string ignore = Path.Combine(root, ".helmignore");
        IgnoreRules rules = IgnoreRules.Parse(File.Exists(ignore) ? Utf8.FromBytes(File.ReadAllBytes(ignore)) : "");
        var files = new List<ChartFile>();
        Walk(new DirectoryInfo(root), "", root, rules, bounds, files, 0);
        return files;
    }

    private static void Walk(DirectoryInfo folder, string path, string root, IgnoreRules rules, ChartBounds bounds, List<ChartFile> files, int depth)
    {
        if (depth > 64)
        {
            throw new ChartException("load", $"folders nest too deep at {Utf8.FromText(path)}");
        }

        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            string name = path.Length == 0 ? entry.Name : $"{path}/{entry.Name}";
            FileSystemInfo target = entry.LinkTarget is null ? entry : Inside(entry, root, name);
            if (rules.Ignores(Utf8.FromText(name), target is DirectoryInfo))
            {
                continue;
            }

            if (target is DirectoryInfo inner)
            {
                Walk(inner, name, root, rules, bounds, files, depth + 1);
            }
            else if ((target.Attributes & FileAttributes.Device) != 0 || !File.Exists(target.FullName))
            {
                throw new ChartException("load", $"cannot load irregular file {Utf8.FromText(name)} as it has file mode type bits set");
            }
            else
            {
                bounds.Count(Utf8.FromText(name), ((FileInfo)target).Length);
                files.Add(ChartFile.Of(Utf8.FromText(name), Utf8.FromBytes(File.ReadAllBytes(target.FullName))));
            }
        }
    }

    /// <summary>What a link leads to, if that lies within the chart: a chart must not read the files of its host.</summary>
    private static FileSystemInfo Inside(FileSystemInfo link, string root, string name)
    {
        FileSystemInfo? target = link.ResolveLinkTarget(returnFinalTarget: true);
        return target is { Exists: true } && target.FullName.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? target
            : throw new ChartException("load", $"chart holds a link that leads out of it: {Utf8.FromText(name)}");
    }
}
