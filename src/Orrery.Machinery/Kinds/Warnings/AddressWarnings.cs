using System.Net;
using System.Net.Sockets;

namespace Orrery.Machinery.Kinds.Warnings;

/// <summary>Addresses that are not in the one form that everybody reads alike (apimachinery <c>pkg/util/validation/ip.go</c>).</summary>
internal static class AddressWarnings
{
    public static IEnumerable<string> OfIp(string path, string value)
    {
        if (!Addresses.IsIp(value))
        {
            return [];
        }

        IPAddress address = IPAddress.Parse(value);
        return address.IsIPv4MappedToIPv6 ? [$"{path}: non-standard IP address \"{value}\" is invalid: use \"{address.MapToIPv4()}\""]
            : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ToString() != value ? [$"{path}: IPv6 address \"{value}\" should be in RFC 5952 canonical format (\"{address}\")"]
            : [];
    }

    public static IEnumerable<string> OfCidr(string path, string value)
    {
        if (!Addresses.IsCidr(value))
        {
            return [];
        }

        string[] parts = value.Split('/');
        IPAddress address = IPAddress.Parse(parts[0]);
        int bits = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        var network = new IPNetwork(address, bits);
        string[] ambiguous = network.BaseAddress.Equals(address) ? []
            : [$"{path}: CIDR value \"{value}\" is ambiguous in this context (should be \"{network.BaseAddress}/{bits}\" or \"{address}/{(address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128)}\"?)"];
        return ambiguous.Length == 0 && address.AddressFamily == AddressFamily.InterNetworkV6 && $"{address}/{bits}" is var canonical && canonical != value
            ? [$"{path}: IPv6 CIDR value \"{value}\" should be in RFC 5952 canonical format (\"{canonical}\")"]
            : ambiguous;
    }
}
