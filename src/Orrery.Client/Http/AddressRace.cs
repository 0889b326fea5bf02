using System.Net;
using System.Net.Sockets;

namespace Orrery.Client;

/// <summary>
/// Connects to a name that has several addresses, of which some may be dead without saying so: the next is tried beside the one before when that has not answered within a moment, and the first that
/// answers is taken (RFC 8305, "happy eyeballs"). One after the other, a single dead address would use up all the time that a connection may take.
/// </summary>
/// <param name="resolve">Addresses of a name, asked for each connection: they change.</param>
internal sealed class AddressRace(Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
{
    /// <summary>RFC 8305, section 8: the recommended connection attempt delay.</summary>
    private static readonly TimeSpan Lead = TimeSpan.FromMilliseconds(250);

    public static AddressRace System { get; } = new((host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken), TimeProvider.System);

    /// <exception cref="SocketException">No address answers; the fault of the last that failed.</exception>
    public async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : Alternate(await resolve(host, cancellationToken).ConfigureAwait(false));
        if (addresses.Length == 1)
        {
            return await DialAsync(addresses[0], port, cancellationToken).ConfigureAwait(false);
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var dialling = new List<Task<Socket>>();
        Exception fault = new SocketException((int)SocketError.HostNotFound);
        try
        {
            for (int next = 0; next < addresses.Length || dialling.Count > 0;)
            {
                if (next < addresses.Length)
                {
                    dialling.Add(DialAsync(addresses[next++], port, over.Token));
                }

                Task lead = next < addresses.Length ? Task.Delay(Lead, time, over.Token) : Task.Delay(Timeout.InfiniteTimeSpan, time, over.Token);
                if (await Task.WhenAny(dialling.Append(lead)).ConfigureAwait(false) is not Task<Socket> ended)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    continue;
                }

                dialling.Remove(ended);
                try
                {
                    return await ended.ConfigureAwait(false);
                }
                catch (SocketException e)
                {
                    fault = e;
                }
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (Task<Socket> late in dialling)
            {
                _ = late.ContinueWith(static l => l.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            }
        }

        throw fault;
    }

    /// <summary>In the order of the resolver, the families by turns: one of them may lead nowhere as a whole.</summary>
    internal static IPAddress[] Alternate(IPAddress[] addresses)
    {
        IPAddress[][] families = [.. addresses.GroupBy(a => a.AddressFamily).Select(g => g.ToArray())];
        return [.. Enumerable.Range(0, families.Select(f => f.Length).DefaultIfEmpty().Max()).SelectMany(i => families.Where(f => i < f.Length).Select(f => f[i]))];
    }

    private static async Task<Socket> DialAsync(IPAddress address, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
