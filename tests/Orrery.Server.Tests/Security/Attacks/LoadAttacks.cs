using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>Requests that are to cost the server more than they cost whoever sends them. Each must be refused soon, and the server must answer others meanwhile.</summary>
public sealed class LoadAttacks(AttackWorld world) : IClassFixture<AttackWorld>
{
    private const string Here = "/clusters/acme/shop";
    private const string Maps = Here + "/api/v1/namespaces/default/configmaps";
    private const string Definitions = Here + "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    /// <summary>Of one request, on a busy machine.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => [.. Bodies().Select(a => a.What)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Request_ThatIsTooMuch_IsRefusedSoon(string what)
    {
        Attempt attempt = Bodies().Single(a => a.What == what);
        long began = Stopwatch.GetTimestamp();

        await world.RefuseAsync(attempt);

        Assert.True(Stopwatch.GetElapsedTime(began) < Soon, $"it took {Stopwatch.GetElapsedTime(began)}");
    }

    /// <summary>A pattern that takes a backtracking engine for ever.</summary>
    [Fact]
    public async Task Pattern_ThatBacktracks_TakesNoTime()
    {
        await world.Attacker.CreateAsync(ServerFixture.Definitions, "", Definition("slows", """{"type":"string","pattern":"^(a+)+$"}"""), Cancel);
        await Eventually.TrueAsync(async () => (await world.Attacker.GetAsync(ServerFixture.Definitions, "", "slows.attack.example.com", Cancel)).ToJsonObject().ToJsonString().Contains("Established", StringComparison.Ordinal), "it is served", cancellationToken: Cancel);
        long began = Stopwatch.GetTimestamp();

        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => world.Attacker.CreateAsync(
            new GroupVersionResource("attack.example.com", "v1", "slows"), "default", new JsonObject { ["apiVersion"] = "attack.example.com/v1", ["kind"] = "Kslows", ["metadata"] = new JsonObject { ["name"] = "a" }, ["spec"] = new string('a', 20_000) + "!" }, Cancel));

