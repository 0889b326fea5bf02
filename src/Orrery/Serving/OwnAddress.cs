using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Orrery.Serving;

/// <summary>Where this machine is reached by the other servers of the control plane.</summary>
internal static class OwnAddress
{
    /// <param name="listened">The address listened on, with its port.</param>
    /// <returns>The same; for one that listens on every address, that of the first interface that is up and no loopback.</returns>
    public static Uri Of(Uri listened, IPAddress address)
    {
        if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
        {
            return listened;
        }

        IPAddress own = NetworkInterface.GetAllNetworkInterfaces()
            .Where(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(i => i.GetIPProperties().UnicastAddresses)
            .Select(u => u.Address)
            .OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
            .FirstOrDefault(a => !a.IsIPv6LinkLocal) ?? IPAddress.Loopback;
        return new UriBuilder(listened) { Host = own.ToString() }.Uri;
    }
}
