using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Orrery.Server.Security;

namespace Orrery.Server.Tests.Security;

public sealed class SignatureKeyTests
{
    private static readonly byte[] Data = [1, 2, 3];

    public static TheoryData<string, string> Pems()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256), p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384), p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        return new TheoryData<string, string>
        {
            { "RS256", rsa.ExportRSAPrivateKeyPem() }, { "RS256", rsa.ExportPkcs8PrivateKeyPem() }, { "ES256", p256.ExportECPrivateKeyPem() },
            { "ES256", p256.ExportPkcs8PrivateKeyPem() }, { "ES384", p384.ExportPkcs8PrivateKeyPem() }, { "ES512", p521.ExportECPrivateKeyPem() },
        };
    }

    [Theory]
    [MemberData(nameof(Pems))]
    public void Sign_ByEachKind_IsVerifiedByItsPublicKeyFromAJwk_AndByNoOtherAlgorithm(string algorithm, string pem)
    {
        using SignatureKey key = SignatureKey.FromPem(pem).Single();
        using SignatureKey published = SignatureKey.FromJwk(JsonSerializer.SerializeToElement(key.ToJwk()))!;
        byte[] signature = key.Sign(Data);

        Assert.Equal(algorithm, key.Algorithms[0]);
        Assert.Equal(key.Id, published.Id);
        Assert.True(published.Verify(algorithm, Data, signature));
        Assert.False(published.Verify(algorithm, [1, 2, 4], signature));
        foreach (string other in (string[])["none", "HS256", "RS512", "PS256", "ES256", "ES384"])
        {
            Assert.Equal(other == algorithm, published.Verify(other, Data, signature));
        }
    }

    [Fact]
    public void FromPem_SeveralAndCertificates_AreAllRead()
    {
        using RSA rsa = RSA.Create(2048);
        using ECDsa ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=sa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow(), TimeProvider.System.GetUtcNow().AddDays(1));

        IReadOnlyList<SignatureKey> keys = SignatureKey.FromPem($"{ec.ExportSubjectPublicKeyInfoPem()}\n{certificate.ExportCertificatePem()}\n{rsa.ExportRSAPublicKeyPem()}\n");

        Assert.Equal(["ES256", "RS256", "RS256"], keys.Select(k => k.Algorithms[0]));
        Assert.Equal(keys[1].Id, keys[2].Id);
        Assert.Throws<ArgumentException>(() => ServiceAccountKeys.Load(ec.ExportSubjectPublicKeyInfoPem()));
        Assert.Throws<ArgumentException>(() => SignatureKey.FromPem("nothing"));
        using RSA weak = RSA.Create(1024);
        Assert.Throws<ArgumentException>(() => SignatureKey.FromPem(weak.ExportPkcs8PrivateKeyPem()));
    }
}
