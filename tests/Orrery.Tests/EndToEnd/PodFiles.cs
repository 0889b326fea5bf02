using Orrery.Testing;

namespace Orrery.Tests.EndToEnd;

/// <summary>
/// What a kubelet mounts into a pod for its service account, and replaces there while the pod runs: files behind a link that is exchanged. A process that enters has them where a pod has them, in a mount
/// namespace of its own (as root alone may).
/// </summary>
/// <param name="authorities">File with the certificates that the API server's is checked by.</param>
internal sealed class PodFiles(string authorities) : IDisposable
{
    private const string Directory = "/run/secrets/kubernetes.io/serviceaccount";

    private readonly TempDirectory folder = new();
    private int version;

    /// <summary>Skips the test where nobody may have mounts of its own.</summary>
    public static async Task RequireAsync() =>
        Assert.SkipUnless((await Shell.RunAsync("unshare", ["-m", "true"])).ExitCode == 0, "a mount namespace wants root, and unshare (Debian package util-linux)");

    /// <summary>The program that goes where a pod's process is; its arguments are followed by what runs there.</summary>
    /// <param name="port">Of the API server, on the loopback interface.</param>
    public IReadOnlyList<string> Enter(int port) =>
    [
        "unshare", "-m", "sh", "-ec",
        $"mount -t tmpfs tmpfs /run; mkdir -p {Directory}; mount --bind '{folder.Path}' {Directory}; KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT={port} exec \"$@\"", "pod",
    ];

    /// <summary>This token from now on, all files at one moment.</summary>
    public async Task PutAsync(string token)
    {
        string data = $"..{++version}";
        string whole = System.IO.Directory.CreateDirectory(folder.File(data)).FullName;
        await File.WriteAllTextAsync(Path.Combine(whole, "token"), token);
        await File.WriteAllTextAsync(Path.Combine(whole, "namespace"), "orrery-system");
        File.Copy(authorities, Path.Combine(whole, "ca.crt"));
        File.CreateSymbolicLink(folder.File("..next"), data);
        (await Shell.RunAsync("mv", ["-T", folder.File("..next"), folder.File("..data")])).Succeeded();
        foreach (string file in System.IO.Directory.GetFiles(whole).Select(f => Path.GetFileName(f)!).Where(f => !File.Exists(folder.File(f))))
        {
            File.CreateSymbolicLink(folder.File(file), Path.Combine("..data", file));
        }
    }

    public void Dispose() => folder.Dispose();
}
