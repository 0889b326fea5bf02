using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Server.Discovery;
using Orrery.Server.Requests;

namespace Orrery.Server.Tests.Discovery;

public sealed class DiscoveryTests
{
    private const string V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string Kubectl = V2 + ",application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    private static readonly ClusterName Shop = new("acme", "shop");

    [Theory]
    [InlineData("/api", "api")]
    [InlineData("/apis", "apis")]
    public async Task Serve_Aggregated_AgreesWithTheRecordedFacts(string path, string member)
    {
        string? facts = SharedFile("kubernetes/reference/discovery.json");
        Assert.SkipWhen(facts is null, "the recorded facts are not here");
        JsonArray wanted = JsonNode.Parse(await File.ReadAllTextAsync(facts!))![member]!.AsArray();

        (HttpResponse response, string body) = await GetAsync(new Surfaces(), path, Kubectl);

        JsonObject document = JsonNode.Parse(body)!.AsObject();
        Assert.Equal(V2, response.ContentType);
        Assert.Equal("apidiscovery.k8s.io/v2", (string?)document["apiVersion"]);
        Dictionary<string, JsonNode> made = document["items"]!.AsArray().ToDictionary(g => (string?)g!["metadata"]!["name"] ?? "", g => g!);
        Assert.Equal(wanted.Count, made.Count);
        foreach (JsonNode? group in wanted)
        {
            JsonNode ours = made[(string?)group!["metadata"]!["name"] ?? ""].DeepClone();
            foreach (JsonNode? version in ours["versions"]!.AsArray())
            {
                Assert.Equal("Current", (string?)version!["freshness"]);
                version.AsObject().Remove("freshness");
            }

            JsonNode theirs = group.DeepClone();
            theirs["versions"]!.AsArray().ToList().ForEach(v => v!.AsObject().Remove("freshness"));
            Assert.True(JsonNode.DeepEquals(theirs, ours), $"want {theirs.ToJsonString()}\n got {ours.ToJsonString()}");
        }
    }

    [Theory]
    [InlineData("/api", "application/json", "APIVersions")]
    [InlineData("/apis", "application/json", "APIGroupList")]
    [InlineData("/apis", null, "APIGroupList")]
    [InlineData("/apis/", "*/*", "APIGroupList")]
    [InlineData("/apis/apps", "application/json", "APIGroup")]
    [InlineData("/apis/apps/v1", Kubectl, "APIResourceList")]
    [InlineData("/api/v1", "application/json", "APIResourceList")]
    public async Task Serve_Legacy_IsOfItsKind(string path, string? accept, string kind)
    {
        (HttpResponse response, string body) = await GetAsync(new Surfaces(), path, accept);

        Assert.Equal("application/json", response.ContentType);
        Assert.Equal(kind, (string?)JsonNode.Parse(body)!["kind"]);
    }

    [Fact]
    public async Task Serve_Group_HasUpstreamsForm()
    {
        (_, string body) = await GetAsync(new Surfaces(), "/apis/autoscaling", null);

        Assert.Equal(
            """{"kind":"APIGroup","apiVersion":"v1","name":"autoscaling","versions":[{"groupVersion":"autoscaling/v2","version":"v2"},{"groupVersion":"autoscaling/v1","version":"v1"}],"preferredVersion":{"groupVersion":"autoscaling/v2","version":"v2"}}""",
            body);
    }

    [Fact]
    public async Task Serve_Resources_ListSubresourcesBesideTheirResource()
    {
        (_, string body) = await GetAsync(new Surfaces(), "/apis/apps/v1", null);

        JsonObject[] resources = [.. JsonNode.Parse(body)!["resources"]!.AsArray().Select(r => r!.AsObject())];
        Assert.Equal(["deployments", "deployments/scale", "deployments/status"], resources.Select(r => (string)r["name"]!).Where(n => n.StartsWith("deployments", StringComparison.Ordinal)));
        Assert.Equal(
            """{"name":"deployments/scale","singularName":"","namespaced":true,"group":"autoscaling","version":"v1","kind":"Scale","verbs":["get","patch","update"]}""",
            resources.Single(r => (string)r["name"]! == "deployments/scale").ToJsonString());
    }

    [Fact]
    public async Task Serve_CustomResources_ShowInTheirClusterOnly()
    {
        var surfaces = new Surfaces();

        Assert.Contains("crontabs", (await GetAsync(surfaces, "/clusters/acme/shop/apis", Kubectl)).Body);
        Assert.DoesNotContain("crontabs", (await GetAsync(surfaces, "/apis", Kubectl)).Body);
        Assert.Contains("crontabs", (await GetAsync(surfaces, "/clusters/acme/shop/apis/example.com/v1", null)).Body);
        Assert.False(await TryAsync(surfaces, "/apis/example.com/v1"));
    }

