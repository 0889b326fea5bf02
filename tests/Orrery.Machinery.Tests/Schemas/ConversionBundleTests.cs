using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Tests.Schemas;

/// <summary>The authorities of a conversion webhook: what a definition that serves already may be changed to.</summary>
public sealed class ConversionBundleTests
{
    private const string Path = "spec.conversion.webhookClientConfig.caBundle";
    private static readonly string Good = Text(Authority());
    private static readonly string NoPem = Text("none");
    private static readonly string NoCertificate = Text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

    [Fact]
    public void ValidateUpdate_OfOneThatServes_WantsAuthoritiesThatCanBeRead()
    {
        Assert.Equal([$"{Path}: Invalid value: \"{NoPem}\": unable to load root certificates: unable to parse bytes as PEM block"], Faults(NoPem, Good, established: true));
        Assert.Equal([$"{Path}: Invalid value: \"{NoCertificate}\": unable to load root certificates: failed to parse certificate"], Faults(NoCertificate, Good, established: true));
        Assert.Empty(Faults(Good, NoPem, established: true));
    }

    [Fact]
    public void ValidateUpdate_OfOneThatDoesNot_OrNeverHadAny_TakesThem()
    {
        Assert.Empty(Faults(NoPem, Good, established: false));
        Assert.Empty(Faults(NoPem, NoCertificate, established: true));
        Assert.Single(Faults(NoPem, "", established: true));
    }

    private static IEnumerable<string> Faults(string bundle, string former, bool established) =>
        DefinitionValidation.ValidateUpdate(Definition(bundle), Definition(former), established).Select(f => f.ToString());

    private static JsonObject Definition(string bundle) => JsonNode.Parse("""
        {"metadata":{"name":"bulbs.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"bulbs","singular":"bulb","kind":"Bulb","listKind":"BulbList"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}],
        "conversion":{"strategy":"Webhook","webhook":{"conversionReviewVersions":["v1"],"clientConfig":{"url":"https://example.com/convert","caBundle":"BUNDLE"}}}},
        "status":{"storedVersions":["v1"]}}
        """.Replace("BUNDLE", bundle, StringComparison.Ordinal))!.AsObject();

    private static string Text(string pem) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pem));

    private static string Authority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256).CreateSelfSigned(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return certificate.ExportCertificatePem();
    }
}
