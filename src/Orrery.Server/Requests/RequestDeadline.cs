using Orrery.Api;

namespace Orrery.Server.Requests;

/// <summary>
/// Until when a request has to be answered: what its parameter <c>timeout</c> says, and for a write 34 seconds at most. What has no end of its own,
/// such as a watch, has none here either. Upstream: apiserver <c>pkg/server/filters/request_deadline.go</c>, <c>pkg/endpoints/handlers/rest.go</c>.
/// </summary>
internal sealed class RequestDeadline : IDisposable
{
    private const string Parameter = "timeout";
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MostOfAWrite = TimeSpan.FromSeconds(34);

    private readonly CancellationTokenSource? limit;
    private readonly CancellationTokenRegistration leaving;
    private readonly CancellationToken gone;

    private RequestDeadline(TimeSpan? within, TimeProvider time, CancellationToken gone)
    {
        this.gone = gone;
        if (within is { } span)
        {
            At = time.GetUtcNow() + span;
            limit = new CancellationTokenSource(span, time);
            leaving = gone.UnsafeRegister(static limit => ((CancellationTokenSource)limit!).Cancel(), limit);
        }
    }

    /// <summary>Null where there is none.</summary>
    public DateTimeOffset? At { get; }

    /// <summary>Canceled at the deadline, or once the client has gone.</summary>
    public CancellationToken Token => limit?.Token ?? gone;

    public bool HasPassed => limit is { IsCancellationRequested: true } && !gone.IsCancellationRequested;

    /// <param name="isLongRunning">It ends when one of both sides says so.</param>
    /// <exception cref="StatusException">400: the parameter is no duration.</exception>
    public static RequestDeadline Of(RequestInfo info, bool isLongRunning, TimeProvider time, CancellationToken gone)
    {
        if (isLongRunning)
        {
            return new RequestDeadline(null, time, gone);
        }

        TimeSpan? wanted = info.Query[Parameter] is not { Length: > 0 } text ? null
            : GoDuration.Parse(text) ?? throw ApiErrors.BadRequest($"invalid timeout specified in the request URL - time: invalid duration \"{text}\"");
        TimeSpan? most = info.IsResourceRequest && info.Verb is "create" or "update" or "patch" or "delete" or "deletecollection" ? MostOfAWrite : wanted is null ? null : Most;
        return new RequestDeadline(wanted is { } some && some > TimeSpan.Zero && some < most ? some : most, time, gone);
    }

    public void Dispose()
    {
        leaving.Dispose();
        limit?.Dispose();
    }
}
