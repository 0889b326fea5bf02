using System.Globalization;
using System.IO.Pipelines;
using Orrery.Api;
using Orrery.Server.Authorization;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Server.Requests;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Handlers;

/// <summary>
/// GET with <c>watch=true</c>: one line or frame an event, from the shared bytes of the cache. While nothing happens the
/// request is one pending read of a queue: no timer, no task.
/// </summary>
internal static class WatchHandler
{
    /// <summary>Without timeoutSeconds a watch ends after this and up to twice as long, as upstream (minRequestTimeout).</summary>
    private const int MinTimeoutSeconds = 1800;

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // What it takes to begin, such as the whole state that is shown first, is not held while the watch goes on.
        if (await LongRunning.BeginAsync(request, OpenAsync, cancellationToken) is not { } watch)
        {
            return;
        }

        // One loop, here and nowhere else: each method that waits is kept for as long as the watch lasts.
        try
        {
            while (watch.Next() is { } wait && await watch.ServeAsync(await watch.WaitAsync(wait, cancellationToken)))
            {
            }
        }
        catch (OperationCanceledException) when (request.Server.Stopping.IsCancellationRequested || cancellationToken.IsCancellationRequested)
        {
            // The stream ends here, whole: the client resumes elsewhere, or after the restart. One that has gone hears nothing, and thousands go at once: this is thrown no further.
        }
        finally
        {
            watch.Dispose();
        }
    }

    /// <summary>Sends the head, and the state that the watch begins with.</summary>
    /// <returns>Null when the stream has been told why it ends here.</returns>
    private static async ValueTask<OpenWatch?> OpenAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // 1. What is asked for.
        AnswerForm form = AnswerForm.Read(request);
        if (form is JsonForm && Negotiation.WantsYaml(request.Http.Request.Headers.Accept))
        {
            // There is no framing for a stream of YAML.
            throw Negotiation.NotAcceptable("only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch");
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
        (CacheWatcher? watcher, DefinedServices? defined) = early is not null || from < cluster.Since ? default : Watch(request, cache, prefix, from);
        bool isHandedOn = false;
        watcher?.Connection = request.Http.Features.Get<IRestingConnection>() as IHeldUpConnection;
        try
        {
            // 3. The stream.
            request.Http.Response.StatusCode = 200;
            request.Http.Response.ContentType = form.WatchContentType;
            var stream = new WatchStream(request, form, selection, request.Http.Response.BodyWriter) { Defined = defined };
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

            long known = options.Revision;
            if (first is { } shown)
            {
                await ShowAsync(request, stream, selection, shown, cancellationToken);
                known = 0;
                if (options.SendInitialEvents == true && options.AllowWatchBookmarks)
                {
                    stream.Bookmark(shown.Revision, endsInitialEvents: true);
                    known = shown.Revision;
                }
            }

            await stream.FlushAsync(cancellationToken);
            request.Seat.Dispose();
            isHandedOn = true;
            return new OpenWatch(request, stream, watcher, cluster, options.AllowWatchBookmarks, known, timeout);
        }
        finally
        {
            if (!isHandedOn)
            {
                watcher?.Dispose();
            }
        }
    }

    /// <summary>APIServices come and go with definitions, too.</summary>
    /// <returns>No watcher where its beginning is too old.</returns>
    private static (CacheWatcher? Watcher, DefinedServices? Defined) Watch(ResourceRequest request, ResourceCache cache, string prefix, long from)
    {
        if (cache.Resource != ApiServiceObjects.Resource || request.Cluster.IsAll)
        {
            return (cache.Watch(prefix, from, request.Cluster.IsAll ? WatchedBy.ClientOfAllClusters : WatchedBy.Client), null);
        }

        ResourceCache definitions = request.Server.Caches.For(CustomResourceSet.Definitions);
        CacheWatcher? watcher = cache.Watch(prefix, from, WatchedBy.Client, definitions, DefinedServices.PrefixOf(request.Cluster));
        if (watcher is not null && definitions.At(from) is { } start)
        {
            return (watcher, new DefinedServices(request.Server.Objects.Layer, request.Cluster, start, cache));
        }

        watcher?.Dispose();
        return default;
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
}
