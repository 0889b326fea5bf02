using System.Diagnostics;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// A token made by a command, as kubeconfig's <c>users[].user.exec</c> names it (client.authentication.k8s.io
/// ExecCredential). Kept until its <c>expirationTimestamp</c>. Certificates from a command are not supported.
/// </summary>
internal sealed class ExecCredential(
    string command,
    IReadOnlyList<string> arguments,
    IReadOnlyDictionary<string, string> environment,
    string apiVersion,
    TimeProvider time) : IDisposable
{
    /// <summary>A token is renewed this long before it ends, so that it does not end under way.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim gate = new(1, 1);
    private string? token;
    private DateTimeOffset expires = DateTimeOffset.MinValue;

    public async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (token is null || time.GetUtcNow() >= expires - Margin)
            {
                JsonObject status = await RunAsync(cancellationToken).ConfigureAwait(false);
                token = status.TextAt("token") ?? throw new InvalidOperationException($"credential command '{command}' answered no status.token");
                expires = status.TextAt("expirationTimestamp") is { } text
                    ? DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
                    : DateTimeOffset.MaxValue;
            }

            return token;
        }
        finally
        {
            gate.Release();
        }
    }

    public void Dispose() => gate.Dispose();

    private async Task<JsonObject> RunAsync(CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = new JsonObject
        {
            ["kind"] = "ExecCredential",
            ["apiVersion"] = apiVersion,
            ["spec"] = new JsonObject { ["interactive"] = false },
        }.ToJsonString();

        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"credential command '{command}' did not start");
        string output = await process.StandardOutput.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"credential command '{command}' ended with exit code {process.ExitCode}");
        }

        return JsonNode.Parse(output)?["status"] as JsonObject
            ?? throw new InvalidOperationException($"credential command '{command}' answered no ExecCredential with a status");
    }
}
