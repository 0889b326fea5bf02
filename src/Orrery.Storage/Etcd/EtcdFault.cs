using System.Net.Http;
using Orrery.Storage.Etcd.Grpc;

namespace Orrery.Storage.Etcd;

/// <summary>What went wrong with a call, as far as it decides what to do next.</summary>
internal sealed class EtcdFault(string message, bool outcomeUnknown, bool isPassing, bool blamesMember, bool isRefusal, Exception cause) : Exception(message, cause)
{
    /// <summary>The call may have been carried out.</summary>
    public bool OutcomeUnknown { get; } = outcomeUnknown;

    /// <summary>It may work when tried again.</summary>
    public bool IsPassing { get; } = isPassing;

    /// <summary>Another member may do better.</summary>
    public bool BlamesMember { get; } = blamesMember;

    /// <summary>etcd understood the call and said no for a reason that callers tell apart.</summary>
    public bool IsRefusal { get; } = isRefusal;

    /// <returns>Null when it is none of etcd's faults: a bug, or the caller has given up.</returns>
    public static EtcdFault? Of(Exception fault, CancellationToken caller) => fault switch
    {
        EtcdFault known => known,
        GrpcException grpc => Of(grpc),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } =>
            new(Words(fault), outcomeUnknown: false, isPassing: true, blamesMember: true, isRefusal: false, fault),
        HttpRequestException or IOException or FormatException =>
            new(Words(fault), outcomeUnknown: true, isPassing: true, blamesMember: true, isRefusal: false, fault),
        OperationCanceledException when !caller.IsCancellationRequested =>
            new("no answer in time", outcomeUnknown: true, isPassing: true, blamesMember: true, isRefusal: false, fault),
        _ => null,
    };

    public StoreException ToStoreException(string where, bool isRead) =>
        new($"{where}: {Message}", OutcomeUnknown && !isRead, InnerException) { IsFull = InnerException is GrpcException { Detail: "etcdserver: mvcc: database space exceeded" } };

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
            new(fault.Detail, outcomeUnknown: false, isPassing: false, blamesMember: false, isRefusal: false, fault),

        // Timeouts and lost leaders: proposed, and perhaps agreed upon all the same.
        _ => new(fault.Detail, outcomeUnknown: true, isPassing: true, blamesMember: true, isRefusal: false, fault),
    };

    private static string Words(Exception fault) => fault.InnerException is { } inner ? $"{fault.Message} {inner.Message}" : fault.Message;
}
