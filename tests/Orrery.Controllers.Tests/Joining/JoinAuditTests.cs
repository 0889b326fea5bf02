using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Joining;
using Orrery.Server.Audit;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>Whoever tries to join without leave stands in the audit log: who, as what, and what was answered.</summary>
public sealed class JoinAuditTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-audit-");

    [Fact]
    public async Task Refusals_StandInTheAuditLog()
    {
        string path = Path.Combine(folder.FullName, "audit.log");
        var audit = new AuditOptions { Policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Metadata}]}"), Path = path };
        await using JoinWorld world = await JoinWorld.StartAsync(audit, "pa2-par", "ny8-nyc");
        JoinInvitation invitation = await world.InviteAsync("pa2-par");
        string stolen = SatelliteUserName.Of(await world.DataPlaneAsync("ny8-nyc")).ToString();

        // 1. A stolen name: asked for as the invited account, refused by the controllers, both recorded.
        await world.RefusedAsync(invitation.Token, JoinWorld.Request(stolen, OrreryNames.SatelliteGroup), "WrongDataPlane");
        await RecordedAsync(path, e => Is(e, "create", "certificatesigningrequests", null, 201) && User(e).StartsWith("system:serviceaccount:dp-pa2-par:join-", StringComparison.Ordinal));
        await RecordedAsync(path, e => Is(e, "update", "certificatesigningrequests", "approval", 200) && User(e) == "orrery:controllers");

        // 2. A tunnel and Works of another, by the same account.
        using var asInvited = new KubeClient(world.ControlPlane.Config(token: invitation.Token));
        await Assert.ThrowsAsync<StatusException>(() => asInvited.GetTextAsync("/apis/orrery.dev/v1alpha1/dataplanes/ny8-nyc/tunnel", default));
        await Assert.ThrowsAsync<StatusException>(() => asInvited.ListAsync(OrreryResources.Works, "dp-ny8-nyc", null, default));
        await RecordedAsync(path, e => Is(e, "get", "dataplanes", "tunnel", 403) && Decision(e) == "forbid");
        await RecordedAsync(path, e => Is(e, "list", "works", null, 403) && Decision(e) == "forbid");

        // 3. A token past its end: nobody, and yet recorded. The token itself never is.
        world.Clock.Shift += TimeSpan.FromMinutes(16);
        await Assert.ThrowsAsync<StatusException>(() => asInvited.CreateAsync(CoreResources.SigningRequests, "", JoinWorld.Request(stolen, OrreryNames.SatelliteGroup), default));
        await RecordedAsync(path, e => Is(e, "create", "certificatesigningrequests", null, 401));
        Assert.DoesNotContain(invitation.Token, await ReadAsync(path), StringComparison.Ordinal);
    }

    public void Dispose() => folder.Delete(recursive: true);

    private static Task RecordedAsync(string path, Func<JsonNode, bool> wanted) => Eventually.TrueAsync(
        async () => (await ReadAsync(path)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Parse).OfType<JsonNode>().Any(wanted), "an event in the audit log", TimeSpan.FromSeconds(60));

    /// <summary>The last line may be half written.</summary>
    private static JsonNode? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static async Task<string> ReadAsync(string path)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync();
    }

    private static bool Is(JsonNode e, string verb, string resource, string? subresource, int code) =>
        (string?)e["verb"] == verb && (string?)e["objectRef"]?["resource"] == resource && (string?)e["objectRef"]?["subresource"] == subresource && (int?)e["responseStatus"]?["code"] == code;

    private static string User(JsonNode e) => (string?)e["user"]?["username"] ?? "";

    private static string Decision(JsonNode e) => (string?)e["annotations"]?["authorization.k8s.io/decision"] ?? "";
}
