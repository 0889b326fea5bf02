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
        try
        {
            await run(cancellationToken).ConfigureAwait(false);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (IOException error) when (error.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new CommandFailedException(error.Message, error);
        }
        catch (StoreException error)
        {
            throw new CommandFailedException(error.Message, error);
        }
    }
}
