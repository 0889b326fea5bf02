using System.Buffers.Text;
using System.Globalization;

namespace Orrery.Serving;

/// <summary>Where a part of a file is mapped.</summary>
/// <param name="Offset">In the file.</param>
/// <param name="Inode">Of the file.</param>
internal readonly record struct FileMapping(ulong Start, ulong End, ulong Offset, ulong Inode);

/// <summary>
/// Finds, line by line of <c>/proc/self/smaps</c>, the mappings of files that cannot be written to and of which no page differs from its file. An entry begins with
/// <c>start-end rwxp offset device inode path</c>; what follows are lines of <c>Name: value kB</c>.
/// </summary>
internal struct FileMappingScan
{
    private bool isReadOnlyFile;
    private bool isAsInFile;

    public FileMapping Mapping { get; private set; }

    /// <summary>Bytes of it in memory.</summary>
    public long Resident { get; private set; }

    /// <returns>True on the line by which <see cref="Mapping"/> turns out to be such a one.</returns>
    public bool Read(ReadOnlySpan<byte> line)
    {
        // All other lines, twenty-four of twenty-five, begin with a name.
        if (!line.IsEmpty && char.IsAsciiHexDigitLower((char)line[0]))
        {
            isReadOnlyFile = TryBegin(line);
            isAsInFile = false;
            Resident = 0;
            return false;
        }

        if (!isReadOnlyFile)
        {
            return false;
        }

        if (line.StartsWith("Rss:"u8))
        {
            Resident = Bytes(line["Rss:".Length..]);
            return false;
        }

        if (line.StartsWith("Anonymous:"u8))
        {
            isAsInFile = Bytes(line["Anonymous:".Length..]) == 0;
            return false;
        }

        // What was written to while its program was loaded (a library's addresses, say) is not in the line before once it has been swapped out, and to give it back would lose it all the same.
        return isAsInFile && line.StartsWith("Swap:"u8) && Bytes(line["Swap:".Length..]) == 0;
    }

    private bool TryBegin(ReadOnlySpan<byte> line)
    {
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> range = Next(ref rest), permissions = Next(ref rest), offset = Next(ref rest);
        Next(ref rest);
        ReadOnlySpan<byte> inode = Next(ref rest), path = rest.TrimStart((byte)' ');
        int dash = range.IndexOf((byte)'-');
        if (dash < 0 || !IsReadOnly(permissions) || !path.StartsWith("/"u8) || path.StartsWith("/memfd:"u8)
            || !ulong.TryParse(range[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong start)
            || !ulong.TryParse(range[(dash + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong end)
            || !ulong.TryParse(offset, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong at)
            || !Utf8Parser.TryParse(inode, out ulong file, out _))
        {
            return false;
        }

        Mapping = new FileMapping(start, end, at, file);
        return true;
    }

    private static bool IsReadOnly(ReadOnlySpan<byte> permissions) => permissions.SequenceEqual("r-xp"u8) || permissions.SequenceEqual("r--p"u8) || permissions.SequenceEqual("r--s"u8);

    private static ReadOnlySpan<byte> Next(ref ReadOnlySpan<byte> rest)
    {
        rest = rest.TrimStart((byte)' ');
        int end = rest.IndexOf((byte)' ');
        ReadOnlySpan<byte> word = end < 0 ? rest : rest[..end];
        rest = rest[word.Length..];
        return word;
    }

    private static long Bytes(ReadOnlySpan<byte> value) => Utf8Parser.TryParse(value.TrimStart((byte)' '), out long kibibytes, out _) ? 1024 * kibibytes : 0;
}
