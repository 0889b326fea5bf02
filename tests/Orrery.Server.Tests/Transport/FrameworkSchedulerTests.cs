using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orrery.Server.Handlers;
using Orrery.Server.Transport;
using Orrery.Server.Transport.Sockets;

namespace Orrery.Server.Tests.Transport;

public sealed class FrameworkSchedulerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The first fails where the framework has changed so that what is heard of connections that rest goes to the pool again; what a request does with its body must not hold up the others.</summary>
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task TrySet_OfTheFrameworksServer_WhatIsHeardIsReadInTheThreadOfThoseThatRestAndDoneElsewhere(bool isBodyOfARequest, bool isThere)
    {
        Assert.SkipUnless(EpollTransport.IsPossible, "only Linux has it");
        var rests = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var readBy = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using WebApplication web = Build(async http =>
        {
            await http.Response.StartAsync(Token);
            await RestAsync(http.Features.GetRequiredFeature<IRestingConnection>());
            Task reading = isBodyOfARequest ? RequestBody.ReadAsync(http.Request, Token).AsTask() : http.Request.Body.ReadExactlyAsync(new byte[4], Token).AsTask();
            rests.SetResult();
            await reading;
            readBy.SetResult(Thread.CurrentThread.Name);
        });
        IServer server = web.Services.GetRequiredService<IServer>();
        Assert.True(FrameworkScheduler.TrySet(server, SocketLoop.Scheduler));
        await web.StartAsync(Token);
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First())
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new Late(rests.Task),
        };

        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);

        Assert.Equal(isThere, await readBy.Task.WaitAsync(Patience, Token) == "quiet sockets");
    }

    [Fact]
    public void TrySet_OfAnotherServer_LeavesItAlone() => Assert.False(FrameworkScheduler.TrySet(new OtherServer(), PipeScheduler.ThreadPool));

    private static async Task RestAsync(IRestingConnection connection)
    {
        // What opens a connection may still come, and ends its rest.
        bool rested;
        do
        {
            connection.MayRest();
            rested = connection.IsResting;
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, Token);
        }
        while (!rested || !connection.IsResting);
    }

    private static WebApplication Build(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new EpollTransport(services.GetRequiredService<IMemoryPoolFactory<byte>>(), backlog: 8, NullLogger<EpollTransport>.Instance));
        WebApplication web = builder.Build();
        web.Run(answer);
        return web;
    }

    /// <summary>A body of four bytes, sent when it is told to.</summary>
    private sealed class Late(Task when) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(Token);
            await when;
            await stream.WriteAsync(new byte[4], Token);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
