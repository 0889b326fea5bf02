using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Orrery.Machinery.Certificates;

namespace Orrery.Server.Authentication;

/// <summary>
/// Reads an identity out of a client certificate: common name = user, organisations = groups, and one URI that says on
/// which clusters it holds. The TLS layer has proved possession of the key; trust is decided here.
/// </summary>
internal sealed class CertificateAuthenticator(
    X509Certificate2Collection authorities, ClusterScope? unscoped, ExpiredCertificates? expired, TimeProvider time, ILogger<CertificateAuthenticator> log)
{
    /// <summary>Kestrel keeps one instance a connection, so a chain is built once a connection and forgotten with it.</summary>
    private readonly ConditionalWeakTable<X509Certificate2, Verified> seen = [];

    /// <summary>Null when the certificate is not trusted for anything.</summary>
    public UserInfo? Authenticate(X509Certificate2 certificate)
    {
        Verified verified = seen.GetValue(certificate, Verify);
        DateTimeOffset now = time.GetUtcNow();
        if (now >= verified.From && now <= verified.To)
        {
            return verified.User;
        }

        // The key is proved all the same; what that is still worth is somebody's decision. Its authority must hold as ever.
        return now >= verified.AuthorityFrom && now <= verified.AuthorityTo && verified.User is { } untimely ? expired?.Admit(untimely) : null;
    }

    private Verified Verify(X509Certificate2 presented)
    {
        // The first requests of a connection come here at once, and a certificate reads its extensions lazily and not for several threads: each looks at a copy of its own.
        // OpenSSL's part of it is for several threads and is shared: to decode its key anew costs more than to verify it.
        using var certificate = new X509Certificate2(presented);
        ClientChain chain = ClientChain.Verify(certificate, presented, authorities, time.GetUtcNow(), admitsUntimely: expired is not null);
        string problems = chain.Problems;
        UserInfo? user = chain.IsTrusted ? Read(certificate, ref problems) : null;
        if (user is null)
        {
            log.CertificateRefused(certificate.Subject, problems);
        }

        return new Verified(user, chain.From, chain.To, chain.AuthorityFrom, chain.AuthorityTo);
    }

    private UserInfo? Read(X509Certificate2 certificate, ref string problems)
    {
        ClusterScope[] scopes = [.. Uris(certificate).Select(ClusterScope.FromUri).OfType<ClusterScope>()];
        CertificateSubject? subject = CertificateSubject.Read(certificate.SubjectName, out problems);
        ClusterScope? scope = scopes.Length == 1 ? scopes[0] : scopes.Length == 0 && !ClaimsScope(certificate) ? unscoped : null;
        if (subject is null || scope is null)
        {
            problems = subject is null ? problems : "not exactly one cluster scope";
            return null;
        }

        string digest = Convert.ToHexStringLower(certificate.GetCertHash(System.Security.Cryptography.HashAlgorithmName.SHA256));
        return new UserInfo
        {
            Name = subject.Name,
            Uid = subject.Uid,
            Groups = [.. subject.Groups, UserGroups.Authenticated],
            Scope = scope.Value,
            Extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"X509SHA256={digest}"] },
        };
    }

    /// <summary>Whether any name is of our scheme: one that we cannot read must not count as none.</summary>
    private static bool ClaimsScope(X509Certificate2 certificate) => Uris(certificate).Any(uri => uri.StartsWith("orrery:", StringComparison.OrdinalIgnoreCase));

    /// <summary>URI names of the certificate (RFC 5280 GeneralName, choice 6).</summary>
    private static IEnumerable<string> Uris(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension.Oid?.Value != "2.5.29.17")
            {
                continue;
            }

            var names = new System.Formats.Asn1.AsnReader(extension.RawData, System.Formats.Asn1.AsnEncodingRules.DER).ReadSequence();
            var uri = new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 6);
            while (names.HasData)
            {
                if (names.PeekTag().HasSameClassAndValue(uri))
                {
                    yield return names.ReadCharacterString(System.Formats.Asn1.UniversalTagNumber.IA5String, uri);
                }
                else
                {
                    names.ReadEncodedValue();
                }
            }
        }
    }

    /// <param name="AuthorityFrom">From when on those that vouch for it hold.</param>
    /// <param name="AuthorityTo">Until when they do.</param>
    private sealed record Verified(UserInfo? User, DateTimeOffset From, DateTimeOffset To, DateTimeOffset AuthorityFrom, DateTimeOffset AuthorityTo);
}
