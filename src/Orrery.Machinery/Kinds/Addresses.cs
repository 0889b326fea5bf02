using System.Net;
using System.Net.Sockets;

namespace Orrery.Machinery.Kinds;

/// <summary>Rules for IP addresses and CIDRs.</summary>
internal static class Addresses
{
    public static void ValidateIp(string path, string value, Faults faults)
    {
        if (!IsIp(value))
        {
            faults.Invalid(path, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
        }
    }

    /// <summary>An address that means the same machine from everywhere: neither this one nor its neighbours.</summary>
    public static void ValidateOrdinary(string path, string value, Faults faults)
    {
        if (!IPAddress.TryParse(value, out IPAddress? address))
        {
            faults.Invalid(path, value, "must be a valid IP address");
            return;
        }

        byte[] bytes = address.GetAddressBytes();
        bool four = bytes.Length == 4;
        if (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            faults.Invalid(path, value, $"may not be unspecified ({value})");
        }

        if (IPAddress.IsLoopback(address))
        {
            faults.Invalid(path, value, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
        }

        if (four ? bytes[0] == 169 && bytes[1] == 254 : address.IsIPv6LinkLocal)
        {
            faults.Invalid(path, value, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
        }

        if (four ? bytes[0] == 224 && bytes[1] == 0 && bytes[2] == 0 : bytes[0] == 0xff && (bytes[1] & 0x0f) == 2)
        {
            faults.Invalid(path, value, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
        }
    }

    public static void ValidateCidr(string path, string value, Faults faults)
    {
        if (!IsCidr(value))
        {
            faults.Invalid(path, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
        }
    }

    /// <summary>A range as it is written in one way only (apimachinery <c>IsValidCIDR</c>): for fields that came with that rule.</summary>
    public static void ValidateNetwork(string path, string value, Faults faults)
    {
        if (!IsCidr(value))
        {
            bool isPadded = IsCidr(string.Join('/', value.Split('/').Select(p => string.Join('.', p.Split('.').Select(Unpadded)))));
            faults.Invalid(path, value, isPadded ? "must not have leading 0s in IP or prefix length" : "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
            return;
        }

        string[] parts = value.Split('/');
        IPAddress address = IPAddress.Parse(parts[0]);
        int bits = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        if (parts[1] != Unpadded(parts[1]))
        {
            faults.Invalid(path, value, "must not have leading 0s in IP or prefix length");
        }
        else if (address.IsIPv4MappedToIPv6)
        {
            faults.Invalid(path, value, "must not have an IPv4-mapped IPv6 address");
        }
        else if (!new IPNetwork(address, bits).BaseAddress.Equals(address))
        {
            faults.Invalid(path, value, "must not have bits set beyond the prefix length");
        }
        else if ($"{address}/{bits}" is var canonical && canonical != value)
        {
            faults.Invalid(path, value, $"must be in canonical form (\"{canonical}\")");
        }
    }

    /// <summary>Four decimal parts, or IPv6: .NET alone would take <c>10.1</c> and <c>[::1]</c> too.</summary>
    public static bool IsIp(string value) =>
        IPAddress.TryParse(value, out IPAddress? address) && (address.AddressFamily == AddressFamily.InterNetworkV6 ? !value.AsSpan().ContainsAny('[', '%') : address.ToString() == value);

    public static bool IsIpV6(string value) => IsIp(value) && value.Contains(':', StringComparison.Ordinal);

    public static bool IsCidr(string value)
    {
        int slash = value.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && IsIp(value[..slash])
            && int.TryParse(value.AsSpan(slash + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int bits)
            && bits <= (IsIpV6(value[..slash]) ? 128 : 32);
    }

    private static string Unpadded(string digits) => digits.Length > 1 && digits[0] == '0' && digits.All(char.IsAsciiDigit) ? digits.TrimStart('0').PadLeft(1, '0') : digits;
}
