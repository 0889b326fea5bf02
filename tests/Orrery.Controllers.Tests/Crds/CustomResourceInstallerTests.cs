using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Crds;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Crds;

public sealed class CustomResourceInstallerTests
{
    private static readonly GroupVersionResource Things = new("orrery.test", "v1", "things");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>An older server that leads again in the middle of an upgrade would else prune what only the newer knows from each object that it writes.</summary>
    [Fact]
    public async Task Install_OfAnOlderVersion_LeavesWhatANewerPutThere()
    {
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions(), Token);
        await InstallAsync(server, "0.2.0", "size", "colour");
        await server.Admin.CreateAsync(Things, "", new JsonObject
        {
            ["apiVersion"] = "orrery.test/v1", ["kind"] = "Thing", ["metadata"] = new JsonObject { ["name"] = "t" },
            ["spec"] = new JsonObject { ["size"] = "1", ["colour"] = "red" },
        }, Token);

        await InstallAsync(server, "0.1.0", "size");

        Assert.Equal("red", (await server.Admin.GetAsync(Things, "", "t", Token)).TextAt("spec", "colour"));
        Assert.Equal("0.2.0", await VersionAsync(server));
    }

    [Fact]
    public async Task Install_OverWhatHasNoVersionOrAnOlderOne_PutsItsOwnThere()
    {
        await using TestServer server = await TestServer.StartAsync(new TestServerOptions(), Token);
        await server.Admin.CreateAsync(CoreResources.CustomResourceDefinitions, "", Definition("size"), Token);

        await InstallAsync(server, "0.9.0", "size", "colour");
        Assert.Equal("0.9.0", await VersionAsync(server));

        await InstallAsync(server, "0.10.0", "size");
        Assert.Equal("0.10.0", await VersionAsync(server));
    }

    private static Task InstallAsync(TestServer server, string version, params string[] fields) =>
        CustomResourceInstaller.InstallAsync(server.Admin, [Definition(fields)], Version.Parse(version), TimeProvider.System, Token);

    private static async Task<string?> VersionAsync(TestServer server) =>
        (await server.Admin.GetAsync(CoreResources.CustomResourceDefinitions, "", "things.orrery.test", Token)).Annotations.GetValueOrDefault(OrreryNames.VersionAnnotation);

    private static JsonObject Definition(params string[] fields) => Samples.Json($$"""
        {
          "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "things.orrery.test"},
          "spec": {
            "group": "orrery.test", "scope": "Cluster", "names": {"plural": "things", "singular": "thing", "kind": "Thing", "listKind": "ThingList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object", "properties": {
              "spec": {"type": "object", "properties": { {{string.Join(',', fields.Select(f => $"\"{f}\": {{\"type\": \"string\"}}"))}} } } } } } }]
          }
        }
        """);
}
