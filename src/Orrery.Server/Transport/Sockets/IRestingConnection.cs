namespace Orrery.Server.Transport.Sockets;

/// <summary>A connection that can rest, as a feature of its requests: what comes in is then read some milliseconds later, together with what came for others, and for a fraction of the cost.</summary>
public interface IRestingConnection
{
    /// <summary>Whether it rests, and nothing waits to be sent.</summary>
    bool IsResting { get; }

    /// <summary>
    /// To be called every few seconds for a connection that is there to wait, by whoever knows that. It rests if next to nothing has come in since the last call, and until something does.
    /// </summary>
    void MayRest();

    /// <summary>Of its client, some of which it need not read.</summary>
    ISignsOfLife Signs { get; }
}
