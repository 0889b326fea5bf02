using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication;
using Orrery.Server.Security;
using Orrery.Simulation.Time;

namespace Orrery.Simulation.Network;

/// <summary>One authority for all servers of all runs, and who it vouches for. Keys differ from process to process; nothing that is compared holds one.</summary>
internal static class Credentials
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    public static readonly CertificateAuthority Authority = CertificateAuthority.Create("simulation", Lifetime, new VirtualTime(new Random(0)));

    public static readonly X509Certificate2 Serving = Authority.IssueServer(["localhost"], [IPAddress.Loopback], Lifetime).ToX509();

    public static readonly ServiceAccountKeys Keys = ServiceAccountKeys.Load(ServiceAccountKeys.NewKeyPem());

    private static readonly Dictionary<string, X509Certificate2> Issued = [];

    /// <summary>One that may do everything in every cluster of a server.</summary>
    public static X509Certificate2 Everywhere(string user) => Issue(user, [UserGroups.Masters], ClusterScope.All);

    public static X509Certificate2 OfRoot(string user, params string[] groups) => Issue(user, groups, ClusterScope.Root);

    private static X509Certificate2 Issue(string user, IReadOnlyList<string> groups, ClusterScope scope)
    {
        if (!Issued.TryGetValue(user, out X509Certificate2? certificate))
        {
            Issued[user] = certificate = Authority.IssueClient(user, groups, scope, Lifetime).ToX509();
        }

        return certificate;
    }
}
