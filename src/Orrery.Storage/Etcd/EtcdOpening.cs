using System.Net.Security;

namespace Orrery.Storage.Etcd;

/// <summary>
/// How long calls are tried again: while a store is opened for longer than afterwards, since nobody serves instead, but no longer than it takes to know that waiting does not help.
/// </summary>
internal sealed class EtcdOpening(EtcdOptions options)
{
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private volatile bool isOpen;
    private int inVain;

    public void End() => isOpen = true;

    /// <summary>Looks for the cause of a connection that does not come about, in what nobody has seen to work yet.</summary>
    /// <param name="tls">As the connection was made.</param>
    public async ValueTask<EtcdFault> ExplainAsync(EtcdFault fault, Uri member, Func<SslClientAuthenticationOptions> tls, CancellationToken cancellationToken) =>
        !isOpen && fault is { IsBrokenConnection: true, Obstacle: null }
            && await EtcdProbe.LookAsync(member, tls(), options.CallTimeout, options.TimeProvider, cancellationToken).ConfigureAwait(false) is ({ } found, var words)
            ? fault.With(found, words)
            : fault;

    /// <summary>Whether a call that failed is to be tried again.</summary>
    /// <param name="reason">In words.</param>
    /// <param name="obstacle">Null for what passes by itself, as a member does that was not there.</param>
    /// <param name="elapsed">Since it was tried first.</param>
    public bool IsPatient(string reason, EtcdObstacle? obstacle, TimeSpan elapsed)
    {
        if (isOpen)
        {
            return elapsed < options.RetryFor;
        }

        // Of several members one alone may be at fault. A client's certificate may be renewed at any moment, where there is one.
        bool isInVain = obstacle is EtcdObstacle.Authority or EtcdObstacle.HostName or EtcdObstacle.Plain or EtcdObstacle.Tls
            || (obstacle == EtcdObstacle.ClientCertificate && options.ClientCertificate is null);
        inVain = isInVain ? inVain + 1 : 0;
        if (inVain >= options.Endpoints.Count || elapsed >= options.OpenFor)
        {
            return false;
        }

        if (told.Add(reason))
        {
            options.Waiting?.Invoke(reason);
        }

        return true;
    }
}
