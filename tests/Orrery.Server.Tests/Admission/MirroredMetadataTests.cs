using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using static Orrery.Server.Tests.Admission.AdmissionWorld;

namespace Orrery.Server.Tests.Admission;

/// <summary>Copies that tenants make of what stands for something in a data plane.</summary>
public sealed class MirroredMetadataTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Marks = """
        "labels":{"app":"web","orrery.dev/data-plane":"pa2-par"},"annotations":{"orrery.dev/source-uid":"u1","note":"mine"},"finalizers":["orrery.dev/mirror"]
        """;

    /// <summary><c>kubectl debug --copy-to --same-node</c> carries all metadata over: such a pod was taken for one whose original has gone, and deleted at once.</summary>
    [Fact]
    public async Task Create_ACopyUnderAnotherName_StandsForNothing()
    {
        KubeClient tenant = fixture.Server.AdminOf(await fixture.ClusterAsync("copies"));

        KubeObject copy = await tenant.CreateAsync(ServerFixture.Pods, "default", Marked("web-1-copy"), ServerFixture.Token);

        Assert.Equal("""{"app":"web"}""", copy.At("metadata", "labels")!.Value.GetRawText());
        Assert.Equal("""{"note":"mine"}""", copy.At("metadata", "annotations")!.Value.GetRawText());
        Assert.Empty(copy.Finalizers);
    }

    /// <summary>What comes from a backup would otherwise run beside what its workload makes.</summary>
    [Fact]
    public async Task Create_WhatIsPutBackUnderItsName_KeepsItsMarks()
    {
        KubeClient tenant = fixture.Server.AdminOf(await fixture.ClusterAsync("copies"));

        KubeObject back = await tenant.CreateAsync(ServerFixture.Pods, "default", Marked("web-1.pa2-par"), ServerFixture.Token);

        Assert.Equal("pa2-par", back.Labels["orrery.dev/data-plane"]);
        Assert.Equal("u1", back.Annotations["orrery.dev/source-uid"]);
    }

    private static JsonObject Marked(string name) =>
        Json($$$"""{"metadata":{"name":"{{{name}}}",{{{Marks}}} },"spec":{"containers":[{"name":"c","image":"i:1"}]} }""");
}
