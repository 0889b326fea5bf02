using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Orrery.Server.Security;

namespace Orrery.Testing;

/// <summary>A webhook: a real HTTPS server on a free loopback port, which answers each review by a function.</summary>
public sealed class TestWebhook : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly CertificateAuthority authority;
    private readonly X509Certificate2 certificate;

    private TestWebhook(WebApplication web, CertificateAuthority authority, X509Certificate2 certificate, int port)
    {
        this.web = web;
        this.authority = authority;
        this.certificate = certificate;
        Port = port;
    }

    public int Port { get; }

    public string Url => $"https://127.0.0.1:{Port}/hook";

    /// <summary>As a clientConfig carries it: base64 of PEM.</summary>
    public string CaBundle => Convert.ToBase64String(Encoding.UTF8.GetBytes(authority.CertificatePem));

    /// <summary>Reviews that came, oldest first.</summary>
    public ConcurrentQueue<JsonObject> Reviews { get; } = new();

    /// <summary>Path and query of each request.</summary>
    public ConcurrentQueue<string> Paths { get; } = new();

    /// <param name="answer">Null leaves the request without an answer until its client goes away.</param>
    /// <param name="names">Further DNS names of its certificate.</param>
    public static async Task<TestWebhook> StartAsync(Func<JsonObject, JsonObject?> answer, CancellationToken cancellationToken, params IReadOnlyList<string> names) =>
        await StartAsync(
            async (webhook, http) =>
            {
                JsonObject review = JsonNode.Parse(await new StreamReader(http.Request.Body).ReadToEndAsync(http.RequestAborted))!.AsObject();
                webhook.Reviews.Enqueue(review);
                if (answer(review) is not { } body)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
                    return;
                }

                http.Response.ContentType = "application/json";
                await http.Response.WriteAsync(body.ToJsonString(), http.RequestAborted);
            },
            cancellationToken,
            names);

    /// <param name="handle">Answers in any way.</param>
    public static async Task<TestWebhook> StartAsync(Func<TestWebhook, HttpContext, Task> handle, CancellationToken cancellationToken, params IReadOnlyList<string> names)
    {
        TimeSpan lifetime = TimeSpan.FromDays(1);
        CertificateAuthority authority = CertificateAuthority.Create("webhook authority", lifetime, TimeProvider.System);
        X509Certificate2 certificate = authority.IssueServer(["localhost", .. names], [IPAddress.Loopback], lifetime).ToX509();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        WebApplication web = builder.Build();
        TestWebhook? made = null;
        web.Run(http =>
        {
            made!.Paths.Enqueue(http.Request.Path + http.Request.QueryString);
            return handle(made, http);
        });
        await web.StartAsync(cancellationToken);
        string address = web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return made = new TestWebhook(web, authority, certificate, new Uri(address).Port);
    }

    /// <summary>Lets the request pass, or refuses it, with further members of the response.</summary>
    public static JsonObject Answer(JsonObject review, bool allowed, params (string Name, JsonNode? Value)[] more)
    {
        var response = new JsonObject { ["uid"] = review["request"]!["uid"]!.DeepClone(), ["allowed"] = allowed };
        foreach ((string name, JsonNode? value) in more)
        {
            response[name] = value;
        }

        return new JsonObject { ["kind"] = "AdmissionReview", ["apiVersion"] = "admission.k8s.io/v1", ["response"] = response };
    }

    /// <summary>Lets the request pass with a JSON patch.</summary>
    public static JsonObject Patch(JsonObject review, string operations) =>
        Answer(review, true, ("patchType", "JSONPatch"), ("patch", Convert.ToBase64String(Encoding.UTF8.GetBytes(operations))));

    public async ValueTask DisposeAsync()
    {
        await web.StopAsync(CancellationToken.None);
        await web.DisposeAsync();
        certificate.Dispose();
        authority.Dispose();
    }
}
