using System.Diagnostics;
using System.Globalization;
using Orrery.Serving;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>
/// Hosts with network stacks of their own (network namespaces of Linux) on one switch, to which this process is connected too. A host's cable can be pulled:
/// then no packet comes through and nobody is told. Nothing of it can be reached from outside of this machine.
/// </summary>
internal sealed class PrivateNetwork : IDisposable
{
    private static readonly Lock Making = new();
    private static int made;

    private readonly string id;
    private readonly int subnet;
    private readonly int count;

    /// <param name="subnet">Third number of the addresses, which no other network of this machine has.</param>
    private PrivateNetwork(int subnet, int count)
    {
        // No name is used twice: the system takes away the cables of a host some time after the host.
        id = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId % 100_000}-{made++}");
        this.subnet = subnet;
        this.count = count;
    }

    public IReadOnlyList<EtcdHost> Hosts => [.. Enumerable.Range(0, count).Select(i => new EtcdHost(Address(i), ["ip", "netns", "exec", Namespace(i)]))];

    /// <summary>Where hosts find this process.</summary>
    public string Outside => $"10.213.{subnet}.1";

    private string Bridge => $"orb{id}";

    /// <summary>Skips the test where the system does not let this user make networks.</summary>
    public static PrivateNetwork Make(int hosts)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root")
        {
            Assert.Skip("networks of one's own take Linux and root");
        }

        lock (Making)
        {
            // Other runs, and what was left by one that was ended, have theirs.
            HashSet<int> taken = [.. OwnAddress.Addresses(_ => true).Select(a => a.GetAddressBytes()).Where(a => a is [10, 213, _, _]).Select(a => (int)a[2])];
            var network = new PrivateNetwork(Enumerable.Range(Environment.ProcessId % 100, 150).First(s => !taken.Contains(s)), hosts);
            try
            {
                network.Build();
                return network;
            }
            catch (InvalidOperationException refusal)
            {
                network.Dispose();
                Assert.Skip($"the system lets nobody make networks here: {refusal.Message}");
                throw;
            }
        }
    }

    public void Pull(int host) => IpCommand.Run("link", "set", Cable(host), "down");

    public void Plug(int host) => IpCommand.Run("link", "set", Cable(host), "up");

    /// <summary>From now on packets of these kinds are dropped as they come to a host (<c>in</c>) or leave it (<c>out</c>), in the words of nft(8); without any all pass.</summary>
    /// <exception cref="InvalidOperationException">There is no nft, or the kernel lets nobody do so.</exception>
    public void Drop(int host, params (string Way, string Packets)[] dropped) => IpCommand.Run(
        "netns", "exec", Namespace(host), "nft",
        string.Join("; ", [
            "flush ruleset", "add table inet lost", "add chain inet lost in { type filter hook input priority 0; }", "add chain inet lost out { type filter hook output priority 0; }",
            .. dropped.Select(d => $"add rule inet lost {d.Way} {(d.Way == "in" ? "iifname" : "oifname")} eth0 {d.Packets} counter drop")]));

    public void Dispose()
    {
        // A namespace takes its end of the cable with it.
        foreach (string[] command in (string[][])[.. Enumerable.Range(0, count).Select(i => (string[])["netns", "del", Namespace(i)]), ["link", "del", Bridge]])
        {
            try
            {
                IpCommand.Run(command);
            }
            catch (InvalidOperationException)
            {
                // It was not made.
            }
        }
    }

    private void Build()
    {
        IpCommand.Run("link", "add", Bridge, "type", "bridge");
        IpCommand.Run("addr", "add", $"{Outside}/24", "dev", Bridge);
        IpCommand.Run("link", "set", Bridge, "up");
        for (int i = 0; i < count; i++)
        {
            IpCommand.Run("netns", "add", Namespace(i));
            IpCommand.Run("link", "add", Cable(i), "type", "veth", "peer", "name", "eth0", "netns", Namespace(i));
            IpCommand.Run("link", "set", Cable(i), "master", Bridge);
            IpCommand.Run("link", "set", Cable(i), "up");
            IpCommand.Run("-n", Namespace(i), "addr", "add", $"{Address(i)}/24", "dev", "eth0");
            IpCommand.Run("-n", Namespace(i), "link", "set", "eth0", "up");
            IpCommand.Run("-n", Namespace(i), "link", "set", "lo", "up");
        }
    }

    private string Address(int host) => $"10.213.{subnet}.{host + 2}";

    private string Namespace(int host) => $"orrery-test-{id}-{host}";

    private string Cable(int host) => $"orv{id}-{host}";
}
