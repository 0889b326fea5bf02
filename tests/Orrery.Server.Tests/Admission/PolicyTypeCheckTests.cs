using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Testing;
using static Orrery.Server.Tests.Admission.PolicyWorld;

namespace Orrery.Server.Tests.Admission;

public sealed class PolicyTypeCheckTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Workloads = """{"apiGroups":["apps"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["replicasets","deployments","deployments/status"]}""";

    private static readonly CancellationToken Token = ServerFixture.Token;

    [Fact]
    public async Task Status_OfExpressionsThatDoNotFitTheirKinds_NamesEachWithTheCompilersWords()
    {
        await fixture.Admin.CreateAsync(Policies, "", Policy("misfit", """
            "variables":[{"name":"labels","expression":"object.metadata.labels"}],
            "validations":[{"expression":"object.replicas > 1"},{"expression":"object.spec.replicas > 1 && variables.labels.exists(k, k == 'a')","messageExpression":"'at most ' + object.spec.replicas"}]
            """, Workloads), Token);

        JsonObject status = await StatusAsync("misfit");

        Assert.Equal(1, status["observedGeneration"]!.GetValue<long>());
        Assert.Equal(
            [
                ("spec.validations[0].expression",
                 "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n\n"
                 + "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n"),
                ("spec.validations[1].messageExpression",
                 "apps/v1, Kind=Deployment: ERROR: <input>:1:12: found no matching overload for '_+_' applied to '(string, int)'\n | 'at most ' + object.spec.replicas\n | ...........^\n\n"
                 + "apps/v1, Kind=ReplicaSet: ERROR: <input>:1:12: found no matching overload for '_+_' applied to '(string, int)'\n | 'at most ' + object.spec.replicas\n | ...........^\n"),
            ],
            status["typeChecking"]!["expressionWarnings"]!.AsArray().Select(w => (w!["fieldRef"]!.GetValue<string>(), w["warning"]!.GetValue<string>())));
    }

    [Theory]
    [InlineData("any", """{"apiGroups":["*"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["deployments"]}""", "object.nothing > 1")]
    [InlineData("fits", Workloads, "object.spec.template.spec.containers.all(c, !has(c.resources.limits) || quantity(c.resources.limits['cpu']).isGreaterThan(quantity('1'))) && oldObject == null")]
    [InlineData("params", Workloads, "params.data.nothing == 1", ""","paramKind":{"apiVersion":"none.example.com/v1","kind":"None"}""")]
    [InlineData("none", """{"apiGroups":["none.example.com"],"apiVersions":["v1"],"operations":["CREATE"],"resources":["nothings"]}""", "object.nothing > 1")]
    public async Task Status_WhereNothingIsAmiss_SaysNothing(string name, string rule, string expression, string more = "")
    {
        await fixture.Admin.CreateAsync(Policies, "", Policy(name, $$"""  "validations":[{"expression":{{JsonValue.Create(expression).ToJsonString()}} }]{{more}}  """, rule), Token);

        Assert.Equal("{}", (await StatusAsync(name))["typeChecking"]!.ToJsonString());
    }

    [Fact]
    public async Task Status_OfAnotherGeneration_IsCheckedAgain()
    {
        await fixture.Admin.CreateAsync(Policies, "", Policy("mended", """  "validations":[{"expression":"object.replicas > 1"}]  """, Workloads), Token);
        Assert.Single((await StatusAsync("mended"))["typeChecking"]!["expressionWarnings"]!.AsArray());

        JsonObject policy = (await fixture.Admin.GetAsync(Policies, "", "mended", Token)).ToJsonObject();
        policy["spec"]!["validations"]![0]!["expression"] = "object.spec.replicas > 1";
        await fixture.Admin.UpdateAsync(Policies, "", "mended", policy, Token);

        Assert.Equal("{}", (await StatusAsync("mended", 2))["typeChecking"]!.ToJsonString());
    }

    private async Task<JsonObject> StatusAsync(string name, long generation = 1)
    {
        return await Eventually.SomeAsync(
            async () => (await fixture.Admin.GetAsync(Policies, "", name, Token)).ToJsonObject()["status"] is JsonObject status && status["observedGeneration"]?.GetValue<long>() == generation ? status : null,
            "it is checked", cancellationToken: Token);
    }
}