    [Fact]
    public async Task Serve_KnownETag_Is304()
    {
        var surfaces = new Surfaces();
        var endpoint = new DiscoveryEndpoint(surfaces, new OfferedGroups([]), _ => true, "host:1");
        (HttpResponse first, _) = await GetAsync(surfaces, "/apis", Kubectl, endpoint);
        string tag = first.Headers.ETag.ToString();
        Assert.Matches("^\"[0-9A-F]{128}\"$", tag);

        (HttpResponse second, string body) = await GetAsync(surfaces, "/apis", Kubectl, endpoint, tag);

        Assert.Equal((304, ""), (second.StatusCode, body));
        Assert.NotEqual(tag, (await GetAsync(surfaces, "/clusters/acme/shop/apis", Kubectl, endpoint)).Response.Headers.ETag.ToString());
    }

    [Fact]
    public async Task Serve_UnknownVersion_IsStatusAndUnknownGroupIsNotOurs()
    {
        StatusException refused = await Assert.ThrowsAsync<StatusException>(() => TryAsync(new Surfaces(), "/apis/apps/v9"));

        Assert.Equal(404, refused.Code);
        foreach (string path in (string[])["/apis/nope.example.com", "/apis/nope.example.com/v1", "/nonsense", "/", "/api/v1/pods", "/healthz", "/clusters/*/apis"])
        {
            Assert.False(await TryAsync(new Surfaces(), path));
        }
    }

    [Fact]
    public async Task Serve_Version_NamesTheKubernetesApi()
    {
        (_, string body) = await GetAsync(new Surfaces(), "/version", null);

        JsonObject version = JsonNode.Parse(body)!.AsObject();
        Assert.Equal(("1", "36"), ((string)version["major"]!, (string)version["minor"]!));
        Assert.StartsWith("v1.36.", (string)version["gitVersion"]!);
    }

    private static async Task<(HttpResponse Response, string Body)> GetAsync(Surfaces surfaces, string path, string? accept, DiscoveryEndpoint? endpoint = null, string? tag = null)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        context.Request.Headers.Accept = accept;
        context.Request.Headers.IfNoneMatch = tag;
        var body = new MemoryStream();
        context.Response.Body = body;
        Assert.True(await (endpoint ?? new DiscoveryEndpoint(surfaces, new OfferedGroups([]), _ => true, "host:1")).TryServeAsync(context, RequestInfoParser.Parse("GET", path), TestContext.Current.CancellationToken));
        return (context.Response, Encoding.UTF8.GetString(body.ToArray()));
    }

    private static async Task<bool> TryAsync(Surfaces surfaces, string path)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = "GET";
        return await new DiscoveryEndpoint(surfaces, new OfferedGroups([]), _ => true, "host:1").TryServeAsync(context, RequestInfoParser.Parse("GET", path), TestContext.Current.CancellationToken);
    }

    /// <summary>Where shared test data is: beside the repository, or where the environment says.</summary>
    private static string? SharedFile(string name)
    {
        var candidates = new List<string?> { Environment.GetEnvironmentVariable("ORRERY_SHARED") };
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Orrery.slnx")))
            {
                candidates.Add(Path.Combine(at.FullName, "..", "shared"));
            }
        }

        return candidates.OfType<string>().Select(root => Path.Combine(root, name)).FirstOrDefault(File.Exists);
    }

    /// <summary>All built-in resources everywhere, and one custom resource in acme/shop.</summary>
    private sealed class Surfaces : IApiSurface
    {
        private static readonly ApiSurface Builtin = new([.. BuiltinTypes.Instance.Resources
            .GroupBy(r => r.Resource.Group)
            .Select(group => new ApiGroupSurface(group.Key, [.. group.GroupBy(r => r.Resource.Version)
                .OrderByDescending(v => v.Key, StringComparer.Ordinal)
                .Select(version => new ApiVersionSurface(version.Key, [.. version.Select(Describe)]))]))]);

        private readonly ApiSurface shop = new([.. Builtin.Groups, new ApiGroupSurface("example.com", [new ApiVersionSurface("v1", [new ApiResourceSurface
        {
            Name = "crontabs", Singular = "crontab", Kind = "CronTab", Namespaced = true, Verbs = ["get"],
        }])])]);

        public ApiSurface For(ClusterName cluster) => cluster == Shop ? shop : Builtin;

        private static ApiResourceSurface Describe(BuiltinResource r) => new()
        {
            Name = r.Resource.Resource,
            Singular = r.Singular,
            Kind = r.Kind,
            Namespaced = r.Namespaced,
            Verbs = r.Verbs,
            ShortNames = r.ShortNames,
            Categories = r.Categories,
            Subresources = [.. r.Subresources.Select(s => new ApiSubresourceSurface(s.Name, s.Kind, s.Verbs))],
        };
    }
}
