using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;

namespace Orrery.Server.Handlers;

/// <summary>GET of a collection: one consistent snapshot, in pages where the client asks for them.</summary>
internal static class ListHandler
{
    public static async Task HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        // 1. What is asked for.
        ListOptions options = ListOptions.Read(request.Query, watch: false);

        // 2. The snapshot that answers it, and of that the page.
        (ListHead head, ListPage page) = await TakeAsync(request, options, cancellationToken);

        // 3. The answer. Whether a list can be shown in the form that is wanted is looked at last, as upstream does.
        AnswerForm form = AnswerForm.Read(request);
        await ObjectResponse.WriteListAsync(request, form, head, page.Items, cancellationToken);
    }

    /// <summary>The objects that a list's options choose.</summary>
    public static async ValueTask<(ListHead Head, ListPage Page)> TakeAsync(ResourceRequest request, ListOptions options, CancellationToken cancellationToken)
    {
        Selection selection = Selection.Read(options, request.Resource);
        ContinueToken? token = options.Continue.Length > 0 ? ContinueToken.Decode(options.Continue) : null;
        if (token is null)
        {
            options.RequireRevision(watch: false);
        }
        else if (options.ResourceVersion is not ("" or "0"))
        {
            throw ApiErrors.BadRequest("specifying resource version is not allowed when using continue");
        }

        (LayeredSnapshot snapshot, long revision) = await SnapshotAsync(request, options, token, cancellationToken);
        string prefix = StoreKey.Prefix(request.Resource.StoredAs, request.Cluster, request.Namespace);
        ListPage page = await ListPage.TakeAsync(request, snapshot, prefix, selection, token is null ? null : prefix + token.StartAfter, options.Limit, cancellationToken);
        request.Server.Caches.For(request.Resource.StoredAs).Lists.Add(page.LookedAt, page.Items.Count);
        string next = page.LastKey is { } last ? new ContinueToken(revision, last[prefix.Length..]).Encode() : "";
        return (new ListHead(revision.ToString(CultureInfo.InvariantCulture), next, page.Remaining), page);
    }

    private static async ValueTask<(LayeredSnapshot Snapshot, long Revision)> SnapshotAsync(
        ResourceRequest request, ListOptions options, ContinueToken? token, CancellationToken cancellationToken)
    {
        CacheSet caches = request.Server.Caches;
        ClusterHold cluster = request.Server.Access.Clusters.Hold(request.Cluster);
        ResourceCache cache = caches.For(request.Resource.StoredAs);
        long wanted = token?.Revision ?? options.Revision;
        await FutureRevision.WaitAsync(request, wanted, cancellationToken);
        if (token is { Revision: > 0 })
        {
            return (At(wanted) ?? throw TooOld(token), wanted);
        }

        if (options.ResourceVersionMatch == "Exact" || (wanted > 0 && options.Limit > 0 && options.ResourceVersionMatch.Length == 0))
        {
            return (At(wanted) ?? throw ApiErrors.Expired($"The resourceVersion for the provided list is too old: {wanted}"), wanted);
        }

        if (token is not null || options.ResourceVersion.Length == 0)
        {
            await caches.WaitForLatestAsync(cancellationToken);
        }

        LayeredSnapshot now = request.Server.Objects.Current(request.Resource);
        return (now, now.Revision);

        LayeredSnapshot? At(long revision) => revision >= cluster.Since && cache.At(revision) is { } snapshot ? request.Server.Objects.Layered(request.Resource, snapshot) : null;
    }

    /// <summary>410 with a token for the rest as it is now (apiserver <c>pkg/storage/etcd3/errors.go</c>).</summary>
    private static StatusException TooOld(ContinueToken token) => new(ApiErrors.Expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
        + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.").Status with
    {
        Continue = (token with { Revision = ContinueToken.Latest }).Encode(),
    });
}

/// <summary>metadata of a list.</summary>
/// <param name="Continue">Empty on the last page.</param>
/// <param name="Remaining">Null when it is not known.</param>
internal readonly record struct ListHead(string Revision, string Continue, long? Remaining)
{
    public JsonObject ToJson(bool writesEmptyContinue = false)
    {
        var metadata = new JsonObject();
        if (Continue.Length > 0 || writesEmptyContinue)
        {
            metadata["continue"] = Continue;
        }

        if (Revision.Length > 0)
        {
            metadata["resourceVersion"] = Revision;
        }

        if (Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        return metadata;
    }
}
