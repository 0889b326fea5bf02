using System.Diagnostics;
using System.Globalization;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Testing;

/// <summary>One <c>orrery serve</c> as a child of this process, with a data directory of its own, to be killed at will.</summary>
/// <param name="program">The <c>orrery</c> binary.</param>
/// <param name="folder">Its data directory.</param>
/// <param name="arguments">Further arguments of <c>serve</c>.</param>
/// <param name="clock">Of its machine; null: that of this one.</param>
public sealed class ServeProcess(string program, string folder, int port, IReadOnlyList<string> arguments, TimeProvider time, ServePlace? place = null, FakeClock? clock = null) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Queue<string> tail = new();
    private Process? process;

    /// <summary>Kubeconfig of root's administrator; there once it has started.</summary>
    private readonly string kubeconfig = Path.Combine((place?.Root ?? "") + folder, "kubeconfig");

    public bool IsRunning => process is { HasExited: false };

    public int Pid => process?.Id ?? 0;

    /// <summary>The last lines that it logged.</summary>
    public string Tail
    {
        get
        {
            lock (tail)
            {
                return string.Join('\n', tail);
            }
        }
    }

    public void Start()
    {
        var start = new ProcessStartInfo(place is null ? program : place.Enter[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (string argument in (IEnumerable<string>)[.. place is null ? [] : place.Enter.Skip(1).Append(program), "serve", "--data-dir", folder, "--port", port.ToString(CultureInfo.InvariantCulture), .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        clock?.GiveTo(start);
        process?.Dispose();
        process = Process.Start(start) ?? throw new InvalidOperationException($"{program} could not be started");
        clock?.Forget(process);
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Waits until it answers.</summary>
    /// <exception cref="InvalidOperationException">It ended, or does not answer in time; with the end of its log.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        while (true)
        {
            if (!IsRunning)
            {
                throw new InvalidOperationException(await EndAsync(cancellationToken));
            }

            if (time.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"'orrery serve' on port {port} does not answer:\n{Tail}");
            }

            try
            {
                if (File.Exists(kubeconfig))
                {
                    using KubeClient client = Admin();
                    await client.GetTextAsync("/readyz", cancellationToken);
                    return;
                }
            }
            catch (Exception fault) when (fault is HttpRequestException or IOException or StatusException or TimeoutException)
            {
                // Not yet.
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    /// <summary>Waits until its controllers have said how it is reached, which a data plane is added by.</summary>
    public async Task ControlsAsync(CancellationToken cancellationToken)
    {
        await ReadyAsync(cancellationToken);
        using KubeClient client = Admin();
        long began = time.GetTimestamp();
        while (await client.FindAsync(new GroupVersionResource("", "v1", "configmaps"), JoinNames.PublicNamespace, JoinNames.ClusterInfo, cancellationToken) is null)
        {
            if (time.GetElapsedTime(began) > Patience)
            {
                throw new InvalidOperationException($"'orrery serve' on port {port} does not say how it is reached:\n{Tail}");
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    /// <summary>How one that is not running any more has ended, for failures: all that it said, which may come later than its end.</summary>
    public async Task<string> EndAsync(CancellationToken cancellationToken)
    {
        await process!.WaitForExitAsync(cancellationToken);
        return $"'orrery serve' on port {port} has ended with exit code {process.ExitCode}:\n{Tail}";
    }

    /// <summary>The administrator's, once it serves.</summary>
    public string Kubeconfig => kubeconfig;

    /// <summary>Root's administrator on this server.</summary>
    public KubeClient Admin() => new(AdminConfig());

    public ClientConfig AdminConfig() => KubeConfig.Load(kubeconfig) with { RequestTimeout = TimeSpan.FromSeconds(20), ConnectTimeout = TimeSpan.FromSeconds(5) };

    public void Kill() => ProcessSignals.Kill(process!);

    public void Pause() => ProcessSignals.Pause(process!);

    public void Continue() => ProcessSignals.Continue(process!);

    /// <summary>Asks it to end, and waits for that.</summary>
    public async Task<int> StopAsync(CancellationToken cancellationToken)
    {
        ProcessSignals.Stop(process!);
        await process!.WaitForExitAsync(cancellationToken);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (process is not null)
        {
            ProcessSignals.Kill(process);
            process.Dispose();
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (tail)
        {
            tail.Enqueue(line);
            if (tail.Count > 200)
            {
                tail.Dequeue();
            }
        }
    }
}

/// <summary>Where a server runs that sees other files than this process.</summary>
/// <param name="Enter">The program that goes there, with its arguments; what follows is run there.</param>
/// <param name="Root">Where this process finds the root of its files.</param>
public sealed record ServePlace(IReadOnlyList<string> Enter, string Root);
