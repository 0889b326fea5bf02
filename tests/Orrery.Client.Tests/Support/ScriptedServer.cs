using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Orrery.Client.Tests.Support;

/// <summary>A real HTTPS server on loopback that answers as the test says, and remembers what it was asked.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TestCertificates certificates;

    private ScriptedServer(WebApplication app, TestCertificates certificates)
    {
        this.app = app;
        this.certificates = certificates;
    }

    /// <summary>Method, path with query, and body of each request, in order.</summary>
    public ConcurrentQueue<(string Method, string Url, string Body, IHeaderDictionary Headers, string? ClientSubject)> Requests { get; } = new();

    public Uri Url => new(app.Urls.First());

    public ClientConfig Config => new(Url, certificates.Ca);

    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, Task> answer)
    {
        var certificates = TestCertificates.Create();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(k => k.Listen(IPAddress.Loopback, 0, l => l.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = certificates.Server,
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (_, _, _) => true,
        })));
        WebApplication app = builder.Build();
        var server = new ScriptedServer(app, certificates);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            string body = await reader.ReadToEndAsync();
            server.Requests.Enqueue((
                context.Request.Method,
                context.Request.Path + context.Request.QueryString,
                body,
                context.Request.Headers,
                context.Connection.ClientCertificate?.Subject));
            await answer(context);
        });
        await app.StartAsync();
        return server;
    }

    /// <summary>Answers with JSON.</summary>
    public static Task JsonAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    /// <summary>Sends one chunk of a stream at once.</summary>
    public static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>Leaves the answer open until the client goes or the server stops.</summary>
    public static async Task HoldAsync(HttpContext context)
    {
        var gone = new TaskCompletionSource();
        using CancellationTokenRegistration _ = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
