namespace Orrery.Server.Transport.Sockets;

/// <summary>An <see cref="IRestingConnection"/> that knows whether its client takes what it is sent.</summary>
internal interface IHeldUpConnection
{
    /// <summary>The socket took no more: what is sent now waits in memory until the client has read some of what went before it.</summary>
    bool IsHeldUp { get; }
}
