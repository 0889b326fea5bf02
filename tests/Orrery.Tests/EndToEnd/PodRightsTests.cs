using System.Globalization;
using System.Text.Json.Nodes;

namespace Orrery.Tests.EndToEnd;

/// <summary>Who may do what with a pod, by the real kubectl: each user has one right, does what it allows, and is refused the others by name; all of it is in the records of both sides.</summary>
[Collection(WatchedCollection.Name)]
public sealed class PodRightsTests(Watched watched)
{
    private const string Secret = "said-in-confidence";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("kubectl")]
    [InlineData("kubectl-bookworm")]
    [InlineData("kubectl-sid")]
    public async Task User_WithOneRight_DoesThatAlone_AndAllOfItIsRecorded(string program)
    {
        Assert.SkipUnless(Kubectl.Find(program) is not null, $"{program} is not on PATH");
        string agent = await AgentAsync(program);
        Deed[] deeds = Deeds(agent);
        for (int i = 0; i < deeds.Length; i++)
        {
            // 1. What it may, in each of the ways that kubectl has.
            Deed own = deeds[i];
            foreach (bool webSockets in own.IsStream && program == "kubectl" ? (bool[])[true, false] : [true])
            {
                foreach (Deed way in (Deed[])[own, .. own.Further])
                {
                    Ended done = await DoAsync(program, way, own.User, webSockets);
                    Assert.True((done.Output + done.Error).Contains(way.Says, StringComparison.Ordinal), $"{done.Command}\n{done.Output}\n{done.Error}");
                }
            }

            // 2. What others may: each deed is refused to two users, in either way.
            for (int step = 1; step <= 2; step++)
            {
                Deed other = deeds[(i + step) % deeds.Length];
                foreach (Deed way in step == 1 ? (Deed[])[other, .. other.Further] : [other])
                {
                    Ended refused = await DoAsync(program, way, own.User, webSockets: step == 1);
                    Assert.NotEqual(0, refused.ExitCode);
                    Assert.Contains(
                        string.Create(CultureInfo.InvariantCulture, $"forbidden: User \"{own.User}\" cannot {other.Verb} resource \"{other.Resource}\" in API group \"{other.Group}\" in the namespace \"default\""),
                        refused.Output + refused.Error,
                        StringComparison.Ordinal);
                }
            }
        }

        // 3. The control plane recorded who did it and whom it refused, and nothing of what was said.
        foreach ((Deed deed, string user, int code) in deeds.SelectMany((d, i) => ((Deed, string, int)[])[(d, d.User, d.Code), (deeds[(i + 1) % deeds.Length], d.User, 403)]))
        {
            await Eventually.HoldsAsync(
                async () => (await watched.EventsAsync()).Any(e => IsOf(e, deed, user) && ((string?)e["userAgent"] ?? "").StartsWith(agent, StringComparison.Ordinal) && (string?)e["stage"] == "ResponseComplete" && (int?)e["responseStatus"]?["code"] == code && (string?)e["annotations"]?["orrery.dev/cluster"] == "acme/shop"),
                Limit);
        }

        List<JsonNode> events = await watched.EventsAsync();
        Assert.DoesNotContain(events, e => e.ToJsonString().Contains(Secret, StringComparison.Ordinal));
        Deed exec = deeds.Single(d => d.User == "exec");
        Assert.Equal("west", (string?)events.First(e => IsOf(e, exec, "exec"))["annotations"]?["orrery.dev/data-plane"]);
        foreach (IGrouping<string?, JsonNode> request in events.Where(e => IsOf(e, exec, "exec") || IsOf(e, exec, "log")).GroupBy(e => (string?)e["auditID"]))
        {
            Assert.Equal(["ResponseStarted", "ResponseComplete"], request.Select(e => (string?)e["stage"]));
        }

        // 4. In the data plane stands what was asked of it, by whom, and nothing of those who were refused.
        foreach (Deed deed in deeds.Where(d => d.There.Length > 0))
        {
            await Eventually.HoldsAsync(
                async () => (await watched.RecordAsync("west")).Concat(await watched.RecordAsync("east")).Any(l => l.GetProperty("for").GetString() == "user " + deed.User && l.GetProperty("name").GetString()!.Contains(deed.There, StringComparison.Ordinal)),
                Limit);
        }

        Assert.DoesNotContain(await watched.RecordAsync("west"), l => l.GetProperty("for").GetString() == "user log" && !l.GetProperty("name").GetString()!.EndsWith("/log", StringComparison.Ordinal));
    }

    /// <summary>In root the right is one on the data plane, by the verb; a stream takes the right to create.</summary>
    [Fact]
    public async Task User_OfRoot_ReachesTheDataPlanesThatItMay_AndIsToldOfTheOthers()
    {
        await watched.Root.RunAsync("apply -f -", """
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "look-west"}, "rules": [{"apiGroups": ["orrery.dev"], "resources": ["dataplanes/proxy"], "resourceNames": ["west"], "verbs": ["get"]}]},
             {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "look-west"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "look-west"},
              "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "op"}]}]}
            """);
        string kubeconfig = Path.Combine(watched.Folder, "op.kubeconfig");
        await File.WriteAllTextAsync(
            kubeconfig, (await File.ReadAllTextAsync(watched.Root.Kubeconfig, TestContext.Current.CancellationToken)).Replace("client-key-data:", "as: op\n    client-key-data:", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        string[] Asked(string dataPlane, params string[] arguments) => ["data-plane", "kubectl", "--kubeconfig", kubeconfig, dataPlane, "--", "-n", "acme-shop-default", .. arguments];

        Assert.StartsWith("web", (await watched.OrreryAsync(Asked("west", "logs", watched.PodThere, "-c", "web", "--tail=1"))).Succeeded(), StringComparison.Ordinal);
        Assert.Contains(watched.PodThere, (await watched.OrreryAsync(Asked("west", "top", "pods"))).Succeeded(), StringComparison.Ordinal);
        Assert.Contains(
            "asked: GET /hello",
            (await watched.OrreryAsync(Asked("west", "get", "--raw", $"/apis/orrery.dev/v1alpha1/dataplanes/west/proxy/api/v1/namespaces/acme-shop-default/pods/{watched.PodThere}:80/proxy/hello"))).Succeeded(), StringComparison.Ordinal);
        Assert.Contains(
            "User \"op\" cannot create resource \"dataplanes/proxy\" in API group \"orrery.dev\"", (await watched.OrreryAsync(Asked("west", "exec", watched.PodThere, "-c", "web", "--", "true"))).Error, StringComparison.Ordinal);
        Assert.Contains("User \"op\" cannot delete resource \"dataplanes/proxy\"", (await watched.OrreryAsync(Asked("west", "delete", "pod", watched.PodThere))).Error, StringComparison.Ordinal);

        Ended other = await watched.OrreryAsync(Asked("east", "get", "pods"));
        Assert.Equal((1, "orrery: dataplanes.orrery.dev \"east\" is forbidden: User \"op\" cannot get resource \"dataplanes/proxy\" in API group \"orrery.dev\" at the cluster scope\n"), (other.ExitCode, other.Error));
    }

    /// <param name="agent">Who it is that does them.</param>
    private Deed[] Deeds(string agent)
    {
        // Up to 1.32 kubectl asks for a path as it is given, without that of its cluster before it.
        string raw = $"{(Minor(agent) <= 32 ? "/clusters/acme/shop" : "")}/api/v1/namespaces/default/";
        Deed[] all =
        [
            new("log", "get", "pods/log", $"logs {watched.Pod} -c web --tail=1", "web ")
            {
                Further =
                [
                    Log("--since=1h", "web "), Log("--follow --tail=1", "web ") with { Seconds = 3 }, Log("--previous", "previous terminated container \"web\" in pod"),
                ],
            },
            new("exec", "create", "pods/exec", $"exec -i {watched.Pod} -c web -- cat", Secret)
            {
                IsStream = true, Input = Secret, Code = 101,
                Further =
                [
                    new("", "", "", $"exec -it {watched.Pod} -c web -- sh", "\n50 132") { IsTyped = true, Input = "sleep 1\nstty size\nexit 0\n" },
                    new("", "", "", $"cp {Repository.Root}/Orrery.slnx {watched.Pod}:/tmp/sent -c web", ""),
                    new("", "", "", $"exec -i {watched.Pod} -c web -- cat /tmp/sent", "<Solution>"),
                ],
            },
            new("attach", "create", "pods/attach", $"attach {watched.Pod} -c web", "has been running") { IsStream = true, Code = 101, Seconds = 8 },
            new("portforward", "create", "pods/portforward", $"port-forward pod/{watched.Pod} :80", "Forwarding from 127.0.0.1") { IsStream = true, Code = 101, Seconds = 3 },
            new("pod-proxy", "get", "pods/proxy", $"get --raw {raw}pods/{watched.Pod}:80/proxy/hello", "asked: GET /hello"),
            new("service-proxy", "get", "services/proxy", $"get --raw {raw}services/web:http/proxy/hello", "asked: GET /hello") { Through = "/proxy/hello" },
            new("ephemeral", "patch", "pods/ephemeralcontainers", $"debug {watched.Pod} --image=busybox --profile=general --quiet --attach=false -c look-{Minor(agent)}", "") { Through = "" },
            new("eviction", "create", "pods/eviction", $"create --raw {raw}pods/{watched.Pod}/eviction?dryRun=All -f -", "Success")
            {
                Input = $$"""{"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "{{watched.Pod}}"} }""", Code = 201, Through = "",
            },
            new("top", "list", "pods", "top pods", ".west") { Group = "metrics.k8s.io", Through = "/metrics.k8s.io/" },
        ];

        // Before 1.25 it knows ephemeral containers of another form.
        return [.. all.Where(d => d.User != "ephemeral" || Minor(agent) >= 25)];
    }

    private static int Minor(string agent) => int.Parse(agent.Split('.')[1], CultureInfo.InvariantCulture);

    private Deed Log(string flags, string says) => new("", "", "", $"logs {watched.Pod} -c web {flags}", says);

    /// <summary>As what a kubectl names itself to a server.</summary>
    private static async Task<string> AgentAsync(string program) =>
        $"{program}/{((string)JsonNode.Parse((await Shell.RunAsync(program, ["version", "--client", "-o", "json"])).Succeeded())!["clientVersion"]!["gitVersion"]!).Split('-')[0]} ";

    /// <summary>What has no end is asked to end after a while.</summary>
    private Task<Ended> DoAsync(string program, Deed deed, string user, bool webSockets)
    {
        var settings = new Dictionary<string, string>(Watched.Streams(webSockets)) { ["KUBECONFIG"] = watched.Shop.Kubeconfig, ["HOME"] = watched.Folder };
        string[] arguments = [.. deed.Command.Split(' '), "--as", user];
        int separator = Array.IndexOf(arguments, "--");
        if (separator >= 0)
        {
            arguments = [.. arguments[..separator], "--as", user, .. arguments[separator..^2]];
        }

        return deed.Seconds > 0 ? Shell.RunAsync("timeout", [deed.Seconds.ToString(CultureInfo.InvariantCulture), program, .. arguments], settings, deed.Input)
            : deed.IsTyped ? Shell.RunAsync("script", ["-qec", $"stty rows 50 cols 132; {program} {string.Join(' ', arguments)}", "/dev/null"], settings, deed.Input)
            : Shell.RunAsync(program, arguments, settings, deed.Input);
    }

    private static bool IsOf(JsonNode e, Deed deed, string user) =>
        (string?)e["impersonatedUser"]?["username"] == user && ((string?)e["verb"] == deed.Verb || (deed.IsStream && (string?)e["verb"] == "get"))
        && (string?)e["objectRef"]?["resource"] + ((string?)e["objectRef"]?["subresource"] is { } part ? "/" + part : "") == deed.Resource && ((string?)e["objectRef"]?["apiGroup"] ?? "") == deed.Group;

    /// <param name="User">Who may do it, and nothing else.</param>
    /// <param name="Command">Of kubectl.</param>
    /// <param name="Says">Part of what is printed when it is done.</param>
    private sealed record Deed(string User, string Verb, string Resource, string Command, string Says)
    {
        public string Group { get; init; } = "";

        public string? Input { get; init; }

        public bool IsStream { get; init; }

        public int Code { get; init; } = 200;

        /// <summary>Whether it is done on a terminal.</summary>
        public bool IsTyped { get; init; }

        /// <summary>What else takes the same right, in this order.</summary>
        public Deed[] Further { get; init; } = [];

        /// <summary>After which it is ended; 0 for what ends by itself.</summary>
        public int Seconds { get; init; }

        /// <summary>Part of the path by which the data plane is asked; null for that of the resource.</summary>
        public string? Through { get; init; }

        public string There => Through ?? "/" + Resource.Split('/')[^1];
    }
}
