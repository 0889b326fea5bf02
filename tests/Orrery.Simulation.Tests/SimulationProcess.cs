using System.Diagnostics;

namespace Orrery.Simulation.Tests;

/// <summary>Runs the simulation as its own process and takes what it says.</summary>
internal static class SimulationProcess
{
    /// <summary>In hexadecimal bytes, 384 MiB: about what a seed allocates, nearly all of which is dead once it is over. Can be said in the environment alone.</summary>
    private const string Nursery = "0x18000000";

    /// <returns>The exit code, and what was printed.</returns>
    public static async Task<(int Code, string[] Lines)> RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Orrery.Simulation"), arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["DOTNET_GCgen0size"] = Nursery, ["DOTNET_GCgen0MaxBudget"] = Nursery },
            },
        };
        process.Start();
        await using CancellationTokenRegistration stop = cancellationToken.Register(() => process.Kill());
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, (await output + await errors).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
