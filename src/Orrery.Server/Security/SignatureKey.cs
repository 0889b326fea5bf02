using System.Buffers.Text;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Server.Security;

/// <summary>
/// A key that signs or verifies JSON Web Tokens: RSA of at least 2048 bits, or ECDSA over P-256, P-384, P-521
/// (RFC 7518 3). The key decides which algorithms are good for it, never the token.
/// </summary>
internal sealed class SignatureKey : IDisposable
{
    /// <summary>In base64, of 8192 bits: what a foreign key costs to try grows with the square of its length, and with that of its exponent.</summary>
    private const int LongestModulus = 1366;
    private const int LongestExponent = 11;

    /// <summary>Instances of the algorithms are not promised to be thread-safe.</summary>
    private readonly Lock gate = new();
    private readonly RSA? rsa;
    private readonly ECDsa? ecdsa;

    private SignatureKey(RSA? rsa, ECDsa? ecdsa, string? id, string? onlyAlgorithm)
    {
        this.rsa = rsa;
        this.ecdsa = ecdsa;
        if (rsa is { KeySize: < 2048 })
        {
            throw new ArgumentException($"an RSA key of {rsa.KeySize} bits is too weak to sign tokens: it has at least 2048");
        }

        string[] own = rsa is not null
            ? ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
            : [ecdsa!.KeySize switch { 256 => "ES256", 384 => "ES384", 521 => "ES512", _ => throw new ArgumentException("an EC key for tokens is over P-256, P-384 or P-521") }];
        Algorithms = onlyAlgorithm is null ? own : [.. own.Where(a => a == onlyAlgorithm)];
        Id = id ?? Base64Url.EncodeToString(SHA256.HashData(rsa?.ExportSubjectPublicKeyInfo() ?? ecdsa!.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>The <c>kid</c>: URL-safe base64 of the SHA-256 of the public key, unless whoever published it named another.</summary>
    public string Id { get; }

    /// <summary>Names of the signature algorithms that may be used with this key; the first is the one it signs with.</summary>
    public IReadOnlyList<string> Algorithms { get; }

    /// <summary>Every key of a PEM text: private and public keys, and the keys of certificates.</summary>
    /// <exception cref="ArgumentException">There is none, or one that cannot be used.</exception>
    public static IReadOnlyList<SignatureKey> FromPem(string pem)
    {
        var keys = new List<SignatureKey>();
        ReadOnlySpan<char> rest = pem;
        while (PemEncoding.TryFind(rest, out PemFields fields))
        {
            if (Read(rest[fields.Label].ToString(), rest[fields.Location].ToString()) is { } key)
            {
                keys.Add(key);
            }

            rest = rest[fields.Location.End..];
        }

        return keys.Count > 0 ? keys : throw new ArgumentException("no key for tokens: want PEM of RSA or EC keys, private or public, or of certificates");
    }

    /// <summary>A public key out of a JSON Web Key Set (RFC 7517); null for one that is not for signatures, or that we do not know.</summary>
    public static SignatureKey? FromJwk(JsonElement jwk)
    {
        string? Text(string name) => jwk.ValueKind == JsonValueKind.Object && jwk.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        try
        {
            if (Text("use") is { } use && use != "sig")
            {
                return null;
            }

            return Text("kty") switch
            {
                "RSA" when Text("n") is { Length: > 0 and <= LongestModulus } && Text("e") is { Length: > 0 and <= LongestExponent } => new SignatureKey(
                    RSA.Create(new RSAParameters { Modulus = Base64Url.DecodeFromChars(Text("n")), Exponent = Base64Url.DecodeFromChars(Text("e")) }), null, Text("kid") ?? "", Text("alg")),
                "EC" when Curve(Text("crv")) is { } curve => new SignatureKey(
                    null,
                    ECDsa.Create(new ECParameters { Curve = curve, Q = new ECPoint { X = Base64Url.DecodeFromChars(Text("x")), Y = Base64Url.DecodeFromChars(Text("y")) } }),
                    Text("kid") ?? "", Text("alg")),
                _ => null,
            };
        }
        catch (Exception bad) when (bad is CryptographicException or FormatException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The public half as a member of a JSON Web Key Set.</summary>
    public JsonObject ToJwk()
    {
        var jwk = new JsonObject { ["use"] = "sig", ["kty"] = rsa is null ? "EC" : "RSA", ["kid"] = Id };
        if (rsa is not null)
        {
            RSAParameters numbers = rsa.ExportParameters(false);
            jwk["alg"] = Algorithms[0];
            jwk["n"] = Base64Url.EncodeToString(numbers.Modulus);
            jwk["e"] = Base64Url.EncodeToString(numbers.Exponent);
            return jwk;
        }

        ECParameters point = ecdsa!.ExportParameters(false);
        jwk["crv"] = ecdsa.KeySize switch { 256 => "P-256", 384 => "P-384", _ => "P-521" };
        jwk["alg"] = Algorithms[0];
        jwk["x"] = Base64Url.EncodeToString(point.Q.X);
        jwk["y"] = Base64Url.EncodeToString(point.Q.Y);
        return jwk;
    }

    /// <summary>Signature in JWS form, by the first of <see cref="Algorithms"/>.</summary>
    /// <exception cref="CryptographicException">It is a public key.</exception>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        lock (gate)
        {
            return rsa is not null
                ? rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
                : ecdsa!.SignData(data, Hash(Algorithms[0]), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    /// <summary>False for an algorithm that is not one of this key's too.</summary>
    public bool Verify(string algorithm, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (!Algorithms.Contains(algorithm))
        {
            return false;
        }

        lock (gate)
        {
            return rsa is not null
                ? rsa.VerifyData(data, signature, Hash(algorithm), algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
                : signature.Length == (ecdsa!.KeySize + 7) / 8 * 2 && ecdsa.VerifyData(data, signature, Hash(algorithm), DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public void Dispose()
    {
        rsa?.Dispose();
        ecdsa?.Dispose();
    }

    private static SignatureKey? Read(string label, string pem)
    {
        try
        {
            switch (label)
            {
                case "CERTIFICATE":
                    using (X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem))
                    {
                        return certificate.GetRSAPublicKey() is { } publicRsa ? new SignatureKey(publicRsa, null, null, null)
                            : certificate.GetECDsaPublicKey() is { } publicEc ? new SignatureKey(null, publicEc, null, null)
                            : null;
                    }

                case "RSA PRIVATE KEY" or "RSA PUBLIC KEY":
                    return new SignatureKey(Rsa(pem), null, null, null);
                case "EC PRIVATE KEY":
                    return new SignatureKey(null, Ec(pem), null, null);
                case "PRIVATE KEY" or "PUBLIC KEY":
                    return IsRsa(pem) ? new SignatureKey(Rsa(pem), null, null, null) : new SignatureKey(null, Ec(pem), null, null);
                default:
                    // Such as EC PARAMETERS, which other tools write before the key.
                    return null;
            }
        }
        catch (CryptographicException bad)
        {
            throw new ArgumentException($"a key for tokens cannot be read: {bad.Message}", bad);
        }
    }

    /// <summary>Both kinds of key come in these two wrappings: try one, as the wrapping alone does not say.</summary>
    private static bool IsRsa(string pem)
    {
        using var probe = RSA.Create();
        try
        {
            probe.ImportFromPem(pem);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static RSA Rsa(string pem)
    {
        var key = RSA.Create();
        key.ImportFromPem(pem);
        return key;
    }

    private static ECDsa Ec(string pem)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(pem);
        return key;
    }

    private static ECCurve? Curve(string? name) => name switch
    {
        "P-256" => ECCurve.NamedCurves.nistP256,
        "P-384" => ECCurve.NamedCurves.nistP384,
        "P-521" => ECCurve.NamedCurves.nistP521,
        _ => null,
    };

    private static HashAlgorithmName Hash(string algorithm) => algorithm[2..] switch
    {
        "384" => HashAlgorithmName.SHA384,
        "512" => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };
}
