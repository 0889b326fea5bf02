namespace Orrery.Server.Transport.Sockets;

/// <summary>What a client says over a connection that rests (<see cref="IRestingConnection"/>) only to be heard.</summary>
public interface ISignsOfLife
{
    /// <summary>How many lie unread now. For tests.</summary>
    int Left { get; }

    /// <summary>
    /// From now on they may lie unread while the connection rests, a few, until something else comes in. Only for a client whose signs that want an answer are longer than those that want none. Where two begin, all is read:
    /// nobody knows whose sign it was.
    /// </summary>
    /// <param name="listener">Told of each that is left, and done within microseconds.</param>
    void Begin(Action listener);

    /// <summary>Whoever began listens no more.</summary>
    void End();

    /// <summary>What somebody has just been given to read was one that wants no answer, and nothing else.</summary>
    void Noticed();
}
