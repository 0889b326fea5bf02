using System.Formats.Tar;
using System.IO.Compression;
using System.Text.RegularExpressions;
using Orrery.Helm.Go;

namespace Orrery.Helm.Charts;

/// <summary>Reads a packed chart (.tgz). An archive is hostile until shown otherwise: paths, links and sizes are checked first.</summary>
internal static partial class ChartArchive
{
    public static List<ChartFile> Read(Stream packed, ChartBounds bounds)
    {
        var files = new List<ChartFile>();
        try
        {
            using var unzipped = new GZipStream(packed, CompressionMode.Decompress, leaveOpen: true);
            using var bounded = new BoundedStream(unzipped, bounds);
            using var tar = new TarReader(bounded);
            while (tar.GetNextEntry() is { } entry)
            {
                if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes or TarEntryType.ExtendedAttributes)
                {
                    continue;
                }

                files.Add(Entry(entry, bounds));
            }
        }
        catch (OutOfMemoryException)
        {
            // A header that says that names alone take gigabytes.
            throw new ChartException("load", "chart archive is broken: a header is too large");
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException or IOException and not FileNotFoundException)
        {
            throw new ChartException("load", "chart archive is broken: " + Utf8.FromText(e.Message));
        }

        return files.Count > 0 ? files : throw new ChartException("load", "no files in chart archive");
    }

    private static ChartFile Entry(TarEntry entry, ChartBounds bounds)
    {
        string path = RelativePath(entry.Name);
        if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile))
        {
            throw new ChartException("load", $"chart archive holds {entry.EntryType}, which is no file: {Utf8.FromText(entry.Name)}");
        }

        // The header's size is what the reader hands out at most, so it is checked before anything is unpacked.
        bounds.Count(Utf8.FromText(entry.Name), entry.Length);
        var content = new byte[entry.Length];
        entry.DataStream?.ReadExactly(content);
        return ChartFile.Of(Utf8.FromText(path), Utf8.FromBytes(content));
    }

    /// <summary>The path below the archive's one folder, in Helm's steps.</summary>
    private static string RelativePath(string name)
    {
        string delimiter = name.Contains('\\', StringComparison.Ordinal) ? "\\" : "/";
        string[] parts = name.Split(delimiter);
        string path = string.Join('/', parts.Skip(1)).Replace('\\', '/');
        if (path.StartsWith('/'))
        {
            throw new ChartException("load", "chart illegally contains absolute paths");
        }

        string clean = Functions.PathFunctions.Clean(path);
        if (clean == ".")
        {
            throw new ChartException("load", $"chart illegally contains content outside the base directory: {GoQuote.Quote(Utf8.FromText(name))}");
        }

        if (clean.StartsWith("..", StringComparison.Ordinal))
        {
            throw new ChartException("load", "chart illegally references parent directory");
        }

        if (Drive().IsMatch(clean) || clean.Contains('\0', StringComparison.Ordinal))
        {
            throw new ChartException("load", "chart contains illegally named files");
        }

        return parts[0] == "Chart.yaml" ? throw new ChartException("load", "chart yaml not in base directory") : clean;
    }

    [GeneratedRegex("^[a-zA-Z]:/")]
    private static partial Regex Drive();
}
