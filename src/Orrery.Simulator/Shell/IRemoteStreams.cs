namespace Orrery.Simulator.Shell;

/// <summary>The standard streams of a program whose other ends a client holds, whatever it speaks.</summary>
internal interface IRemoteStreams : IShellStreams, IAsyncDisposable
{
    /// <summary>Takes in what the client sends until it closes; to run beside whatever reads and writes.</summary>
    Task ReceiveAsync(CancellationToken cancellationToken);

    /// <summary>Says how the program ended, and closes.</summary>
    Task EndAsync(int exitCode, CancellationToken cancellationToken);
}
