using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Server.Authentication;
using Orrery.Server.Authentication.Oidc;
using Orrery.Server.Security;

namespace Orrery.Server.Tests.Authentication;

/// <summary>An OpenID provider on loopback, over https, whose keys can be turned and which can be away.</summary>
internal sealed class Provider : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly CertificateAuthority authority;
    private readonly X509Certificate2 certificate;

    private readonly StrongBox<int> connections;

    private Provider(WebApplication web, CertificateAuthority authority, X509Certificate2 certificate, StrongBox<int> connections)
    {
        this.connections = connections;
        this.web = web;
        this.authority = authority;
        this.certificate = certificate;
    }

    public string Issuer { get; private set; } = "";

    /// <summary>What its discovery document says; null says the truth.</summary>
    public string? ClaimedIssuer { get; set; }

    public ServiceAccountKeys Keys { get; set; } = RsaKeys();

    /// <summary>What it publishes in the place of its keys; null the keys.</summary>
    public string? KeySet { get; set; }

    public bool IsAway { get; set; }

    /// <summary>Requests for its keys.</summary>
    public int Fetches { get; private set; }

    public OidcOptions Options => new() { Issuer = Issuer, ClientId = "kube", GroupsClaim = "groups", GroupsPrefix = "oidc:", Authorities = [authority.Certificate()] };

    /// <summary>Connections that reached it.</summary>
    public int Connections => connections.Value;

    /// <summary>An AuthenticationConfiguration that trusts it.</summary>
    public string Configuration(string mappings, string rules = "[]", string userRules = "[]", string issuer = "", string? url = null) =>
        AuthenticationConfigurationTests.Yaml("jwt:" + Entry(mappings, rules, userRules, issuer, url));

    /// <summary>One <c>jwt</c> entry of such a configuration.</summary>
    public string Entry(string mappings, string rules = "[]", string userRules = "[]", string issuer = "", string? url = null) => $"""

        - issuer:
            url: {url ?? Issuer}
            audiences: [kube]
            {issuer}
            certificateAuthority: |
              {Indented(authority.CertificatePem.Trim(), 6)}
          claimValidationRules:
            {Indented(rules, 4)}
          userValidationRules:
            {Indented(userRules, 4)}
          claimMappings:
            {Indented(mappings, 4)}
        """;

    private static string Indented(string text, int by) => text.ReplaceLineEndings("\n" + new string(' ', by));

    public static ServiceAccountKeys RsaKeys()
    {
        using RSA key = RSA.Create(2048);
        return ServiceAccountKeys.Load(key.ExportPkcs8PrivateKeyPem());
    }

    public static async Task<Provider> StartAsync()
    {
        var authority = CertificateAuthority.Create("provider", TimeSpan.FromDays(1), TimeProvider.System);
        X509Certificate2 certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback], TimeSpan.FromDays(1)).ToX509();
        var counted = new StrongBox<int>();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l =>
        {
            l.Use(next => connection =>
            {
                Interlocked.Increment(ref counted.Value);
                return next(connection);
            });
            l.UseHttps(certificate);
        }));
        WebApplication web = builder.Build();
        var provider = new Provider(web, authority, certificate, counted);
        web.Run(provider.AnswerAsync);
        await web.StartAsync(TestContext.Current.CancellationToken);
        provider.Issuer = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return provider;
    }

    /// <summary>An ID token with these claims over good ones; a claim that is null is left out.</summary>
    public string Token(DateTimeOffset now, params (string Name, JsonNode? Value)[] claims)
    {
        var all = new JsonObject
        {
            ["iss"] = Issuer, ["aud"] = "kube", ["sub"] = "ann", ["exp"] = now.AddMinutes(5).ToUnixTimeSeconds(), ["groups"] = new JsonArray("devs", "system:masters"), ["jti"] = "7",
        };
        foreach ((string name, JsonNode? value) in claims)
        {
            all[name] = value;
            if (value is null)
            {
                all.Remove(name);
            }
        }

        return JsonWebToken.Sign(Keys, all);
    }

    public async ValueTask DisposeAsync()
    {
        await web.DisposeAsync();
        certificate.Dispose();
        authority.Dispose();
        Keys.Dispose();
    }

    private Task AnswerAsync(HttpContext http)
    {
        if (IsAway)
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        }

        bool isKeys = http.Request.Path == "/keys";
        Fetches += isKeys ? 1 : 0;
        if (isKeys && KeySet is { } said)
        {
            return http.Response.WriteAsync(said);
        }

        JsonObject answer = isKeys ? Keys.ToJwks() : new JsonObject { ["issuer"] = ClaimedIssuer ?? Issuer, ["jwks_uri"] = Issuer + "/keys" };
        return http.Response.WriteAsync(answer.ToJsonString());
    }
}
