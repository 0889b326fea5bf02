using System.Net.Http;
using Orrery.Storage.Etcd.Grpc;

namespace Orrery.Storage.Etcd;

/// <summary>What went wrong with a call, as far as it decides what to do next.</summary>
internal sealed class EtcdFault(string message, bool outcomeUnknown, bool isPassing, bool blamesMember, bool isRefusal, Exception cause, EtcdObstacle? obstacle = null) : Exception(message, cause)
{
    /// <summary>The call may have been carried out.</summary>
    public bool OutcomeUnknown { get; } = outcomeUnknown;

    /// <summary>It may work when tried again.</summary>
    public bool IsPassing { get; } = isPassing;

    /// <summary>Another member may do better.</summary>
    public bool BlamesMember { get; } = blamesMember;

    /// <summary>etcd understood the call and said no for a reason that callers tell apart.</summary>
    public bool IsRefusal { get; } = isRefusal;

    /// <summary>What has to be told otherwise; null where nothing has, as far as is known.</summary>
    public EtcdObstacle? Obstacle { get; } = obstacle;

    /// <summary>Somebody listens there, and no connection came about, or it broke.</summary>
    public bool IsBrokenConnection =>
        InnerException is IOException or HttpRequestException { HttpRequestError: not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError) };

    /// <summary>The same, of which is known besides what stands in the way.</summary>
    public EtcdFault With(EtcdObstacle found, string words) => new(words, OutcomeUnknown, IsPassing, BlamesMember, IsRefusal, InnerException!, found);

    /// <returns>Null when it is none of etcd's faults: a bug, or the caller has given up.</returns>
    public static EtcdFault? Of(Exception fault, CancellationToken caller) => fault switch
    {
        EtcdFault known => known,
        GrpcException grpc => Of(grpc),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } =>
            OfConnection(fault, outcomeUnknown: false),
        HttpRequestException or IOException or FormatException => OfConnection(fault, outcomeUnknown: true),
        OperationCanceledException when !caller.IsCancellationRequested =>
            new("no answer in time", outcomeUnknown: true, isPassing: true, blamesMember: true, isRefusal: false, fault),
        _ => null,
    };

    /// <param name="advice">See <see cref="EtcdOptions.Advice"/>.</param>
    public StoreException ToStoreException(string where, Func<EtcdObstacle, string>? advice, bool isRead) =>
        new($"{where}: {Message}{(Obstacle is { } obstacle && advice is not null ? $"; {advice(obstacle)}" : "")}", OutcomeUnknown && !isRead, InnerException)
        {
            IsFull = InnerException is GrpcException { Detail: "etcdserver: mvcc: database space exceeded" },
            IsFinal = !IsPassing,
        };

    private static EtcdFault Of(GrpcException fault) => fault.Code switch
    {
        // Compacted, or a revision to come.
        GrpcCode.OutOfRange => new(fault.Detail, outcomeUnknown: false, isPassing: false, blamesMember: false, isRefusal: true, fault),

        // Said before anything was proposed: by the check for a leader, and by a member that has too much to do.
        GrpcCode.Unavailable when fault.Detail == "etcdserver: no leader" =>
            new(fault.Detail, outcomeUnknown: false, isPassing: true, blamesMember: true, isRefusal: false, fault),
        GrpcCode.ResourceExhausted when fault.Detail == "etcdserver: too many requests" =>
            new(fault.Detail, outcomeUnknown: false, isPassing: true, blamesMember: false, isRefusal: false, fault),

        // Too large, too many writes, no right, no space.
        GrpcCode.InvalidArgument or GrpcCode.ResourceExhausted or GrpcCode.PermissionDenied or GrpcCode.Unauthenticated or GrpcCode.FailedPrecondition =>
            new(fault.Detail, outcomeUnknown: false, isPassing: false, blamesMember: false, isRefusal: false, fault, ObstacleOf(fault)),

        // Timeouts and lost leaders: proposed, and perhaps agreed upon all the same.
        _ => new(fault.Detail, outcomeUnknown: true, isPassing: true, blamesMember: true, isRefusal: false, fault),
    };

    private static EtcdObstacle? ObstacleOf(GrpcException fault) => fault switch
    {
        { Code: GrpcCode.PermissionDenied } => EtcdObstacle.Right,
        { Detail: "etcdserver: user name is empty" } or { Code: GrpcCode.Unauthenticated } => EtcdObstacle.User,
        _ => null,
    };

    private static EtcdFault OfConnection(Exception fault, bool outcomeUnknown)
    {
        (EtcdObstacle? obstacle, string words) = TlsFault.Read(fault);
        return new(words, outcomeUnknown, isPassing: true, blamesMember: true, isRefusal: false, fault, obstacle);
    }
}
