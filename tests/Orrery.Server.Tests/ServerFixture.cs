using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests;

/// <summary>One server for the tests of a class; each test takes a namespace of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    public static readonly GroupVersionResource ConfigMaps = new("", "v1", "configmaps");
    public static readonly GroupVersionResource Namespaces = new("", "v1", "namespaces");
    public static readonly GroupVersionResource Pods = new("", "v1", "pods");
    public static readonly GroupVersionResource Services = new("", "v1", "services");
    public static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");
    public static readonly GroupVersionResource Definitions = new("apiextensions.k8s.io", "v1", "customresourcedefinitions");

    private int namespaces;

    public TestServer Server { get; private set; } = null!;

    public KubeClient Admin => Server.Admin;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => Server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    public async Task<string> NamespaceAsync(KubeClient? client = null)
    {
        string name = $"t-{Interlocked.Increment(ref namespaces)}";
        await (client ?? Admin).CreateAsync(Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, Token);
        return name;
    }

    /// <summary>A virtual cluster, as its controller makes one.</summary>
    public async Task<ClusterName> ClusterAsync(string name)
    {
        string ns = await NamespaceAsync();
        await Admin.CreateAsync(OrreryResources.LogicalClusters, ns, Named(name), Token);
        return new ClusterName(ns, name);
    }

    /// <summary>Waits for what follows the namespaces of a cluster: the authority's certificate in each comes by itself, now or a moment later.</summary>
    public static Task SettledAsync(KubeClient admin) => Eventually.TrueAsync(
        async () =>
        {
            IEnumerable<string> told = (await admin.ListAsync(ConfigMaps, "", new ListQuery { FieldSelector = "metadata.name=kube-root-ca.crt" }, Token)).Items.Select(c => c.Namespace);
            return !(await admin.ListAsync(Namespaces, "", null, Token)).Items.Select(n => n.Name).Except(told).Any();
        },
        "every namespace has the certificate", cancellationToken: Token);

    public static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };

    public static JsonObject ConfigMap(string name, string value = "v", params (string Key, string Value)[] labels)
    {
        var json = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["data"] = new JsonObject { ["k"] = value },
        };
        if (labels.Length > 0)
        {
            json.Metadata["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        }

        return json;
    }

    public static JsonObject Owner(KubeObject owner, bool blocks = false) => new()
    {
        ["apiVersion"] = owner.ApiVersion,
        ["kind"] = owner.Kind,
        ["name"] = owner.Name,
        ["uid"] = owner.Uid,
        ["blockOwnerDeletion"] = blocks,
    };

    public static JsonObject Pod(string name) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i:1" }) },
    };

    /// <summary>A definition of <c>widgets.test.example.com</c>, or another plural.</summary>
    public static JsonObject Definition(string plural = "widgets", string scope = "Namespaced") => new()
    {
        ["metadata"] = new JsonObject { ["name"] = $"{plural}.test.example.com" },
        ["spec"] = new JsonObject
        {
            ["group"] = "test.example.com",
            ["scope"] = scope,
            ["names"] = new JsonObject { ["plural"] = plural, ["kind"] = "Kind" + plural },
            ["versions"] = new JsonArray(new JsonObject
            {
                ["name"] = "v1",
                ["served"] = true,
                ["storage"] = true,
                ["subresources"] = new JsonObject { ["status"] = new JsonObject() },
                ["schema"] = new JsonObject
                {
                    ["openAPIV3Schema"] = JsonNode.Parse(
                        """{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1,"default":3}}},"status":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}"""),
                },
            }),
        },
    };

    public static GroupVersionResource Custom(string plural = "widgets") => new("test.example.com", "v1", plural);
}
