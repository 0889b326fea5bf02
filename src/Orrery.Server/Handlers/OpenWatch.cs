using System.Runtime.CompilerServices;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Handlers;

/// <summary>A watch that has shown what it began with. There are thousands that nothing happens on: what this holds is what each of them costs.</summary>
/// <param name="known">The revision that its client knows it to begin at; zero where it was told none.</param>
/// <param name="timeout">Then it ends.</param>
internal sealed class OpenWatch(ResourceRequest request, WatchStream stream, CacheWatcher watcher, ClusterHold cluster, bool bookmarks, long known, TimeSpan timeout) : IDisposable
{
    /// <summary>Longest from one bookmark to the next, where its client needs them (upstream: about a minute).</summary>
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>
    /// At each so many moments for a bookmark one is sent that its client does not need by what this server keeps: what another, or a later one, finds in the store may go back less far than this one's memory.
    /// </summary>
    private const int QuietMoments = 3;

    /// <summary>So many revisions behind a bookmark is needed whatever they changed: a server that starts reads the last few thousand changes only (<see cref="EventRing.Most"/>).</summary>
    private const long FarBehind = EventRing.Most / 4;

    /// <summary>
    /// Bookmarks of all watches are sent at common moments, which lie so far apart: one by itself wakes a thread for each step of its way to the socket, and those of a bunch find them awake.
    /// </summary>
    private static readonly TimeSpan BookmarkMoment = TimeSpan.FromSeconds(2);

    /// <summary>Then a client is waited for that was not when it was sent something: one that takes nothing is cut off in the end. Where bookmarks are wanted these are the moments.</summary>
    private static readonly TimeSpan TakenWithin = TimeSpan.FromMinutes(1);

    /// <summary>So long before the end of a watch its last bookmark is sent.</summary>
    private static readonly TimeSpan LastBookmark = TimeSpan.FromSeconds(2);

    /// <summary>For so long a decision that its client may watch holds; the next event after that asks once more.</summary>
    private static readonly TimeSpan LeaveInterval = TimeSpan.FromSeconds(10);

    private readonly long start = request.Server.Time.GetTimestamp();
    private long bookmarked = request.Server.Time.GetTimestamp();
    private long told = known;
    private int passed;
    private long allowed = request.Server.Time.GetTimestamp();

    private TimeSpan Left => timeout - Since(start);

    /// <summary>How long to wait for the next event; null when the watch is over.</summary>
    public TimeSpan? Next()
    {
        TimeSpan left = Left;
        if (left <= TimeSpan.Zero || !cluster.Lasts || request.Server.Stopping.IsCancellationRequested)
        {
            return null;
        }

        TimeSpan next = bookmarks ? UntilBookmark(left) : stream.IsUntaken ? TakenWithin : left;
        return next < left ? next : left;
    }

    public ValueTask<CacheWait> WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => watcher.WaitAsync(atMost, cancellationToken);

    /// <summary>Sends what came. A client that goes meanwhile takes whatever is sent; the next wait notices.</summary>
    /// <returns>False: the watch is over, and its client has been told why.</returns>
    public ValueTask<bool> ServeAsync(CacheWait woken)
    {
        if (!cluster.Lasts)
        {
            return new ValueTask<bool>(false);
        }

        CancellationToken stopping = request.Server.Stopping.Token;
        return woken switch
        {
            CacheWait.Events => EventsAsync(stopping),
            CacheWait.TimedOut => BookmarkAsync(stopping),
            CacheWait.Expired => FailAsync(ApiErrors.Expired("the watch fell too far behind; list again").Status, stopping),
            _ => new ValueTask<bool>(false),
        };
    }

    public void Dispose() => watcher.Dispose();

    /// <summary>Each minute, and once shortly before the end, so that the client's next watch begins near where this one ended.</summary>
    private TimeSpan UntilBookmark(TimeSpan left)
    {
        TimeSpan sinceLast = Since(bookmarked);
        TimeSpan due = request.Server.Time.GetElapsedTime(0, bookmarked) + BookmarkInterval;
        TimeSpan next = BookmarkInterval - TimeSpan.FromTicks(due.Ticks % BookmarkMoment.Ticks) - sinceLast;
        TimeSpan last = left - LastBookmark;

        // The last one is due when its moment has come and none was sent since.
        return sinceLast + last > TimeSpan.Zero && last < next ? last : next;
    }

