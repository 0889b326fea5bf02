using System.Formats.Tar;
using System.IO.Compression;
using Orrery.Helm.Go;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>A chart as loaded: its files (byte strings by path), metadata, default values and subcharts.</summary>
public sealed class Chart
{
    private const int MaxFiles = 10_000;
    private const long MaxBytes = 100 << 20;

    internal ChartMetadata Metadata { get; private init; } = null!;

    internal string Name { get; set; } = "";

    internal GoMap Values { get; private init; } = null!;

    internal SortedDictionary<string, string> Files { get; private init; } = null!;

    internal List<Chart> Subcharts { get; init; } = [];

    /// <summary>Loads a chart's folder, or its archive when the path is a file.</summary>
    /// <exception cref="ChartException">It is no chart, or an archive beyond the bounds.</exception>
    public static Chart Load(string path)
    {
        if (File.Exists(path))
        {
            using FileStream archive = File.OpenRead(path);
            return Build(ReadArchive(archive));
        }

        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        long size = 0;
        foreach (string file in Directory.EnumerateFiles(path, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            size += new FileInfo(file).Length;
            CheckSize(files.Count, size);
            files[Utf8.FromText(Path.GetRelativePath(path, file).Replace('\\', '/'))] = Utf8.FromBytes(File.ReadAllBytes(file));
        }

        return Build(files);
    }

    private static void CheckSize(int count, long size)
    {
        if (count >= MaxFiles || size > MaxBytes)
        {
            throw new ChartException("load", FormattableString.Invariant($"chart is larger than {MaxFiles} files or {MaxBytes} bytes"));
        }
    }

    private static SortedDictionary<string, string> ReadArchive(Stream archive)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var unzipped = new GZipStream(archive, CompressionMode.Decompress, leaveOpen: true);
        using var tar = new TarReader(unzipped);
        long size = 0;
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes or TarEntryType.ExtendedAttributes)
            {
                continue;
            }

            string name = entry.Name.Replace('\\', '/');
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile) || name.StartsWith('/') || name.Split('/').Contains(".."))
            {
                throw new ChartException("load", $"chart archive holds an entry that is refused: {Utf8.FromText(name)}");
            }

            size += entry.Length;
            CheckSize(files.Count, size);
            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            int slash = name.IndexOf('/', StringComparison.Ordinal);
            files[Utf8.FromText(slash < 0 ? name : name[(slash + 1)..])] = Utf8.FromBytes(content.ToArray());
        }

        return files;
    }

    private static Chart Build(SortedDictionary<string, string> files, int depth = 0)
    {
        if (depth > 20)
        {
            throw new ChartException("load", "charts nest deeper than 20 levels");
        }

        if (!files.TryGetValue("Chart.yaml", out string? yaml))
        {
            throw new ChartException("load", "Chart.yaml file is missing");
        }

        ChartMetadata metadata;
        GoMap values;
        try
        {
            metadata = ChartMetadata.Parse(yaml);
            values = YamlReader.Read(files.GetValueOrDefault("values.yaml", "")) as GoMap ?? new GoMap();
        }
        catch (GoException e)
        {
            throw new ChartException("load", $"cannot load values.yaml: {e.Message}");
        }

        var own = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var nested = new SortedDictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        var subcharts = new List<Chart>();
        foreach ((string path, string content) in files)
        {
            if (!path.StartsWith("charts/", StringComparison.Ordinal))
            {
                own[path] = content;
                continue;
            }

            string[] parts = path.Split('/', 3);
            if (parts[1].StartsWith('_') || parts[1].StartsWith('.'))
            {
                continue;
            }

            if (parts.Length == 2 && parts[1].EndsWith(".tgz", StringComparison.Ordinal))
            {
                subcharts.Add(Build(ReadArchive(new MemoryStream(Utf8.ToBytes(content))), depth + 1));
            }
            else if (parts.Length == 3)
            {
                (nested.TryGetValue(parts[1], out var found) ? found : nested[parts[1]] = new(StringComparer.Ordinal))[parts[2]] = content;
            }
        }

        subcharts.AddRange(nested.Values.Select(n => Build(n, depth + 1)));
        return new Chart { Metadata = metadata, Name = metadata.Name, Values = values, Files = own, Subcharts = subcharts };
    }

    internal Chart As(string alias) => new() { Metadata = Metadata, Name = alias, Values = Copies.Deep(Values), Files = Files, Subcharts = Subcharts };

    internal Chart Replaced(List<Chart> subcharts) => new() { Metadata = Metadata, Name = Name, Values = Values, Files = Files, Subcharts = subcharts };
}
