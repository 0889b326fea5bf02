using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Testing;
using Xunit;
using static Orrery.Server.Tests.ServerFixture;

namespace Orrery.Server.Tests.Admission;

public sealed class LastChangeTests
{
    private const string By = "orrery.dev/changed-by";
    private const string At = "orrery.dev/changed-at";

    private static Task<TestServer> StartAsync(TimeProvider? time = null) => TestServer.StartAsync(new TestServerOptions
    {
        TimeProvider = time ?? TimeProvider.System,
        Configure = options => options with { NotesLastChange = new HashSet<GroupResource> { ConfigMaps.GroupResource } },
    });

    [Fact]
    public async Task Write_OfWhatIsWanted_NotesWhoDidIt_AndNothingElseDoes()
    {
        var time = new ShiftedTime();
        await using TestServer server = await StartAsync(time);
        using KubeClient ann = Client(server, "ann"), bob = Client(server, "bob");

        // 1. Made.
        KubeObject made = await ann.CreateAsync(ConfigMaps, "default", Forged("settings"), Token);
        Assert.Equal("ann", made.Annotations[By]);
        Assert.Matches("^2[0-9]{3}-.*Z$", made.Annotations[At]);

        // 2. A label, an annotation, or the same once more (later) is no change; nobody writes or takes away what is noted.
        KubeObject labelled = await bob.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"metadata": {"labels": {"a": "b"}, "annotations": {"orrery.dev/changed-by": "carl", "orrery.dev/changed-at": null, "note": "x"}}}"""), Token);
        Assert.Equal("ann", labelled.Annotations[By]);
        Assert.Equal(made.Annotations[At], labelled.Annotations[At]);
        Assert.Equal("x", labelled.Annotations["note"]);
        time.Shift += TimeSpan.FromSeconds(5);
        KubeObject same = await bob.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"metadata": {"annotations": {"orrery.dev/changed-by": "bob"}}}"""), Token);
        Assert.Equal(labelled.ResourceVersion, same.ResourceVersion);

        // 3. A change is; by a patch, by an apply, by an update.
        Assert.Equal("bob", (await bob.PatchAsync(ConfigMaps, "default", "settings", PatchKind.Merge, Json("""{"data": {"k": "2"}}"""), Token)).Annotations[By]);
        Assert.Equal("ann", (await ann.ApplyAsync(ConfigMaps, "default", "settings", ConfigMap("settings"), "tester", force: true, Token)).Annotations[By]);
        JsonObject whole = Forged("settings");
        whole["data"] = Json("""{"k": "3"}""");
        Assert.Equal("bob", (await bob.UpdateAsync(ConfigMaps, "default", "settings", whole, Token)).Annotations[By]);

        // 4. Another resource has no such notes, and one in the place of ours is its own matter.
        JsonObject other = Named("other");
        other.Metadata["annotations"] = Json("""{"orrery.dev/changed-by": "carl"}""");
        Assert.Equal("carl", (await ann.CreateAsync(Namespaces, "", other, Token)).Annotations[By]);
    }

    private static KubeClient Client(TestServer server, string user) => new(server.Config(server.Certificate(user, [UserGroups.Masters], new ClusterScope(ClusterName.Root))));

    private static JsonObject Forged(string name)
    {
        JsonObject json = ConfigMap(name);
        json.Metadata["annotations"] = Json("""{"orrery.dev/changed-by": "carl", "orrery.dev/changed-at": "yesterday"}""");
        return json;
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
