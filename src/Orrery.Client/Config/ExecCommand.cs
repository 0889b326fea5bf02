using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>A command that makes credentials, as kubeconfig's <c>users[].user.exec</c> names it (client.authentication.k8s.io ExecCredential).</summary>
/// <param name="Program">A bare name is looked up on PATH.</param>
/// <param name="Environment">Beside this process's own.</param>
/// <param name="Cluster">What it is told of the cluster; null where it does not ask for that.</param>
/// <param name="InstallHint">What the kubeconfig says to whoever lacks the program.</param>
internal sealed record ExecCommand(
    string Program, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string ApiVersion, JsonObject? Cluster, string? InstallHint)
{
    /// <summary>A command that hangs must not hold up for ever whoever wants to ask something.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>Runs it once. What it writes to standard error stands in this process's.</summary>
    /// <returns>The status of its answer.</returns>
    /// <exception cref="HttpRequestException">It made no credential, and why.</exception>
    public async Task<JsonObject> RunAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using Process process = Start();

        // There is nobody to answer its questions.
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        string output;
        try
        {
            output = await process.StandardOutput.ReadToEndAsync(both.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw Fault($"did not end within {Limit.TotalSeconds:0} s");
        }

        return process.ExitCode == 0 ? StatusOf(output) : throw Fault($"ended with exit code {process.ExitCode}");
    }

    public HttpRequestException Fault(string what, Exception? inner = null) =>
        new(HttpRequestError.UserAuthenticationError, $"credential command '{Program}' {what}", inner);

    private Process Start()
    {
        var start = new ProcessStartInfo(Program, Arguments) { RedirectStandardOutput = true, RedirectStandardInput = true };
        foreach ((string name, string value) in Environment)
        {
            start.Environment[name] = value;
        }

        var spec = new JsonObject { ["interactive"] = false };
        if (Cluster is not null)
        {
            spec["cluster"] = Cluster.DeepClone();
        }

        start.Environment["KUBERNETES_EXEC_INFO"] = new JsonObject { ["kind"] = "ExecCredential", ["apiVersion"] = ApiVersion, ["spec"] = spec }.ToJsonString();
        try
        {
            return Process.Start(start) ?? throw Fault("did not start");
        }
        catch (Win32Exception missing)
        {
            throw Fault($"cannot be run: {missing.Message}{(InstallHint is { Length: > 0 } hint ? $"; {hint.Trim()}" : "")}", missing);
        }
    }

    private JsonObject StatusOf(string output)
    {
        JsonNode? answer;
        try
        {
            answer = JsonNode.Parse(output);
        }
        catch (JsonException e)
        {
            throw Fault("answered no JSON", e);
        }

        if (answer is not JsonObject { Kind: "ExecCredential" } credential || credential["status"] is not JsonObject status)
        {
            throw Fault("answered no ExecCredential with a status");
        }

        return credential.TextAt("apiVersion") == ApiVersion ? status : throw Fault($"answered in {credential.TextAt("apiVersion")}, and the kubeconfig wants {ApiVersion}");
    }
}
