using Microsoft.Extensions.Logging.Abstractions;
using System.Text.Json.Nodes;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Tests.Security;

namespace Orrery.Server.Tests.Authentication;

public sealed class AuthenticationConfigurationTests
{
    private static readonly TurnedClock Clock = new(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Expressions_MapClaimsToTheUser()
    {
        await using Provider provider = await Provider.StartAsync();
        TokenProvider read = Read(provider.Configuration(
            """
            username: {expression: "'ext:' + claims.sub + '@' + claims.org.name"}
            groups: {expression: "claims.roles.filter(r, r != 'none').map(r, 'org:' + r)"}
            uid: {expression: "string(claims.number)"}
            extra:
            - {key: "example.com/tenant", valueExpression: "claims.org.name"}
            - {key: "example.com/none", valueExpression: "''"}
            """,
            rules: """
            - {expression: "claims.exp - claims.iat <= 600", message: "lives too long"}
            - {claim: hd, requiredValue: here}
            """,
            userRules: """- {expression: "!user.username.startsWith('ext:evil') && user.groups.all(g, g != 'org:banned')", message: "not wanted"}"""));
        using var authenticator = new OidcAuthenticator(read, null, Clock, NullLogger.Instance);

        UserInfo user = (await AskAsync(authenticator, provider, ("roles", JsonNode.Parse("[\"dev\",\"none\",\"ops\"]"))))!;

        Assert.Equal("ext:ann@acme", user.Name);
        Assert.Equal(["org:dev", "org:ops", "system:authenticated"], user.Groups);
        Assert.Equal("17", user.Uid);
        Assert.Equal(["acme"], user.Extra["example.com/tenant"]);
        Assert.Equal(["authentication.kubernetes.io/credential-id", "example.com/tenant"], user.Extra.Keys.Order());
        Assert.Equal(["org:one", "system:authenticated"], (await AskAsync(authenticator, provider, ("roles", JsonNode.Parse("[\"one\"]"))))!.Groups);
        Assert.Null(await AskAsync(authenticator, provider, ("roles", JsonNode.Parse("[\"banned\"]"))));
        Assert.Null(await AskAsync(authenticator, provider, ("sub", "evil"), ("roles", new JsonArray())));
        Assert.Null(await AskAsync(authenticator, provider, ("hd", "elsewhere"), ("roles", new JsonArray())));
        Assert.Null(await AskAsync(authenticator, provider, ("iat", 1), ("roles", new JsonArray())));
        Assert.Null(await AskAsync(authenticator, provider, ("org", null), ("roles", new JsonArray())));
        Assert.Null(await AskAsync(authenticator, provider, ("roles", JsonNode.Parse("[1,2]"))));
    }

    [Fact]
    public async Task SystemNames_ComeOfNoExpression()
    {
        await using Provider provider = await Provider.StartAsync();
        TokenProvider read = Read(provider.Configuration("""
            username: {expression: "claims.sub"}
            groups: {expression: "['system:masters', 'orrery:satellites', 'devs']"}
            """));
        using var authenticator = new OidcAuthenticator(read, null, Clock, NullLogger.Instance);

        Assert.Equal(["devs", "system:authenticated"], (await AskAsync(authenticator, provider))!.Groups);
        Assert.Null(await AskAsync(authenticator, provider, ("sub", "system:admin")));
        Assert.Null(await AskAsync(authenticator, provider, ("sub", "system:serviceaccount:kube-system:admin")));
        Assert.Null(await AskAsync(authenticator, provider, ("sub", "orrery:data-plane:pa2-par")));
    }

    [Fact]
    public async Task DiscoveryUrl_IsAskedInTheIssuersPlace()
    {
        await using Provider provider = await Provider.StartAsync();
        provider.ClaimedIssuer = "https://issuer.example.com";
        TokenProvider read = Read(provider.Configuration("username: {claim: sub, prefix: ''}", issuer: $"discoveryURL: {provider.Issuer}/elsewhere/config", url: "https://issuer.example.com"));
        using var authenticator = new OidcAuthenticator(read, null, Clock, NullLogger.Instance);

        Assert.Equal("ann", (await AskAsync(authenticator, provider, ("iss", "https://issuer.example.com")))!.Name);
    }

    public static TheoryData<string, string> Wrong => new()
    {
        { "apiVersion: apiserver.config.k8s.io/v1\nkind: Other", "want kind AuthenticationConfiguration of apiserver.config.k8s.io/v1" },
        { Yaml("jwt: []\nextra: 1"), "extra: no such field" },
        { Yaml("anonymous: {enabled: false, conditions: [{path: /livez}]}"), "anonymous.conditions: Invalid value: enabled should be set to true when conditions are defined" },
        { One("issuer: {url: 'http://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}}"), "jwt[0].issuer.url: Invalid value: \"http://a.example.com\": URL scheme must be https" },
        { One("issuer: {url: 'https://own.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}}"), "jwt[0].issuer.url: Invalid value: \"https://own.example.com\": URL must not overlap with disallowed issuers" },
        { One("issuer: {url: 'https://a.example.com'}\nclaimMappings: {username: {claim: sub, prefix: ''}}"), "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a, b]}\nclaimMappings: {username: {claim: sub, prefix: ''}}"), "jwt[0].issuer.audienceMatchPolicy: Invalid value: \"\": audienceMatchPolicy must be MatchAny for multiple audiences, or empty for a single one" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub}}"), "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: '', expression: claims.sub}}"), "jwt[0].claimMappings.username: Invalid value: claim and expression can't both be set" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {expression: '1'}}"), "jwt[0].claimMappings.username.expression: Invalid value: \"1\": must evaluate to a string" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {expression: 'claims.email'}}"), "jwt[0].claimMappings.username.expression: Invalid value: \"claims.email\": claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}, extra: [{key: 'kubernetes.io/x', valueExpression: claims.sub}]}"), "jwt[0].claimMappings.extra[0].key: Invalid value: \"kubernetes.io/x\": k8s.io, kubernetes.io, orrery.dev and their subdomains are reserved" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}}\nuserValidationRules: [{expression: 'user.username'}]"), "jwt[0].userValidationRules[0].expression: Invalid value: \"user.username\": must evaluate to bool" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a], certificateAuthority: nope}\nclaimMappings: {username: {claim: sub, prefix: ''}}"), "jwt[0].issuer.certificateAuthority: Invalid value: data does not contain any valid RSA or ECDSA certificates" },
        { One("issuer: {url: 'https://a.example.com', audiences: [a]}\nclaimMappings: {username: {claim: sub, prefix: ''}}\nclaimValidationRules: [{claim: a, expression: 'true'}]"), "jwt[0].claimValidationRules[0]: Invalid value: claim and expression can't both be set" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Parse_WhatMakesNoSense_NamesTheField(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => AuthenticationConfiguration.Parse(yaml, issuer => issuer == "https://own.example.com")).Message);

    /// <summary>It is what an expression reads that counts, not what a text in it says.</summary>
    [Theory]
    [InlineData("claims.?email.orValue(\"\")", false)]
    [InlineData("claims[\"email\"]", false)]
    [InlineData("has(claims.email) ? claims.sub : claims.sub", false)]
    [InlineData("claims.email + \"claims.email_verified\"", false)]
    [InlineData("claims.email + \"[\" + \"email_verified\"", false)]
    [InlineData("claims.?email_verified.orValue(false) ? claims.email : claims.sub", true)]
    [InlineData("claims[\"email_verified\"] ? claims.email : claims.sub", true)]
    [InlineData("claims.sub + \"claims.email\"", true)]
    [InlineData("claims.emails", true)]
    public void Parse_UserNamedByEmail_MustAskWhetherItWasVerified(string expression, bool isTaken)
    {
        string yaml = One($"issuer: {{url: 'https://a.example.com', audiences: [a]}}\nclaimMappings: {{username: {{expression: '{expression}'}}}}");

        Exception? fault = Record.Exception(() => AuthenticationConfiguration.Parse(yaml, _ => false));

        Assert.Equal(isTaken, fault is null);
        Assert.True(isTaken || fault is FormatException { Message: var message } && message.Contains("claims.email_verified must be used", StringComparison.Ordinal), fault?.Message);
    }

    [Fact]
    public void Anonymous_WithConditions_AdmitsThosePathsAlone()
    {
        AnonymousRule rule = AuthenticationConfiguration.Parse(Yaml("anonymous: {enabled: true, conditions: [{path: /livez}, {path: /readyz}]}"), _ => false).Anonymous!;

        Assert.True(rule.Admits("/livez"));
        Assert.False(rule.Admits("/livez/ping"));
        Assert.False(rule.Admits("/api"));
        Assert.False(AuthenticationConfiguration.Parse(Yaml("anonymous: {enabled: false}"), _ => false).Anonymous!.Admits("/livez"));
    }

    internal static string Yaml(string rest) => $"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n{rest}";

    internal static string One(string entry) => Yaml("jwt:\n- " + entry.ReplaceLineEndings("\n  "));

    private static TokenProvider Read(string yaml) => Assert.Single(AuthenticationConfiguration.Parse(yaml, _ => false).Providers);

    private static async Task<UserInfo?> AskAsync(OidcAuthenticator authenticator, Provider provider, params (string Name, JsonNode? Value)[] claims) =>
        await authenticator.AuthenticateAsync(
            JsonWebToken.Read(provider.Token(Clock.Now, [("iat", Clock.Now.ToUnixTimeSeconds()), ("hd", "here"), ("number", 17), ("org", new JsonObject { ["name"] = "acme" }), .. claims]))!, ClusterScope.Root, Cancel);
}
