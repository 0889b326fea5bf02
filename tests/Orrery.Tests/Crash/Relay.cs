using System.Net;
using System.Net.Sockets;

namespace Orrery.Tests.Crash;

/// <summary>
/// A line between processes that can be cut: while it is, nothing passes and nobody is told, as when a switch dies. What was on its way
/// is lost with the connection once the line is back.
/// </summary>
internal sealed class Relay : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly int target;
    private volatile TaskCompletionSource? cut;

    public Relay(int target)
    {
        this.target = target;
        listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public void Cut() => cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Mend() => Interlocked.Exchange(ref cut, null)?.SetResult();

    public void Dispose()
    {
        stop.Cancel();
        Mend();
        listener.Stop();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket near = await listener.AcceptSocketAsync(stop.Token);
                _ = ServeAsync(near);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The relay was disposed.
        }
    }

    private async Task ServeAsync(Socket near)
    {
        using Socket far = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (near)
        {
            try
            {
                await PassAsync();
                await far.ConnectAsync(IPAddress.Loopback, target, stop.Token);
                await Task.WhenAny(PumpAsync(near, far), PumpAsync(far, near));
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException)
            {
                // One side is gone: so is the line.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, stop.Token) is var read && read > 0)
        {
            if (cut is not null)
            {
                await PassAsync();
                return;
            }

            await to.SendAsync(buffer.AsMemory(0, read), stop.Token);
        }
    }

    private Task PassAsync() => cut?.Task ?? Task.CompletedTask;
}
