using System.Text;
using Orrery.Storage.Etcd;
using Orrery.Storage.Etcd.Protocol;
using Orrery.Storage.Tests.Sqlite;
using Orrery.Testing;

namespace Orrery.Storage.Tests.Etcd;

/// <summary>An etcd cluster of one test's own, that it may ill-treat; and a load on it that keeps book of what was acknowledged.</summary>
internal sealed class EtcdHarness : IAsyncDisposable
{
    /// <summary>For a member to start in, or to come back, on a machine that has other things to do.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>For one call, while its disk has other things to do.</summary>
    public static readonly TimeSpan OfACall = TimeSpan.FromSeconds(30);

    private readonly StoreDirectory directory = new();
    private readonly List<EtcdStore> stores = [];

    private EtcdHarness(int members)
    {
        Members = EtcdMember.StartCluster(members, directory.DirectoryPath);
    }

    public IReadOnlyList<EtcdMember> Members { get; }

    /// <summary>What the only member holds, as it will be when <see cref="PutBack"/> is called. It is started anew.</summary>
    public void Keep() => Swap(() => Copy(Path.Combine(directory.DirectoryPath, "m0"), Kept));

    /// <summary>Puts what was kept in the place of what is there.</summary>
    public void PutBack() => Swap(() =>
    {
        Directory.Delete(Path.Combine(directory.DirectoryPath, "m0"), recursive: true);
        Copy(Kept, Path.Combine(directory.DirectoryPath, "m0"));
    });

    /// <summary>Deletes all keys that begin with a text, as <c>etcdctl del --prefix</c> does.</summary>
    public async Task DeleteAllAsync(string prefix, CancellationToken cancellationToken)
    {
        using var endpoints = new EtcdEndpoints(new EtcdOptions { Endpoints = [Members[0].Client], CallTimeout = OfACall, RetryFor = Patience });
        await endpoints.WriteAsync(
            "/etcdserverpb.KV/DeleteRange", new ProtoWriter().Bytes(1, prefix.Length == 0 ? [0] : Encoding.UTF8.GetBytes(prefix)).Bytes(2, [.. Encoding.UTF8.GetBytes(prefix), 0xff]).Written, static _ => true,
            cancellationToken, cancellationToken);
    }

    public static async Task<EtcdHarness> StartAsync(int members, CancellationToken cancellationToken)
    {
        EtcdFixture.SkipWithoutEtcd();
        var harness = new EtcdHarness(members);
        await harness.OpenAsync(cancellationToken);
        return harness;
    }

    public async Task<EtcdStore> OpenAsync(CancellationToken cancellationToken, TimeSpan? callTimeout = null)
    {
        EtcdStore store = await EtcdStore.OpenAsync(
            new EtcdOptions { Endpoints = [.. Members.Select(member => member.Client)], CallTimeout = callTimeout ?? OfACall, RetryFor = Patience },
            cancellationToken);
        stores.Add(store);
        return store;
    }

    /// <summary>Commits keys of its own, one after the other, until cancelled; goes on after every failure.</summary>
    /// <returns>Key and revision of each acknowledged commit, in order; and keys of which nobody knows.</returns>
    public static async Task<(List<(string Key, long Revision)> Acknowledged, List<string> Unknown)> WriteAsync(
        EtcdStore store, string prefix, CancellationToken until)
    {
        var acknowledged = new List<(string Key, long Revision)>();
        var unknown = new List<string>();
        for (int i = 0; !until.IsCancellationRequested; i++)
        {
            string key = $"{prefix}{i:d6}";
            try
            {
                CommitResult result = await store.CommitAsync(
                    new Transaction([new Condition(key, 0)], [new Write(key, Encoding.UTF8.GetBytes(key))]), until);
                Assert.True(result.Succeeded);
                lock (acknowledged)
                {
                    acknowledged.Add((key, result.Revision));
                }
            }
            catch (StoreException fault)
            {
                if (fault.OutcomeUnknown)
                {
                    unknown.Add(key);
                }
            }
            catch (OperationCanceledException) when (until.IsCancellationRequested)
            {
                break;
            }
        }

        return (acknowledged, unknown);
    }

    /// <summary>Follows as a server does, over all failures, until it has seen the revision.</summary>
    public static async Task<List<StoreBatch>> FollowAsync(EtcdStore store, long after, Task<long> upTo, CancellationToken cancellationToken)
    {
        var seen = new List<StoreBatch>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _ = upTo.ContinueWith(_ => stop.CancelAfter(TimeSpan.FromSeconds(60)), TaskScheduler.Default);
        while (!upTo.IsCompletedSuccessfully || after < upTo.Result)
        {
            try
            {
                await foreach (StoreBatch batch in store.WatchAsync("", after, stop.Token))
                {
                    seen.Add(batch);
                    after = batch.Revision;
                    if (upTo.IsCompletedSuccessfully && after >= upTo.Result)
                    {
                        return seen;
                    }
                }
            }
            catch (StoreException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, stop.Token);
            }
        }

        return seen;
    }

    private string Kept => Path.Combine(directory.DirectoryPath, "kept");

    private void Swap(Action whileStopped)
    {
        Members[0].Kill();
        whileStopped();
        Members[0].Start();
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (EtcdStore store in stores)
        {
            await store.DisposeAsync();
        }

        foreach (EtcdMember member in Members)
        {
            member.Dispose();
        }

        directory.Dispose();
    }
}
