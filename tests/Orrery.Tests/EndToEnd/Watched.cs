using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Testing;
using Orrery.Tests.KubeApiServer;

namespace Orrery.Tests.EndToEnd;

/// <summary>An installation whose control plane records what is asked of it, with a virtual cluster of which each user may do one thing with pods.</summary>
public sealed class Watched : Installed
{
    /// <summary>Rights, each of the user of that name.</summary>
    private static readonly Dictionary<string, string> Rights = new()
    {
        ["log"] = """{"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]}""",
        ["exec"] = """{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["get", "create"]}""",
        ["attach"] = """{"apiGroups": [""], "resources": ["pods/attach"], "verbs": ["get", "create"]}""",
        ["portforward"] = """{"apiGroups": [""], "resources": ["pods/portforward"], "verbs": ["get", "create"]}""",
        ["pod-proxy"] = """{"apiGroups": [""], "resources": ["pods/proxy"], "verbs": ["get"]}""",
        ["service-proxy"] = """{"apiGroups": [""], "resources": ["services/proxy"], "verbs": ["get"]}""",
        ["ephemeral"] = """{"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["patch"]}""",
        ["eviction"] = """{"apiGroups": [""], "resources": ["pods/eviction"], "verbs": ["create"]}""",
        ["top"] = """{"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["get", "list"]}""",
    };

    private readonly List<IDisposable> started = [];
    private readonly Dictionary<string, int> satellites = [];
    private ServeProcess? server;

    public override string DataPlanes => "west,east";

    /// <summary>The virtual cluster's administrator.</summary>
    internal Kubectl Shop { get; private set; } = null!;

    internal ServeProcess Server => server!;

    /// <summary>The pod of the application <c>web</c> in <c>west</c>, as the virtual cluster names it.</summary>
    internal string Pod { get; private set; } = "";

    /// <summary>The same in its data plane.</summary>
    internal string PodThere => Pod[..Pod.LastIndexOf('.')];

    private string AuditLog => Path.Combine(Folder, "audit.log");

    public override async ValueTask DisposeAsync()
    {
        foreach (IDisposable process in started)
        {
            process.Dispose();
        }

        server?.Dispose();
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected override async Task PrepareAsync()
    {
        Kubectl.Require();

        // 1. The same control plane again, with a record.
        string policy = Path.Combine(Folder, "audit-policy.yaml");
        await File.WriteAllTextAsync(policy, """{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"], "rules": [{"level": "RequestResponse", "resources": [{"group": ""}, {"group": "metrics.k8s.io"}, {"group": "certificates.k8s.io"}]}, {"level": "Metadata"}]}""");
        using (Process former = Process.GetProcessById((await PidAsync("control-plane"))!.Value))
        {
            ProcessSignals.Kill(former);
        }

        server = new ServeProcess(StandIn.Program, Folder, Port, ["--audit-policy-file", policy, "--audit-log-path", AuditLog], TimeProvider.System);
        server.Start();
        await server.ReadyAsync(TestContext.Current.CancellationToken);
        await Root.RunAsync("wait --for=condition=Ready dataplane/west dataplane/east --timeout=120s");

        // 2. A tenant, and its application on both.
        await Root.RunAsync("apply -f -", """
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "acme", "labels": {"orrery.dev/tenant": "acme"} } },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "Tenant", "metadata": {"name": "acme"}, "spec": {} },
             {"apiVersion": "orrery.dev/v1alpha1", "kind": "VirtualCluster", "metadata": {"name": "shop", "namespace": "acme"}, "spec": {"placement": {"dataPlanes": ["west", "east"]} } }]}
            """);
        await Root.RunAsync("wait --for=condition=Ready virtualcluster/shop -n acme --timeout=120s");
        Shop = await VirtualClusterAsync("acme/shop");
        await Shop.RunAsync("apply -f -", $$"""
            {"apiVersion": "v1", "kind": "List", "items": [
             {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"} }, "template": {"metadata": {"labels": {"app": "web"} },
              "spec": {"containers": [{"name": "web", "image": "web:1", "ports": [{"containerPort": 80}, {"containerPort": 81, "name": "admin"}]}]} } } },
             {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 8080, "targetPort": 80}, {"name": "admin", "port": 8081, "targetPort": "admin"}]} },
             {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "look"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]},
             {{string.Join(",\n", Rights.SelectMany(r => (string[])[
                 $$"""{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "{{r.Key}}"}, "rules": [{{r.Value}}]}""", Binding(r.Key, r.Key), Binding("look", r.Key)]))}}]}
            """);
        await Shop.RunAsync("rollout status deployment web --timeout=120s");
        await Eventually.MatchesAsync(
            "^web-[a-z0-9-]+[.]west$",
            async () => Pod = (await Shop.RunAsync("get pods -l app=web --field-selector=status.phase=Running -o jsonpath={.items[*].metadata.name}")).Split(' ').FirstOrDefault(p => p.EndsWith(".west", StringComparison.Ordinal)) ?? "",
            TimeSpan.FromSeconds(60));
    }

    /// <summary>The last lines of the control plane's log.</summary>
    internal string Tail => server!.Tail;

    /// <summary>The process of a satellite of this installation.</summary>
    internal async Task<Process> SatelliteAsync(string dataPlane) =>
        Process.GetProcessById(satellites.TryGetValue(dataPlane, out int own) ? own : (await PidAsync("satellite-" + dataPlane))!.Value);

    /// <summary>In the place of one that was ended: it stays for the tests that follow.</summary>
    internal void StartSatellite(string dataPlane)
    {
        var satellite = SatelliteProcess.Start(dataPlane, DataPlane(dataPlane).Kubeconfig);
        started.Add(satellite);
        satellites[dataPlane] = satellite.Id;
    }

    /// <summary>kubectl's settings for one of the ways in which it opens streams.</summary>
    internal static Dictionary<string, string> Streams(bool webSockets) => new()
    {
        ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = webSockets ? "true" : "false", ["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets ? "true" : "false",
    };

    /// <summary>What the control plane recorded, in its order.</summary>
    internal Task<List<JsonNode>> EventsAsync() => EventsAsync(AuditLog);

    /// <summary>What a server recorded in that file so far.</summary>
    internal static async Task<List<JsonNode>> EventsAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        string[] lines = (await reader.ReadToEndAsync()).Split('\n');

        // What stands behind the last end of a line is on its way.
        return [.. lines[..^1].Select(l => JsonNode.Parse(l)!)];
    }

    /// <summary>What its owner reads of what was asked of a data plane.</summary>
    internal async Task<List<JsonElement>> RecordAsync(string dataPlane) =>
        [.. (await DataPlane(dataPlane).RunAsync("get configmap -n orrery-system -l orrery.dev/satellite-log -o 'jsonpath={range .items[*]}{.data.log}{end}'"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.Clone())];

    private static string Binding(string role, string user) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "{{role}}-{{user}}"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "{{role}}"}, "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "{{user}}"}]}""");
}

[CollectionDefinition(Name)]
public sealed class WatchedCollection : ICollectionFixture<Watched>
{
    public const string Name = "watched";
}
