using System.Globalization;

namespace Orrery.Satellite.Recording;

/// <summary>Where the owner's record ends: who has noted it down can tell later whether what was there then still is.</summary>
/// <param name="Number">Of the last line.</param>
/// <param name="Hash">SHA-256 of that line, in lower-case hex digits.</param>
public sealed record RecordHead(long Number, string Hash)
{
    /// <returns>Null for what <see cref="ToString"/> does not write.</returns>
    public static RecordHead? Parse(string text) =>
        text.Split(':') is [var number, { Length: 64 } hash] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long known) ? new RecordHead(known, hash) : null;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number}:{Hash}");
}
