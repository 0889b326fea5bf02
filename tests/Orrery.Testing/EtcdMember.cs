using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Orrery.Testing;

/// <summary>
/// One real etcd process on the loopback interface, with a data directory of its own that outlives a restart.
/// </summary>
public sealed class EtcdMember : IDisposable
{
    private const int SignalKill = 9;
    private const int SignalContinue = 18;
    private const int SignalStop = 19;

    private readonly IReadOnlyList<string> arguments;
    private Process? process;

    private EtcdMember(Uri client, IReadOnlyList<string> arguments)
    {
        Client = client;
        this.arguments = arguments;
    }

    /// <summary>Where clients reach it.</summary>
    public Uri Client { get; }

    /// <summary>The program's path; null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "etcd")).FirstOrDefault(File.Exists);

    /// <summary>Starts members that are one cluster. They may need a moment until they answer.</summary>
    /// <param name="folder">Data directories are made in it.</param>
    /// <param name="tls">Options for TLS towards clients, who then use https.</param>
    public static IReadOnlyList<EtcdMember> StartCluster(int count, string folder, IReadOnlyList<string>? tls = null)
    {
        string scheme = tls is null ? "http" : "https";
        int[] ports = FreePorts(2 * count);
        string cluster = string.Join(',', Enumerable.Range(0, count).Select(i => $"m{i}=http://127.0.0.1:{ports[(2 * i) + 1]}"));
        EtcdMember[] members =
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                string client = $"{scheme}://127.0.0.1:{ports[2 * i]}";
                string peer = $"http://127.0.0.1:{ports[(2 * i) + 1]}";
                return new EtcdMember(new Uri(client),
                [
                    "--name", $"m{i}", "--data-dir", Path.Combine(folder, $"m{i}"),
                    "--listen-client-urls", client, "--advertise-client-urls", client,
                    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                    "--initial-cluster", cluster, "--initial-cluster-state", "new",
                    "--max-request-bytes", "8388608", "--log-level", "fatal", "--logger", "zap", .. tls ?? [],
                ]);
            }),
        ];
        foreach (EtcdMember member in members)
        {
            member.Start();
        }

        return members;
    }

    public void Start()
    {
        var start = new ProcessStartInfo(Program!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>Ends it at once, as a power cut would end the process.</summary>
    public void Kill()
    {
        if (process is { } running)
        {
            process = null;
            Send(running, SignalKill);
            running.WaitForExit();
            running.Dispose();
        }
    }

    /// <summary>Stands still, with all its connections open.</summary>
    public void Pause() => Send(process!, SignalStop);

    public void Continue() => Send(process!, SignalContinue);

    public void Dispose() => Kill();

    private static void Send(Process to, int signal)
    {
        if (SendSignal(to.Id, signal) != 0 && !to.HasExited)
        {
            throw new InvalidOperationException($"signal {signal} could not be sent to process {to.Id}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    private static int[] FreePorts(int count)
    {
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        foreach (TcpListener listener in listeners)
        {
            listener.Start();
        }

        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        foreach (TcpListener listener in listeners)
        {
            listener.Stop();
        }

        return ports;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int processId, int signal);
}
