using System.Net;
using System.Security.Cryptography.X509Certificates;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Server.Tests.Security;

public sealed class CertificateAuthorityTests
{
    private readonly TurnedClock clock = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void IssueServer_NamesAndAddresses_MatchAndChain()
    {
        using CertificateAuthority authority = CertificateAuthority.Create("orrery", TimeSpan.FromDays(365), clock);
        using X509Certificate2 issued = authority.IssueServer(["localhost", "orrery.example"], [IPAddress.Loopback, IPAddress.IPv6Loopback], TimeSpan.FromDays(90)).ToX509();

        Assert.True(issued.MatchesHostname("orrery.example"));
        Assert.True(issued.MatchesHostname("127.0.0.1"));
        Assert.True(issued.MatchesHostname("::1"));
        Assert.False(issued.MatchesHostname("other.example"));
        Assert.True(issued.HasPrivateKey);
        Assert.True(Chains(issued, authority, clock.Now.AddDays(89)));
        Assert.False(Chains(issued, authority, clock.Now.AddDays(91)));
    }

    [Fact]
    public void IssueClient_LongerThanTheAuthority_EndsWithIt()
    {
        using CertificateAuthority authority = CertificateAuthority.Create("orrery", TimeSpan.FromDays(10), clock);
        using X509Certificate2 issued = authority.IssueClient("jane", ["dev"], ClusterScope.Root, TimeSpan.FromDays(90)).ToX509();

        Assert.Equal(clock.Now.AddDays(10), new DateTimeOffset(issued.NotAfter.ToUniversalTime(), TimeSpan.Zero));
        Assert.Equal("CN=jane, O=dev", string.Join(", ", issued.SubjectName.EnumerateRelativeDistinguishedNames(false)
            .Select(r => $"{(r.GetSingleElementType().Value == "2.5.4.3" ? "CN" : "O")}={r.GetSingleElementValue()}").Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Load_WhatCreateWrote_SignsTheSame()
    {
        using CertificateAuthority first = CertificateAuthority.Create("orrery", TimeSpan.FromDays(10), clock);
        using CertificateAuthority second = CertificateAuthority.Load(first.CertificatePem, first.KeyPem, clock);
        using X509Certificate2 issued = second.IssueClient("jane", [], ClusterScope.Root, TimeSpan.FromDays(1)).ToX509();

        Assert.True(Chains(issued, first, clock.Now));
    }

    [Fact]
    public void ToString_OfIssued_HidesTheKey()
    {
        using CertificateAuthority authority = CertificateAuthority.Create("orrery", TimeSpan.FromDays(10), clock);

        Assert.Equal("IssuedCertificate", authority.IssueClient("jane", [], ClusterScope.Root, TimeSpan.FromDays(1)).ToString());
    }

    private static bool Chains(X509Certificate2 certificate, CertificateAuthority authority, DateTimeOffset at)
    {
        using X509Certificate2 root = authority.Certificate();
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = at.UtcDateTime;
        return chain.Build(certificate);
    }
}
