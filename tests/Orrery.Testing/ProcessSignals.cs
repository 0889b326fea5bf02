using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Orrery.Testing;

/// <summary>What a machine can do to a process that never asked for it.</summary>
public static class ProcessSignals
{
    private const int KillNow = 9;
    private const int ContinueNow = 18;
    private const int StopNow = 19;
    private const int Terminate = 15;

    /// <summary>Ends it at once, and waits until it is gone.</summary>
    public static void Kill(Process process)
    {
        if (!process.HasExited)
        {
            Send(process, KillNow);
            process.WaitForExit();
        }
    }

    /// <summary>Stands still, with all its connections open.</summary>
    public static void Pause(Process process) => Send(process, StopNow);

    public static void Continue(Process process) => Send(process, ContinueNow);

    /// <summary>Asks it to end.</summary>
    public static void Stop(Process process) => Send(process, Terminate);

    private static void Send(Process process, int signal)
    {
        if (SendSignal(process.Id, signal) != 0 && !process.HasExited)
        {
            throw new InvalidOperationException($"signal {signal} could not be sent to process {process.Id}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);
}
