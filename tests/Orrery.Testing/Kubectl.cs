using System.Diagnostics;
using Orrery.Api;

namespace Orrery.Testing;

/// <summary>What one run of kubectl gave.</summary>
public sealed record KubectlResult(int ExitCode, string Output, string Error)
{
    /// <exception cref="InvalidOperationException">kubectl failed.</exception>
    public string Succeeded() => ExitCode == 0 ? Output : throw new InvalidOperationException($"kubectl ended with {ExitCode}: {Error}{Output}");
}

/// <summary>The real kubectl against a <see cref="TestServer"/>, with a kubeconfig and a cache directory of its own.</summary>
public sealed class Kubectl : IDisposable
{
    private readonly TempDirectory directory = new();
    private readonly string kubeconfig;

    /// <param name="token">An administrator's of the cluster when null.</param>
    public Kubectl(TestServer server, ClusterName cluster, string? token = null)
    {
        string ca = directory.Write("ca.pem", server.CaPem);
        kubeconfig = directory.Write("config", $"""
            apiVersion: v1
            kind: Config
            clusters: [{"{"} name: test, cluster: {"{"} server: "{server.Url.GetLeftPart(UriPartial.Authority)}{cluster.PathPrefix}", certificate-authority: "{ca}" {"}"} {"}"}]
            users: [{"{"} name: test, user: {"{"} token: "{token ?? server.AdminToken(cluster)}" {"}"} {"}"}]
            contexts: [{"{"} name: test, context: {"{"} cluster: test, user: test, namespace: default {"}"} {"}"}]
            current-context: test
            """);
    }

    /// <summary>False on a machine without kubectl: skip, visibly.</summary>
    public static bool IsInstalled { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, "kubectl")));

    public TempDirectory Directory => directory;

    public Task<KubectlResult> RunAsync(params string[] arguments) => RunAsync(null, arguments);

    /// <param name="input">Given on standard input; null closes it.</param>
    public async Task<KubectlResult> RunAsync(string? input, string[] arguments, CancellationToken cancellationToken = default)
    {
        var start = new ProcessStartInfo("kubectl") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = kubeconfig;
        start.Environment["KUBECACHEDIR"] = directory.File("cache");
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            await WriteAsync(process.StandardInput, input, cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return new KubectlResult(process.ExitCode, await output, await error);
    }

    public void Dispose() => directory.Dispose();

    private static async Task WriteAsync(StreamWriter to, string? input, CancellationToken cancellationToken)
    {
        try
        {
            await using StreamWriter stdin = to;
            await stdin.WriteAsync(input.AsMemory(), cancellationToken);
        }
        catch (IOException)
        {
            // It ended without reading all of it: its exit code tells whether that is right.
        }
    }
}
