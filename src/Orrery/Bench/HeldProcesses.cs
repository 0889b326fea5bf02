using System.Diagnostics;

namespace Orrery.Bench;

/// <summary>Processes that a bench started and that end when their input does.</summary>
internal static class HeldProcesses
{
    /// <summary>Ends all of them; one that is not done after <paramref name="grace"/> is killed.</summary>
    public static async Task EndAsync(IReadOnlyList<Process> processes, TimeSpan grace, TimeProvider time)
    {
        foreach (Process process in processes)
        {
            process.StandardInput.Close();
        }

        foreach (Process process in processes)
        {
            using var limit = new CancellationTokenSource(grace, time);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.HasExited)
            {
                process.Kill();
            }

            process.Dispose();
        }
    }
}
