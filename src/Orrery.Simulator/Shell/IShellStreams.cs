namespace Orrery.Simulator.Shell;

/// <summary>Where a simulated program reads and writes.</summary>
internal interface IShellStreams
{
    /// <summary>Of the terminal at the other end, as it was said last; null before, and where there is none.</summary>
    TerminalSize? Size { get; }

    /// <returns>The next bytes of standard input; empty at its end.</returns>
    ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken);

    ValueTask WriteAsync(ReadOnlyMemory<byte> output, CancellationToken cancellationToken);

    ValueTask WriteErrorAsync(string text, CancellationToken cancellationToken);
}
