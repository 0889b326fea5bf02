using System.Globalization;

namespace Orrery.Server.Registry;

/// <summary>The ports that Services may have on nodes, both ends included. Upstream: <c>--service-node-port-range</c>.</summary>
public sealed record NodePortRange(int First, int Last)
{
    public static readonly NodePortRange Default = new(30000, 32767);

    public int Count => Last - First + 1;

    /// <summary>Reads <c>first-last</c>, <c>first+more</c>, or one port alone.</summary>
    /// <exception cref="FormatException">It is none of these, or no range of ports.</exception>
    public static NodePortRange Parse(string text)
    {
        int at = text.AsSpan().IndexOfAny('-', '+');
        bool isRead = Number(at < 0 ? text : text[..at], out int first) & Number(at < 0 ? text : text[(at + 1)..], out int second);
        int last = at >= 0 && text[at] == '+' ? first + second : second;
        return isRead && first is >= 1 and <= ushort.MaxValue && last >= first && last <= ushort.MaxValue
            ? new NodePortRange(first, last)
            : throw new FormatException($"'{text}' is no range of ports from 1 to {ushort.MaxValue}, such as 30000-32767 or 30000+2767");
    }

    public bool Contains(long port) => port >= First && port <= Last;

    public override string ToString() => $"{First}-{Last}";

    private static bool Number(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= ushort.MaxValue;
}
