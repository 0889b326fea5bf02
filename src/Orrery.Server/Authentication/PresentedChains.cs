using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;

namespace Orrery.Server.Authentication;

/// <summary>The intermediate certificates that a client sent along with its own: a request knows only the latter.</summary>
internal static class PresentedChains
{
    /// <summary>Forgotten with the connection, which alone holds the certificate.</summary>
    private static readonly ConditionalWeakTable<X509Certificate2, X509Certificate2Collection> Sent = [];

    /// <summary>To be called while the handshake still holds <paramref name="chain"/>.</summary>
    public static void Keep(X509Certificate2 certificate, X509Chain? chain)
    {
        if (chain is null || chain.ChainPolicy.ExtraStore.Count == 0)
        {
            return;
        }

        var copies = new X509Certificate2Collection();
        foreach (X509Certificate2 sent in chain.ChainPolicy.ExtraStore)
        {
            copies.Add(X509CertificateLoader.LoadCertificate(sent.RawData));
        }

        Sent.AddOrUpdate(certificate, copies);
    }

    public static X509Certificate2Collection Of(X509Certificate2 certificate) => Sent.TryGetValue(certificate, out X509Certificate2Collection? sent) ? sent : [];
}
