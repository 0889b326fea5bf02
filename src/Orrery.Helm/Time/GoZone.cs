using System.Buffers.Binary;
using System.Text;
using Orrery.Helm.Go;

namespace Orrery.Helm.Time;

/// <summary>A time zone as Go's time.Location: which offset and abbreviation hold at a moment.</summary>
internal sealed class GoZone
{
    private readonly record struct Era(long From, int Offset, string Name);

    private static readonly string[] Folders = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"];

    private readonly List<Era> eras;
    private readonly TimeZoneInfo? beyond;

    private GoZone(List<Era> eras, TimeZoneInfo? beyond) => (this.eras, this.beyond) = (eras, beyond);

    public static GoZone Utc { get; } = Fixed("UTC", 0);

    public static GoZone Fixed(string name, int offset) => new([new Era(long.MinValue, offset, name)], null);

    /// <summary>A zone of the time zone database; null when there is none of that name.</summary>
    public static GoZone? Find(string name)
    {
        // A render knows no other local time than UTC: the same chart must give the same text everywhere.
        if (name is "" or "UTC" or "Local")
        {
            return Utc;
        }

        if (name.StartsWith('/') || name.StartsWith('\\') || name.Split('/', '\\').Contains("..") || name.Contains('\0', StringComparison.Ordinal))
        {
            return null;
        }

        string? file = Folders.Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
        return file is null ? null : Read(File.ReadAllBytes(file), name);
    }

    /// <summary>Seconds east of UTC, and the abbreviation, at a moment given in seconds since 1970.</summary>
    public (int Offset, string Name) At(long moment)
    {
        int i = eras.FindLastIndex(e => e.From <= moment);
        if (i == eras.Count - 1 && beyond is not null && moment is > 0 and < 253402300800)
        {
            DateTimeOffset at = DateTimeOffset.FromUnixTimeSeconds(moment);
            int offset = (int)beyond.GetUtcOffset(at).TotalSeconds;
            // The rule that holds for all time to come uses the last two abbreviations of the table.
            Era era = eras.FindLast(e => e.Offset == offset);
            return (offset, era.Name ?? "");
        }

        Era found = i < 0 ? eras.Find(e => e.From == long.MinValue) : eras[i];
        return (found.Offset, found.Name);
    }

    /// <summary>Reads a TZif file (RFC 8536), its second part with 64-bit times where it has one.</summary>
    private static GoZone? Read(byte[] data, string name)
    {
        if (data.Length < 44 || !data.AsSpan(0, 4).SequenceEqual("TZif"u8))
        {
            return null;
        }

        bool wide = data[4] >= (byte)'2';
        int at = 0;
        int[] counts = Counts(data, at);
        if (wide)
        {
            at = 44 + (counts[3] * 5) + (counts[4] * 6) + counts[5] + (counts[2] * 8) + counts[1] + counts[0];
            counts = Counts(data, at);
        }

        (int transitions, int types, int size) = (counts[3], counts[4], wide ? 8 : 4);
        int times = at + 44;
        int indexes = times + (transitions * size);
        int infos = indexes + transitions;
        int names = infos + (types * 6);
        Era Type(int i, long from)
        {
            int info = infos + (i * 6);
            int start = names + data[info + 5];
            int end = Array.IndexOf(data, (byte)0, start);
            return new Era(from, BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(info)), Encoding.ASCII.GetString(data, start, end - start));
        }

        var eras = new List<Era> { Type(0, long.MinValue) };
        for (int i = 0; i < transitions; i++)
        {
            ReadOnlySpan<byte> time = data.AsSpan(times + (i * size));
            eras.Add(Type(data[indexes + i], wide ? BinaryPrimitives.ReadInt64BigEndian(time) : BinaryPrimitives.ReadInt32BigEndian(time)));
        }

        return new GoZone(eras, TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? info) && info.SupportsDaylightSavingTime ? info : null);
    }

    private static int[] Counts(byte[] data, int at) => [.. Enumerable.Range(0, 6).Select(i => BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(at + 20 + (4 * i))))];
}
