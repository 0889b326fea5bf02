using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>Addresses and networks (apiserver <c>pkg/cel/library/ip.go</c>, <c>cidr.go</c>): no zones, no IPv4 within IPv6.</summary>
internal static class Networks
{
    public static IEnumerable<Overload> All =>
    [
        Of("ip(string) net.IP", a => Address((string)a[0]!)),
        Of("ip(net.IP) net.IP", a => a[0]),
        Of("isIP(string) bool", a => Address((string)a[0]!) is IPAddress),
        Of("ip.isCanonical(string) bool", a => Address((string)a[0]!) is var found && found is IPAddress ip ? Text(ip) == (string)a[0]! : found),
        Of("string(net.IP) string", a => Text(Ip(a))),
        Of("net.IP->family() int", a => Ip(a).AddressFamily == AddressFamily.InterNetwork ? 4L : 6L),
        Of("net.IP->isUnspecified() bool", a => Ip(a).Equals(IPAddress.Any) || Ip(a).Equals(IPAddress.IPv6Any)),
        Of("net.IP->isLoopback() bool", a => IPAddress.IsLoopback(Ip(a))),
        Of("net.IP->isLinkLocalMulticast() bool", a => Bytes(a) is [224, 0, 0, _] || (Bytes(a) is { Length: 16 } b && b[0] == 0xff && (b[1] & 0x0f) == 2)),
        Of("net.IP->isLinkLocalUnicast() bool", a => Bytes(a) is [169, 254, _, _] || Ip(a).IsIPv6LinkLocal),
        Of("net.IP->isGlobalUnicast() bool", a => IsGlobal(Ip(a))),
        Of("cidr(string) net.CIDR", a => Network((string)a[0]!)),
        Of("isCIDR(string) bool", a => Network((string)a[0]!) is CelNetwork),
        Of("string(net.CIDR) string", a => a[0]!.ToString()),
        Of("net.CIDR->containsIP(net.IP) bool", a => Net(a).Contains((IPAddress)a[1]!)),
        Of("net.CIDR->containsIP(string) bool", a => Address((string)a[1]!) is var found && found is IPAddress ip ? Net(a).Contains(ip) : found),
        Of("net.CIDR->containsCIDR(net.CIDR) bool", a => Net(a).Contains((CelNetwork)a[1]!)),
        Of("net.CIDR->containsCIDR(string) bool", a => Network((string)a[1]!) is var found && found is CelNetwork net ? Net(a).Contains(net) : found),
        Of("net.CIDR->ip() net.IP", a => Net(a).Address),
        Of("net.CIDR->masked() net.CIDR", a => Net(a).Masked()),
        Of("net.CIDR->prefixLength() int", a => (long)Net(a).Length),
    ];

    /// <summary>As RFC 5952 writes it. The framework shows the last four bytes of some IPv6 addresses as an IPv4 one, which is that for mapped ones alone.</summary>
    public static string Text(IPAddress ip)
    {
        if (ip.AddressFamily == AddressFamily.InterNetwork)
        {
            return ip.ToString();
        }

        // 1. The first of the longest runs of two zeros and more.
        byte[] bytes = ip.GetAddressBytes();
        int[] groups = [.. Enumerable.Range(0, 8).Select(i => (bytes[2 * i] << 8) | bytes[(2 * i) + 1])];
        int start = 8, longest = 1;
        for (int i = 0; i < 8; i++)
        {
            int run = groups.Skip(i).TakeWhile(g => g == 0).Count();
            (start, longest) = run > longest ? (i, run) : (start, longest);
        }

        // 2. What is before and after it.
        string Joined(IEnumerable<int> some) => string.Join(':', some.Select(g => g.ToString("x", CultureInfo.InvariantCulture)));
        return start == 8 ? Joined(groups) : $"{Joined(groups.Take(start))}::{Joined(groups.Skip(start + longest))}";
    }

    private static IPAddress Ip(object?[] a) => (IPAddress)a[0]!;

    private static byte[] Bytes(object?[] a) => Ip(a).GetAddressBytes();

    private static CelNetwork Net(object?[] a) => (CelNetwork)a[0]!;

    private static bool IsGlobal(IPAddress ip) => ip.GetAddressBytes() switch
    {
        [255, 255, 255, 255] or [0, 0, 0, 0] or [127, ..] or [169, 254, _, _] => false,
        [>= 224 and <= 239, _, _, _] => false,
        { Length: 4 } => true,
        _ => !ip.IsIPv6Multicast && !ip.IsIPv6LinkLocal && !IPAddress.IsLoopback(ip) && !ip.Equals(IPAddress.IPv6Any),
    };

    private static object Address(string text)
    {
        if (text.Contains('%', StringComparison.Ordinal))
        {
            return new CelError($"IP Address '{text}' with zone value is not allowed");
        }

        // Go takes four plain decimal numbers only, none with a leading zero.
        bool plain = text.Contains(':', StringComparison.Ordinal) ? !text.Contains('[', StringComparison.Ordinal) && !text.Contains('/', StringComparison.Ordinal)
            : text.Split('.') is { Length: 4 } parts && parts.All(p => p.Length is > 0 and <= 3 && p.All(char.IsAsciiDigit) && (p.Length == 1 || p[0] != '0'));
        if (!plain || !IPAddress.TryParse(text, out IPAddress? ip))
        {
            return new CelError($"IP Address '{text}' parse error during conversion from string");
        }

        return ip.IsIPv4MappedToIPv6 ? new CelError($"IPv4-mapped IPv6 address '{text}' is not allowed") : ip;
    }

    private static object Network(string text)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || Address(text[..slash]) is not IPAddress ip || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int length)
            || length > (ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128) || (text[slash + 1] == '0' && text.Length > slash + 2))
        {
            return new CelError($"network address parse error during conversion from string: '{text}'");
        }

        return new CelNetwork(ip, length);
    }
}

/// <summary>An address and how many of its bits tell the network.</summary>
internal sealed record CelNetwork(IPAddress Address, int Length)
{
    public bool Contains(IPAddress other) => other.AddressFamily == Address.AddressFamily && new CelNetwork(other, Length).Masked().Address.Equals(Masked().Address);

    public bool Contains(CelNetwork other) => other.Length >= Length && Contains(other.Address);

    public CelNetwork Masked()
    {
        byte[] bytes = Address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] &= (byte)(0xff00 >> Math.Clamp(Length - (8 * i), 0, 8));
        }

        return this with { Address = new IPAddress(bytes) };
    }

    public override string ToString() => $"{Networks.Text(Address)}/{Length.ToString(CultureInfo.InvariantCulture)}";
}
