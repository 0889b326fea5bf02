using System.Runtime.InteropServices;
using Orrery.Commands;

namespace Orrery;

/// <summary>Whoever started a command asks it to end: by Ctrl-C (SIGINT), or as a service manager does (SIGTERM). The command is cancelled, and has a while to end in order.</summary>
internal sealed class Termination : IDisposable
{
    /// <summary>As shells count it: 128 and the number of the signal.</summary>
    private const int Terminated = 143;

    /// <summary>Longer than what it started may take to end, which it waits for.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly CancellationTokenSource asked = new();
    private readonly PosixSignalRegistration[] signals;
    private int exitCode;

    public Termination() =>
        signals = [Register(PosixSignal.SIGINT, Faults.Interrupted), Register(PosixSignal.SIGTERM, Terminated)];

    public CancellationToken Token => asked.Token;

    /// <summary>Of a command that was ended so, as shells count it: 128 and the number of the signal. Null as long as nobody has asked.</summary>
    public int? ExitCode => Volatile.Read(ref exitCode) is > 0 and var code ? code : null;

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in signals)
        {
            signal.Dispose();
        }

        asked.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal, int code) => PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        End(code);
    });

    private void End(int code)
    {
        if (Interlocked.CompareExchange(ref exitCode, code, 0) == 0)
        {
            _ = ExitAsync(code);
            asked.Cancel();
        }
    }

    private static async Task ExitAsync(int code)
    {
        await Task.Delay(Patience, TimeProvider.System).ConfigureAwait(false);
        Environment.Exit(code);
    }
}