        Assert.Equal(422, refused.Code);
        Assert.True(Stopwatch.GetElapsedTime(began) < Soon);
    }

    [Fact]
    public async Task Streams_ResetAsSoonAsTheyAreOpened_HoldUpNobody()
    {
        using HttpClient attacker = Http2();
        for (int round = 0; round < 20; round++)
        {
            using var reset = new CancellationTokenSource();
            Task[] all = [.. Enumerable.Range(0, 100).Select(_ => IgnoreAsync(attacker.GetAsync(Maps, reset.Token)))];
            await reset.CancelAsync();
            await Task.WhenAll(all);
        }

        long began = Stopwatch.GetTimestamp();
        await world.Victim.ListAsync(ServerFixture.ConfigMaps, "default", null, Cancel);
        Assert.True(Stopwatch.GetElapsedTime(began) < Soon);
    }

    /// <summary>Heads that never end are given up after Kestrel's 30 seconds; nobody else waits for them.</summary>
    [Fact]
    public async Task Heads_ThatNeverEnd_AreCutOff()
    {
        var open = new List<SslStream>();
        for (int i = 0; i < 50; i++)
        {
            var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, world.Server.Url.Port, Cancel);
            var tls = new SslStream(tcp.GetStream(), false, (_, _, _, _) => true);
            await tls.AuthenticateAsClientAsync("localhost");
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET {Maps} HTTP/1.1\r\nHost: localhost\r\nX-Slow: "), Cancel);
            open.Add(tls);
        }

        await world.Victim.ListAsync(ServerFixture.ConfigMaps, "default", null, Cancel);

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        byte[] buffer = new byte[4096];
        foreach (SslStream stream in open)
        {
            await using (stream)
            {
                int read = 0;
                try
                {
                    read = await stream.ReadAsync(buffer, limit.Token);
                }
                catch (IOException)
                {
                    // Closed without a word.
                }

                string answer = Encoding.ASCII.GetString(buffer, 0, read);
                Assert.True(read == 0 || answer.StartsWith("HTTP/1.1 408", StringComparison.Ordinal), answer);
            }
        }
    }

    private static IEnumerable<Attempt> Bodies()
    {
        static Attempt Create(string what, int[] codes, string body, string type = "application/json", string target = Maps) => new(what, "POST", target, codes, null, body, type);
        static Attempt Patch(string what, int[] codes, string body, string type = "application/json-patch+json") => new(what, "PATCH", Here + "/api/v1/namespaces/default?fieldManager=attack", codes, null, body, type);
        string Nested(int depth) => $$"""{"metadata":{"name":"deep"},"data":{{string.Concat(Enumerable.Repeat("{\"a\":", depth))}}1{{new string('}', depth)}}}""";

        // Bodies.
        yield return Create("more than 3 MiB", [413, 0], "{\"metadata\":{\"name\":\"" + new string('a', 3 << 20) + "\"}}");
        yield return Create("more than 1 MiB of data", [422], "{\"metadata\":{\"name\":\"fat\"},\"data\":{\"a\":\"" + new string('a', (1 << 20) + 1) + "\"}}");
        yield return Create("JSON of 100,000 levels", [400], Nested(100_000));
        yield return Create("lists of 100,000 levels", [400], $"{{\"metadata\":{{\"name\":\"deep\"}},\"data\":{new string('[', 100_000)}{new string(']', 100_000)}}}");
        yield return Create("YAML of 100,000 levels", [400], "data: " + new string('[', 100_000), "application/yaml");
        yield return Create("YAML with a billion laughs", [400, 413], Laughs(), "application/yaml");
        yield return Create("YAML that contains itself", [400], "metadata: {name: a}\ndata: &x {k: *x}", "application/yaml");
        yield return Create("a megabyte of half a number", [400, 422], "{\"metadata\":{\"name\":\"n\"},\"data\":{\"a\":" + new string('9', 1 << 20) + "}}");
        yield return Create("the same member 100,000 times", [422, 400, 201], "{\"metadata\":{\"name\":\"again\"," + string.Join(',', Enumerable.Repeat("\"labels\":{}", 100_000)) + "}}");
        yield return Create("protobuf that is none", [400], "k8s\0" + new string('\x7f', 100_000), "application/vnd.kubernetes.protobuf");
        yield return Create("an unknown form", [415], "{}", "application/x-java-serialized-object");
        yield return Create("text that is not UTF-8", [400, 422], "{\"metadata\":{\"name\":\"u\"},\"data\":{\"a\":\"\\ud800\"}}");

        // Metadata.
        yield return Create("annotations of more than 256 KiB", [422], "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"a\":\"" + new string('a', 300_000) + "\"}}}");
        yield return Create("a label of 10,000 characters", [422], "{\"metadata\":{\"name\":\"a\",\"labels\":{\"a\":\"" + new string('a', 10_000) + "\"}}}");
        yield return Create("a field manager of 10,000 characters", [400, 422, 414], "{\"metadata\":{\"name\":\"a\"}}", target: Maps + "?fieldManager=" + new string('m', 5_000));
        yield return Create("two owners that control", [422], """{"metadata":{"name":"a","ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"x","uid":"1","controller":true},{"apiVersion":"v1","kind":"ConfigMap","name":"y","uid":"2","controller":true}]}}""");
        yield return Create("a finalizer that is no name", [422], """{"metadata":{"name":"a","finalizers":["../../x"]}}""");

        // Patches.
        yield return Patch("a patch of 10,001 operations", [413, 422], "[" + string.Join(',', Enumerable.Repeat("""{"op":"test","path":"/kind","value":"Namespace"}""", 10_001)) + "]");
        yield return Patch("copies that double 40 times", [413, 422, 400], "[{\"op\":\"add\",\"path\":\"/metadata/annotations\",\"value\":{\"a\":\"" + new string('a', 1000) + "\"}},"
            + string.Join(',', Enumerable.Range(0, 40).Select(i => $"{{\"op\":\"copy\",\"from\":\"/metadata/annotations\",\"path\":\"/metadata/annotations/{i}\"}}")) + "]");
        yield return Patch("a merge patch of 100,000 levels", [400, 422], string.Concat(Enumerable.Repeat("{\"metadata\":", 100_000)) + "1" + new string('}', 100_000), "application/merge-patch+json");
        yield return Patch("a strategic patch of 100,000 levels", [400, 422], string.Concat(Enumerable.Repeat("{\"metadata\":", 100_000)) + "1" + new string('}', 100_000), "application/strategic-merge-patch+json");
        yield return Patch("an applied configuration with a billion laughs", [400, 413], Laughs(), "application/apply-patch+yaml");

        // Definitions and expressions.
        yield return Create("a rule that goes over everything three times", [422], Definition("costs", """{"type":"array","items":{"type":"string"},"x-kubernetes-validations":[{"rule":"self.all(a, self.all(b, self.all(c, a + b != c)))"}]}""").ToJsonString(), target: Definitions);
        yield return Create("a rule of 100,000 characters", [422], Definition("longs", "{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"" + string.Concat(Enumerable.Repeat("self == '' || ", 8_000)) + "true\"}]}").ToJsonString(), target: Definitions);
        yield return Create("a rule of 10,000 parentheses", [422, 400], Definition("parens", "{\"type\":\"string\",\"x-kubernetes-validations\":[{\"rule\":\"" + new string('(', 10_000) + "true" + new string(')', 10_000) + "\"}]}").ToJsonString(), target: Definitions);
        yield return Create("a pattern that is none", [422], Definition("bads", """{"type":"string","pattern":"(((("}""").ToJsonString(), target: Definitions);
        yield return Create("a pattern that looks back", [422], Definition("backs", """{"type":"string","pattern":"(a)\\1(?=b)"}""").ToJsonString(), target: Definitions);
        yield return Create("a schema of 2,000 levels", [400, 422, 413], $$"""{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"deeps.attack.example.com"},"spec":{"group":"attack.example.com","scope":"Namespaced","names":{"plural":"deeps","kind":"D"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{{string.Concat(Enumerable.Repeat("{\"type\":\"object\",\"properties\":{\"a\":", 2_000))}}{"type":"string"}{{string.Concat(Enumerable.Repeat("}}", 2_000))}} } } }]} }""", target: Definitions);
        yield return Create("a policy that never ends", [422], """{"metadata":{"name":"p"},"spec":{"failurePolicy":"Fail","matchConstraints":{"resourceRules":[{"apiGroups":["*"],"apiVersions":["*"],"operations":["*"],"resources":["*"]}]},"validations":[{"expression":"while(true)"}]}}""",
            target: Here + "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies");

        // Heads. Of one that is not read to its end the answer may be lost: the connection is closed while the rest still comes.
        yield return new Attempt("a head of 64 KiB", "GET", Maps, [431, 400, 0], ["Authorization: Bearer {token}", "X-Large: " + new string('a', 64 * 1024)]);
        yield return new Attempt("500 headers", "GET", Maps, [431, 400], ["Authorization: Bearer {token}", .. Enumerable.Range(0, 500).Select(i => $"X-{i}: a")]);
        yield return new Attempt("a path of 64 KiB", "GET", Maps + "/" + new string('a', 64 * 1024), [414, 431, 400, 0]);
        yield return new Attempt("a path of 5,000 segments", "GET", Here + "/api/v1" + string.Concat(Enumerable.Repeat("/a", 3_500)), [404, 400, 414]);
        yield return new Attempt("a selector of a thousand terms", "GET", Maps + "?labelSelector=" + string.Join(',', Enumerable.Repeat("a%3Db", 1_000)) + ",(", [400]);
        yield return new Attempt("a body for a list that is said to be endless", "GET", Maps, [400, 408, 413, 200, 0], ["Authorization: Bearer {token}", "Content-Length: 99999999999999999999"]);
    }

    private static string Laughs() => "metadata: {name: lol}\na0: &a0 [lol,lol,lol,lol,lol,lol,lol,lol,lol,lol]\n"
        + string.Join('\n', Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]"));

    private static JsonObject Definition(string plural, string spec) => (JsonObject)JsonNode.Parse(
        $$$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{{plural}}}.attack.example.com"},"spec":{"group":"attack.example.com","scope":"Namespaced","names":{"plural":"{{{plural}}}","kind":"K{{{plural}}}"},
        "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{{{spec}}} } } } }]} }
        """)!;

    private HttpClient Http2()
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var http = new HttpClient(handler) { BaseAddress = world.Server.Url, DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        http.DefaultRequestHeaders.Authorization = new("Bearer", world.Token);
        return http;
    }

    private static async Task IgnoreAsync(Task<HttpResponseMessage> request)
    {
        try
        {
            (await request).Dispose();
        }
        catch (Exception gone) when (gone is OperationCanceledException or HttpRequestException)
        {
            // That is the attack.
        }
    }
}
