namespace Orrery.Storage.Etcd.Grpc;

/// <summary>The status codes of gRPC that this client tells apart.</summary>
internal enum GrpcCode
{
    Ok = 0,
    Unknown = 2,
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    OutOfRange = 11,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// <summary>The server answered a call with a status other than OK.</summary>
internal sealed class GrpcException(GrpcCode code, string detail) : Exception($"{detail} ({code})")
{
    public GrpcCode Code { get; } = code;

    /// <summary>The server's own words.</summary>
    public string Detail { get; } = detail;
}
