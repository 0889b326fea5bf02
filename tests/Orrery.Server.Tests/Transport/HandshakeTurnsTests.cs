using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Orrery.Server.Transport;

namespace Orrery.Server.Tests.Transport;

/// <summary>Connections in memory, of which the test says when each handshake ends.</summary>
public sealed class HandshakeTurnsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly List<string> begun = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Before_MoreThanAtOnce_BeginInOrderAsOthersEnd()
    {
        var turns = new HandshakeTurns(1, new StandingTime());
        Client first = await DialAsync(turns, "first"), second = await DialAsync(turns, "second"), third = await DialAsync(turns, "third");
        await first.Begun.WaitAsync(Deadline, Token);

        await first.EndAsync();
        await second.Begun.WaitAsync(Deadline, Token);
        await second.EndAsync();
        await third.Begun.WaitAsync(Deadline, Token);
        await third.EndAsync();

        Assert.Equal(["first", "second", "third"], begun);
        Assert.Equal(1, turns.Free);
    }

    /// <summary>A fleet comes at once, and then somebody else: whoever waited longest and whoever came last take turns.</summary>
    [Fact]
    public async Task Before_WhileManyWait_WhoeverComesLastIsSoonToBegin()
    {
        var turns = new HandshakeTurns(1, new StandingTime());
        var clients = new Dictionary<string, Client>();
        foreach (string name in Enumerable.Range(0, 100).Select(i => $"fleet-{i}").Append("tenant"))
        {
            clients[name] = await DialAsync(turns, name);
        }

        for (int ended = 0; ended < clients.Count; ended++)
        {
            string? now = null;
            Assert.True(SpinWait.SpinUntil(() => (now = Begun(ended)) is not null, Deadline));
            await clients[now!].EndAsync();
        }

        Assert.Equal(["fleet-0", "fleet-1", "tenant", "fleet-2", "fleet-99", "fleet-3", "fleet-98"], begun[..7]);
        Assert.Equal(clients.Keys.Order(), begun.Order());
        Assert.Equal(1, turns.Free);
    }

    [Fact]
    public async Task Before_ClientThatGaveUpWaiting_HasNoTurn()
    {
        var turns = new HandshakeTurns(1, new StandingTime());
        Client first = await DialAsync(turns, "first"), impatient = await DialAsync(turns, "impatient"), third = await DialAsync(turns, "third");
        await impatient.GoAsync();

        await first.EndAsync();
        await third.Begun.WaitAsync(Deadline, Token);
        await third.EndAsync();

        Assert.Equal(["first", "third"], begun);
        Assert.Equal(1, turns.Free);
    }

    [Fact]
    public async Task Before_ClientThatStalls_LeavesItsPlace()
    {
        var turns = new HandshakeTurns(1, TimeProvider.System);
        Client stalled = await DialAsync(turns, "stalled"), next = await DialAsync(turns, "next");

        await next.Begun.WaitAsync(Deadline, Token);
        await next.EndAsync();
        await stalled.EndAsync();

        Assert.Equal(1, turns.Free);
    }

    /// <summary>A process that gets no time in between sees the first look at a turn before it has gone on.</summary>
    [Fact]
    public async Task Before_LookThatComesAtOnce_EndsTheTurn()
    {
        var turns = new HandshakeTurns(1, new HastyTime());
        Client client = await DialAsync(turns, "client");
        await client.Begun.WaitAsync(Deadline, Token);

        Assert.Equal(1, turns.Free);
        await client.EndAsync();
        Assert.Equal(1, turns.Free);
    }

    [Fact]
    public async Task Before_ClientsThatSayNothing_HoldUpNobody()
    {
        var turns = new HandshakeTurns(1, new StandingTime());
        Client silent = Dial(turns, "silent");

        Client next = await DialAsync(turns, "next");
        await next.Begun.WaitAsync(Deadline, Token);
        await next.EndAsync();
        await silent.GoAsync();

        Assert.Equal(["next"], begun);
        Assert.Equal(1, turns.Free);
    }

    /// <summary>Null until so many others have begun.</summary>
    private string? Begun(int others)
    {
        lock (begun)
        {
            return begun.Count > others ? begun[others] : null;
        }
    }

    /// <summary>It has said its first word.</summary>
    private async Task<Client> DialAsync(HandshakeTurns turns, string name)
    {
        Client client = Dial(turns, name);
        await client.SayAsync();
        return client;
    }

    private Client Dial(HandshakeTurns turns, string name)
    {
        var client = new Client();
        client.Serve(turns.Before(_ =>
        {
            lock (begun)
            {
                begun.Add(name);
            }

            client.Begin();
            return client.Handshake;
        }));
        return client;
    }

    private sealed class Client
    {
        private readonly Pipe input = new(new PipeOptions(readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false)), output = new();
        private readonly CancellationTokenSource gone = new();
        private readonly TaskCompletionSource begun = new(TaskCreationOptions.RunContinuationsAsynchronously), handshake = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly DefaultConnectionContext connection = new();
        private Task served = Task.CompletedTask;

        public Task Begun => begun.Task;

        public Task Handshake => handshake.Task;

        public void Serve(ConnectionDelegate server)
        {
            connection.Transport = new Ends(input.Reader, output.Writer);
            connection.ConnectionClosed = gone.Token;
            served = server(connection);
        }

        public void Begin() => begun.TrySetResult();

        public async Task SayAsync() => await input.Writer.WriteAsync(new byte[] { 22 }, Token);

        public async Task GoAsync()
        {
            await gone.CancelAsync();
            await served.WaitAsync(Deadline, Token);
        }

        /// <summary>The handshake is done, and the connection then ends.</summary>
        public async Task EndAsync()
        {
            await HandshakeTurns.After(_ => Task.CompletedTask)(connection);
            handshake.TrySetResult();
            await served.WaitAsync(Deadline, Token);
        }

        private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }

    /// <summary>Timers that repeat run out, again and again, as soon as they are set.</summary>
    private sealed class HastyTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Hasty(() => callback(state));
            timer.Change(dueTime, period);
            return timer;
        }

        private sealed class Hasty(Action fire) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                for (int i = 0; i < 100 && period > TimeSpan.Zero; i++)
                {
                    fire();
                }

                return true;
            }

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    /// <summary>No timer ever runs out.</summary>
    private sealed class StandingTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

        private sealed class Never : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
