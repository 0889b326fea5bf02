using System.Diagnostics;
using System.Globalization;
using Orrery.Testing;

namespace Orrery.Tests.Crash;

/// <summary>A file system of few megabytes over a folder, seen only by those who enter it; gone with this process or earlier.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly Process holder;
    private readonly string folder;

    private SmallDisk(Process holder, string folder)
    {
        this.holder = holder;
        this.folder = folder;
    }

    public ServePlace Place => new(["nsenter", "--target", Id, "--mount", "--"], $"/proc/{Id}/root");

    /// <summary>The folder as this process can reach it.</summary>
    public string Inside => Place.Root + folder;

    private string Id => holder.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Skips the test where the system does not let this user mount anything.</summary>
    public static async Task<SmallDisk> MountAsync(string folder, int megabytes)
    {
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/nsenter") || Environment.UserName != "root")
        {
            Assert.Skip("mounting a small file system takes Linux, util-linux and root");
        }

        var start = new ProcessStartInfo("unshare") { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["--mount", "--", "sh", "-c", $"mount -t tmpfs -o size={megabytes}m tmpfs '{folder}' && echo mounted && exec cat"])
        {
            start.ArgumentList.Add(argument);
        }

        Process holder = Process.Start(start)!;
        if (await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) != "mounted")
        {
            string refusal = await holder.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            holder.Dispose();
            Assert.Skip($"the system lets nobody mount here: {refusal}");
        }

        return new SmallDisk(holder, folder);
    }

    public void Dispose()
    {
        ProcessSignals.Kill(holder);
        holder.Dispose();
    }
}
