using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Helm.Go;

namespace Orrery.Helm.Crypto;

/// <summary>A private key in PEM form, and what signs certificates with it.</summary>
internal sealed class PrivateKey : IDisposable
{
    private const string Ed25519Oid = "1.3.101.112";

    private readonly IDisposable key;

    private PrivateKey(string pem, IDisposable key, X509SignatureGenerator generator, PublicKey publicKey) =>
        (Pem, this.key, Generator, Public) = (pem, key, generator, publicKey);

    public string Pem { get; }

    public X509SignatureGenerator Generator { get; }

    public PublicKey Public { get; }

    public void Dispose() => key.Dispose();

    /// <summary>A new RSA key of 2048 bits, as certificates get one.</summary>
    public static PrivateKey Rsa()
    {
        Templates.RenderBudget.Costly();
        var rsa = RSA.Create(2048);
        return Of(Encode("RSA PRIVATE KEY", rsa.ExportRSAPrivateKey()), rsa);
    }

    private static PrivateKey Of(string pem, RSA rsa) =>
        new(pem, rsa, X509SignatureGenerator.CreateForRSA(rsa, RSASignaturePadding.Pkcs1), new PublicKey(rsa));

    private static PrivateKey Of(string pem, ECDsa ec) => new(pem, ec, X509SignatureGenerator.CreateForECDsa(ec), new PublicKey(ec));

    /// <summary>genPrivateKey: a new key of a type; a text for what is none.</summary>
    public static string Generate(string type)
    {
        Templates.RenderBudget.Costly();
        switch (type)
        {
            case "" or "rsa":
                using (var rsa = RSA.Create(4096))
                {
                    return Encode("RSA PRIVATE KEY", rsa.ExportRSAPrivateKey());
                }

            case "ecdsa":
                using (var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256))
                {
                    return Encode("EC PRIVATE KEY", ec.ExportECPrivateKey());
                }

            case "dsa":
                return Encode("DSA PRIVATE KEY", DsaKey());
            case "ed25519":
                return Encode("PRIVATE KEY", Pkcs8(RandomNumberGenerator.GetBytes(32)));
            default:
                return "Unknown type " + type;
        }
    }

    /// <exception cref="GoException">It holds no private key; the text is Sprig's.</exception>
    public static PrivateKey Read(string pem)
    {
        (string label, byte[] der) = Decode(pem) ?? throw new GoException("no PEM data in input");
        if (label != "PRIVATE KEY" && !label.EndsWith(" PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new GoException("no private key data in PEM block of type " + label);
        }

        try
        {
            switch (label)
            {
                case "RSA PRIVATE KEY":
                    var rsa = RSA.Create();
                    rsa.ImportRSAPrivateKey(der, out _);
                    return Of(pem, rsa);
                case "EC PRIVATE KEY":
                    var ec = ECDsa.Create();
                    ec.ImportECPrivateKey(der, out _);
                    return Of(pem, ec);
                case "PRIVATE KEY":
                    return ReadPkcs8(pem, der);
            }
        }
        catch (Exception e) when (e is CryptographicException or AsnContentException)
        {
            throw new GoException(label == "PRIVATE KEY" ? "decoding PEM as PKCS#8: " + e.Message : $"parsing {label[..label.IndexOf(' ', StringComparison.Ordinal)]} private key from PEM: {e.Message}");
        }

        throw new GoException("invalid private key type " + label[..^" PRIVATE KEY".Length]);
    }

    private static PrivateKey ReadPkcs8(string pem, byte[] der)
    {
        AsnReader info = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        info.ReadInteger();
        string algorithm = info.ReadSequence().ReadObjectIdentifier();
        if (algorithm == Ed25519Oid)
        {
            byte[] seed = new AsnReader(info.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
            var generator = new Ed25519Generator(seed);
            return new PrivateKey(pem, generator, generator, generator.PublicKey);
        }

        if (algorithm == "1.2.840.113549.1.1.1")
        {
            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(der, out _);
            return Of(pem, rsa);
        }

        var ec = ECDsa.Create();
        ec.ImportPkcs8PrivateKey(der, out _);
        return Of(pem, ec);
    }

    /// <summary>A PEM block as Go writes it: 64 characters a line, a line end behind the last.</summary>
    public static string Encode(string label, byte[] der) => new string(PemEncoding.Write(label, der)) + "\n";

    /// <summary>The first PEM block of a text; null when there is none.</summary>
    public static (string Label, byte[] Der)? Decode(string text) => PemEncoding.TryFind(text, out PemFields fields)
        ? (text[fields.Label], Convert.FromBase64String(text[fields.Base64Data]))
        : null;

    private static byte[] Pkcs8(byte[] seed)
    {
        var inner = new AsnWriter(AsnEncodingRules.DER);
        inner.WriteOctetString(seed);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Ed25519Oid);
            }

            writer.WriteOctetString(inner.Encode());
        }

        return writer.Encode();
    }

    private static byte[] DsaKey()
    {
        using DSA dsa = DSA.Create(2048);
        DSAParameters key = dsa.ExportParameters(true);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(0);
            foreach (byte[]? number in new[] { key.P, key.Q, key.G, key.Y, key.X })
            {
                writer.WriteIntegerUnsigned(number);
            }
        }

        return writer.Encode();
    }

    private sealed class Ed25519Generator(byte[] seed) : X509SignatureGenerator, IDisposable
    {
        protected override PublicKey BuildPublicKey() => new(new Oid(Ed25519Oid), null, new AsnEncodedData(Ed25519.PublicKey(seed)));

        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm)
        {
            var writer = new AsnWriter(AsnEncodingRules.DER);
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Ed25519Oid);
            }

            return writer.Encode();
        }

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) => Ed25519.Sign(seed, data);

        public void Dispose() => CryptographicOperations.ZeroMemory(seed);
    }
}
