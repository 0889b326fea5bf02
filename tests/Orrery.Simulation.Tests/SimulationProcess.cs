using System.Diagnostics;

namespace Orrery.Simulation.Tests;

/// <summary>Runs the simulation as its own process and takes what it says.</summary>
internal static class SimulationProcess
{
    /// <returns>The exit code, and what was printed.</returns>
    public static async Task<(int Code, string[] Lines)> RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Orrery.Simulation"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true },
        };
        process.Start();
        await using CancellationTokenRegistration stop = cancellationToken.Register(() => process.Kill());
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
