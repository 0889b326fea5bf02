using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Metrics;
using Orrery.Server.Registry;
using Orrery.Server.Requests;

namespace Orrery.Server.Fairness;

/// <summary>The fairness stage: which requests are counted, and how much each takes.</summary>
internal sealed class RequestFairness(FairQueue queue, CacheSet caches, ResourceCatalog resources, TimeProvider time)
{
    /// <summary>
    /// A list takes a seat for each so many objects that it looks at, which is upstream's estimate too. Lists wait for nothing but the processor: the
    /// fewer of one cluster are under way at once, the less stands before what another asks.
    /// </summary>
    private const int ObjectsOfSeat = 100;

    /// <summary>Most seats of one list.</summary>
    private const int WidestList = 10;

    public FairQueue Queue => queue;

    /// <summary>
    /// Waits until the request may go on. Exempt: the operator and its controllers, whose work is everybody's, and whoever asks
    /// whether the server lives. An administrator of a virtual cluster is a tenant among others.
    /// </summary>
    /// <param name="flow">Where it is counted; null for what is not.</param>
    /// <param name="body">What of it comes while it waits.</param>
    /// <returns><see cref="Seat.SentAway"/>: 429.</returns>
    public ValueTask<Seat> EnterAsync(RequestInfo request, UserInfo user, FlowSeries? flow, WaitingBody body, CancellationToken cancellationToken)
    {
        if (IsExempt(request, user))
        {
            flow?.End(isSentAway: false);
            return new ValueTask<Seat>(Seat.None);
        }

        bool mayWait = body.TryHold();
        bool waits = false;
        try
        {
            ValueTask<Seat> entering = queue.EnterAsync(request.Cluster, user.Name, Width(request), mayWait, cancellationToken, IsChange(request));
            waits = !entering.IsCompleted;
            if (waits)
            {
                return MeasureAsync(entering, flow, body);
            }

            Seat seat = entering.Result;
            flow?.End(seat == Seat.SentAway);
            return new ValueTask<Seat>(seat);
        }
        finally
        {
            if (mayWait && !waits)
            {
                body.Release();
            }
        }
    }

    /// <summary>
    /// Gives back what a request has taken. What a change costs is what those who watch are told of it: a cluster with thousands of them would else make changes faster than the server
    /// can tell, or their clients take. Upstream has a change keep its seat for as long as it estimates that to take.
    /// </summary>
    public void Leave(RequestInfo? request, Seat seat)
    {
        seat.Dispose();
        if (seat != Seat.None && request is not null && IsChange(request) && caches.Wakes.Find(StoreKey.ClusterSegment(request.Cluster)) is { IsBehind: true } wakes)
        {
            wakes.Follow(queue.Untold(request.Cluster));
        }
    }

    private static bool IsChange(RequestInfo request) => request is { IsResourceRequest: true, Verb: "create" or "update" or "patch" or "delete" or "deletecollection" };

    private async ValueTask<Seat> MeasureAsync(ValueTask<Seat> entering, FlowSeries? flow, WaitingBody body)
    {
        long began = time.GetTimestamp();
        bool? isSentAway = null;
        flow?.BeginWait();
        try
        {
            Seat seat = await entering;
            isSentAway = seat == Seat.SentAway;
            return seat;
        }
        finally
        {
            flow?.EndWait(isSentAway, time.GetElapsedTime(began));
            body.Release();
        }
    }

    private static bool IsExempt(RequestInfo request, UserInfo user) =>
        (user.IsMaster && (user.Scope.IsAll || user.Scope.Cluster.IsRoot))
        || (!request.IsResourceRequest && (request.Path is "/healthz" or "/livez" or "/readyz"
            || request.Path.StartsWith("/livez/", StringComparison.Ordinal) || request.Path.StartsWith("/readyz/", StringComparison.Ordinal)));

    private int Width(RequestInfo request)
    {
        if (!request.IsResourceRequest || request.Name.Length > 0 || request.Verb is not ("list" or "watch" or "deletecollection"))
        {
            return 1;
        }

        // A watch that goes on from a revision shows nothing first.
        if (request.Verb == "watch" && request.Query["resourceVersion"] is { Length: > 0 } and not "0" && !request.Query.Flag("sendInitialEvents"))
        {
            return 1;
        }

        if (resources.Find(request.Cluster, request.GroupVersionResource) is not { } resource)
        {
            return 1;
        }

        string ns = resource.Namespaced ? request.Namespace : "";
        int objects = caches.For(resource.StoredAs).Current.Count(StoreKey.Prefix(resource.StoredAs, request.Cluster, ns));
        if (request.Verb == "list" && int.TryParse(request.Query["limit"], out int limit) && limit > 0)
        {
            // A page that a selector thins out may look at more than it shows.
            bool isThinned = request.Query["labelSelector"] is { Length: > 0 } || request.Query["fieldSelector"] is { Length: > 0 };
            objects = isThinned ? objects : Math.Min(objects, limit);
        }

        return Math.Clamp((objects + ObjectsOfSeat - 1) / ObjectsOfSeat, 1, WidestList);
    }
}
