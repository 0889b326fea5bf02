using Orrery.Server.Audit;
using Orrery.Server.Authentication;
using Orrery.Server.Requests;

namespace Orrery.Server.Tests.Audit;

public sealed class AuditPolicyTests
{
    private static AuditDecision Decide(string rules, string target) =>
        AuditPolicy.Parse($"{{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{rules}]}}")
            .Decide(RequestInfoParser.Parse("GET", target), new UserInfo { Name = "jane", Groups = ["devs"], Scope = ClusterScope.Root });

    [Theory]
    [InlineData("{level: Request, resources: [{group: '', resources: [pods]}]}", "/api/v1/namespaces/a/pods/p", "Request")]
    [InlineData("{level: Request, resources: [{group: '', resources: [pods]}]}", "/api/v1/namespaces/a/pods/p/log", "None")]
    [InlineData("{level: Request, resources: [{group: '', resources: [pods/*]}]}", "/api/v1/namespaces/a/pods/p/log", "Request")]
    [InlineData("{level: Request, resources: [{group: '', resources: ['*/log']}]}", "/api/v1/namespaces/a/pods/p/log", "Request")]
    [InlineData("{level: Request, resources: [{group: ''}]}", "/apis/apps/v1/deployments", "None")]
    [InlineData("{level: Request, resources: [{group: apps}]}", "/apis/apps/v1/deployments", "Request")]
    [InlineData("{level: Request, resources: [{group: '*'}]}", "/apis/apps/v1/deployments", "Request")]
    [InlineData("{level: Request, resources: [{group: '*', resources: ['*/status']}]}", "/apis/apps/v1/namespaces/a/deployments/d/status", "Request")]
    [InlineData("{level: Request, resources: [{group: '*', resources: ['*/status']}]}", "/apis/apps/v1/namespaces/a/deployments/d", "None")]
    [InlineData("{level: Request, resources: [{group: '', resources: [configmaps], resourceNames: [c]}]}", "/api/v1/namespaces/a/configmaps/c", "Request")]
    [InlineData("{level: Request, resources: [{group: '', resources: [configmaps], resourceNames: [c]}]}", "/api/v1/namespaces/a/configmaps/d", "None")]
    [InlineData("{level: Request, namespaces: [b]}", "/api/v1/namespaces/a/configmaps/d", "None")]
    [InlineData("{level: Request, namespaces: ['']}", "/api/v1/nodes", "Request")]
    [InlineData("{level: Request, namespaces: ['']}", "/version", "None")]
    [InlineData("{level: Request, nonResourceURLs: [/healthz*]}", "/healthz/ping", "Request")]
    [InlineData("{level: Request, nonResourceURLs: ['*']}", "/api/v1/nodes", "None")]
    [InlineData("{level: Request, verbs: [list]}", "/api/v1/nodes", "Request")]
    [InlineData("{level: Request, users: [joe]}", "/api/v1/nodes", "None")]
    [InlineData("{level: Request, userGroups: [devs]}", "/api/v1/nodes", "Request")]
    [InlineData("{level: None, users: [jane]}, {level: Metadata}", "/api/v1/nodes", "None")]
    [InlineData("{level: None, users: [joe]}, {level: Metadata}", "/api/v1/nodes", "Metadata")]
    public void Decide_FirstRuleThatMatches_GivesTheLevel(string rules, string target, string level) => Assert.Equal(level, Decide(rules, target).Level.ToString());

    [Fact]
    public void Decide_StagesOfPolicyAndRule_AreBothLeftOut() =>
        Assert.Equal([AuditStage.RequestReceived, AuditStage.Panic], Decide("{level: Metadata, omitStages: [Panic]}", "/version").OmitStages.Order());

    [Theory]
    [InlineData("rules: []", "rules: want at least one")]
    [InlineData("rules: [{level: '1'}]", "rules[0].level: \"1\" is not one of None, Metadata, Request, RequestResponse")]
    [InlineData("rules: [{level: None, resource: []}]", "rules[0].resource: no such field")]
    [InlineData("rules: [{level: None, nonResourceURLs: [/a*b]}]", "rules[0].nonResourceURLs: \"/a*b\": want a path, with '*' at its end at most")]
    [InlineData("rules: [{level: None, nonResourceURLs: [/a], namespaces: [x]}]", "rules[0].nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs")]
    [InlineData("rules: [{level: None, resources: [{resourceNames: [x]}]}]", "rules[0].resources[0].resourceNames: using resourceNames requires at least one resource")]
    [InlineData("omitStages: [Later], rules: [{level: None}]", "omitStages: \"Later\" is not one of RequestReceived, ResponseStarted, ResponseComplete, Panic")]
    public void Parse_WhatMakesNoSense_NamesTheField(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => AuditPolicy.Parse($"{{kind: Policy, apiVersion: audit.k8s.io/v1, {yaml}}}")).Message);
}
