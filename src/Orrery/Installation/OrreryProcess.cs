using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Orrery.Installation;

/// <summary>One process of an installation: started in a session of its own, so that it outlives the terminal.</summary>
/// <param name="Name">Such as <c>control-plane</c> or <c>satellite-pa2-par</c>; names its record and its log.</param>
/// <param name="Role">What it does, for people.</param>
/// <param name="Endpoint">Where it listens; null when it only dials out.</param>
/// <param name="Arguments">Of the <c>orrery</c> binary.</param>
internal sealed partial record OrreryProcess(DataDirectory Directory, string Name, string Role, Uri? Endpoint, IReadOnlyList<string> Arguments)
{
    private const int Terminate = 15;

    /// <summary>The process id when it runs, otherwise null. A reused id is told apart by the start time.</summary>
    public int? RunningPid()
    {
        if (ReadRecord() is not { } record)
        {
            return null;
        }

        try
        {
            using var process = Process.GetProcessById(record.Pid);
            return !process.HasExited && IsSame(process, record) ? record.Pid : null;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or Win32Exception or IOException)
        {
            // The operating system's ways to say that there is no such process any more.
            return null;
        }
    }

    /// <summary>Starts the process, its output appended to its log. Returns its id.</summary>
    public int Start()
    {
        string self = Environment.ProcessPath ?? throw new InvalidOperationException("the path of this program is unknown");
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = "/" };
        // exec keeps the id: the record names the process itself, not a shell around it.
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(Directory.LogFile(Name));
        if (System.IO.Path.GetFileNameWithoutExtension(self) == "dotnet")
        {
            start.ArgumentList.Add(self);
            start.ArgumentList.Add(System.IO.Path.ChangeExtension(Environment.GetCommandLineArgs()[0], ".dll"));
        }
        else
        {
            start.ArgumentList.Add(self);
        }

        foreach (string argument in Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{Name} could not be started");
        var record = new ProcessRecord(process.Id, process.StartTime.ToUniversalTime().Ticks, ProcessStat.Of(process.Id)?.Started);
        File.WriteAllBytes(Directory.ProcessFile(Name), JsonSerializer.SerializeToUtf8Bytes(record, InstallationJson.Default.ProcessRecord));
        return record.Pid;
    }

    /// <summary>Ends the process in its own time, then by force. Returns whether it was running.</summary>
    /// <param name="grace">How long to wait before force.</param>
    public async Task<bool> StopAsync(TimeSpan grace, CancellationToken cancellationToken)
    {
        bool ran = false;
        if (RunningPid() is int pid)
        {
            ran = true;
            using var process = Process.GetProcessById(pid);
            _ = Kill(pid, Terminate);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(grace);
            try
            {
                await process.WaitForExitAsync(patience.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                process.Kill();
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        File.Delete(Directory.ProcessFile(Name));
        return ran;
    }

    /// <summary>The last lines of the log, for an error message.</summary>
    public string LogTail(int lines)
    {
        string file = Directory.LogFile(Name);
        return File.Exists(file) ? string.Join('\n', File.ReadLines(file).TakeLast(lines)) : "";
    }

    /// <summary>Leaves the session of whoever started this process; called by the long-running commands.</summary>
    public static void LeaveSession()
    {
        if (!OperatingSystem.IsWindows())
        {
            // Fails only for a process that leads a group already, which then is what we want.
            _ = SetSid();
        }
    }

    /// <summary>The runtime derives start times from the time of day, anew in each process: they differ by milliseconds, and by as much as somebody has set the clock since.</summary>
    private static bool IsSame(Process process, ProcessRecord record)
    {
        ProcessStat? stat = ProcessStat.Of(record.Pid);
        return stat is not { State: 'Z' or 'X' } // It has ended, and nobody has waited for it yet.
            && (record.Started is { } started && stat is { } now
                ? now.Started == started
                : Math.Abs(process.StartTime.ToUniversalTime().Ticks - record.StartTicks) < TimeSpan.TicksPerSecond);
    }

    private ProcessRecord? ReadRecord()
    {
        string file = Directory.ProcessFile(Name);
        try
        {
            return File.Exists(file) ? JsonSerializer.Deserialize(File.ReadAllBytes(file), InstallationJson.Default.ProcessRecord) : null;
        }
        catch (JsonException)
        {
            // Killed while it was being written: then its start was never acknowledged.
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int SetSid();
}
