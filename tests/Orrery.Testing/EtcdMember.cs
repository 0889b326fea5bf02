using System.Diagnostics;

namespace Orrery.Testing;

/// <summary>
/// One real etcd process on the loopback interface, with a data directory of its own that outlives a restart.
/// </summary>
public sealed class EtcdMember : IDisposable
{
    private readonly IReadOnlyList<string> command;
    private Process? process;

    private EtcdMember(Uri client, IReadOnlyList<string> command)
    {
        Client = client;
        this.command = command;
    }

    /// <summary>Where clients reach it.</summary>
    public Uri Client { get; }

    /// <summary>The program's path; null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "etcd")).FirstOrDefault(File.Exists);

    /// <summary>Starts members that are one cluster. They may need a moment until they answer.</summary>
    /// <param name="folder">Data directories are made in it.</param>
    /// <param name="tls">Options for TLS towards clients, who then use https.</param>
    /// <param name="relay">Given the port at which a member listens for its peers, tells the one at which they are to look for it.</param>
    /// <param name="hosts">Where each member runs; null: here.</param>
    /// <param name="options">Further options of etcd.</param>
    public static IReadOnlyList<EtcdMember> StartCluster(
        int count, string folder, IReadOnlyList<string>? tls = null, Func<int, int>? relay = null, IReadOnlyList<EtcdHost>? hosts = null, IReadOnlyList<string>? options = null)
    {
        EtcdHost HostOf(int i) => hosts?[i] ?? new EtcdHost("127.0.0.1", []);
        string scheme = tls is null ? "http" : "https";
        int[] ports = [.. Enumerable.Range(0, 2 * count).Select(_ => FreePort.Take())];
        int[] found = [.. Enumerable.Range(0, count).Select(i => relay is null ? ports[(2 * i) + 1] : relay(ports[(2 * i) + 1]))];
        string cluster = string.Join(',', found.Select((port, i) => $"m{i}=http://{HostOf(i).Address}:{port}"));
        EtcdMember[] members =
        [
            .. Enumerable.Range(0, count).Select(i =>
            {
                string client = $"{scheme}://{HostOf(i).Address}:{ports[2 * i]}";
                string peer = $"http://{HostOf(i).Address}:{ports[(2 * i) + 1]}";
                return new EtcdMember(new Uri(client),
                [
                    .. HostOf(i).Enter, Program!,
                    "--name", $"m{i}", "--data-dir", Path.Combine(folder, $"m{i}"),
                    "--listen-client-urls", client, "--advertise-client-urls", client,
                    "--listen-peer-urls", peer, "--initial-advertise-peer-urls", $"http://{HostOf(i).Address}:{found[i]}",
                    "--initial-cluster", cluster, "--initial-cluster-state", "new",
                    "--max-request-bytes", "8388608", "--log-level", "fatal", "--logger", "zap", .. tls ?? [], .. options ?? [],
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
        var start = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardError = true, RedirectStandardOutput = true };
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
            ProcessSignals.Kill(running);
            running.Dispose();
        }
    }

    /// <summary>Stands still, with all its connections open.</summary>
    public void Pause() => ProcessSignals.Pause(process!);

    public void Continue() => ProcessSignals.Continue(process!);

    public void Dispose() => Kill();
}

/// <summary>Where a member runs.</summary>
/// <param name="Address">At which it listens.</param>
/// <param name="Enter">The program that goes there, with its arguments; empty: here.</param>
public sealed record EtcdHost(string Address, IReadOnlyList<string> Enter);
