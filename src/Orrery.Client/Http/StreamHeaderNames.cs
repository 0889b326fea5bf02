namespace Orrery.Client;

/// <summary>The headers by which a client and a Kubernetes API agree on a stream into a pod: those of WebSockets (RFC 6455), and that of SPDY streams.</summary>
public static class StreamHeaderNames
{
    public const string WebSocketProtocol = "Sec-WebSocket-Protocol";

    /// <summary>Within a tunnel: the user of the control plane who asks, for the satellite's record. It gives no right.</summary>
    public const string AskedBy = "Orrery-Asked-By";

    /// <summary>What the client says, beside the protocol to switch to.</summary>
    public static readonly IReadOnlyList<string> Asked =
        ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", WebSocketProtocol, "X-Stream-Protocol-Version"];

    /// <summary>What the server chose.</summary>
    public static readonly IReadOnlyList<string> Answered =
        ["Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", WebSocketProtocol, "X-Stream-Protocol-Version"];
}
