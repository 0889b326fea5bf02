using System.Diagnostics;
using System.Globalization;

namespace Orrery.Testing;

/// <summary>A real HTTP proxy (tinyproxy) on the loopback interface, which lets nobody pass without its user and password.</summary>
public sealed class HttpProxy : IDisposable
{
    private readonly string config;
    private readonly string log;
    private Process process;

    private HttpProxy(string config, int port, string log)
    {
        this.config = config;
        this.log = log;
        Port = port;
        process = Run();
    }

    /// <summary>The program's path; null where it is not installed.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "tinyproxy")).FirstOrDefault(File.Exists);

    public int Port { get; }

    /// <summary>How often it was asked to connect somewhere.</summary>
    public int Connects => Lines("Request");

    /// <summary>How often it let somebody through. A client asks without its password first, and is refused.</summary>
    public int LetThrough => Lines("Established connection");

    /// <param name="folder">Its configuration and log are written there.</param>
    /// <param name="idle">After so many seconds without a byte it ends a connection, or some seconds later.</param>
    public static HttpProxy Start(string folder, string user, string password, int idle = 600)
    {
        int port = FreePort.Take();
        string log = Path.Combine(folder, "proxy.log"), config = Path.Combine(folder, "proxy.conf");
        File.WriteAllText(log, "");
        File.WriteAllText(config, string.Create(CultureInfo.InvariantCulture, $"Port {port}\nListen 127.0.0.1\nTimeout {idle}\nMaxClients 50\nLogFile \"{log}\"\nLogLevel Connect\nBasicAuth {user} {password}\n"));
        return new HttpProxy(config, port, log);
    }

    /// <summary>It dies, with all that goes through it.</summary>
    public void Break() => ProcessSignals.Kill(process);

    /// <summary>Another takes its place, on the same port.</summary>
    public void Replace()
    {
        process.Dispose();
        process = Run();
    }

    /// <summary>From now on it passes nothing on, and its machine still takes what is sent to it.</summary>
    public void Swallow() => ProcessSignals.Pause(process);

    public void Continue() => ProcessSignals.Continue(process);

    private Process Run()
    {
        Process started = Process.Start(new ProcessStartInfo(Program!, ["-d", "-c", config]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        return started;
    }

    private int Lines(string of) => File.ReadLines(log).Count(l => l.StartsWith("CONNECT ", StringComparison.Ordinal) && l.Contains(of, StringComparison.Ordinal));

    public void Dispose()
    {
        ProcessSignals.Kill(process);
        process.Dispose();
    }
}
