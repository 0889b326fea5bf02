using System.Net;
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

    private Provider(WebApplication web, CertificateAuthority authority, X509Certificate2 certificate)
    {
        this.web = web;
        this.authority = authority;
        this.certificate = certificate;
    }

    public string Issuer { get; private set; } = "";

    /// <summary>What its discovery document says; null says the truth.</summary>
    public string? ClaimedIssuer { get; set; }

    public ServiceAccountKeys Keys { get; set; } = RsaKeys();

    public bool IsAway { get; set; }

    /// <summary>Requests for its keys.</summary>
    public int Fetches { get; private set; }

    public OidcOptions Options => new() { Issuer = Issuer, ClientId = "kube", GroupsClaim = "groups", GroupsPrefix = "oidc:", Authorities = [authority.Certificate()] };

    public static ServiceAccountKeys RsaKeys()
    {
        using RSA key = RSA.Create(2048);
        return ServiceAccountKeys.Load(key.ExportPkcs8PrivateKeyPem());
    }

    public static async Task<Provider> StartAsync()
    {
        var authority = CertificateAuthority.Create("provider", TimeSpan.FromDays(1), TimeProvider.System);
        X509Certificate2 certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback], TimeSpan.FromDays(1)).ToX509();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(certificate)));
        WebApplication web = builder.Build();
        var provider = new Provider(web, authority, certificate);
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
        JsonObject answer = isKeys ? Keys.ToJwks() : new JsonObject { ["issuer"] = ClaimedIssuer ?? Issuer, ["jwks_uri"] = Issuer + "/keys" };
        return http.Response.WriteAsync(answer.ToJsonString());
    }
}
