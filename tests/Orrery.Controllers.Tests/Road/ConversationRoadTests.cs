using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Road;

/// <summary>
/// What satellites of this version and of former ones ask of the control plane lies as text beside what they stored (<c>tests/Orrery.Tests/Upgrades</c>): a change of it shows, and what was
/// asked once is answered still. <c>ORRERY_RECORD</c> names a folder into which it is written anew.
/// </summary>
public sealed class ConversationRoadTests
{
    private const string Text = "conversation.txt", Mapped = "acme-shop-default";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly GroupVersionResource Deployments = new("apps", "v1", "deployments");

    public static TheoryData<string> Versions => [.. Directory.GetFiles(Folder, Text, SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))!).Order(StringComparer.Ordinal)];

    /// <summary>Has a folder for each version of which something was recorded.</summary>
    internal static string Folder
    {
        get
        {
            string root = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(root, "Orrery.slnx")))
            {
                root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Orrery.slnx is nowhere above the tests");
            }

            return Path.Combine(root, "tests", "Orrery.Tests", "Upgrades");
        }
    }

    /// <summary>Whoever changes what is asked records it anew, and sees below what servers of before would be asked.</summary>
    [Fact]
    public async Task Satellite_AsksNothingThatIsNotRecorded()
    {
        var said = new Conversation();
        var way = new RoughWay
        {
            Instead = async (request, token) =>
            {
                await said.NoteAsync(request, token);
                return null;
            },
        };
        await using (TestFleet fleet = await TestFleet.StartAsync(new TestFleetOptions { ToControlPlane = way }, Conversation.DataPlane))
        {
            await TalkAsync(fleet);
        }

        if (Environment.GetEnvironmentVariable("ORRERY_RECORD") is { Length: > 0 } folder)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, Text), said.ToString());
            return;
        }

        IReadOnlyDictionary<string, Conversation.Asked> known = Read(Versions.Last().Data).Requests;
        Assert.Empty(said.Requests.Keys.Except(known.Keys, StringComparer.Ordinal));
        Assert.Empty(said.Requests.SelectMany(r => r.Value.Members.Except(known[r.Key].Members).Select(m => $"{r.Key}: {m}")));

        // What every satellite asks is asked: nothing else would tell that the road was walked.
        Assert.Contains(said.Requests.Keys, k => k.StartsWith("CONNECT ", StringComparison.Ordinal));
        Assert.Contains(said.Requests.Keys, k => k.Contains("/works/{name}/status", StringComparison.Ordinal));
        Assert.Contains(said.Requests.Keys, k => k.StartsWith("POST ", StringComparison.Ordinal) && k.Contains("/observations", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Server_AnswersWhatAFormerSatelliteAsks(string version)
    {
        await using TestFleet fleet = await TestFleet.StartAsync();
        await fleet.Root.CreateAsync(OrreryResources.DataPlanes, "", Json($$"""{"apiVersion": "orrery.dev/v1alpha1", "kind": "DataPlane", "metadata": {"name": "{{Conversation.DataPlane}}"}, "spec": {} }"""), default);
        string ns = OrreryNames.DataPlaneNamespace(Conversation.DataPlane);
        using var satellite = new KubeClient(fleet.ControlPlane.Config(fleet.ControlPlane.Certificate(OrreryNames.SatelliteUser(Conversation.DataPlane), [OrreryNames.SatelliteGroup], ClusterScope.Root)));
        await Eventually.TrueAsync(async () => await LetsInAsync(satellite, ns), "the satellite has its rights", Limit);
        await fleet.StopControllersAsync();
        var named = new Dictionary<string, KubeObject>();
        foreach ((GroupVersionResource resource, string kind, string spec) in ((GroupVersionResource, string, string)[])[
            (OrreryResources.Works, "Work", """{"source": {"cluster": "acme/shop", "apiVersion": "v1", "kind": "ConfigMap", "namespace": "default", "name": "a"}, "manifest": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "acme-shop-default"} } }"""),
            (OrreryResources.Tenancies, "Tenancy", """{}"""),
            (OrreryResources.Observations, "Observation", """{"source": {"cluster": "acme/shop", "apiVersion": "v1", "kind": "Pod", "namespace": "default", "name": "a"}, "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "acme-shop-default"} } }""")])
        {
            named[resource.Resource] = await fleet.Root.CreateAsync(
                resource, ns, Json($$"""{"apiVersion": "orrery.dev/v1alpha1", "kind": "{{kind}}", "metadata": {"name": "replayed"}, "spec": {{spec}} }"""), default);
        }

        List<string> refused = [];
        foreach ((string key, Conversation.Asked asked) in Read(version).Requests
            .Where(r => !r.Key.StartsWith("CONNECT ", StringComparison.Ordinal)).OrderBy(r => r.Key.StartsWith("DELETE ", StringComparison.Ordinal)))
        {
            string[] parts = key.Split(' ');
            KubeObject? about = named.GetValueOrDefault(named.Keys.FirstOrDefault(n => parts[1].Contains($"/{n}/", StringComparison.Ordinal)) ?? "");
            string body = asked.Example.Replace(Conversation.Uid, about?.Uid ?? "", StringComparison.Ordinal);
            string path = parts[1].Replace(Conversation.Name, "replayed", StringComparison.Ordinal)
                .Replace("resourceVersion=*", "resourceVersion=" + named["works"].ResourceVersion, StringComparison.Ordinal).Replace("timeoutSeconds=*", "timeoutSeconds=1", StringComparison.Ordinal);
            using var content = new StringContent(body, Encoding.UTF8, parts.Length > 2 ? parts[2] : "application/json");
            using HttpResponseMessage answer = await satellite.ForwardAsync(new HttpMethod(parts[0]), path, [], false, default, body.Length > 0 ? content : null);
            if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created))
            {
                refused.Add($"{(int)answer.StatusCode} {key}: {await answer.Content.ReadAsStringAsync()}");
            }
        }

        Assert.Empty(refused);
    }

    private static async Task<bool> LetsInAsync(KubeClient satellite, string ns)
    {
        try
        {
            _ = await satellite.ListAsync(OrreryResources.Works, ns, null, default);
            _ = await satellite.GetAsync(OrreryResources.DataPlanes, "", Conversation.DataPlane, default);
            return true;
        }
        catch (StatusException e) when (e.Code is 403 or 404)
        {
            return false;
        }
    }

    /// <summary>What a satellite has to do in a day, in a minute.</summary>
    private static async Task TalkAsync(TestFleet fleet)
    {
        KubeClient shop = await fleet.AddVirtualClusterAsync(TestFleet.Shop, Conversation.DataPlane);
        KubeClient inside = fleet.DataPlanes[Conversation.DataPlane].Client;
        await shop.CreateAsync(Deployments, "default", Json("""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
             "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"} }, "template": {"metadata": {"labels": {"app": "web"} }, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} } } }
            """), default);
        await Eventually.SomeAsync(() => inside.FindAsync(Deployments, Mapped, "web", default), "it is applied", Limit);
        await inside.CreateAsync(CoreResources.Pods, Mapped, Json("""{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web-1"}, "spec": {"containers": [{"name": "c", "image": "example.test/web:1"}]} }"""), default);
        await Eventually.SomeAsync(() => shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default), "its pod is mirrored", Limit);
        await inside.PatchAsync(CoreResources.Pods, Mapped, "web-1", PatchKind.Merge, Json("""{"status": {"phase": "Running"} }"""), default, "status");
        await Eventually.TrueAsync(async () => (await shop.GetAsync(CoreResources.Pods, "default", "web-1.pa2-par", default)).TextAt("status", "phase") == "Running", "it is told on", Limit);
        await inside.DeleteAsync(CoreResources.Pods, Mapped, "web-1", null, default);
        await Eventually.TrueAsync(async () => await shop.FindAsync(CoreResources.Pods, "default", "web-1.pa2-par", default) is null, "it is gone", Limit);
        await shop.DeleteAsync(Deployments, "default", "web", null, default);
        await Eventually.TrueAsync(async () => await inside.FindAsync(Deployments, Mapped, "web", default) is null, "all is gone", Limit);
    }

    private static Conversation Read(string version) => Conversation.Read(File.ReadAllText(Path.Combine(Folder, version, Text)));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
