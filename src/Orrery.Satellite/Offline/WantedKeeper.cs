using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Offline;

/// <summary>
/// Keeps in the cluster a copy of what is wanted there, so that a satellite which starts while the control plane is away goes on enforcing it.
/// </summary>
internal sealed class WantedKeeper
{
    /// <summary>From one copy to the next. What came within is what a satellite that is killed then, and finds the control plane away, does not know.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromSeconds(2);

    /// <summary>A change after a quiet while is copied almost at once, with those that come along with it.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    /// <summary>Making a copy may take this part of a processor at most: a large one is made less often.</summary>
    private const int Share = 20;

    private readonly SatelliteContext context;
    private readonly WantedStore store;
    private readonly ILogger logger;
    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile bool changed;

    public WantedKeeper(SatelliteContext context, ILogger logger)
    {
        this.context = context;
        store = new WantedStore(context.Cluster, context.Options.DataPlane, context.Served);
        this.logger = logger;
        context.Served.Changed += Changed;
        foreach (Informer source in Sources)
        {
            // A report of ours changes the object, and nothing that is wanted.
            source.Subscribe(change =>
            {
                if (change.Old?.Uid != change.Current?.Uid || change.Old?.Generation != change.Current?.Generation || change.Current?.IsDeleting == true)
                {
                    Changed();
                }
            });
        }
    }

    private void Changed()
    {
        changed = true;
        changes.Writer.TryWrite(true);
    }

    private Informer[] Sources => [context.Works, context.Tenancies.Informer];

    /// <summary>Follows what is wanted, until cancelled; once it is known from the control plane itself.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        string written = "", said = "";
        TimeSpan wait = TimeSpan.Zero;
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(wait, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ((Task)changes.Reader.WaitToReadAsync(cancellationToken).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(Gathering, context.Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            wait = Pace;
            changes.Reader.TryRead(out _);
            if (!changed)
            {
                continue;
            }

            if (Sources.Any(s => !s.HasListed))
            {
                Changed();
                continue;
            }

            changed = false;
            long start = context.Time.GetTimestamp();
            byte[] copy = WantedCopy.Encode(Sources.SelectMany(s => s.All()));
            string digest = WantedStore.DigestOf(copy), version = digest + context.Served.Marks;
            wait = context.Time.GetElapsedTime(start) * Share is var rest && rest > Pace ? rest : Pace;
            if (version == written)
            {
                continue;
            }

            try
            {
                // Until it is answered nobody knows what stands there. One that stops writes what it knows as well, and ends what it has begun to write: nothing comes after it.
                written = "";
                using var end = new CancellationTokenSource(Timeout.InfiniteTimeSpan, context.Time);
                await using CancellationTokenRegistration stopping = cancellationToken.UnsafeRegister(static last => ((CancellationTokenSource)last!).CancelAfter(Pace), end);
                await store.WriteAsync(copy, digest, end.Token).ConfigureAwait(false);
                written = version;
                said = "";
            }
            catch (Exception e) when (Retry.IsAway(e))
            {
                Changed();
                if (e.Message != said)
                {
                    // Days without room for it are a line in the log, not a line a try.
                    said = e.Message;
                    Log.CopyNotWritten(logger, said);
                }
            }
        }
    }

    /// <summary>Takes the copy for what is wanted, where there is one.</summary>
    /// <returns>False when there is none that is whole.</returns>
    public async Task<bool> RestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await store.ReadAsync(cancellationToken).ConfigureAwait(false) is not var (copy, by))
            {
                return false;
            }

            ILookup<string, KubeObject> objects = WantedCopy.Decode(copy).ToLookup(o => o.Kind, StringComparer.Ordinal);
            context.Served.Recall(by);
            context.Tenancies.Informer.Seed(objects["Tenancy"]);
            context.Works.Seed(objects["Work"]);
            Log.WorksOffline(logger, objects["Work"].Count());
            return true;
        }
        catch (Exception e) when (Retry.IsAway(e) || e is InvalidDataException or FormatException)
        {
            Log.CopyNotRead(logger, e.Message);
            return false;
        }
    }
}
