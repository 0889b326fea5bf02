using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Commands.DataPlanes;

/// <summary>Where satellites dial and whom they trust there, as the control plane itself says to everybody.</summary>
/// <param name="AuthoritiesPem">The first is the one that certificates come from now.</param>
internal sealed record JoinTarget(Uri Server, string AuthoritiesPem, string Pin)
{
    /// <summary><see cref="Server"/> as it is written down.</summary>
    public string Address => Server.AbsoluteUri.TrimEnd('/');

    private static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    /// <summary>For how long a control plane that has just started may say nothing of itself.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    /// <summary>As <see cref="ReadAsync"/>, of a control plane that has only just started: until then it says nothing, or names the authority that it had before it was restored elsewhere.</summary>
    public static async Task<JoinTarget> WaitAsync(KubeClient root, Uri server, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            KubeObject? info = await FindAsync(root, cancellationToken).ConfigureAwait(false);
            if (info is not null && Of(info, server) is var target && (root.Config.Ca is not { } trusted || Certificates(target.AuthoritiesPem).Any(trusted.Contains)))
            {
                return target;
            }

            await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What a control plane says of itself. Its controllers say it a moment after its start; that is waited for, with a word on standard error.</summary>
    /// <param name="server">Another address than the one that the control plane says; null takes that.</param>
    /// <exception cref="CommandFailedException">The control plane does not say it.</exception>
    public static async Task<JoinTarget> ReadAsync(KubeClient root, Uri? server, TimeProvider time, CancellationToken cancellationToken)
    {
        KubeObject? info = await FindAsync(root, cancellationToken).ConfigureAwait(false);
        if (info is null)
        {
            await Console.Error.WriteLineAsync("The control plane does not say yet how it is reached; waiting for that.").ConfigureAwait(false);
            for (long began = time.GetTimestamp(); info is null && time.GetElapsedTime(began) < Patience; info = await FindAsync(root, cancellationToken).ConfigureAwait(false))
            {
                await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(false);
            }
        }

        return Of(info, server);
    }

    private static Task<KubeObject?> FindAsync(KubeClient root, CancellationToken cancellationToken) =>
        root.FindAsync(ConfigMaps, JoinNames.PublicNamespace, JoinNames.ClusterInfo, cancellationToken);

    private static JoinTarget Of(KubeObject? info, Uri? server)
    {
        ClientConfig told;
        try
        {
            told = KubeConfig.ParseCluster(info?.TextAt("data", "kubeconfig") ?? "");
        }
        catch (InvalidDataException e)
        {
            throw new CommandFailedException($"the control plane does not say how it is reached: ConfigMap {JoinNames.PublicNamespace}/{JoinNames.ClusterInfo} is missing or unreadable; the kubeconfig may be that of a virtual cluster or a data plane, where root's is meant", e);
        }

        if (told.Ca is not { Count: > 0 } authorities)
        {
            throw new CommandFailedException($"ConfigMap {JoinNames.PublicNamespace}/{JoinNames.ClusterInfo} names no authority");
        }

        return new JoinTarget(
            server ?? told.Server, string.Concat(authorities.Select(a => a.ExportCertificatePem() + "\n")),
            "sha256:" + Convert.ToHexStringLower(SHA256.HashData(authorities[0].PublicKey.ExportSubjectPublicKeyInfo())));
    }

    private static X509Certificate2Collection Certificates(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return certificates;
    }
}
