using System.Buffers.Text;
using System.Globalization;

namespace Orrery.Serving;

/// <summary>Where a part of a file is mapped that cannot be written to there.</summary>
/// <param name="Offset">In the file.</param>
/// <param name="Inode">Of the file.</param>
internal readonly record struct FileMapping(ulong Start, ulong End, ulong Offset, ulong Inode)
{
    /// <param name="line">Of <c>/proc/self/maps</c>: <c>start-end rwxp offset device inode path</c>.</param>
    /// <returns>False for memory without a file, and for what can be written to.</returns>
    public static bool TryRead(ReadOnlySpan<byte> line, out FileMapping mapping)
    {
        mapping = default;
        ReadOnlySpan<byte> rest = line;
        ReadOnlySpan<byte> range = Next(ref rest), permissions = Next(ref rest);
        if (!IsReadOnly(permissions))
        {
            return false;
        }

        ReadOnlySpan<byte> offset = Next(ref rest);
        Next(ref rest);
        ReadOnlySpan<byte> inode = Next(ref rest), path = rest.TrimStart((byte)' ');
        int dash = range.IndexOf((byte)'-');
        if (dash < 0 || !path.StartsWith("/"u8) || path.StartsWith("/memfd:"u8)
            || !ulong.TryParse(range[..dash], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong start)
            || !ulong.TryParse(range[(dash + 1)..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong end)
            || !ulong.TryParse(offset, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong at)
            || !Utf8Parser.TryParse(inode, out ulong file, out _))
        {
            return false;
        }

        mapping = new FileMapping(start, end, at, file);
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
}
