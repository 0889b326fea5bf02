using System.Text.Json.Nodes;

namespace Orrery.Server.Tests.Handlers;

/// <summary>Whether the client could read the answer is asked before anything else is done.</summary>
public sealed class NegotiationRuleTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    [Fact]
    public async Task Delete_AnswerThatNobodyCouldRead_DeletesNothing()
    {
        string ns = await fixture.NamespaceAsync();
        await fixture.Admin.CreateAsync(ServerFixture.ConfigMaps, ns, ServerFixture.ConfigMap("a"), ServerFixture.Token);
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Delete, $"/api/v1/namespaces/{ns}/configmaps/a", headers: ("Accept", "application/xml"));

        Assert.Equal(406, (int)answer.StatusCode);
        Assert.NotNull(await fixture.Admin.FindAsync(ServerFixture.ConfigMaps, ns, "a", ServerFixture.Token));
    }

    [Theory]
    [InlineData("configmaps/none", "application/xml", "406: Not Acceptable")]
    [InlineData("configmaps/none", "application/json;as=Pie;v=v1;g=meta.k8s.io", "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf")]
    [InlineData("configmaps", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)")]
    public async Task Get_InAFormThatCannotBeMade_SaysWhich(string path, string accept, string message)
    {
        using var http = new RawHttp(fixture.Server);

        using HttpResponseMessage answer = await http.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/" + path, headers: ("Accept", accept));
        JsonObject status = await RawHttp.JsonAsync(answer);

        Assert.Equal(406, (int)answer.StatusCode);
        Assert.StartsWith(message, (string)status["message"]!, StringComparison.Ordinal);
    }
}
