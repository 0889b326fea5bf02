using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Joining;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

public sealed class JoinRulesTests
{
    private const string Satellite = "CN=orrery:data-plane:pa2-par:uid";

    /// <summary>A part of a name may hold several attributes: who shows the certificate is in all of those groups, so that all of them are judged.</summary>
    [Theory]
    [InlineData($"{Satellite},O=orrery:satellites", "NoSuchDataPlane")]
    [InlineData($"{Satellite},O=orrery:satellites,O=system:masters", "WrongGroup")]
    [InlineData($"{Satellite},O=orrery:satellites,OU=x+O=system:masters", "WrongGroup")]
    [InlineData($"{Satellite}+O=system:masters,O=orrery:satellites", "WrongGroup")]
    [InlineData($"{Satellite},O=orrery:satellites,OU=x+CN=orrery-admin", "WrongName")]
    [InlineData($"{Satellite},O=orrery:satellites,OU=x", "WrongName")]
    [InlineData($"CN=orrery-admin,{Satellite},O=orrery:satellites", "WrongName")]
    [InlineData($"{Satellite},O=orrery:satellites,UID=0", "WrongName")]
    public void Judge_WhateverTheSubjectHolds_IsJudged(string subject, string reason)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string pem = new CertificateRequest(DistinguishedName.Of(subject), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var request = SigningRequest.Of(KubeObject.From(new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "r" },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem)),
                ["signerName"] = JoinNames.Signer,
                ["expirationSeconds"] = 3600,
                ["usages"] = new JsonArray("client auth"),
            },
        }));

        JoinVerdict verdict = JoinRules.Judge(request!, null, null, TimeSpan.FromDays(1), DateTimeOffset.UnixEpoch);

        Assert.Equal((JoinDecision.Refuse, reason), (verdict.Decision, verdict.Reason));
    }
}
