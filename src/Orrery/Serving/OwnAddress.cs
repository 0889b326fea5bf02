using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Orrery.Serving;

/// <summary>Where this machine is reached by the other servers of the control plane.</summary>
internal static class OwnAddress
{
    /// <summary>How often interfaces are looked at that come and go meanwhile: each look takes less than a millisecond, and few meet with one.</summary>
    private const int Looks = 100;

    /// <param name="listened">The address listened on, with its port.</param>
    /// <returns>The same; for one that listens on every address, that of the first interface that is up and no loopback.</returns>
    public static Uri Of(Uri listened, IPAddress address)
    {
        if (!address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any))
        {
            return listened;
        }

        IPAddress own = Outward().OrderBy(a => a.AddressFamily == AddressFamily.InterNetwork ? 0 : 1).FirstOrDefault(a => !a.IsIPv6LinkLocal) ?? IPAddress.Loopback;
        return new UriBuilder(listened) { Host = own.ToString() }.Uri;
    }

    /// <summary>Addresses of the interfaces that are up and lead somewhere, in the system's order.</summary>
    public static IReadOnlyList<IPAddress> Outward() => Addresses(i => i.OperationalStatus == OperationalStatus.Up && i.NetworkInterfaceType != NetworkInterfaceType.Loopback);

    /// <summary>Addresses of the interfaces that are asked for, in the system's order.</summary>
    public static IReadOnlyList<IPAddress> Addresses(Func<NetworkInterface, bool> wanted) =>
        Settled<IReadOnlyList<IPAddress>>(() => [.. NetworkInterface.GetAllNetworkInterfaces().Where(wanted).SelectMany(i => i.GetIPProperties().UnicastAddresses).Select(u => u.Address)]);

    /// <summary>Looks again while the runtime reads an interface that comes or goes at that moment: it takes what is there of one for half an address, and throws.</summary>
    internal static T Settled<T>(Func<T> look)
    {
        for (int looks = 1; ; looks++)
        {
            try
            {
                return look();
            }
            catch (Exception e) when (e is ArgumentException or NetworkInformationException && looks < Looks)
            {
                // Another look finds it whole, or gone.
            }
        }
    }
}
