using System.Collections.Concurrent;
using Orrery.Helm.Go;
using Orrery.Helm.Templates;
using Orrery.Helm.Yaml;

namespace Orrery.Helm.Charts;

/// <summary>A chart as loaded, with its subcharts. Renders leave it as it is, so one may serve many at a time.</summary>
public sealed class Chart
{
    private Chart()
    {
    }

    /// <summary>The chart's name and version.</summary>
    public string Name => Utf8.ToText(Metadata.Name);

    /// <inheritdoc cref="Name"/>
    public string Version => Utf8.ToText(Metadata.Version);

    /// <summary>The version of what it installs; "" when it names none.</summary>
    public string AppVersion => Utf8.ToText(Metadata.AppVersion);

    /// <summary>Whether its lock file was made for another list of dependencies. Helm minds that only when it fetches them.</summary>
    public bool HasStaleLock { get; private init; }

    internal ChartMetadata Metadata { get; private init; } = new();

    internal GoMap Values { get; private init; } = new();

    /// <summary>values.schema.json; null when there is none.</summary>
    internal string? Schema { get; private init; }

    /// <summary>Files that templates may read, in the order in which they were loaded.</summary>
    internal IReadOnlyList<ChartFile> Files { get; private init; } = [];

    internal IReadOnlyList<ChartFile> Templates { get; private init; } = [];

    internal IReadOnlyList<Chart> Subcharts { get; private init; } = [];

    /// <summary>What its templates parse to, by the path they are known by: parsing is done once a chart, not once a render.</summary>
    internal ConcurrentDictionary<string, IReadOnlyDictionary<string, ListNode>> Parsed { get; } = new(StringComparer.Ordinal);

    /// <summary>.Files as templates see it; made once, as nothing changes it.</summary>
    internal GoMap TemplateFiles { get; private init; } = new();

    /// <summary>Loads a chart's folder, or its archive when the path is a file.</summary>
    /// <exception cref="ChartException">Of phase load: it is no chart, or an archive beyond the bounds.</exception>
    public static Chart Load(string path)
    {
        if (File.Exists(path))
        {
            using FileStream archive = File.OpenRead(path);
            return Load(archive);
        }

        if (!Directory.Exists(path))
        {
            throw new ChartException("load", $"stat {Utf8.FromText(path)}: no such file or directory");
        }

        var bounds = new ChartBounds();
        return Refused(() => Build(ChartDirectory.Read(path, bounds), bounds, 0));
    }

    /// <summary>Loads a packed chart.</summary>
    /// <inheritdoc cref="Load(string)"/>
    public static Chart Load(Stream archive)
    {
        var bounds = new ChartBounds();
        return Refused(() => Build(ChartArchive.Read(archive, bounds), bounds, 0));
    }

    private static Chart Refused(Func<Chart> build)
    {
        try
        {
            return build();
        }
        catch (GoException e)
        {
            throw new ChartException("load", e.Message);
        }
    }

    private static T Named<T>(string what, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (GoException e)
        {
            throw new GoException($"cannot load {what}: {e.Message}");
        }
    }

    private static Chart Build(List<ChartFile> all, ChartBounds bounds, int depth)
    {
        if (depth > ChartBounds.MaxDepth)
        {
            throw new GoException(FormattableString.Invariant($"charts nest deeper than {ChartBounds.MaxDepth} levels"));
        }

        ChartMetadata? metadata = null;
        foreach (ChartFile file in all.Where(f => f.Path == "Chart.yaml"))
        {
            metadata = Named(file.Path, () => ChartMetadata.Parse(file.Content));
        }

        var values = new GoMap();
        string? schema = null;
        ChartFile? lockFile = null;
        var files = new List<ChartFile>();
        var templates = new List<ChartFile>();
        var nested = new SortedDictionary<string, List<ChartFile>>(StringComparer.Ordinal);
        foreach (ChartFile file in all)
        {
            switch (file.Path)
            {
                case "Chart.yaml":
                    break;
                case "Chart.lock":
                    Named(file.Path, () => YamlReader.Read(file.Content));
                    lockFile = file;
                    break;
                case "values.yaml":
                    values = Named(file.Path, () => YamlReader.ReadMap(file.Content));
                    break;
                case "values.schema.json":
                    schema = file.Content;
                    break;
                case "requirements.yaml" or "requirements.lock":
                    IReadOnlyList<ChartDependency> required = Named(file.Path, () => ChartMetadata.ParseRequirements(file.Content));
                    if (file.Path == "requirements.yaml" && metadata is not null)
                    {
                        metadata = metadata with { Dependencies = required };
                    }

                    lockFile = file.Path == "requirements.lock" ? file : lockFile;

                    if (metadata?.ApiVersion == "v1")
                    {
                        files.Add(file);
                    }

                    break;
                case var path when path.StartsWith("templates/", StringComparison.Ordinal):
                    templates.Add(file);
                    break;
                case var path when path.StartsWith("charts/", StringComparison.Ordinal) && !path.EndsWith(".prov", StringComparison.Ordinal):
                    string inner = path["charts/".Length..];
                    string name = inner.Split('/', 2)[0];
                    (nested.TryGetValue(name, out List<ChartFile>? list) ? list : nested[name] = []).Add(file with { Path = inner });
                    break;
                default:
                    files.Add(file);
                    break;
            }
        }

        if (metadata is null)
        {
            throw new GoException("Chart.yaml file is missing");
        }

        metadata.Validate();
        return new Chart
        {
            Metadata = metadata,
            Values = values,
            Schema = schema,
            HasStaleLock = lockFile is not null && Named(lockFile.Path, () => ChartLock.IsStale(metadata.ApiVersion, metadata.Dependencies, lockFile.Content)),
            Files = files,
            Templates = templates,
            Subcharts = [.. nested.Where(n => n.Key[0] is not ('_' or '.')).Select(n => Subchart(n.Key, n.Value, metadata.Name, bounds, depth + 1))],
            TemplateFiles = Host.ChartFiles.Of(files.Select(f => KeyValuePair.Create(f.Path, f.Content))),
        };
    }

    private static Chart Subchart(string name, List<ChartFile> files, string parent, ChartBounds bounds, int depth)
    {
        try
        {
            if (!name.EndsWith(".tgz", StringComparison.Ordinal))
            {
                return Build([.. files.Where(f => f.Path.Contains('/', StringComparison.Ordinal)).Select(f => f with { Path = f.Path.Split('/', 2)[1] })], bounds, depth);
            }

            if (files[0].Path != name)
            {
                throw new ChartException("load", $"error unpacking subchart tar in {parent}: expected {name}, got {files[0].Path}");
            }

            if (depth > ChartBounds.MaxDepth)
            {
                throw new GoException(FormattableString.Invariant($"charts nest deeper than {ChartBounds.MaxDepth} levels"));
            }

            using var packed = new MemoryStream(Utf8.ToBytes(files[0].Content));
            return Build(ChartArchive.Read(packed, bounds), bounds, depth);
        }
        catch (Exception e) when (e is GoException or ChartException { Phase: "load" } && !e.Message.StartsWith("error unpacking subchart tar", StringComparison.Ordinal))
        {
            throw new GoException($"error unpacking subchart {name} in {parent}: {(e is GoException ? e.Message : Utf8.FromText(e.Message))}");
        }
    }
}
