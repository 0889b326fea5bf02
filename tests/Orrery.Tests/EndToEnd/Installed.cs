using System.Globalization;
using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>One installation of real processes in a folder of its own; gone when disposed.</summary>
public class Installed : IAsyncLifetime
{
    public string Folder { get; } = MemoryDirectory.Create("orrery-e2e-");

    /// <summary>The first of ten ports.</summary>
    public int Port { get; } = FreePort.Take(10);

    public virtual string DataPlanes => "pa2-par,ny8-nyc,ams9-ams";

    public async ValueTask InitializeAsync()
    {
        try
        {
            (await UpAsync()).Succeeded();
            await PrepareAsync();
        }
        catch
        {
            // Nobody disposes of what was never whole, and what of it runs would take its time from the tests that follow.
            await DisposeAsync();
            throw;
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Ended down = await OrreryAsync("down");
        if (down.ExitCode == 0)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    /// <remarks>How soon it is ready is measured elsewhere; here seven processes may share a processor with other tests. One that is not ready says all that is known of it.</remarks>
    internal async Task<Ended> UpAsync()
    {
        Ended up = await OrreryAsync("up", "--detach", "--port", Port.ToString(CultureInfo.InvariantCulture), "--data-planes", DataPlanes, "--timeout", "180");
        return up.ExitCode == 0 ? up : up with { Error = up.Error + "\n" + Findings.Of(Folder) };
    }

    /// <inheritdoc cref="Repository.Program"/>
    internal static string Program => Repository.Program;

    /// <summary>Runs the program with this installation's data directory.</summary>
    internal Task<Ended> OrreryAsync(params string[] arguments) => OrreryAsync(null, arguments);

    /// <remarks>What tests serve on this machine is not reached through a proxy that their environment names.</remarks>
    internal Task<Ended> OrreryAsync(string? input, string[] arguments) =>
        Shell.RunAsync(Program, arguments, new Dictionary<string, string> { ["ORRERY_DATA_DIR"] = Folder, ["KUBECONFIG"] = "", ["NO_PROXY"] = "127.0.0.1" }, input);

    /// <summary>kubectl as the root cluster's administrator.</summary>
    internal Kubectl Root => new(Path.Combine(Folder, "kubeconfig"));

    internal Kubectl DataPlane(string name) => new(Path.Combine(Folder, "data-planes", name, "kubeconfig"));

    /// <summary>kubectl as the administrator of a virtual cluster.</summary>
    internal async Task<Kubectl> VirtualClusterAsync(string name)
    {
        string path = Path.Combine(Folder, name.Replace('/', '.') + ".test.kubeconfig");
        await File.WriteAllTextAsync(path, (await OrreryAsync("kubeconfig", "--virtual-cluster", name)).Succeeded());
        return new Kubectl(path);
    }

    /// <summary>The process id of one of the installation's processes; null when it does not run.</summary>
    internal async Task<int?> PidAsync(string process)
    {
        string status = (await OrreryAsync("status")).Output;
        string? line = status.Split('\n').FirstOrDefault(l => l.TrimStart().StartsWith(process + " ", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => int.TryParse(w, CultureInfo.InvariantCulture, out int pid) ? pid : (int?)null).FirstOrDefault(p => p is not null);
    }

    /// <summary>What a group of tests needs beyond the installation itself.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;
}
