using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>
/// From the hash of an authority's key to the authority: the control plane tells everybody its authorities, over a connection that is not trusted
/// yet, and of those the one with that hash is believed. kubeadm begins in the same way.
/// </summary>
internal static class ServerTrust
{
    private const string Sha256 = "sha256:";

    /// <exception cref="InvalidDataException">The control plane tells no authority of that hash: it is not the one that was meant.</exception>
    public static async Task<string> AuthoritiesAsync(JoinInvitation invitation, ForwardProxy? proxy, TimeProvider time, CancellationToken cancellationToken)
    {
        if (invitation.AuthoritiesPem is { Length: > 0 } known)
        {
            return known;
        }

        using var client = new KubeClient(new ClientConfig(invitation.Server) { InsecureSkipTlsVerify = true, Proxy = proxy }, time);
        KubeObject info = await client.GetAsync(ClusterResources.ConfigMaps, JoinNames.PublicNamespace, JoinNames.ClusterInfo, cancellationToken).ConfigureAwait(false);
        ClientConfig told = KubeConfig.ParseCluster(info.TextAt("data", "kubeconfig") ?? "");
        X509Certificate2? pinned = told.Ca?.FirstOrDefault(c => PinOf(c) == invitation.Pin);
        return pinned?.ExportCertificatePem()
            ?? throw new InvalidDataException($"{invitation.Server} tells no authority whose key has the hash {invitation.Pin}: it is not the control plane that was meant, or its authority has changed");
    }

    /// <summary>As <c>openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum</c> has it, and kubeadm.</summary>
    public static string PinOf(X509Certificate2 authority) => Sha256 + Convert.ToHexStringLower(SHA256.HashData(authority.PublicKey.ExportSubjectPublicKeyInfo()));
}
