using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Security;
using Orrery.Server.Tests.Security;
using Orrery.Testing;

namespace Orrery.Server.Tests.Authentication;

/// <summary>Tokens that nobody issued, and providers that mean harm: refused, and nothing breaks.</summary>
public sealed class OidcAttacks
{
    private static readonly TurnedClock Clock = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Headers => new(
        """{"alg":"none"}""", """{"alg":"HS256"}""", """{"alg":"hs256"}""", """{"alg":"ES256"}""", """{"alg":["RS256"]}""", """{"alg":null}""", "{}", "[]", "7", "{",
        """{"alg":"RS256","alg":"none"}""", """{"alg":"RS256","crit":["exp"]}""", """{"alg":"RS256","crit":[]}""", """{"alg":"\ud800"}""", """{"alg":"RS256","kid":"\udc00\ud800"}""",
        """{"alg":"RS256","\\ud800":1}""", """{"alg":"RS256","kid":""}""", """{"alg":"RS256","kid":"../../etc/passwd"}""", """{"alg":"RS256","kid":"' OR 1=1 --"}""", """{"alg":"RS256","kid":{"a":1}}""",
        """{"alg":"RS256","jku":"https://evil.example.com/keys"}""", """{"alg":"RS256","x5u":"https://evil.example.com/cert"}""");

