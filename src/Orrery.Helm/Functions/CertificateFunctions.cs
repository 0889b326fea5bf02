using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Helm.Crypto;
using Orrery.Helm.Go;
using Orrery.Helm.Host;

namespace Orrery.Helm.Functions;

/// <summary>Sprig's certificates: authorities, and certificates that they or the keys themselves sign.</summary>
internal sealed class CertificateFunctions(TimeProvider clock)
{
    private static string S(object? value) => (string)value!;

    private static long I(object? value) => ((GoInt)value!).Value;

    private static GoSlice L(object? value) => (GoSlice)value!;

    public IEnumerable<Function> All =>
    [
        Function.Of("genPrivateKey", [P.String], a => PrivateKey.Generate(S(a[0]))),
        Function.Of("genCA", [P.String, P.Int], a => Authority(S(a[0]), I(a[1]), PrivateKey.Rsa())),
        Function.Of("genCAWithKey", [P.String, P.Int, P.String], a => Authority(S(a[0]), I(a[1]), Key(S(a[2])))),
        Function.Of("genSelfSignedCert", [P.String, P.List, P.List, P.Int], a => SelfSigned(S(a[0]), L(a[1]), L(a[2]), I(a[3]), PrivateKey.Rsa)),
        Function.Of("genSelfSignedCertWithKey", [P.String, P.List, P.List, P.Int, P.String], a => SelfSigned(S(a[0]), L(a[1]), L(a[2]), I(a[3]), () => Key(S(a[4])))),
        Function.Of("genSignedCert", [P.String, P.List, P.List, P.Int, P.Certificate], a => Signed(S(a[0]), L(a[1]), L(a[2]), I(a[3]), a[4], PrivateKey.Rsa)),
        Function.Of("genSignedCertWithKey", [P.String, P.List, P.List, P.Int, P.Certificate, P.String], a => Signed(S(a[0]), L(a[1]), L(a[2]), I(a[3]), a[4], () => Key(S(a[5])))),
        Function.Of("buildCustomCert", [P.String, P.String], a => Custom(S(a[0]), S(a[1]))),
    ];

    private static PrivateKey Key(string pem)
    {
        try
        {
            return PrivateKey.Read(pem);
        }
        catch (GoException e)
        {
            throw new GoException("parsing private key: " + e.Message);
        }
    }

    private static GoStruct Pair(string certificate, string key) => new("sprig.certificate", [("Cert", certificate), ("Key", key)]);

    private GoStruct Authority(string name, long days, PrivateKey key)
    {
        using (key)
        {
            CertificateRequest request = Request(name, [], [], key, isAuthority: true);
            return Issue(request, request.SubjectName, key, key, days);
        }
    }

    private GoStruct SelfSigned(string name, GoSlice addresses, GoSlice names, long days, Func<PrivateKey> makeKey)
    {
        (List<IPAddress> ips, List<string> hosts) = (Addresses(addresses), Names(names));
        using PrivateKey key = makeKey();
        CertificateRequest request = Request(name, ips, hosts, key, isAuthority: false);
        return Issue(request, request.SubjectName, key, key, days);
    }

    private GoStruct Signed(string name, GoSlice addresses, GoSlice names, long days, object? authority, Func<PrivateKey> makeKey)
    {
        var pair = (GoStruct)authority!;
        string certificate = S(pair.Fields.First(f => f.Name == "Cert").Value);
        using PrivateKey key = makeKey();
        if (PrivateKey.Decode(certificate) is not { } block)
        {
            throw new GoException("unable to decode certificate");
        }

        using X509Certificate2 signer = Load(block.Der, "error parsing certificate: decodedSignerCert.Bytes: ");
        using PrivateKey signing = SignerKey(S(pair.Fields.First(f => f.Name == "Key").Value));
        CertificateRequest request = Request(name, Addresses(addresses), Names(names), key, isAuthority: false);
        if (signer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().FirstOrDefault() is { } identifier)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(identifier));
        }

        return Issue(request, signer.SubjectName, signing, key, days);
    }

    private static PrivateKey SignerKey(string pem)
    {
        try
        {
            return PrivateKey.Read(pem);
        }
        catch (GoException e)
        {
            throw new GoException("error parsing private key: " + e.Message);
        }
    }

    private static X509Certificate2 Load(byte[] der, string fault)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException e)
        {
            throw new GoException(fault + e.Message);
        }
    }

    private static CertificateRequest Request(string name, List<IPAddress> addresses, List<string> names, PrivateKey key, bool isAuthority)
    {
        var subject = new X500DistinguishedNameBuilder();
        if (name.Length > 0)
        {
            subject.AddCommonName(Utf8.ToText(name));
        }

        var request = new CertificateRequest(subject.Build(), key.Public, HashAlgorithmName.SHA256);
        X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment | (isAuthority ? X509KeyUsageFlags.KeyCertSign : 0);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
        if (isAuthority)
        {
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key.Public, critical: false));
        }

        if (addresses.Count + names.Count > 0)
        {
            var alternative = new SubjectAlternativeNameBuilder();
            names.ForEach(alternative.AddDnsName);
            addresses.ForEach(alternative.AddIpAddress);
            request.CertificateExtensions.Add(alternative.Build());
        }

        return request;
    }

    private GoStruct Issue(CertificateRequest request, X500DistinguishedName issuer, PrivateKey signing, PrivateKey key, long days)
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7F;
        DateTimeOffset from = clock.GetUtcNow();
        DateTimeOffset to = from.AddDays(Math.Clamp(days, -100_000, 2_500_000));
        using X509Certificate2 certificate = request.Create(issuer, signing.Generator, from, to < from ? from : to, serial);
        return Pair(PrivateKey.Encode("CERTIFICATE", certificate.RawData), key.Pem);
    }

    private static List<IPAddress> Addresses(GoSlice list) => [.. list.Items.Select(i =>
    {
        string text = i as string ?? throw new GoException($"error parsing ip: {GoFormat.Value(i)} is not a string");
        bool dotted = text.Contains(':', StringComparison.Ordinal) || (text.Count(c => c == '.') == 3 && text.All(c => char.IsAsciiDigit(c) || c == '.'));
        return dotted && IPAddress.TryParse(text, out IPAddress? address) ? address : throw new GoException("error parsing ip: " + text);
    })];

    private static List<string> Names(GoSlice list) =>
        [.. list.Items.Select(i => i as string ?? throw new GoException($"error processing alternate dns name: {GoFormat.Value(i)} is not a string"))];

    private static GoStruct Custom(string certificate, string key)
    {
        static string Text(string encoded, string what) =>
            GoBase64.Decode(encoded, out string bytes, out _) ? bytes : throw new GoException("unable to decode base64 " + what);
        string cert = Text(certificate, "certificate");
        string pem = Text(key, "private key");
        if (PrivateKey.Decode(cert) is not { } block)
        {
            throw new GoException("unable to decode certificate");
        }

        Load(block.Der, "error parsing certificate: decodedCert.Bytes: ").Dispose();
        SignerKey(pem).Dispose();
        return Pair(cert, pem);
    }
}
