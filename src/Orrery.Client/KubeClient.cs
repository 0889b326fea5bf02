using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// Talks to one Kubernetes API, of any kind of object. One connection pool, shared by all clients made from it with
/// <see cref="InCluster"/>; safe for any number of threads.
/// <para>
/// Every call throws <see cref="StatusException"/> for an answer that is not 2xx, <see cref="HttpRequestException"/>
/// or <see cref="IOException"/> where the connection failed, and <see cref="TimeoutException"/> after
/// <see cref="ClientConfig.RequestTimeout"/>. A namespace of "" means cluster-scoped, or all namespaces for list and watch.
/// </para>
/// </summary>
public sealed partial class KubeClient : IDisposable
{
    private const string Json = "application/json";

    /// <summary>How much later than asked a watch may end.</summary>
    private static readonly TimeSpan WatchGrace = TimeSpan.FromSeconds(30);

    private readonly Transport transport;
    private readonly bool ownsTransport;

    /// <param name="time">Clock for timeouts and retries; null takes the system's.</param>
    public KubeClient(ClientConfig config, TimeProvider? time = null)
        : this(new Transport(config, time ?? TimeProvider.System), ClusterName.Root, true, config)
    {
    }

    private KubeClient(Transport transport, ClusterName cluster, bool ownsTransport, ClientConfig config)
    {
        this.transport = transport;
        this.ownsTransport = ownsTransport;
        Cluster = cluster;
        Config = config;
    }

    /// <summary>The cluster whose path prefix every request gets, after the configured server's own.</summary>
    public ClusterName Cluster { get; }

    public ClientConfig Config { get; }

    /// <summary>The same connections, another cluster of the same server. Lives only as long as this client.</summary>
    public KubeClient InCluster(ClusterName cluster) => cluster == Cluster ? this : new KubeClient(transport, cluster, false, Config);

    public async Task<KubeObject> GetAsync(GroupVersionResource resource, string ns, string name, CancellationToken cancellationToken)
    {
        byte[] body = await SendAsync(HttpMethod.Get, ResourcePath.Of(resource, ns, name), null, true, cancellationToken).ConfigureAwait(false);
        return KubeObject.Parse(body);
    }

    /// <returns>Null when there is none.</returns>
    /// <exception cref="StatusException">Among others <see cref="StatusException.IsUnserved"/>: nothing can be said of it there.</exception>
    public async Task<KubeObject?> FindServedAsync(GroupVersionResource resource, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(resource, ns, name, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e is { IsNotFound: true, IsUnserved: false })
        {
            return null;
        }
    }