    [Theory]
    [MemberData(nameof(Headers))]
    public async Task Header_OfATokenThatTheProviderDidNotSign_IsNeverBelieved(string header)
    {
        await using Provider provider = await Provider.StartAsync();
        using var authenticator = new OidcAuthenticator(provider.Options.ToProvider(), null, Clock, NullLogger.Instance);
        string good = provider.Token(Clock.Now);
        Assert.NotNull(await AskAsync(authenticator, good));
        string claims = good.Split('.')[1];
        string signed = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{claims}";

        // 1. Without a signature, with another token's, with one by a key of our own,
        using RSA own = RSA.Create(2048);
        byte[] ownSignature = own.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        // and with one that takes the provider's public key for a shared secret.
        byte[] secret = Encoding.UTF8.GetBytes(provider.Keys.ToJwks().ToJsonString());
        foreach (string signature in (string[])["", good.Split('.')[2], Base64Url.EncodeToString(ownSignature), Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))])
        {
            Assert.Null(await AskAsync(authenticator, $"{signed}.{signature}"));
        }
    }

    [Fact]
    public async Task Key_ThatTheTokenBrings_IsNotUsed()
    {
        await using Provider provider = await Provider.StartAsync();
        using var authenticator = new OidcAuthenticator(provider.Options.ToProvider(), null, Clock, NullLogger.Instance);
        using ServiceAccountKeys own = Provider.RsaKeys();
        var claims = new JsonObject { ["iss"] = provider.Issuer, ["aud"] = "kube", ["sub"] = "mallory", ["exp"] = Clock.Now.AddMinutes(5).ToUnixTimeSeconds() };
        JsonNode jwk = own.ToJwks()["keys"]![0]!.DeepClone();
        string signed = $"{Part(new JsonObject { ["alg"] = own.SigningAlgorithm, ["kid"] = provider.Keys.SigningKeyId, ["jwk"] = jwk })}.{Part(claims)}";

        Assert.Null(await AskAsync(authenticator, $"{signed}.{Base64Url.EncodeToString(own.Sign(Encoding.ASCII.GetBytes(signed)))}"));
    }

    public static TheoryData<string> Claims => new(
        """{"iss":"ISSUER","aud":"kube","sub":"\ud800","exp":9999999999}""", """{"iss":"ISSUER","aud":"kube","sub":"ann","exp":9999999999,"groups":["\ud83d"]}""",
        """{"iss":"ISSUER","aud":"kube","sub":"ann","exp":9999999999,"\ud800":1}""", """{"iss":"ISSUER","aud":"kube","sub":"ann","exp":1e999}""",
        """{"iss":"ISSUER","aud":"kube","sub":"ann","exp":-1}""", """{"iss":"ISSUER","aud":"kube","sub":["ann"],"exp":9999999999}""",
        """{"iss":"ISSUER","aud":{"kube":1},"sub":"ann","exp":9999999999}""", """{"iss":"ISSUER","aud":"kube","sub":"ann","sub":"bob","exp":9999999999}""",
        """{"iss":["ISSUER"],"aud":"kube","sub":"ann","exp":9999999999}""", "null", "[]");

    /// <summary>As the provider itself signed them: what it says may be nonsense.</summary>
    [Theory]
    [MemberData(nameof(Claims))]
    public async Task Claims_ThatAreNonsense_AreAnswered401(string claims)
    {
        await using Provider provider = await Provider.StartAsync();
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions { Configure = options => options with { Oidc = provider.Options } }, Cancel);
        string signed = $"{Part(new JsonObject { ["alg"] = provider.Keys.SigningAlgorithm, ["kid"] = provider.Keys.SigningKeyId })}."
            + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims.Replace("ISSUER", provider.Issuer, StringComparison.Ordinal)));
        string token = $"{signed}.{Base64Url.EncodeToString(provider.Keys.Sign(Encoding.ASCII.GetBytes(signed)))}";
        using var client = new Client.KubeClient(server.Config(token: token));

        Assert.Equal(401, (await Assert.ThrowsAsync<Api.StatusException>(() => client.GetTextAsync("/api", Cancel))).Code);
    }

    public static TheoryData<string> KeySets => new(
        "", "[]", "{}", """{"keys":7}""", """{"keys":[7,null,[],"x"]}""", """{"keys":[{"kty":"\ud800"}]}""", """{"keys":[{"kty":"RSA","use":"\ud800","n":"AQAB","e":"AQAB"}]}""",
        """{"keys":[{"kty":"RSA"}]}""", """{"keys":[{"kty":"RSA","n":"","e":""}]}""", """{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}""", """{"keys":[{"kty":"RSA","n":"=%&","e":"AQAB"}]}""",
        """{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}""", """{"keys":[{"kty":"RSA","n":"MODULUS","e":"AA"}]}""", """{"keys":[{"kty":"RSA","n":"MODULUS","e":""}]}""", """{"keys":[{"kty":"RSA","n":"AAAAAAAAAAA","e":"AQAB"}]}""",
        """{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}""", """{"keys":[{"kty":"EC","crv":"P-256"}]}""", """{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""",
        """{"keys":[{"kty":"RSA","n":"LONG","e":"AQAB"}]}""", """{"keys":[{"kty":"RSA","n":"LONG","e":"LONG"}]}""");

    [Theory]
    [MemberData(nameof(KeySets))]
    public async Task KeySet_ThatMakesNoSense_LetsNobodyInAndBreaksNothing(string keySet)
    {
        await using Provider provider = await Provider.StartAsync();
        provider.KeySet = keySet.Replace("LONG", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(100_000)), StringComparison.Ordinal)
            .Replace("MODULUS", Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(256)), StringComparison.Ordinal);
        var clock = new TurnedClock(Clock.Now);
        using var authenticator = new OidcAuthenticator(provider.Options.ToProvider(), null, clock, NullLogger.Instance);
        Assert.Null(await AskAsync(authenticator, provider.Token(clock.Now)));
        Assert.Equal(1, provider.Fetches);

        // It comes to its senses.
        provider.KeySet = null;
        clock.Now += TimeSpan.FromSeconds(11);
        Assert.NotNull(await AskAsync(authenticator, provider.Token(clock.Now)));
    }

    [Fact]
    public async Task KeySet_OfThousands_IsTriedInPart()
    {
        await using Provider provider = await Provider.StartAsync();
        using ServiceAccountKeys other = Provider.RsaKeys();
        JsonNode first = other.ToJwks()["keys"]![0]!;
        first.AsObject().Remove("kid");
        JsonNode last = provider.Keys.ToJwks()["keys"]![0]!;
        last.AsObject().Remove("kid");
        provider.KeySet = new JsonObject { ["keys"] = new JsonArray([.. Enumerable.Repeat(first, 2000).Select(k => k.DeepClone()), last.DeepClone()]) }.ToJsonString();
        using var authenticator = new OidcAuthenticator(provider.Options.ToProvider(), null, Clock, NullLogger.Instance);

        Assert.Null(await AskAsync(authenticator, provider.Token(Clock.Now)));
    }

    [Fact]
    public async Task Provider_OfTheServersOwnName_IsRefusedAtStart()
    {
        await using Provider provider = await Provider.StartAsync();
        var issuers = new TokenIssuers { Root = [provider.Issuer] };

        Assert.Contains("overlap", Assert.Throws<FormatException>(() => AuthenticationConfiguration.Parse(provider.Configuration("username: {claim: sub, prefix: ''}"), issuers)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FormatException>(() => TestServer.StartAsync(new TestServerOptions { Configure = options => options with { Oidc = provider.Options, Issuers = issuers } }, Cancel));
    }

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));

    private static async Task<UserInfo?> AskAsync(OidcAuthenticator authenticator, string token) =>
        JsonWebToken.Read(token) is { } read ? await authenticator.AuthenticateAsync(read, ClusterScope.Root, Cancel) : null;
}
