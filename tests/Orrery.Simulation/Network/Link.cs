using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Orrery.Api.Kinds;
using Orrery.Simulation.Faults;
using Orrery.Simulation.Worlds;

namespace Orrery.Simulation.Network;

/// <summary>The way of one process to one server: it takes its time, and goes wrong as the run's faults want it.</summary>
internal sealed class Link(World world, SimulatedProcess process, SimulatedServer server, X509Certificate2 certificate) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] content = request.Content is { } sent ? await sent.ReadAsByteArrayAsync(cancellationToken) : [];
        bool isTunnel = request.RequestUri!.AbsolutePath.StartsWith($"/apis/{OrreryResources.ApiVersion}/dataplanes/", StringComparison.Ordinal)
            && request.RequestUri.AbsolutePath.EndsWith("/" + OrreryNames.TunnelSubresource, StringComparison.Ordinal);
        bool isWatch = isTunnel || request.RequestUri.Query.Contains("watch=true", StringComparison.Ordinal);
        bool isWrite = request.Method != HttpMethod.Get;
        string what = $"{process.Name} {request.Method.Method} {server.Name}{request.RequestUri.PathAndQuery}";

        // 1. On its way.
        await WaitAsync(world.Weather.Latency(), cancellationToken);
        ThrowIfAway(what);
        Fate fate = world.Weather.FateOf(process, isWrite ? $"{request.Method.Method} {server.Name}{request.RequestUri.AbsolutePath}" : "", isWrite, isWatch && !isTunnel);
        switch (fate)
        {
            case Fate.Crash:
                world.Note($"{what}: killed before it");
                world.Crash(process);
                throw Gone();
            case Fate.Lost:
                world.Note($"{what}: lost");
                throw new HttpRequestException("the connection broke");
            case Fate.Refused:
                world.Note($"{what}: refused");
                return Refuse();
            case Fate.Conflict:
                world.Note($"{what}: conflict");
                return Answer(HttpStatusCode.Conflict, "Conflict", "somebody else was faster");
            case Fate.Expired:
                world.Note($"{what}: expired");
                return Answer(HttpStatusCode.Gone, "Expired", "too old resource version");
        }

        // 2. At the server.
        if (isWrite && server.Name == World.ControlPlane)
        {
            await world.Promises.LeadsAsync(server.Store, process, request.RequestUri.AbsolutePath);
        }

        var exchange = new Exchange();
        await using CancellationTokenRegistration gone = cancellationToken.Register(exchange.Abort);
        await exchange.SendAsync(server.ServeAsync, request, content, certificate);
        world.Note($"{what}: {exchange.StatusCode}");
        if (isWatch && exchange.StatusCode == 200)
        {
            return Watch(exchange, cancellationToken);
        }

        byte[] answer = await ReadAsync(exchange);
        if (isWrite)
        {
            await world.Promises.LookAsync(server, request.RequestUri.AbsolutePath);
        }

        if (fate == Fate.CrashAfter)
        {
            world.Note($"{what}: killed after it");
            world.Crash(process);
            throw Gone();
        }

        // 3. On the way back.
        await WaitAsync(world.Weather.Latency(), cancellationToken);
        ThrowIfAway(what);
        if (fate == Fate.Unanswered)
        {
            world.Note($"{what}: the answer is lost");
            throw new HttpRequestException("the connection broke");
        }

        return Response(exchange, new ByteArrayContent(answer));
    }

    private Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken) => Task.Delay(wait, world.Time, cancellationToken);

    private void ThrowIfAway(string what)
    {
        if (process.IsDead)
        {
            throw Gone();
        }

        if (process.IsCutOff && server.Name == World.ControlPlane)
        {
            world.Note($"{what}: cut off");
            world.Weather.Count.Add("cut-off");
            throw new HttpRequestException("no route");
        }
    }

    private static HttpRequestException Gone() => new("this process is dead");

    private HttpResponseMessage Refuse()
    {
        int kind = world.Weather.Pick(3);
        HttpResponseMessage answer = kind switch
        {
            0 => Answer(HttpStatusCode.InternalServerError, "InternalError", "the server met an unexpected condition"),
            1 => Answer(HttpStatusCode.ServiceUnavailable, "ServiceUnavailable", "the store cannot be reached"),
            _ => Answer(HttpStatusCode.TooManyRequests, "TooManyRequests", "too busy"),
        };
        if (kind == 2)
        {
            answer.Headers.RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(1));
        }

        return answer;
    }

    private static HttpResponseMessage Answer(HttpStatusCode code, string reason, string message) => new(code)
    {
        Content = new StringContent(
            $$"""{"kind":"Status","apiVersion":"v1","status":"Failure","code":{{(int)code}},"reason":"{{reason}}","message":"{{message}}"}""", Encoding.UTF8, "application/json"),
    };

    private static HttpResponseMessage Response(Exchange exchange, HttpContent content)
    {
        var response = new HttpResponseMessage((HttpStatusCode)exchange.StatusCode) { Content = content };
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in exchange.Headers)
        {
            if (!response.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        return response;
    }

    private static async Task<byte[]> ReadAsync(Exchange exchange)
    {
        try
        {
            while (true)
            {
                ReadResult read = await exchange.Answer.ReadAsync();
                if (read.IsCompleted)
                {
                    byte[] all = read.Buffer.ToArray();
                    exchange.Dispose();
                    return all;
                }

                exchange.Answer.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (IOException e)
        {
            throw new HttpRequestException("the server cut the connection", e);
        }
    }

    private HttpResponseMessage Watch(Exchange exchange, CancellationToken cancellationToken)
    {
        var stream = new EventStream(exchange.Abort);
        _ = PassAsync(exchange, stream, cancellationToken);
        return Response(exchange, new StreamContent(stream));
    }

    /// <summary>Passes events on one by one, each with a fate of its own.</summary>
    private async Task PassAsync(Exchange exchange, EventStream stream, CancellationToken cancellationToken)
    {
        using IDisposable open = world.Weather.Opened(process, () => Break(exchange, stream));
        Exception? fault = null;
        try
        {
            while (true)
            {
                ReadResult read = await exchange.Answer.ReadAsync(cancellationToken);
                ReadOnlySequence<byte> left = read.Buffer;
                while (left.PositionOf((byte)'\n') is { } end)
                {
                    ReadOnlySequence<byte> line = left.Slice(0, left.GetPosition(1, end));
                    left = left.Slice(line.End);
                    await WaitAsync(world.Weather.EventDelay(process), cancellationToken);
                    switch (process.IsDead ? Fate.Lost : world.Weather.EventFate(process))
                    {
                        case Fate.Lost:
                            throw new IOException("the connection broke");
                        case Fate.Doubled:
                            stream.Put(line.ToArray());
                            break;
                    }

                    stream.Put(line.ToArray());
                }

                exchange.Answer.AdvanceTo(left.Start, left.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            fault = new IOException(e.Message, e);
        }

        stream.End(fault);
        exchange.Abort();
        exchange.Dispose();
    }

    private static void Break(Exchange exchange, EventStream stream)
    {
        stream.End(new IOException("the connection broke"));
        exchange.Abort();
    }
}
