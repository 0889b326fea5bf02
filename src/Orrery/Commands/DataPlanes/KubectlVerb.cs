using System.CommandLine;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Commands.Objects;
using Orrery.Demo;

namespace Orrery.Commands.DataPlanes;

/// <summary><c>orrery data-plane kubectl NAME -- …</c>: kubectl on a data plane, through its satellite, as oneself in root.</summary>
internal static class KubectlVerb
{
    public static Command Create()
    {
        var command = new Command("kubectl", "Run kubectl on a data plane, through the tunnel of its satellite. Needs rights on dataplanes/proxy in root.");
        _ = ClusterOptions.AddTo(command, namespaced: false);
        Argument<string> name = NameArgument.One(ObjectKind.DataPlane);
        var arguments = new Argument<string[]>("ARGUMENTS") { Description = "Of kubectl; after --.", Arity = ArgumentArity.OneOrMore };
        command.Add(name);
        command.Add(arguments);
        command.SetAction((parsed, ct) => RunAsync(ClusterOptions.Config(parsed), parsed.GetValue(name)!, parsed.GetValue(arguments)!, ct));
        return command;
    }

    private static async Task<int> RunAsync(ClientConfig root, string dataPlane, string[] arguments, CancellationToken cancellationToken)
    {
        string program = Kubectl.Find() ?? throw new CommandFailedException("there is no kubectl on PATH");
        string path = $"/apis/{OrreryResources.ApiVersion}/dataplanes/{Uri.EscapeDataString(dataPlane)}/proxy";
        await FindAsync(root, dataPlane, path, cancellationToken).ConfigureAwait(false);
        var server = new Uri(root.Server.AbsoluteUri.TrimEnd('/') + path);
        string? token = root.TokenSource is { } source ? await source(cancellationToken).ConfigureAwait(false) : root.BearerToken;
        root = root.Now;
        string[] acting = [.. root.Impersonation.SelectMany(Acting)];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-kubectl-");
        try
        {
            string kubeconfig = Path.Combine(folder.FullName, "kubeconfig");
            KubeConfig.Write(kubeconfig, new KubeConfigEntry(
                dataPlane, server, root.Ca is { } ca ? string.Concat(ca.Select(c => c.ExportCertificatePem() + "\n")) : null, root.ClientCertificate?.ExportCertificatePem(), KeyOf(root.ClientCertificate), token)
            {
                TlsServerName = root.TlsServerName, InsecureSkipTlsVerify = root.InsecureSkipTlsVerify, ProxyUrl = root.Proxy?.Url,
            });
            var start = new ProcessStartInfo(program, [.. acting, .. arguments]);
            start.Environment["KUBECONFIG"] = kubeconfig;
            using Process process = Process.Start(start) ?? throw new CommandFailedException($"{program} could not be started");
            try
            {
                await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // Whoever ends this by a signal to it alone ends what it forwards, too.
                process.Kill(entireProcessTree: true);
                throw;
            }

            return process.ExitCode;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>kubectl says of an API that is not there that it cannot handle requests, five times, and not why.</summary>
    /// <exception cref="CommandFailedException">There is no such data plane, nobody answers for it, or its cluster's owner lets nobody ask.</exception>
    private static async Task FindAsync(ClientConfig config, string dataPlane, string path, CancellationToken cancellationToken)
    {
        using var root = new KubeClient(config);
        try
        {
            await Missing.ExplainAsync(root, ObjectKind.DataPlane, "", dataPlane, () => root.GetTextAsync(path + "/version", cancellationToken), cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.Code == 503)
        {
            throw new CommandFailedException($"{e.Message}; 'orrery data-plane describe {dataPlane}' tells since when", e);
        }
        catch (StatusException e) when (e.Code == 403 && (e.Status.Details is { Kind: "dataplanes" } || e.Message.StartsWith(OrreryNames.OwnersRefusal, StringComparison.Ordinal)))
        {
            throw new CommandFailedException(e.Message, e);
        }
        catch (StatusException)
        {
            // What its cluster refuses kubectl tells.
        }
    }

    /// <summary>kubectl's own arguments for whom a kubeconfig says to act as.</summary>
    private static string[] Acting(KeyValuePair<string, string> header) => header.Key switch
    {
        "Impersonate-User" => ["--as", header.Value],
        "Impersonate-Group" => ["--as-group", header.Value],
        "Impersonate-Uid" => ["--as-uid", header.Value],
        string other => throw new CommandFailedException($"the kubeconfig says as-user-extra ({other}), which kubectl takes from a kubeconfig only"),
    };

    private static string? KeyOf(X509Certificate2? certificate)
    {
        using ECDsa? curve = certificate?.GetECDsaPrivateKey();
        using RSA? rsa = certificate?.GetRSAPrivateKey();
        return curve?.ExportPkcs8PrivateKeyPem() ?? rsa?.ExportPkcs8PrivateKeyPem();
    }
}
