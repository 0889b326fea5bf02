using System.Formats.Tar;

namespace Orrery.Simulator.Shell;

/// <summary>As much of <c>tar</c> as <c>kubectl cp</c> uses: an archive to standard output, or one from standard input.</summary>
internal static class Tape
{
    public static async Task<int> RunAsync(
        ContainerFiles files,
        string folder,
        string[] arguments,
        IShellStreams streams,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken)
    {
        // 1. Options as they come: letters first, -C takes a folder, - stands for the streams.
        string letters = "";
        var paths = new List<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            if (arguments[i] == "-C" && i + 1 < arguments.Length)
            {
                folder = ContainerFiles.Resolve(folder, arguments[++i]);
            }
            else if (i == 0 || (arguments[i].StartsWith('-') && arguments[i].Length > 1))
            {
                letters += arguments[i].TrimStart('-');
            }
            else if (arguments[i] != "-")
            {
                paths.Add(arguments[i]);
            }
        }

        if (!files.IsFolder(folder))
        {
            await streams.WriteErrorAsync($"tar: can't change directory to '{folder}': No such file or directory\n", cancellationToken).ConfigureAwait(false);
            return 1;
        }

        return letters.Contains('c') ? await PackAsync(files, folder, paths, streams, write, cancellationToken).ConfigureAwait(false)
            : letters.Contains('x') ? await UnpackAsync(files, folder, streams, cancellationToken).ConfigureAwait(false)
            : 2;
    }

    private static async Task<int> PackAsync(
        ContainerFiles files,
        string folder,
        List<string> paths,
        IShellStreams streams,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write,
        CancellationToken cancellationToken)
    {
        using var archive = new MemoryStream();
        int code = 0;
        await using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (string path in paths)
            {
                string root = ContainerFiles.Resolve(folder, path);
                KeyValuePair<string, byte[]>[] found = [.. files.Below(root)];
                if (found.Length == 0 && !files.IsFolder(root))
                {
                    await streams.WriteErrorAsync($"tar: {path}: No such file or directory\n", cancellationToken).ConfigureAwait(false);
                    code = 1;
                }

                foreach (string name in files.FoldersBelow(root))
                {
                    await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, name.TrimStart('/') + "/"), cancellationToken).ConfigureAwait(false);
                }

                foreach ((string name, byte[] content) in found)
                {
                    await tar.WriteEntryAsync(
                        new PaxTarEntry(TarEntryType.RegularFile, name.TrimStart('/')) { DataStream = new MemoryStream(content) }, cancellationToken).ConfigureAwait(false);
                }
            }
        }

        await write(archive.ToArray(), cancellationToken).ConfigureAwait(false);
        return code;
    }

    private static async Task<int> UnpackAsync(ContainerFiles files, string folder, IShellStreams streams, CancellationToken cancellationToken)
    {
        using var archive = new MemoryStream();
        long next = 0;
        ReadOnlyMemory<byte> input;
        while (!(input = await streams.ReadAsync(cancellationToken).ConfigureAwait(false)).IsEmpty)
        {
            if (archive.Length + input.Length > 2 * ContainerFiles.Limit)
            {
                await streams.WriteErrorAsync("tar: no space left in this simulated container\n", cancellationToken).ConfigureAwait(false);
                return 1;
            }

            archive.Write(input.Span);
            if (IsWhole(archive.GetBuffer().AsSpan(0, (int)archive.Length), ref next))
            {
                break;
            }
        }

        archive.Position = 0;
        await using var tar = new TarReader(archive);
        while (await tar.GetNextEntryAsync(copyData: true, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            string path = ContainerFiles.Resolve(folder, entry.Name);
            if (entry.EntryType == TarEntryType.Directory)
            {
                files.MakeFolder(path);
            }
            else if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && !await PutAsync(files, path, entry, cancellationToken).ConfigureAwait(false))
            {
                await streams.WriteErrorAsync($"tar: can't write {path}\n", cancellationToken).ConfigureAwait(false);
                return 1;
            }
        }

        return 0;
    }

    private static async Task<bool> PutAsync(ContainerFiles files, string path, TarEntry entry, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        if (entry.DataStream is { } data)
        {
            await data.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
        }

        // Who packs a folder need not name it: what is in it does.
        files.MakeFolder(ContainerFiles.Parent(path));
        return files.Write(path, content.ToArray());
    }

    /// <summary>An archive ends in two empty blocks where an entry would begin; its sender may leave the stream open after it. Files may hold as many zeros as they like.</summary>
    /// <param name="next">Where the first entry begins that was not looked at yet; moved on.</param>
    private static bool IsWhole(ReadOnlySpan<byte> archive, ref long next)
    {
        const int Block = 512;
        while (next + (2 * Block) <= archive.Length)
        {
            ReadOnlySpan<byte> head = archive.Slice((int)next, Block);
            if (!head.ContainsAnyExcept((byte)0))
            {
                return true;
            }

            // What is longer than octal digits can say has no place here.
            next += Block + ((Octal(head.Slice(124, 12)) + Block - 1) / Block * Block);
        }

        return false;
    }

    private static long Octal(ReadOnlySpan<byte> digits)
    {
        long value = 0;
        foreach (byte digit in digits)
        {
            value = digit is >= (byte)'0' and <= (byte)'7' ? (value * 8) + (digit - '0') : value;
        }

        return value;
    }
}
