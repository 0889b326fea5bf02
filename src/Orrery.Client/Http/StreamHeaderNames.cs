namespace Orrery.Client;

/// <summary>The headers by which a client and a Kubernetes API agree on a stream into a pod: those of WebSockets (RFC 6455), and that of SPDY streams.</summary>
public static class StreamHeaderNames
{
    public const string WebSocketProtocol = "Sec-WebSocket-Protocol";

    /// <summary>What the client says, beside the protocol to switch to.</summary>
    public static readonly IReadOnlyList<string> Asked =
        ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", WebSocketProtocol, "X-Stream-Protocol-Version"];

    /// <summary>What the server chose.</summary>
    public static readonly IReadOnlyList<string> Answered =
        ["Sec-WebSocket-Accept", "Sec-WebSocket-Extensions", WebSocketProtocol, "X-Stream-Protocol-Version"];
}
