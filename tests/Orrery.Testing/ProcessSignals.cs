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

    /// <summary>Stands still, with all its connections open. Returns when it does: its threads stop one by one, each when it next gets a processor.</summary>
    public static void Pause(Process process)
    {
        Send(process, StopNow);
        if (!SpinWait.SpinUntil(() => Directory.GetDirectories($"/proc/{process.Id}/task").All(IsStopped), TimeSpan.FromSeconds(10)))
        {
            throw new InvalidOperationException($"process {process.Id} does not stand still");
        }
    }

    public static void Continue(Process process) => Send(process, ContinueNow);

    /// <summary>Asks it to end.</summary>
    public static void Stop(Process process) => Send(process, Terminate);

    /// <summary>proc(5): the state stands behind the name in brackets; <c>T</c> is stopped by a signal.</summary>
    private static bool IsStopped(string thread)
    {
        try
        {
            string stat = File.ReadAllText(Path.Combine(thread, "stat"));
            return stat[stat.LastIndexOf(')')..] is [')', ' ', 'T', ..];
        }
        catch (IOException)
        {
            // A thread that has ended does nothing either.
            return true;
        }
    }

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
