using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

/// <summary>Client certificates as other tools make them: without a purpose, with several, with names of several parts.</summary>
public sealed class ForeignCertificateTests
{
    private const string ForClients = "1.3.6.1.5.5.7.3.2", ForServers = "1.3.6.1.5.5.7.3.1", ForAnything = "2.5.29.37.0", Uid = "1.3.6.1.4.1.57683.2";

    [Theory]
    [InlineData(new string[0], true)]
    [InlineData(new[] { ForClients }, true)]
    [InlineData(new[] { ForServers, ForClients }, true)]
    [InlineData(new[] { ForAnything }, true)]
    [InlineData(new[] { ForServers }, false)]
    public async Task Authenticate_Purposes_NoneOrOneForClients(string[] purposes, bool known)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = Issue(world, Name([("2.5.4.3", "jane")]), purposes);

        if (known)
        {
            Assert.Equal("jane", (await world.IdentifyAsync("/api", certificate)).Name);
        }
        else
        {
            Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", certificate))).Code);
        }
    }

    [Fact]
    public async Task Authenticate_SeveralAttributesInOnePartOfTheName_AllCount()
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = Issue(world, Name([("2.5.4.10", "dev"), ("2.5.4.10", "ops")], [("2.5.4.3", "jane"), (Uid, "17")]));

        UserInfo user = await world.IdentifyAsync("/api", certificate);

        Assert.Equal(("jane", "17"), (user.Name, user.Uid));
        Assert.Equal(["dev", "ops", "system:authenticated"], user.Groups);
    }

    [Theory]
    [InlineData("17", "18")]
    [InlineData("")]
    public async Task Authenticate_UidThatIsNotOne_Is401(params string[] uids)
    {
        await using AccessWorld world = await AccessWorld.StartAsync();
        using X509Certificate2 certificate = Issue(world, Name([[("2.5.4.3", "jane")], .. uids.Select(uid => new[] { (Uid, uid) })]));

        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => world.IdentifyAsync("/api", certificate))).Code);
    }

    private static X509Certificate2 Issue(AccessWorld world, X500DistinguishedName subject, params string[] purposes)
    {
        using X509Certificate2 authority = X509Certificate2.CreateFromPem(world.Authority.CertificatePem, world.Authority.KeyPem);
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var scope = new SubjectAlternativeNameBuilder();
        scope.AddUri(new Uri("orrery://clusters/"));
        request.CertificateExtensions.Add(scope.Build());
        if (purposes.Length > 0)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. purposes.Select(oid => new Oid(oid))], critical: false));
        }

        DateTimeOffset now = world.Clock.GetUtcNow();
        return request.Create(authority, now.AddMinutes(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
    }

    /// <summary>A name of parts, each of one or more attributes.</summary>
    private static X500DistinguishedName Name(params (string Type, string Value)[][] parts)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach ((string, string)[] part in parts)
            {
                using (writer.PushSetOf())
                {
                    foreach ((string type, string value) in part)
                    {
                        using (writer.PushSequence())
                        {
                            writer.WriteObjectIdentifier(type);
                            writer.WriteCharacterString(UniversalTagNumber.UTF8String, value);
                        }
                    }
                }
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }
}
