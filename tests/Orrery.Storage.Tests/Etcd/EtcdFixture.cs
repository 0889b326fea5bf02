using Orrery.Storage.Etcd;
using Orrery.Storage.Tests.Sqlite;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>A single-member etcd for the tests of one class, each with a prefix of its own.</summary>
public sealed class EtcdFixture : IDisposable
{
    private readonly StoreDirectory directory = new();
    private readonly IReadOnlyList<EtcdMember> members;
    private int prefixes;

    public EtcdFixture()
    {
        members = EtcdMember.Program is null ? [] : EtcdMember.StartCluster(1, directory.DirectoryPath);
    }

    /// <summary>Skips the test where there is no etcd.</summary>
    public EtcdMember Member
    {
        get
        {
            SkipWithoutEtcd();
            return members[0];
        }
    }

    public static void SkipWithoutEtcd()
    {
        if (EtcdMember.Program is null)
        {
            Assert.Skip("etcd is not on PATH (Debian package etcd-server)");
        }
    }

    public string NewPrefix() => $"/test{Interlocked.Increment(ref prefixes)}";

    public EtcdOptions Options(string prefix) => new() { Endpoints = [Member.Client], Prefix = prefix, CallTimeout = EtcdHarness.OfACall, RetryFor = EtcdHarness.Patience };

    public Task<EtcdStore> OpenAsync(string prefix, CancellationToken cancellationToken) => EtcdStore.OpenAsync(Options(prefix), cancellationToken);

    public void Dispose()
    {
        foreach (EtcdMember member in members)
        {
            member.Dispose();
        }

        directory.Dispose();
    }
}
