using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Testing;

namespace Orrery.Server.Tests.Upkeep;

public sealed class NamespaceTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private static readonly GroupVersionResource Accounts = new("", "v1", "serviceaccounts");

    [Fact]
    public async Task Create_Answered_HasItsDefaultAccountAndSoonItsCertificate()
    {
        string ns = await fixture.NamespaceAsync();

        Assert.NotNull(await fixture.Admin.FindAsync(Accounts, ns, "default", ServerFixture.Token));
        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "kube-root-ca.crt", ServerFixture.Token) is not null, "the certificate comes", cancellationToken: ServerFixture.Token);
        KubeObject certificate = await fixture.Admin.GetAsync(ServerFixture.ConfigMaps, ns, "kube-root-ca.crt", ServerFixture.Token);
        Assert.Equal(fixture.Server.CaPem.Trim(), certificate.TextAt("data", "ca.crt")!.Trim());
    }

    [Fact]
    public async Task Delete_WithContent_GoesWhenTheLastOfItDoes()
    {
        string ns = await fixture.NamespaceAsync();
        JsonObject held = ServerFixture.ConfigMap("held");
        held.Metadata["finalizers"] = new JsonArray("example.com/hold");
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, held, ServerFixture.Token);
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("free"), ServerFixture.Token);

        await fixture.Admin.DeleteAsync(ServerFixture.Namespaces, "", ns, null, ServerFixture.Token);
        StatusException late = await Assert.ThrowsAsync<StatusException>(() =>
            fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("late"), ServerFixture.Token));
        await GoneAsync(ServerFixture.ConfigMaps, ns, "free");
        Assert.Equal("Terminating", (await fixture.Admin.GetAsync(ServerFixture.Namespaces, "", ns, ServerFixture.Token)).TextAt("status", "phase"));
        await fixture.Admin.PatchAsync(
            ServerFixture.ConfigMaps, ns, "held", PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, ServerFixture.Token);

        Assert.Equal(403, late.Code);
        await GoneAsync(ServerFixture.Namespaces, "", ns);
    }

    [Fact]
    public async Task Delete_TheDefaultAccount_ComesBackWithTheNextLook()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.DeleteAsync(Accounts, ns, "default", null, ServerFixture.Token);

        // Any change of the namespace is an occasion to look.
        await fixture.Admin.PatchAsync(
            ServerFixture.Namespaces, "", ns, PatchKind.Merge, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["x"] = "y" } } }, ServerFixture.Token);

        await Eventually.TrueAsync(
            async () => await fixture.Admin.FindAsync(Accounts, ns, "default", ServerFixture.Token) is not null, "the account comes back", cancellationToken: ServerFixture.Token);
    }

    private Task GoneAsync(GroupVersionResource resource, string ns, string name) => Eventually.TrueAsync(
        async () => await fixture.Admin.FindAsync(resource, ns, name, ServerFixture.Token) is null, $"{name} goes", cancellationToken: ServerFixture.Token);
}
