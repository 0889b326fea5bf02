using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Certificates;

/// <summary>Certificates asked for, approved and signed through the API, by the real kubectl where it has a command.</summary>
public sealed class SigningRequestTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    /// <summary>A request of a key that the framework cannot check.</summary>
    private const string OfEd25519 =
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlHTE1EOENBUUF3RERFS01BZ0dBMVVFQXd3QmVEQXFNQVVHQXl0bGNBTWhBS2kxVzZIbUdkVFl5eFlYdktGVgoxSFlETWJUTURnMUo5TWdxcElWZkh4T0dvQUF3QlFZREsyVndBMEVBVlFmK2w3d2NycGRuTXBFcUY2S0tRck9OCmtpYXd3V1VqQXZBSmp1cFFzdDVIRkFMRVdGVGFCQjNxS2o1dm9PaDB6ZUJJUkRJclhvZlhUOHluT2pMY0FnPT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

    private const string Client = "kubernetes.io/kube-apiserver-client";
    private static readonly GroupVersionResource Requests = new("certificates.k8s.io", "v1", "certificatesigningrequests");

    private static CancellationToken Token => ServerFixture.Token;

    private static JsonObject Request(string name, string subject, AsymmetricAlgorithm key, string signer = Client, params string[] usages)
    {
        var request = key is RSA rsa ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        alternatives.AddUri(new Uri("orrery://clusters/*"));
        request.CertificateExtensions.Add(alternatives.Build());
        return new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem())),
                ["signerName"] = signer,
                ["usages"] = new JsonArray([.. (usages.Length > 0 ? usages : ["client auth"]).Select(u => (JsonNode)u)]),
                ["username"] = "somebody-else",
            },
        };
    }

    private async Task<string> CertificateAsync(KubeClient client, string name)
    {
        KubeObject signed = await Eventually.SomeAsync(
            async () => await client.GetAsync(Requests, "", name, Token) is { } csr && csr.TextAt("status", "certificate") is { Length: > 0 } ? csr : null, "a certificate", cancellationToken: Token);
        return Encoding.ASCII.GetString(Convert.FromBase64String(signed.TextAt("status", "certificate")!));
    }

    [Fact]
    public async Task ApprovedClientRequest_InAVirtualCluster_IsSignedForThatClusterAlone()
    {
        ClusterName cluster = await fixture.ClusterAsync("shop"), other = await fixture.ClusterAsync("other");
        using var kubectl = new Kubectl(fixture.Server, cluster);
        using KubeClient admin = fixture.Server.AdminOf(cluster);
        using RSA key = RSA.Create(2048);
        KubeObject made = await admin.CreateAsync(Requests, "", Request("jane", "CN=jane, O=devs", key, Client, "client auth", "digital signature"), Token);
        Assert.Equal("test-admin", made.TextAt("spec", "username"));

        (await kubectl.RunAsync("certificate", "approve", "jane")).Succeeded();
        string pem = await CertificateAsync(admin, "jane");

        using X509Certificate2 certificate = X509Certificate2.CreateFromPem(pem).CopyWithPrivateKey(key);
        (await kubectl.RunAsync("create", "clusterrolebinding", "devs", "--clusterrole=view", "--group=devs")).Succeeded();
        using var jane = new KubeClient(fixture.Server.Config(certificate, cluster: cluster));
        await Eventually.TrueAsync(async () => await CodeAsync(jane) == 200, "jane may read", cancellationToken: Token);
        using var elsewhere = new KubeClient(fixture.Server.Config(certificate, cluster: other));
        Assert.Equal(401, await CodeAsync(elsewhere));
        using var root = new KubeClient(fixture.Server.Config(certificate));
        Assert.Equal(401, await CodeAsync(root));
        Assert.Contains("Approved,Issued", (await kubectl.RunAsync("get", "csr", "jane")).Succeeded(), StringComparison.Ordinal);
    }

    private static async Task<int> CodeAsync(KubeClient client)
    {
        try
        {
            await client.GetAsync(ServerFixture.ConfigMaps, "default", "kube-root-ca.crt", Token);
            return 200;
        }
        catch (StatusException refusal)
        {
            return refusal.Code;
        }
    }

    [Fact]
    public async Task Request_ForMastersOrOtherUsages_NeverYieldsACertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        StatusException masters = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Requests, "", Request("m", "CN=x, O=system:masters", key), Token));
        StatusException nameless = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Requests, "", Request("m", "O=system:masters", key), Token));
        Assert.Equal(masters.Message, nameless.Message);
        Assert.Equal("certificatesigningrequests.certificates.k8s.io \"m\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed", masters.Message);

        using var kubectl = new Kubectl(fixture.Server, ClusterName.Root);
        await fixture.Admin.CreateAsync(Requests, "", Request("serving", "CN=x", key, Client, "client auth", "server auth"), Token);
        (await kubectl.RunAsync("certificate", "approve", "serving")).Succeeded();
        KubeObject failed = await Eventually.SomeAsync(
            async () => await fixture.Admin.GetAsync(Requests, "", "serving", Token) is { } csr && csr.ToJsonObject()["status"]!["conditions"]!.AsArray().Count == 2 ? csr : null, "a condition", cancellationToken: Token);
        JsonNode condition = failed.ToJsonObject()["status"]!["conditions"]!.AsArray().Single(c => c!["type"]!.GetValue<string>() == "Failed")!;
        Assert.Equal("usage \"server auth\" is not permitted by this signer", condition["message"]!.GetValue<string>());
        Assert.Null(failed.TextAt("status", "certificate"));
    }

    [Fact]
    public async Task Approval_WithoutTheRightOnTheSigner_IsForbidden()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await fixture.Admin.CreateAsync(Requests, "", Request("wanted", "CN=bob", key), Token);
        using var kubectl = new Kubectl(fixture.Server, ClusterName.Root);
        (await kubectl.RunAsync(
            "create", "clusterrole", "csr-writer", "--verb=get,list,update,patch", "--resource=certificatesigningrequests.certificates.k8s.io,certificatesigningrequests.certificates.k8s.io/approval,certificatesigningrequests.certificates.k8s.io/status")).Succeeded();
        (await kubectl.RunAsync("create", "clusterrolebinding", "csr-writer", "--clusterrole=csr-writer", "--user=bob")).Succeeded();

        using X509Certificate2 signed = new CertificateRequest("CN=bob", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        string certificate = Convert.ToBase64String(Encoding.ASCII.GetBytes(signed.ExportCertificatePem()));
        KubectlResult approve = await kubectl.RunAsync("certificate", "approve", "wanted", "--as=bob");
        KubectlResult sign = await kubectl.RunAsync("patch", "csr", "wanted", "--subresource=status", "--type=merge", "-p", $"{{\"status\":{{\"certificate\":\"{certificate}\"}}}}", "--as=bob");
        await kubectl.RunAsync("patch", "csr", "wanted", "--subresource=status", "--type=merge", "-p", "{\"status\":{\"conditions\":[{\"type\":\"Approved\",\"status\":\"True\"}]}}");

        Assert.Contains($"user not permitted to approve requests with signerName \"{Client}\"", approve.Error, StringComparison.Ordinal);
        Assert.Contains($"user not permitted to sign requests with signerName \"{Client}\"", sign.Error, StringComparison.Ordinal);
        Assert.Null((await fixture.Admin.GetAsync(Requests, "", "wanted", Token)).TextAt("status", "conditions"));
        Assert.Equal("{}", (await fixture.Admin.GetAsync(Requests, "", "wanted", Token)).ToJsonObject()["status"]!.ToJsonString());

        // With the right on the whole domain of the signer he may.
        var role = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "approver" },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray("certificates.k8s.io"), ["resources"] = new JsonArray("signers"), ["resourceNames"] = new JsonArray("kubernetes.io/*"), ["verbs"] = new JsonArray("approve"),
            }),
        };
        await fixture.Admin.CreateAsync(new GroupVersionResource("rbac.authorization.k8s.io", "v1", "clusterroles"), "", role, Token);
        (await kubectl.RunAsync("create", "clusterrolebinding", "approver", "--clusterrole=approver", "--user=bob")).Succeeded();
        (await kubectl.RunAsync("certificate", "approve", "wanted", "--as=bob")).Succeeded();
        Assert.Contains("BEGIN CERTIFICATE", await CertificateAsync(fixture.Admin, "wanted"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"conditions":[{"type":"Approved","status":"True"}]}""", "status.conditions: Forbidden: updates may not add a condition of type \"Approved\"")]
    [InlineData("""{"conditions":[{"type":"Failed"}]}""", "status.conditions[0].status: Required value")]
    [InlineData("""{"conditions":[{"type":"Failed","status":"False"}]}""", "status.conditions[0].status: Unsupported value: \"False\": supported values: \"True\"")]
    [InlineData("""{"conditions":[{"type":"","status":"Maybe"}]}""", "[status.conditions[0].type: Required value, status.conditions[0].status: Unsupported value: \"Maybe\": supported values: \"False\", \"True\", \"Unknown\"]")]
    [InlineData("""{"certificate":"eA=="}""", "status.certificate: Invalid value: \"<certificate data>\": must contain at least one CERTIFICATE PEM block")]
    public async Task Status_ThatASignerMayNotWrite_IsRefused(string status, string why)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string name = "s-" + Guid.NewGuid().ToString("N");
        JsonObject request = (await fixture.Admin.CreateAsync(Requests, "", Request(name, "CN=x", key, "example.com/none"), Token)).ToJsonObject();
        request["status"] = JsonNode.Parse(status);

        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.UpdateAsync(Requests, "", name, request, Token, "status"));

        Assert.Equal((422, $"CertificateSigningRequest.certificates.k8s.io \"{name}\" is invalid: {why}"), (refusal.Code, refusal.Message));
    }

    [Fact]
    public async Task Decision_IsKeptByWhoeverSigns_AndCannotBeTakenBack()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        const string Name = "Any:Name";
        await fixture.Admin.CreateAsync(Requests, "", Request(Name, "CN=x", key, "example.com/none"), Token);
        using var kubectl = new Kubectl(fixture.Server, ClusterName.Root);
        (await kubectl.RunAsync("certificate", "approve", Name)).Succeeded();
        JsonObject approved = (await fixture.Admin.GetAsync(Requests, "", Name, Token)).ToJsonObject();

        // Another reason, and another spec: neither is taken.
        JsonObject changed = approved.DeepClone().AsObject();
        changed["status"]!["conditions"]![0]!["reason"] = "Mine";
        await fixture.Admin.UpdateAsync(Requests, "", Name, changed, Token, "status");
        changed.Metadata.Remove("resourceVersion");
        changed["spec"]!["usages"] = new JsonArray("any");
        await fixture.Admin.UpdateAsync(Requests, "", Name, changed, Token);
        JsonObject after = (await fixture.Admin.GetAsync(Requests, "", Name, Token)).ToJsonObject();
        changed["status"]!["conditions"] = new JsonArray();
        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.UpdateAsync(Requests, "", Name, changed, Token, "status"));

        Assert.Equal(approved["status"]!["conditions"]!.ToJsonString(), after["status"]!["conditions"]!.ToJsonString());
        Assert.Equal(approved["spec"]!.ToJsonString(), after["spec"]!.ToJsonString());
        Assert.EndsWith("status.conditions: Forbidden: updates may not remove a condition of type \"Approved\"", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("signerName", "plain", "spec.signerName")]
    [InlineData("request", "eA==", "spec.request")]
    [InlineData("request", OfEd25519, "spec.request")]
    [InlineData("expirationSeconds", 60, "spec.expirationSeconds")]
    [InlineData("usages", null, "spec.usages")]
    public async Task Create_WhatMakesNoSense_Is422AtItsField(string member, object? value, string field)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        JsonObject request = Request("bad", "CN=x", key);
        request["spec"]![member] = value switch { string text => text, int number => number, _ => new JsonArray() };

        StatusException refusal = await Assert.ThrowsAsync<StatusException>(() => fixture.Admin.CreateAsync(Requests, "", request, Token));

        Assert.Equal(422, refusal.Code);
        Assert.Equal(field, Assert.Single(refusal.Status.Details!.Causes).Field);
    }

    [Fact]
    public async Task Approval_ThatSetsAnotherCondition_KeepsIt()
    {
        using RSA key = RSA.Create(2048);
        await fixture.Admin.CreateAsync(Requests, "", Request("conditions", "CN=c", key, "example.com/none"), Token);

        KubeObject said = await fixture.Admin.PatchAsync(
            Requests, "", "conditions", PatchKind.Merge, JsonNode.Parse("""{"status":{"certificate":"eA==","conditions":[{"type":"Checked","status":"True","reason":"Test"}]}}""")!, Token, "approval");
        KubeObject approved = await fixture.Admin.PatchAsync(
            Requests, "", "conditions", PatchKind.Json, JsonNode.Parse("""[{"op":"add","path":"/status/conditions/-","value":{"type":"Approved","status":"True","reason":"Test"}}]""")!, Token, "approval");

        Assert.Null(said.At("status", "certificate"));
        Assert.Equal(["Checked", "Approved"], approved.At("status", "conditions")!.Value.EnumerateArray().Select(c => c.GetProperty("type").GetString()));
    }
}
