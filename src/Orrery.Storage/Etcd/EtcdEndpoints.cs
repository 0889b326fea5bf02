using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Orrery.Storage.Etcd.Grpc;

namespace Orrery.Storage.Etcd;

/// <summary>
/// The members of an etcd. Calls go to one of them until it fails, then to the next. What a call may have done decides
/// whether it is tried again: reads always are, a write only where it certainly did nothing.
/// </summary>
internal sealed class EtcdEndpoints : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly EtcdOptions options;
    private readonly GrpcChannel[] calls;
    private readonly GrpcChannel[] watches;
    private readonly EtcdOpening opening;
    private int current;

    public EtcdEndpoints(EtcdOptions options)
    {
        this.options = options;
        opening = new EtcdOpening(options);
        calls = [.. options.Endpoints.Select(Channel)];

        // Connections of their own: what a slow watcher leaves unread then holds up no call.
        watches = [.. options.Endpoints.Select(Channel)];
    }

    public int Count => calls.Length;

    /// <summary>It answers: from here on a call is tried for as long as one that somebody waits for.</summary>
    public void Opened() => opening.End();

    /// <summary>A call that changes nothing.</summary>
    public Task<T> ReadAsync<T>(string method, ReadOnlyMemory<byte> message, GrpcFrames.Parse<T> parse, CancellationToken cancellationToken) =>
        CallAsync(method, message, parse, isRead: true, cancellationToken, cancellationToken);

    /// <summary>A call that may change something, and is done at most once.</summary>
    /// <param name="closed">Ends the call itself. The caller's own token counts only while nothing can have been done.</param>
    /// <exception cref="StoreException">With <see cref="StoreException.OutcomeUnknown"/> where it may have been done.</exception>
    public Task<T> WriteAsync<T>(
        string method, ReadOnlyMemory<byte> message, GrpcFrames.Parse<T> parse, CancellationToken closed, CancellationToken cancellationToken) =>
        CallAsync(method, message, parse, isRead: false, closed, cancellationToken);

    /// <summary>Opens a stream on the member in use.</summary>
    /// <returns>The stream, and what to give to <see cref="Leave"/> when that member fails.</returns>
    public async Task<(GrpcStream Stream, int Member)> OpenAsync(string method, ReadOnlyMemory<byte> first, CancellationToken cancellationToken)
    {
        int member = Volatile.Read(ref current);
        using var patience = new Patience(options, cancellationToken);
        try
        {
            return (await watches[member].OpenAsync(method, first, patience.Token).ConfigureAwait(false), member);
        }
        catch (Exception fault) when (EtcdFault.Of(fault, cancellationToken) is { } known)
        {
            Leave(member);
            throw known;
        }
    }

    /// <summary>Sends what comes next to another member, unless somebody has done so already.</summary>
    public void Leave(int member) => Interlocked.CompareExchange(ref current, (member + 1) % calls.Length, member);

    public void Dispose()
    {
        foreach (GrpcChannel channel in (ReadOnlySpan<GrpcChannel>)[.. calls, .. watches])
        {
            channel.Dispose();
        }
    }

    private async Task<T> CallAsync<T>(
        string method, ReadOnlyMemory<byte> message, GrpcFrames.Parse<T> parse, bool isRead, CancellationToken duringCall, CancellationToken cancellationToken)
    {
        long started = options.TimeProvider.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            int member = Volatile.Read(ref current);
            using var patience = new Patience(options, duringCall);
            try
            {
                return await calls[member].CallAsync(method, message, parse, patience.Token).ConfigureAwait(false);
            }
            catch (Exception fault) when (EtcdFault.Of(fault, duringCall) is { } found)
            {
                if (found.BlamesMember)
                {
                    Leave(member);
                }

                EtcdFault known = await opening.ExplainAsync(found, options.Endpoints[member], Tls, cancellationToken).ConfigureAwait(false);
                StoreException told = known.ToStoreException($"etcd, {options.Endpoints[member].Authority}", options.Advice, isRead);
                bool repeat = known.IsPassing && (isRead || !known.OutcomeUnknown) && opening.IsPatient(told.Message, known.Obstacle, options.TimeProvider.GetElapsedTime(started));
                if (!repeat)
                {
                    throw known.IsRefusal ? fault : told;
                }
            }

            // Once round all members without a pause, then slowly.
            if (attempt >= calls.Length)
            {
                await Task.Delay(Pause, options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private GrpcChannel Channel(Uri endpoint) => new(endpoint, Tls, options.CallTimeout);

    private SslClientAuthenticationOptions Tls()
    {
        var tls = new SslClientAuthenticationOptions();
        if (options.ClientCertificate is { } certificate)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate();
        }

        if (options.Ca is { } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(authorities);
            tls.CertificateChainPolicy = policy;
        }

        return tls;
    }

    /// <summary>Ends a call that its caller has given up, or that has taken too long.</summary>
    private sealed class Patience : IDisposable
    {
        private readonly CancellationTokenSource limit;
        private readonly CancellationTokenSource linked;

        public Patience(EtcdOptions options, CancellationToken cancellationToken)
        {
            limit = new CancellationTokenSource(options.CallTimeout, options.TimeProvider);
            linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        }

        public CancellationToken Token => linked.Token;

        public void Dispose()
        {
            linked.Dispose();
            limit.Dispose();
        }
    }
}