    private TimeSpan Since(long moment) => request.Server.Time.GetElapsedTime(moment);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> EventsAsync(CancellationToken stopping)
    {
        try
        {
            if (IsOfAnotherDefinition())
            {
                // Its client comes back for what is there now, from where it has come to.
                return false;
            }

            if (Since(allowed) >= LeaveInterval)
            {
                if (!await MayStillAsync(stopping))
                {
                    return false;
                }

                allowed = request.Server.Time.GetTimestamp();
            }

            if (stream.IsUntaken && !watcher.WaitsForClient)
            {
                await stream.FlushAsync(stopping);
            }

            while (!stream.IsTurnOver && watcher.TryRead(out CacheEvent change))
            {
                // In the version that is watched, which may have to be asked for.
                CacheEvent served = request.Resource.Remote is null ? change : await request.Server.Versions.ServeAsync(request.Resource, change, stopping);
                stream.Write(served);
            }

            // Where changes never pause, of which it may want none, its client must come to know all the same how far it is.
            WriteDueBookmark();
            await (watcher.WaitsForClient ? stream.FlushAsync(stopping) : stream.SendAsync(stopping));
            return true;
        }
        catch (StatusException fault) when (request.Resource.Remote is not null)
        {
            return await FailAsync(fault.Status, stopping);
        }
    }

    private async ValueTask<bool> BookmarkAsync(CancellationToken stopping)
    {
        if (WriteDueBookmark() || stream.IsUntaken)
        {
            await stream.FlushAsync(stopping);
        }

        return true;
    }

    private bool WriteDueBookmark()
    {
        if (!bookmarks || UntilBookmark(Left) > TimeSpan.Zero || !watcher.TryGetProgress(out long revision))
        {
            return false;
        }

        bookmarked = request.Server.Time.GetTimestamp();
        if (!IsNeeded(revision) && ++passed < QuietMoments && Left > LastBookmark)
        {
            return false;
        }

        stream.Bookmark(revision, endsInitialEvents: false);
        told = revision;
        passed = 0;
        return true;
    }

    /// <summary>
    /// Whether its client should know that it has come to a revision. From where nothing of the resource has changed since, in any cluster, a watch goes on as well as from there; and of most resources
    /// nothing changes for hours, while thousands watch them.
    /// </summary>
    private bool IsNeeded(long revision) => watcher.ChangedAt > told || revision - told >= FarBehind;

    /// <summary>
    /// Whether the definition of a custom resource has changed since the watch began: it would go on to show objects as they were once specified, without what they have
    /// gained. Of one that is gone the last events are still those of its objects.
    /// </summary>
    private bool IsOfAnotherDefinition() =>
        request.Resource.IsCustom && !request.Cluster.IsAll
        && request.Server.Resources.Find(request.Cluster, request.Resource.Resource) is { } now && !ReferenceEquals(now, request.Resource);

    private async ValueTask<bool> FailAsync(Status status, CancellationToken stopping)
    {
        stream.Fail(status);
        await stream.FlushAsync(stopping);
        return false;
    }

    /// <summary>
    /// Whether it would be let in now: its certificate or token may have ended since, or its roles been taken away. Upstream lets a watch go on; nobody is
    /// wronged by one that ends, and its client comes back with what it has now.
    /// </summary>
    private async ValueTask<bool> MayStillAsync(CancellationToken stopping)
    {
        try
        {
            _ = await request.Server.Access.Authenticator.AuthenticateAsync(request.Http, request.Info, stopping);
        }
        catch (StatusException refused) when (refused.Code == 401)
        {
            return false;
        }

        return (await request.Server.Access.Authorizer.AuthorizeAsync(AuthorizationAttributes.From(request.User, request.Info), stopping)).Allowed;
    }
}
