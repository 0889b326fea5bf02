using System.Globalization;
using System.IO.Pipelines;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>
/// GET with <c>watch=true</c>: one JSON line an event, from the shared bytes of the cache. While nothing happens the
/// request is one pending read of a queue: no timer, no task.
/// </summary>
internal static class WatchHandler
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>So long before the end of a watch its last bookmark is sent.</summary>
    private static readonly TimeSpan LastBookmark = TimeSpan.FromSeconds(2);

    /// <summary>For so long a decision that its client may watch holds; the next event after that asks once more.</summary>
    private static readonly TimeSpan LeaveInterval = TimeSpan.FromSeconds(10);

    /// <summary>Without timeoutSeconds a watch ends after this and up to twice as long, as upstream (minRequestTimeout).</summary>
    private const int MinTimeoutSeconds = 1800;

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // What it takes to begin, such as the whole state that is shown first, is not held while the watch goes on.
        if (await OpenAsync(request, cancellationToken) is { } watch)
        {
            using CacheWatcher watcher = watch.Watcher;
            await FollowAsync(request, watch, cancellationToken);
        }
    }

    /// <summary>Sends the head, and the state that the watch begins with.</summary>
    /// <returns>Null when the stream has been told why it ends here.</returns>
    private static async ValueTask<OpenWatch?> OpenAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // 1. What is asked for.
        AnswerForm form = AnswerForm.Read(request);
        if (Negotiation.WantsYaml(request.Http.Request.Headers.Accept))
        {
            // There is no framing for a stream of YAML.
            throw Negotiation.NotRepresented();
        }

        ListOptions options = ListOptions.Read(request.Query, watch: true);
        Selection selection = Selection.Read(options, request.Resource);
        if (request.Info.IsNameInPath)
        {
            selection = selection.And(request.Name);
        }

        options.RequireRevision(watch: true);
        TimeSpan timeout = TimeSpan.FromSeconds(options.TimeoutSeconds is not (null or 0) and { } seconds ? seconds : request.Server.Names.Next(MinTimeoutSeconds, 2 * MinTimeoutSeconds));

        // 2. Where it begins: at a revision that the client names, or at a snapshot that it is shown first.
        ClusterHold cluster = request.Server.Access.Clusters.Hold(request.Cluster);
        ResourceCache cache = request.Server.Caches.For(request.Resource.StoredAs);
        bool showsFirst = options.SendInitialEvents ?? options.Revision == 0;
        StatusException? early = await TooEarlyAsync(request, options, cancellationToken);
        LayeredSnapshot? first = showsFirst && early is null ? await FirstAsync(request, options, cancellationToken) : null;
        string prefix = Scope(request, selection);

        // From no revision in particular, without being shown what is there: from now on.
        long from = first?.Revision ?? (options.Revision == 0 ? request.Server.Objects.Current(request.Resource).Revision : options.Revision);
        CacheWatcher? watcher = from < cluster.Since ? null : cache.Watch(prefix, from);
        bool isHandedOn = false;
        try
        {
            // 3. The stream.
            request.Http.Response.StatusCode = 200;
            request.Http.Response.ContentType = "application/json";
            request.Http.Response.Headers.CacheControl = "no-cache, private";
            var stream = new WatchStream(request, form, selection, request.Http.Response.BodyWriter);
            if (early is not null)
            {
                stream.Fail(early.Status);
                await stream.FlushAsync(cancellationToken);
                return null;
            }

            if (watcher is null)
            {
                stream.Fail(ApiErrors.Expired($"too old resource version: {options.Revision} ({cache.Current.Revision})").Status);
                await stream.FlushAsync(cancellationToken);
                return null;
            }

            if (first is { } shown)
            {
                await ShowAsync(request, stream, selection, shown, cancellationToken);
                if (options.SendInitialEvents == true && options.AllowWatchBookmarks)
                {
                    stream.Bookmark(shown.Revision, endsInitialEvents: true);
                }
            }

            await stream.FlushAsync(cancellationToken);
            request.Seat.Dispose();
            isHandedOn = true;
            return new OpenWatch(watcher, stream, cluster, options.AllowWatchBookmarks, timeout);
        }
        finally
        {
            if (!isHandedOn)
            {
                watcher?.Dispose();
            }
        }
    }

    private static async ValueTask ShowAsync(ResourceRequest request, WatchStream stream, Selection selection, LayeredSnapshot shown, CancellationToken cancellationToken)
    {
        IEnumerable<CachedObject> present = ObjectStore.Range(shown, request.Cluster, StoreKey.Prefix(request.Resource.StoredAs, request.Cluster, request.Namespace));
        foreach (CachedObject item in request.Resource.Remote is null ? present : await request.Server.Versions.ServeAsync(request.Resource, [.. present], cancellationToken))
        {
            if (selection.Matches(item))
            {
                stream.Write("ADDED", item);
                await stream.FlushIfFullAsync(cancellationToken);
            }
        }
    }

    /// <summary>Each minute, and once shortly before the end, so that the client's next watch begins near where this one ended.</summary>
    private static TimeSpan UntilBookmark(TimeSpan sinceLast, TimeSpan left)
    {
        TimeSpan next = BookmarkInterval - sinceLast;
        TimeSpan last = left - LastBookmark;

        // The last one is due when its moment has come and none was sent since.
        return sinceLast + last > TimeSpan.Zero && last < next ? last : next;
    }

    /// <summary>What a watch from a revision that nobody has seen ends with: to wait for it silently would look like a quiet watch.</summary>
    private static async ValueTask<StatusException?> TooEarlyAsync(ResourceRequest request, ListOptions options, CancellationToken cancellationToken)
    {
        try
        {
            await FutureRevision.WaitAsync(request, options.Revision, cancellationToken);
            return null;
        }
        catch (StatusException unseen)
        {
            return unseen;
        }
    }

    private static async Task FollowAsync(ResourceRequest request, OpenWatch watch, CancellationToken cancellationToken)
    {
        (CacheWatcher watcher, WatchStream stream, ClusterHold cluster, bool bookmarks, TimeSpan timeout) = watch;
        TimeProvider time = request.Server.Time;
        long start = time.GetTimestamp();
        long bookmarked = start;
        long allowed = start;
        while (true)
        {
            TimeSpan left = timeout - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !cluster.Lasts)
            {
                return;
            }

            TimeSpan untilBookmark = bookmarks ? UntilBookmark(time.GetElapsedTime(bookmarked), left) : left;
            CacheWait woken = await watcher.WaitAsync(untilBookmark < left ? untilBookmark : left, cancellationToken);
            if (!cluster.Lasts)
            {
                return;
            }

            switch (woken)
            {
                case CacheWait.Events:
                    if (time.GetElapsedTime(allowed) >= LeaveInterval)
                    {
                        if (!await MayStillAsync(request, cancellationToken))
                        {
                            return;
                        }

                        allowed = time.GetTimestamp();
                    }

                    while (watcher.TryRead(out CacheEvent change))
                    {
                        if (await ServeAsync(request, stream, change, cancellationToken) is not { } served)
                        {
                            return;
                        }

                        stream.Write(served);
                        await stream.FlushIfFullAsync(cancellationToken);
                    }

                    await stream.FlushAsync(cancellationToken);
                    break;
                case CacheWait.TimedOut:
                    if (bookmarks && UntilBookmark(time.GetElapsedTime(bookmarked), timeout - time.GetElapsedTime(start)) <= TimeSpan.Zero && watcher.TryGetProgress(out long revision))
                    {
                        stream.Bookmark(revision, endsInitialEvents: false);
                        await stream.FlushAsync(cancellationToken);
                        bookmarked = time.GetTimestamp();
                    }

                    break;
                case CacheWait.Expired:
                    stream.Fail(ApiErrors.Expired("the watch fell too far behind; list again").Status);
                    await stream.FlushAsync(cancellationToken);
                    return;
                default:
                    return;
            }
        }
    }

    /// <summary>
    /// Whether it would be let in now: its certificate or token may have ended since, or its roles been taken away. Upstream lets a watch go on; nobody is
    /// wronged by one that ends, and its client comes back with what it has now.
    /// </summary>
    private static async ValueTask<bool> MayStillAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        try
        {
            _ = await request.Server.Access.Authenticator.AuthenticateAsync(request.Http, request.Info, cancellationToken);
        }
        catch (StatusException refused) when (refused.Code == 401)
        {
            return false;
        }

        return request.Server.Access.Authorizer.Authorize(AuthorizationAttributes.From(request.User, request.Info)).Allowed;
    }

    /// <summary>The event in the version that is watched. Null: it cannot be converted, and the watch has been told so and ends.</summary>
    private static async ValueTask<CacheEvent?> ServeAsync(ResourceRequest request, WatchStream stream, CacheEvent change, CancellationToken cancellationToken)
    {
        if (request.Resource.Remote is null)
        {
            return change;
        }

        try
        {
            return await request.Server.Versions.ServeAsync(request.Resource, change, cancellationToken);
        }
        catch (StatusException fault)
        {
            stream.Fail(fault.Status);
            await stream.FlushAsync(cancellationToken);
            return null;
        }
    }

    private static async ValueTask<LayeredSnapshot> FirstAsync(ResourceRequest request, ListOptions options, CancellationToken cancellationToken)
    {
        if (options.ResourceVersion.Length == 0)
        {
            await request.Server.Caches.WaitForLatestAsync(cancellationToken);
        }
        else
        {
            await request.Server.Caches.WaitForAsync(options.Revision, cancellationToken);
        }

        return request.Server.Objects.Current(request.Resource);
    }

    /// <summary>One object's key where the selector names one, so that no other change wakes the watcher.</summary>
    private static string Scope(ResourceRequest request, Selection selection)
    {
        GroupResource resource = request.Resource.StoredAs;
        return selection.Name is { Length: > 0 } name && !request.Cluster.IsAll && (request.Namespace.Length > 0 || !request.Resource.Namespaced)
            ? StoreKey.Of(resource, request.Cluster, request.Namespace, name)
            : StoreKey.Prefix(resource, request.Cluster, request.Namespace);
    }

    /// <summary>A watch that has shown what it began with.</summary>
    private sealed record OpenWatch(CacheWatcher Watcher, WatchStream Stream, ClusterHold Cluster, bool Bookmarks, TimeSpan Timeout);
}
