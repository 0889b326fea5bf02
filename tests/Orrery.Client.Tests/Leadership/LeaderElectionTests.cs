using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client.Tests.Support;
using Orrery.Testing;

namespace Orrery.Client.Tests.Leadership;

/// <summary>Elections on a real API server.</summary>
public sealed class LeaderElectionTests : IAsyncLifetime
{
    private static readonly GroupVersionResource Leases = new("coordination.k8s.io", "v1", "leases");

    private TestServer server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => server = await TestServer.StartAsync(cancellationToken: Token);

    public ValueTask DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task RunAsync_OfThree_OneLeadsAndTheNextFollowsACleanStopAtOnce()
    {
        // A lease this long cannot run out within the test: who follows was let in. Handing it back may take as long as one waits between two tries.
        Candidate[] candidates = [.. Enumerable.Range(0, 3).Select(i => Stand($"c{i}", TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(6)))];
        var left = candidates.ToList();
        while (left.Count > 0)
        {
            await Until.TrueAsync(() => left.Any(c => c.Election.MayAct && c.IsAtWork), "somebody leads");
            Candidate leader = Assert.Single(left, c => c.IsAtWork);
            Assert.Equal(leader.Identity, await HolderAsync());
            await leader.StopAsync();
            Assert.False(leader.Election.MayAct || leader.IsAtWork);
            left.Remove(leader);
        }

        Assert.Equal("", await HolderAsync());
        Assert.All(candidates, c => Assert.Equal(1, c.Terms));
    }