    /// <returns>Null when the server answered 404, also because it does not serve the resource.</returns>
    public async Task<KubeObject?> FindAsync(GroupVersionResource resource, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await GetAsync(resource, ns, name, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>All objects as of one resourceVersion, page by page.</summary>
    /// <exception cref="StatusException"><see cref="StatusException.IsExpired"/>: a later page came too late; list again.</exception>
    public async Task<KubeList> ListAsync(GroupVersionResource resource, string ns, ListQuery? query, CancellationToken cancellationToken)
    {
        query ??= new ListQuery();
        string path = ResourcePath.Of(resource, ns);
        var items = new List<KubeObject>();
        string next = "";
        while (true)
        {
            bool first = next.Length == 0;
            byte[] body = await SendAsync(HttpMethod.Get, ResourcePath.Query(
                path,
                ("labelSelector", query.LabelSelector),
                ("fieldSelector", query.FieldSelector),
                ("limit", query.PageSize > 0 ? Number(query.PageSize) : null),
                ("continue", next),
                ("resourceVersion", first ? query.ResourceVersion : null),
                ("resourceVersionMatch", first ? query.ResourceVersionMatch : null)), null, true, cancellationToken).ConfigureAwait(false);
            ListPage page = ListParser.Parse(body);
            items.AddRange(page.Items);
            if (page.Continue.Length == 0)
            {
                return new KubeList(items, page.ResourceVersion);
            }

            next = page.Continue;
        }
    }

    /// <param name="subresource">Such as <c>eviction</c>, with <paramref name="name"/>; null creates an object of the collection.</param>
    /// <param name="dryRun">The server checks and answers as it would, and stores nothing.</param>
    public async Task<KubeObject> CreateAsync(
        GroupVersionResource resource, string ns, JsonObject body, CancellationToken cancellationToken, string? name = null, string? subresource = null, bool dryRun = false)
    {
        string path = ResourcePath.Query(ResourcePath.Of(resource, ns, name ?? "", subresource), ("dryRun", dryRun ? "All" : null));
        byte[] answer = await SendAsync(HttpMethod.Post, path, Encode(body), false, cancellationToken).ConfigureAwait(false);
        return KubeObject.Parse(answer);
    }

    /// <summary>Replaces the object. With <c>metadata.resourceVersion</c> in the body, only at that version (else Conflict).</summary>
    public async Task<KubeObject> UpdateAsync(
        GroupVersionResource resource, string ns, string name, JsonObject body, CancellationToken cancellationToken, string? subresource = null)
    {
        byte[] answer = await SendAsync(HttpMethod.Put, ResourcePath.Of(resource, ns, name, subresource), Encode(body), true, cancellationToken).ConfigureAwait(false);
        return KubeObject.Parse(answer);
    }

    public async Task<KubeObject> PatchAsync(
        GroupVersionResource resource, string ns, string name, PatchKind kind, JsonNode patch, CancellationToken cancellationToken, string? subresource = null, bool dryRun = false)
    {
        string type = kind switch
        {
            PatchKind.Json => "application/json-patch+json",
            PatchKind.Merge => "application/merge-patch+json",
            PatchKind.Strategic => "application/strategic-merge-patch+json",
            _ => "application/apply-patch+yaml",
        };
        string path = ResourcePath.Query(ResourcePath.Of(resource, ns, name, subresource), ("dryRun", dryRun ? "All" : null));
        var request = new ApiRequest(HttpMethod.Patch, Full(path), Encode(patch), type, IsIdempotent: false);
        return KubeObject.Parse(await transport.SendAsync(request, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Server-side apply: makes the object, or brings the fields in <paramref name="body"/> to their value.</summary>
    /// <param name="body">Needs apiVersion and kind; must carry no managedFields.</param>
    /// <param name="force">Takes fields over from other managers; otherwise that is a Conflict.</param>
    /// <param name="dryRun">The server checks and answers as it would, and stores nothing.</param>
    public async Task<KubeObject> ApplyAsync(
        GroupVersionResource resource, string ns, string name, JsonObject body, string fieldManager, bool force, CancellationToken cancellationToken, string? subresource = null, bool dryRun = false)
    {
        string path = ResourcePath.Query(
            ResourcePath.Of(resource, ns, name, subresource), ("fieldManager", fieldManager), ("force", force ? "true" : null), ("dryRun", dryRun ? "All" : null));
        var request = new ApiRequest(HttpMethod.Patch, Full(path), Encode(body), "application/apply-patch+yaml", IsIdempotent: true);
        return KubeObject.Parse(await transport.SendAsync(request, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>Leaves the connections that there are, as nobody answers on them any more: what is under way on them fails at once, what is asked from now on goes over others.</summary>
    public void Abandon() => transport.Abandon();

    /// <summary>Changes <see cref="ClientConfig.PingAfter"/>: a shorter silence holds at once for what is asked from now on, a longer one for connections that are opened anyway.</summary>
    public void PingAfter(TimeSpan silence) => transport.PingAfter(silence);

    /// <summary>Asks for deletion; the object may stay for a while (finalizers, grace).</summary>
    public async Task DeleteAsync(GroupVersionResource resource, string ns, string name, DeleteQuery? query, CancellationToken cancellationToken) =>
        await SendAsync(HttpMethod.Delete, ResourcePath.Of(resource, ns, name), Encode(query), true, cancellationToken).ConfigureAwait(false);

    /// <summary>Deletes what the selectors of <paramref name="selection"/> match.</summary>
    public async Task DeleteCollectionAsync(
        GroupVersionResource resource, string ns, ListQuery? selection, DeleteQuery? query, CancellationToken cancellationToken) =>
        await SendAsync(
            HttpMethod.Delete,
            ResourcePath.Query(ResourcePath.Of(resource, ns), ("labelSelector", selection?.LabelSelector), ("fieldSelector", selection?.FieldSelector)),
            Encode(query),
            true,
            cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Events as they happen, until the server ends the watch (then the stream ends) or the connection breaks
    /// (<see cref="HttpRequestException"/> or <see cref="IOException"/>).
    /// </summary>
    /// <exception cref="TimeoutException">It is not answered within <see cref="ClientConfig.RequestTimeout"/>, or not ended in the time of <paramref name="query"/> and 30 seconds more.</exception>
    /// <exception cref="StatusException"><see cref="StatusException.IsExpired"/>: the resourceVersion is no longer kept; list again.</exception>
    public IAsyncEnumerable<WatchEvent> WatchAsync(GroupVersionResource resource, string ns, WatchQuery query, CancellationToken cancellationToken) =>
        WatchAsync(resource, ns, query, "application/json", cancellationToken);

    private async IAsyncEnumerable<WatchEvent> WatchAsync(
        GroupVersionResource resource, string ns, WatchQuery query, string accept, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string path = ResourcePath.Query(
            ResourcePath.Of(resource, ns),
            ("watch", "true"),
            ("resourceVersion", query.ResourceVersion),
            ("labelSelector", query.LabelSelector),
            ("fieldSelector", query.FieldSelector),
            ("allowWatchBookmarks", query.AllowBookmarks ? "true" : null),
            ("sendInitialEvents", query.SendInitialEvents ? "true" : null),
            ("resourceVersionMatch", query.SendInitialEvents ? "NotOlderThan" : null),
            ("timeoutSeconds", query.Timeout is { } timeout ? Number((long)timeout.TotalSeconds) : null));

        // A server, or whoever stands before it, may take a watch and forget it, on a connection that is well: nobody else would ever notice.
        using var limit = new CancellationTokenSource(Config.RequestTimeout, transport.Time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        async Task<T> InTimeAsync<T>(ValueTask<T> step, string fault)
        {
            try
            {
                return await step.ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"watch of {Full(ResourcePath.Of(resource, ns))}: {fault}");
            }
        }

        using HttpResponseMessage response = await InTimeAsync(
            new ValueTask<HttpResponseMessage>(transport.OpenAsync(new ApiRequest(HttpMethod.Get, Full(path), null, null, true, accept), both.Token)),
            $"no answer within {Config.RequestTimeout.TotalSeconds:0} s").ConfigureAwait(false);
        limit.CancelAfter(query.Timeout is { } lasts ? lasts + WatchGrace : Timeout.InfiniteTimeSpan);
        Stream stream = await response.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false);
        await using ConfiguredCancelableAsyncEnumerable<WatchEvent>.Enumerator events = WatchReader.ReadAsync(stream, both.Token).ConfigureAwait(false).GetAsyncEnumerator();
        while (await InTimeAsync(NextAsync(events), "it did not end when it was to").ConfigureAwait(false))
        {
            yield return events.Current;
        }

        static async ValueTask<bool> NextAsync(ConfiguredCancelableAsyncEnumerable<WatchEvent>.Enumerator events) => await events.MoveNextAsync();
    }

    private Task<byte[]> SendAsync(HttpMethod method, string path, byte[]? body, bool idempotent, CancellationToken cancellationToken) =>
        transport.SendAsync(new ApiRequest(method, Full(path), body, body is null ? null : Json, idempotent), cancellationToken);

    private string Full(string path) => Cluster.PathPrefix + path;

    private static byte[] Encode(JsonNode body) => KubeJson.ToUtf8(body);

    private static byte[]? Encode(DeleteQuery? query)
    {
        if (query is null)
        {
            return null;
        }

        var options = new JsonObject { ["kind"] = "DeleteOptions", ["apiVersion"] = "v1" };
        if (query.GracePeriodSeconds is { } grace)
        {
            options["gracePeriodSeconds"] = grace;
        }

        if (query.PropagationPolicy is { } policy)
        {
            options["propagationPolicy"] = policy;
        }

        if (query.Uid is not null || query.ResourceVersion is not null)
        {
            var preconditions = new JsonObject();
            if (query.Uid is { } uid)
            {
                preconditions["uid"] = uid;
            }

            if (query.ResourceVersion is { } version)
            {
                preconditions["resourceVersion"] = version;
            }

            options["preconditions"] = preconditions;
        }

        return Encode(options);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        if (ownsTransport)
        {
            transport.Dispose();
        }
    }
}
