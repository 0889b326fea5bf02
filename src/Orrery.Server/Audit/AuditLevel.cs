namespace Orrery.Server.Audit;

/// <summary>How much is recorded of a request (audit.k8s.io/v1 Level), each level with all that the lower ones record.</summary>
internal enum AuditLevel
{
    None,
    Metadata,
    Request,
    RequestResponse,
}

/// <summary>When an event is recorded (audit.k8s.io/v1 Stage).</summary>
internal enum AuditStage
{
    RequestReceived,

    /// <summary>Headers of the answer are sent, its end is not near: watches and streams only. Also: nobody could be authenticated.</summary>
    ResponseStarted,

    ResponseComplete,

    /// <summary>The server met a condition that it did not expect.</summary>
    Panic,
}
