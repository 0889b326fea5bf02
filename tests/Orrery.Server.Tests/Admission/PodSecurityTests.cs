using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class PodSecurityTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly CancellationToken Token = ServerFixture.Token;
    private int labelled;

    [Fact]
    public async Task Create_InARestrictedNamespace_IsForbiddenWithEveryReason()
    {
        string ns = await NamespaceAsync("""{"pod-security.kubernetes.io/enforce":"restricted"}""");

        StatusException refusal = await RefusalAsync(() => fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns,
            Json("""{"metadata":{"name":"priv"},"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i","securityContext":{"privileged":true,"capabilities":{"add":["NET_ADMIN"]}}}],"volumes":[{"name":"host","hostPath":{"path":"/"}}]}}"""),
            Token));

        Assert.Equal(
            "pods \"priv\" is forbidden: violates PodSecurity \"restricted:latest\": host namespaces (hostNetwork=true), privileged (container \"c\" must not set securityContext.privileged=true), "
            + "allowPrivilegeEscalation != false (container \"c\" must set securityContext.allowPrivilegeEscalation=false), "
            + "unrestricted capabilities (container \"c\" must set securityContext.capabilities.drop=[\"ALL\"]; container \"c\" must not include \"NET_ADMIN\" in securityContext.capabilities.add), "
            + "restricted volume types (volume \"host\" uses restricted volume type \"hostPath\"), runAsNonRoot != true (pod or container \"c\" must set securityContext.runAsNonRoot=true), "
            + "seccompProfile (pod or container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\")",
            refusal.Message);
        Assert.Equal(403, refusal.Code);
    }

    [Fact]
    public async Task Create_AHardenedPodInARestrictedNamespace_Passes()
    {
        string ns = await NamespaceAsync("""{"pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/enforce-version":"v1.30"}""");

        await fixture.Admin.CreateAsync(
            ServerFixture.Pods, ns,
            Json("""
            {"metadata":{"name":"good"},"spec":{"securityContext":{"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}},
             "containers":[{"name":"c","image":"i","securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]}}}]}}
            """),
            Token);
    }

    [Fact]
    public async Task Create_AWorkloadInARestrictedNamespace_WarnsAndPasses()
    {
        string ns = await NamespaceAsync("""{"pod-security.kubernetes.io/enforce":"baseline"}""");

        (int code, _, string[] warnings) = await SendAsync(
            fixture.Server, HttpMethod.Post, $"/apis/apps/v1/namespaces/{ns}/deployments",
            Json("""
            {"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},
             "spec":{"hostPID":true,"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"hostPort":8080}]}]}}}}
            """));

        Assert.Equal(201, code);
        Assert.Equal(["would violate PodSecurity \"baseline:latest\": host namespaces (hostPID=true), hostPort (container \"c\" uses hostPort 8080)"], warnings);
    }

    [Fact]
    public async Task Label_OfANamespaceWithPodsThatBreakIt_WarnsOfThem()
    {
        string ns = await NamespaceAsync("{}");
        foreach (string name in new[] { "a", "b", "c" })
        {
            await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod(name, spec: name == "c" ? ""","hostIPC":true""" : ""), Token);
        }

        (int code, _, string[] warnings) = await SendAsync(
            fixture.Server, HttpMethod.Patch, $"/api/v1/namespaces/{ns}",
            Json("""{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}"""), contentType: "application/merge-patch+json");

        Assert.Equal(200, code);
        Assert.Equal(
            [
                $"existing pods in namespace \"{ns}\" violate the new PodSecurity enforce level \"restricted:latest\"",
                "a (and 1 other pod): allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
                "c: host namespaces, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile",
            ],
            warnings);
    }

    [Fact]
    public async Task Create_ANamespaceWithAWrongLabel_IsInvalid()
    {
        StatusException refusal = await RefusalAsync(() => NamespaceAsync("""{"pod-security.kubernetes.io/enforce":"strict"}"""));

        Assert.Equal(422, refusal.Code);
        Assert.EndsWith("metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: \"strict\": must be one of privileged, baseline, restricted", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Update_OfLabelsOfAPodThatBreaksIt_Passes()
    {
        string ns = await NamespaceAsync("{}");
        await fixture.Admin.CreateAsync(ServerFixture.Pods, ns, Pod("p"), Token);
        await fixture.Admin.PatchAsync(ServerFixture.Namespaces, "", ns, PatchKind.Merge, Json("""{"metadata":{"labels":{"pod-security.kubernetes.io/enforce":"restricted"}}}"""), Token);

        await fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Merge, Json("""{"metadata":{"labels":{"x":"y"}}}"""), Token);
        StatusException image = await RefusalAsync(() =>
            fixture.Admin.PatchAsync(ServerFixture.Pods, ns, "p", PatchKind.Strategic, Json("""{"spec":{"containers":[{"name":"c","image":"i:2"}]}}"""), Token));

        Assert.Equal(403, image.Code);
    }

    private async Task<string> NamespaceAsync(string labels)
    {
        string name = $"ps-{Interlocked.Increment(ref labelled)}-{Guid.NewGuid():N}";
        JsonObject ns = ServerFixture.Named(name);
        ns.Metadata["labels"] = JsonNode.Parse(labels);
        await fixture.Admin.CreateAsync(ServerFixture.Namespaces, "", ns, Token);
        return name;
    }
}
