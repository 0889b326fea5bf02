using System.Globalization;
using System.IO.Pipelines;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Handlers;

/// <summary>GET of a collection: one consistent snapshot, in pages where the client asks for them.</summary>
internal static class ListHandler
{
    /// <summary>How long a list waits for a revision that has not been seen yet (upstream: blockTimeout of the watch cache).</summary>
    private static readonly TimeSpan FutureRevisionWait = TimeSpan.FromSeconds(3);

    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // 1. What is asked for.
        AnswerForm form = AnswerForm.Read(request);
        ListOptions options = ListOptions.Read(request.Query, watch: false);
        Selection selection = Selection.Read(options, request.Resource);
        ContinueToken? token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue) : null;
        if (token is null)
        {
            options.RequireRevision(watch: false);
        }

        // 2. The snapshot that answers it.
        (LayeredSnapshot snapshot, long revision) = await SnapshotAsync(request, options, token, cancellationToken);

        // 3. The page.
        string prefix = StoreKey.Prefix(request.Resource.StoredAs, request.Cluster, request.Namespace);
        ListPage page = ListPage.Take(request, snapshot, prefix, selection, token is null ? null : prefix + token.StartAfter, options.Limit);
        string next = page.LastKey is { } last ? new ContinueToken(revision, last[prefix.Length..]).Encode() : "";

        // 4. The answer.
        var head = new ListHead(revision.ToString(CultureInfo.InvariantCulture), next, page.Remaining);
        request.Http.Response.StatusCode = 200;
        request.Http.Response.ContentType = "application/json";
        request.Http.Response.Headers.CacheControl = "no-cache, private";
        PipeWriter output = request.Http.Response.BodyWriter;
        await form.WriteListAsync(request, output, head, page.Items, cancellationToken);
        await output.FlushAsync(cancellationToken);
    }

    private static async ValueTask<(LayeredSnapshot Snapshot, long Revision)> SnapshotAsync(
        ResourceRequest request, ListOptions options, ContinueToken? token, CancellationToken cancellationToken)
    {
        CacheSet caches = request.Server.Caches;
        ClusterHold cluster = request.Server.Access.Clusters.Hold(request.Cluster);
        ResourceCache cache = caches.For(request.Resource.StoredAs);
        long wanted = token?.Revision ?? options.Revision;
        if (wanted > caches.Revision)
        {
            await WaitForAsync(request, wanted, cancellationToken);
        }

        if (token is not null)
        {
            return (At(wanted) ?? throw ApiErrors.Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter."), wanted);
        }

        if (options.ResourceVersionMatch == "Exact" || (wanted > 0 && options.Limit > 0 && options.ResourceVersionMatch.Length == 0))
        {
            return (At(wanted) ?? throw ApiErrors.Expired($"The resourceVersion for the provided list is too old: {wanted}"), wanted);
        }

        if (options.ResourceVersion.Length == 0)
        {
            await caches.WaitForLatestAsync(cancellationToken);
        }

        LayeredSnapshot now = request.Server.Objects.Current(request.Resource);
        return (now, now.Revision);

        LayeredSnapshot? At(long revision) => revision >= cluster.Since && cache.At(revision) is { } snapshot ? request.Server.Objects.Layered(request.Resource, snapshot) : null;
    }

    private static async Task WaitForAsync(ResourceRequest request, long revision, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(FutureRevisionWait, request.Server.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await request.Server.Caches.WaitForAsync(revision, both.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StatusException(new Status
            {
                Code = 504,
                Reason = StatusReason.Timeout,
                Message = $"Timeout: Too large resource version: {revision}, current: {request.Server.Caches.Revision}",
                Details = new StatusDetails { RetryAfterSeconds = 1, Causes = [new StatusCause("ResourceVersionTooLarge", "Too large resource version", "")] },
            });
        }
    }
}

/// <summary>metadata of a list.</summary>
/// <param name="Continue">Empty on the last page.</param>
/// <param name="Remaining">Null when it is not known.</param>
internal readonly record struct ListHead(string Revision, string Continue, long? Remaining);