    [Fact]
    public async Task RunAsync_LeaderFallsSilent_IsReplacedWhenItsLeaseHasRunOut()
    {
        // Silent from the start: it took the Lease and was never heard of again.
        var record = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "test" },
            ["spec"] = new JsonObject { ["holderIdentity"] = "dead", ["leaseDurationSeconds"] = 2, ["leaseTransitions"] = 4, ["renewTime"] = "2090-01-01T00:00:00.000000Z" },
        };
        await server.Admin.CreateAsync(Leases, "kube-system", record, Token);
        long start = TimeProvider.System.GetTimestamp();

        // Its own lease cannot run out within the test.
        Candidate next = Stand("next", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(100));
        await Until.TrueAsync(() => next.IsAtWork, "the silent leader is replaced");

        // Not before the lease of the other had passed, whatever its clock says.
        Assert.InRange(TimeProvider.System.GetElapsedTime(start), TimeSpan.FromSeconds(1.9), TimeSpan.MaxValue);
        KubeObject lease = await server.Admin.GetAsync(Leases, "kube-system", "test", Token);
        Assert.Equal(5, lease.NumberAt("spec", "leaseTransitions"));
        await next.StopAsync();
    }

    [Fact]
    public async Task RunAsync_LeaseTakenByHand_EndsTheTermAndStandsAgain()
    {
        // Its own lease cannot run out within the test; that of the other is short.
        Candidate one = Stand("one", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), TimeSpan.FromMilliseconds(100));
        await Until.TrueAsync(() => one.IsAtWork, "it leads");

        await server.Admin.PatchAsync(Leases, "kube-system", "test", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["holderIdentity"] = "hand", ["leaseDurationSeconds"] = 4 } }, Token);
        await Until.TrueAsync(() => one.IsAtWork && one.Terms == 2, "the term ends, and it leads again once the other is silent");
        Assert.False(one.MightActAfterATerm);
        await one.StopAsync();
    }

    [Fact]
    public async Task RunAsync_ServerGone_StopsActingByTheDeadlineAndReturnsWithIt()
    {
        bool reachable = true;
        Candidate one = Stand("one", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(2), TimeSpan.FromMilliseconds(100), () => Volatile.Read(ref reachable));
        await Until.TrueAsync(() => one.IsAtWork, "it leads");

        // Nothing reaches the server any more.
        Volatile.Write(ref reachable, false);
        await Until.TrueAsync(() => !one.IsAtWork && !one.Election.MayAct, "the term ends");
        Assert.False(one.MightActAfterATerm);
        Volatile.Write(ref reachable, true);
        await Until.TrueAsync(() => one.IsAtWork, "it leads again");

        await one.StopAsync();
    }

    /// <summary>The server has taken the renewal, and its answer is not waited for.</summary>
    [Fact]
    public async Task RunAsync_StoppedWhileARenewalIsUnderWay_HandsTheLeaseBack()
    {
        var time = new ManualTime();
        ClientConfig config = server.Admin.Config;
        var renewing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var client = new KubeClient(config with { Carrier = () => new Unheard(renewing) { InnerHandler = ClientHandler.Create(config) } });
        LeaderElectionOptions options = Options("one", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(10));
        options = options with { Time = time };
        var one = new Candidate(client, new LeaderElection(client, options), "one", Token);
        await Until.TrueAsync(() => one.IsAtWork && time.Waiting == 1, "it leads, and waits until it renews");

        time.Advance(options.RetryPeriod);
        await renewing.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        await one.StopAsync();

        Assert.Equal("", await HolderAsync());
    }

    /// <summary>It says up to where the watch has come, and nothing of who leads.</summary>
    [Fact]
    public async Task RunAsync_BookmarkWhileTheLeaderIsSilent_IsReplacedNoLater()
    {
        var time = new ManualTime();
        var halfWay = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using ScriptedServer scripted = await ScriptedServer.StartAsync(async http =>
        {
            if (http.Request.Query.ContainsKey("watch"))
            {
                await http.Response.Body.FlushAsync(http.RequestAborted);
                if (http.Request.Query["allowWatchBookmarks"] == "true" && !halfWay.Task.IsCompleted)
                {
                    await halfWay.Task.WaitAsync(http.RequestAborted);
                    await ScriptedServer.SendAsync(http, """{"type":"BOOKMARK","object":{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"resourceVersion":"8","creationTimestamp":null},"spec":{}}}""" + "\n");
                }

                await ScriptedServer.HoldAsync(http);
                return;
            }

            bool isWrite = http.Request.Method == "PUT";
            await ScriptedServer.JsonAsync(http, $$"""
                {"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"test","namespace":"kube-system","resourceVersion":"{{(isWrite ? 9 : 7)}}"},
                 "spec":{"holderIdentity":"{{(isWrite ? "next" : "dead")}}","leaseDurationSeconds":15,"leaseTransitions":0} }
                """);
        });
        LeaderElectionOptions options = Options("next", TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2));
        var client = new KubeClient(scripted.Config);
        var next = new Candidate(client, new LeaderElection(client, options with { Time = time }), "next", Token);
        await Until.TrueAsync(() => Watches().Length == 1, "it waits for the leader to fall silent");

        time.Advance(TimeSpan.FromSeconds(10));
        halfWay.SetResult();
        await Until.TrueAsync(() => Watches().Length == 2 || !Watches()[0].Contains("allowWatchBookmarks=true", StringComparison.Ordinal), "it has seen the bookmark, if it asked for any");
        time.Advance(TimeSpan.FromSeconds(5));

        await Until.TrueAsync(() => next.IsAtWork, "it leads, since the leader was silent for as long as its lease");
        await next.StopAsync();

        string[] Watches() => [.. scripted.Requests.Select(r => r.Url).Where(url => url.Contains("watch=true", StringComparison.Ordinal))];
    }

    /// <summary>Somebody else may lead from then on, and would work beside it.</summary>
    [Fact]
    public async Task RunAsync_RenewalBreaks_TheWorkIsOverBeforeTheLeaseIsHandedBack()
    {
        var time = new ManualTime();
        ClientConfig config = server.Admin.Config;
        using var client = new KubeClient(config with { Carrier = () => new FirstUpdate(() => throw new InvalidOperationException("broken")) { InnerHandler = ClientHandler.Create(config) } });
        LeaderElectionOptions options = Options("one", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(10));
        bool isAtWork = false;
        Task running = new LeaderElection(client, options with { Time = time }).RunAsync(
            async token =>
            {
                Volatile.Write(ref isAtWork, true);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Volatile.Write(ref isAtWork, false);
            },
            Token);
        await Until.TrueAsync(() => Volatile.Read(ref isAtWork) && time.Waiting == 1, "it leads, and waits until it renews");

        time.Advance(options.RetryPeriod);

        await Assert.ThrowsAsync<InvalidOperationException>(() => running.WaitAsync(TimeSpan.FromSeconds(60), Token));
        Assert.False(Volatile.Read(ref isAtWork));
        Assert.Equal("", await HolderAsync());
    }

    [Fact]
    public async Task RunAsync_RenewalIsAnsweredByAPage_LeadsOnAndRenews()
    {
        var time = new ManualTime();
        ClientConfig config = server.Admin.Config;
        var client = new KubeClient(config with
        {
            Carrier = () => new FirstUpdate(() => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("<html>We are back soon</html>") }) { InnerHandler = ClientHandler.Create(config) },
        });
        LeaderElectionOptions options = Options("one", TimeSpan.FromHours(6), TimeSpan.FromHours(5), TimeSpan.FromSeconds(10));
        var one = new Candidate(client, new LeaderElection(client, options with { Time = time }), "one", Token);
        await Until.TrueAsync(() => one.IsAtWork, "it leads");
        string first = await RenewedAsync();

        await Eventually.TrueAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return await RenewedAsync() != first;
            },
            "it has renewed", cancellationToken: Token);

        Assert.Equal(1, one.Terms);
        await one.StopAsync();

        async Task<string> RenewedAsync() => (await server.Admin.GetAsync(Leases, "kube-system", "test", Token)).TextAt("spec", "renewTime")!;
    }

    [Fact]
    public async Task RunAsync_WorkFails_HandsTheLeaseBackAndTells()
    {
        var election = new LeaderElection(server.Admin, Options("one", TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(10)));

        await Assert.ThrowsAsync<InvalidDataException>(() => election.RunAsync(_ => throw new InvalidDataException("broken"), Token));

        Assert.Equal("", await HolderAsync());
    }

    /// <summary>From the request to the socket it may be long: a connection is to be opened, or the whole process is stopped meanwhile.</summary>
    [Fact]
    public async Task MayChange_LostWhileItConnects_LetsNothingOut()
    {
        bool may = true;
        ClientConfig config = server.Admin.Config;
        using var client = new KubeClient(config with
        {
            MayChange = () => may,
            Carrier = () => new Slow(() => may = false) { InnerHandler = ClientHandler.Create(config) },
        });

        await Assert.ThrowsAsync<RequestWithheldException>(() => client.CreateAsync(
            new GroupVersionResource("", "v1", "configmaps"), "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "too-late" } }, Token));

        Assert.Null(await server.Admin.FindAsync(new GroupVersionResource("", "v1", "configmaps"), "default", "too-late", Token));
    }

    [Fact]
    public async Task MayChange_False_LetsNothingOutThatChanges()
    {
        bool may = false;
        using var client = new KubeClient(server.Admin.Config with { MayChange = () => may });
        var configMaps = new GroupVersionResource("", "v1", "configmaps");
        JsonObject body = new() { ["metadata"] = new JsonObject { ["name"] = "a" } };
        await server.Admin.CreateAsync(configMaps, "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "kept" } }, Token);

        await Assert.ThrowsAsync<RequestWithheldException>(() => client.CreateAsync(configMaps, "default", body, Token));
        await Assert.ThrowsAsync<RequestWithheldException>(() => client.DeleteAsync(configMaps, "default", "kept", null, Token));
        // The root's certificate comes by itself, now or a moment later.
        Assert.Equal(["kept"], (await client.ListAsync(configMaps, "default", null, Token)).Items.Select(i => i.Name).Where(n => n != "kube-root-ca.crt"));

        may = true;
        await client.CreateAsync(configMaps, "default", body, Token);
    }

    [Theory]
    [InlineData(10, 10, 2)]
    [InlineData(15, 2, 2)]
    [InlineData(15, 10, 0)]
    public void Validate_TimesThatDoNotFit_AreRefused(int lease, int deadline, int retry) =>
        Assert.Throws<ArgumentException>(() => Options("x", TimeSpan.FromSeconds(lease), TimeSpan.FromSeconds(deadline), TimeSpan.FromSeconds(retry)).Validate());

    [Fact]
    public void Tenure_AfterAPauseOfEitherClock_IsOver()
    {
        var time = new ManualTime();
        var tenure = new Tenure(time);
        Assert.False(tenure.Lasts);

        tenure.Extend(tenure.Now, TimeSpan.FromSeconds(10));
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.True(tenure.Lasts);
        Assert.Equal(TimeSpan.FromSeconds(1), tenure.Left);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(tenure.Lasts);

        // Counted from before the renewal was sent, not from its answer.
        (long Timestamp, DateTimeOffset At) sent = tenure.Now;
        time.Advance(TimeSpan.FromSeconds(4));
        tenure.Extend(sent, TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(6), tenure.Left);
    }

    private async Task<string?> HolderAsync() => (await server.Admin.GetAsync(Leases, "kube-system", "test", Token)).TextAt("spec", "holderIdentity");

    private static LeaderElectionOptions Options(string identity, TimeSpan lease, TimeSpan deadline, TimeSpan retry) =>
        new() { Name = "test", Identity = identity, LeaseDuration = lease, RenewDeadline = deadline, RetryPeriod = retry };

    private Candidate Stand(string identity, TimeSpan lease, TimeSpan deadline, TimeSpan retry, Func<bool>? reaches = null)
    {
        var client = new KubeClient(server.Admin.Config with { MayChange = reaches });
        return new Candidate(client, new LeaderElection(client, Options(identity, lease, deadline, retry)), identity, Token);
    }

    /// <summary>One who stands, and what it does while it leads: be there.</summary>
    private sealed class Candidate
    {
        private readonly KubeClient client;
        private readonly CancellationTokenSource stop;
        private readonly Task running;
        private int atWork;

        public Candidate(KubeClient client, LeaderElection election, string identity, CancellationToken cancellationToken)
        {
            this.client = client;
            Election = election;
            Identity = identity;
            stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            running = election.RunAsync(WorkAsync, stop.Token);
        }

        public LeaderElection Election { get; }

        public string Identity { get; }

        public int Terms { get; private set; }

        public bool IsAtWork => Volatile.Read(ref atWork) == 1;

        /// <summary>Whether it was still let act when it was told that a term of its was over.</summary>
        public bool MightActAfterATerm { get; private set; }

        public async Task StopAsync()
        {
            await stop.CancelAsync();
            await running;
            client.Dispose();
            stop.Dispose();
        }

        private async Task WorkAsync(CancellationToken cancellationToken)
        {
            Terms++;
            Volatile.Write(ref atWork, 1);
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                MightActAfterATerm |= Election.MayAct;
            }
            finally
            {
                Volatile.Write(ref atWork, 0);
            }
        }
    }

    /// <summary>The first update is carried out, and nobody hears of it.</summary>
    private sealed class Unheard(TaskCompletionSource done) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Method != HttpMethod.Put || done.Task.IsCompleted)
            {
                return await base.SendAsync(request, cancellationToken);
            }

            using HttpResponseMessage lost = await base.SendAsync(request, CancellationToken.None);
            done.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return lost;
        }
    }

    /// <summary>The first update is not sent, and ends in another way.</summary>
    private sealed class FirstUpdate(Func<HttpResponseMessage> end) : DelegatingHandler
    {
        private int updates;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            request.Method == HttpMethod.Put && Interlocked.Increment(ref updates) == 1 ? Task.FromResult(end()) : base.SendAsync(request, cancellationToken);
    }

    /// <summary>Something happens between the request and the connection.</summary>
    private sealed class Slow(Action meanwhile) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            meanwhile();
            return base.SendAsync(request, cancellationToken);
        }
    }
}
