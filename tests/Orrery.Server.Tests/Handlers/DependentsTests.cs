using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Handlers;

/// <summary>What becomes of what an object owns when a client does not say.</summary>
public sealed class DependentsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Warning =
        "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning";

    private const string Template = """{"metadata":{"labels":{"a":"b"}},"spec":{"restartPolicy":"POLICY","containers":[{"name":"c","image":"i"}]}}""";
    private static readonly CancellationToken Token = ServerFixture.Token;

    [Theory]
    [InlineData("batch", "jobs", "Job", "", true)]
    [InlineData("batch", "jobs", "Job", "?propagationPolicy=Background", false)]
    [InlineData("", "replicationcontrollers", "ReplicationController", "", true)]
    [InlineData("", "replicationcontrollers", "ReplicationController", "?orphanDependents=false", false)]
    [InlineData("", "configmaps", "ConfigMap", "", false)]
    public async Task Delete_OfAnOwner_LeavesOrTakesWhatItOwns(string group, string resource, string kind, string query, bool isLeft)
    {
        string ns = await fixture.NamespaceAsync();
        var owners = new GroupVersionResource(group, "v1", resource);
        JsonObject made = Json("""{"metadata":{"name":"owner"}}""");
        if (kind != "ConfigMap")
        {
            made["spec"] = new JsonObject { ["template"] = Json(Template.Replace("POLICY", kind == "Job" ? "Never" : "Always", StringComparison.Ordinal)) };
        }

        KubeObject owner = await fixture.Admin.CreateAsync(owners, ns, made, Token);
        JsonObject owned = ServerFixture.ConfigMap("owned");
        owned.ObjectAt("metadata")["ownerReferences"] = new JsonArray(new JsonObject { ["apiVersion"] = owners.Group.Length == 0 ? "v1" : group + "/v1", ["kind"] = kind, ["name"] = "owner", ["uid"] = owner.Uid });
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, owned, Token);

        (int code, _, string[] warnings) = await SendAsync(fixture.Server, HttpMethod.Delete, $"{(group.Length == 0 ? "/api" : "/apis/" + group)}/v1/namespaces/{ns}/{resource}/owner{query}", null);

        Assert.Equal(200, code);
        Assert.Equal(resource == "jobs" && isLeft ? [Warning] : [], warnings);
        await Eventually.TrueAsync(async () => !await IsThereAsync(owners, ns, "owner"), "the owner is gone", cancellationToken: Token);
        await Eventually.TrueAsync(async () => await IsThereAsync(ServerFixture.ConfigMaps, ns, "owned") == isLeft, "what it owned stays or goes", cancellationToken: Token);
        if (isLeft)
        {
            Assert.Null((await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "owned", Token)).ToJsonObject().NodeAt("metadata", "ownerReferences"));
        }
    }

    private async Task<bool> IsThereAsync(GroupVersionResource resource, string ns, string name)
    {
        try
        {
            await fixture.Admin.GetAsync(resource, ns, name, Token);
            return true;
        }
        catch (StatusException refusal) when (refusal.Code == 404)
        {
            return false;
        }
    }
}
