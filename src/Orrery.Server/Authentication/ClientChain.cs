using System.Security.Cryptography.X509Certificates;

namespace Orrery.Server.Authentication;

/// <summary>Whether, and from when to when, a client certificate holds by some authorities.</summary>
/// <param name="From">The latest beginning within its chain.</param>
/// <param name="To">The earliest end within its chain.</param>
/// <param name="AuthorityFrom">From when on those that vouch for it hold.</param>
/// <param name="AuthorityTo">Until when they do.</param>
/// <param name="Problems">Why it is not trusted; empty where it is.</param>
internal readonly record struct ClientChain(bool IsTrusted, DateTimeOffset From, DateTimeOffset To, DateTimeOffset AuthorityFrom, DateTimeOffset AuthorityTo, string Problems)
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";
    private const string AnyPurpose = "2.5.29.37.0";

    /// <summary>At its very end a certificate counts as expired already.</summary>
    private static readonly TimeSpan LastMoment = TimeSpan.FromSeconds(1);

    /// <summary>The TLS layer has proved possession of the key; this is about trust alone.</summary>
    /// <param name="certificate">A copy of <paramref name="presented"/> that nobody else reads meanwhile.</param>
    /// <param name="presented">As the connection has it: what was sent along with it counts as between it and its authority.</param>
    /// <param name="now">When it must hold.</param>
    /// <param name="admitsUntimely">One that has ended is looked at as of its last moment, one that has not begun as of its first: whether it is good at any time matters where that proves something.</param>
    public static ClientChain Verify(X509Certificate2 certificate, X509Certificate2 presented, X509Certificate2Collection authorities, DateTimeOffset now, bool admitsUntimely)
    {
        DateTimeOffset from = certificate.NotBefore, to = certificate.NotAfter, authorityFrom = DateTimeOffset.MinValue, authorityTo = DateTimeOffset.MaxValue;
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.ExtraStore.AddRange(PresentedChains.Of(presented));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = (!admitsUntimely ? now : now > to ? to - LastMoment : now < from ? from : now).UtcDateTime;
        bool trusted = chain.Build(certificate);
        string problems = trusted ? "" : string.Join(", ", chain.ChainStatus.Select(s => s.Status));
        foreach (X509ChainElement element in chain.ChainElements)
        {
            if (trusted && !IsForClients(element.Certificate))
            {
                trusted = false;
                problems = "not meant for clients";
            }

            from = element.Certificate.NotBefore > from ? element.Certificate.NotBefore : from;
            to = element.Certificate.NotAfter < to ? element.Certificate.NotAfter : to;
            if (element.Certificate.Thumbprint != certificate.Thumbprint)
            {
                authorityFrom = element.Certificate.NotBefore > authorityFrom ? element.Certificate.NotBefore : authorityFrom;
                authorityTo = element.Certificate.NotAfter < authorityTo ? element.Certificate.NotAfter : authorityTo;
            }

            element.Certificate.Dispose();
        }

        return new ClientChain(trusted, from, to, authorityFrom, authorityTo, problems);
    }

    /// <summary>A certificate that names no purpose is good for any, as upstream (and Go's <c>crypto/x509</c>) has it; its authorities may narrow that.</summary>
    private static bool IsForClients(X509Certificate2 certificate)
    {
        X509EnhancedKeyUsageExtension[] purposes = [.. certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>()];
        return purposes.Length == 0
            || purposes.Any(purpose => purpose.EnhancedKeyUsages.Cast<System.Security.Cryptography.Oid>().Any(oid => oid.Value is ClientAuthentication or AnyPurpose));
    }
}
