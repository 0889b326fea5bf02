using System.Collections.Concurrent;
using System.Diagnostics;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>The process of a satellite, started by hand in a cluster.</summary>
internal sealed class SatelliteProcess(Process process) : IDisposable
{
    private readonly ConcurrentQueue<string> said = [];
    private bool ended;

    /// <summary>Whether a line of its log holds the text.</summary>
    public bool HasSaid(string text) => said.Any(l => l.Contains(text, StringComparison.Ordinal));

    /// <summary>How many lines of its log hold the text.</summary>
    public int TimesSaid(string text) => said.Count(l => l.Contains(text, StringComparison.Ordinal));

    public int Id => process.Id;

    /// <param name="kubeconfig">Null: it finds its cluster as a pod does, by what is where it runs (<paramref name="enter"/>).</param>
    /// <param name="via">Proxy to the control plane, with its password, as a pod's environment says it; null: none.</param>
    /// <param name="enter">The program that goes where it runs, with its arguments; null: here.</param>
    /// <param name="clock">Of its machine; null: that of this one.</param>
    /// <param name="invitation">Where the control plane is, and how to join it, as the command line says it; null: what is in its cluster.</param>
    public static SatelliteProcess Start(string name, string? kubeconfig, string? via = null, IReadOnlyList<string>? enter = null, FakeClock? clock = null, IReadOnlyList<string>? invitation = null)
    {
        string[] command = [.. enter ?? [], StandIn.Program, "satellite", name, .. kubeconfig is null ? Array.Empty<string>() : ["--kubeconfig", kubeconfig], .. invitation ?? []];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (via is not null)
        {
            start.Environment["ORRERY_VIA"] = via;
        }

        clock?.GiveTo(start);
        Process process = Process.Start(start)!;
        clock?.Forget(process);
        var satellite = new SatelliteProcess(process);
        process.OutputDataReceived += satellite.Keep;
        process.ErrorDataReceived += satellite.Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return satellite;
    }

    /// <summary>Stands still, as a machine that sleeps does, with all its connections open.</summary>
    public void Pause() => ProcessSignals.Pause(process);

    public void Continue() => ProcessSignals.Continue(process);

    /// <summary>Ends it as a machine that fails does.</summary>
    public void Dispose()
    {
        if (!ended)
        {
            ended = true;
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        said.Enqueue(line.Data ?? "");
        try
        {
            TestContext.Current.TestOutputHelper?.WriteLine(line.Data ?? "");
        }
        catch (InvalidOperationException)
        {
            // The test that began it is over: others share it, and what it says is kept above.
        }
    }
}
