using System.Net.Sockets;
using Orrery.Commands;
using Orrery.Storage;

namespace Orrery.Serving;

/// <summary>Runs a long-lived part until it is told to stop, and says plainly why it could not start.</summary>
internal static class Host
{
    /// <returns>0 after an orderly stop.</returns>
    public static async Task<int> RunAsync(Func<CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task returning = new MemoryReturn(TimeProvider.System).RunAsync(stop.Token);
        try
        {
            await run(cancellationToken).ConfigureAwait(false);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (OperationCanceledException error)
        {
            // Nobody told it to: a fault that looks like an orderly end must not pass for one.
            throw new InvalidOperationException("a part of this process ended by itself", error);
        }
        catch (Exception error) when (error is SocketException or IOException { InnerException: SocketException or Microsoft.AspNetCore.Connections.AddressInUseException })
        {
            throw new CommandFailedException(error.Message, error);
        }
        catch (StoreException error)
        {
            throw new CommandFailedException(error.Message, error);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await returning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
