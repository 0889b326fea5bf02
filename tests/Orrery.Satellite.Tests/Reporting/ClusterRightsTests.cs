using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Reporting;

namespace Orrery.Satellite.Tests.Reporting;

public sealed class ClusterRightsTests
{
    private static readonly AccessRight[] Wanted =
    [
        new("", ["pods", "services"], ["get", "list"]), new("apps", ["deployments"], ["list", "patch"]), new("", ["pods/exec"], ["get", "create"]),
    ];

    [Theory]
    [InlineData("""[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]""", "")]
    [InlineData("[]", "get, list pods, services; list, patch deployments.apps; get, create pods/exec")]
    [InlineData("""[{"verbs": ["get", "list"], "apiGroups": ["", "apps"], "resources": ["*"]}]""", "patch deployments.apps; create pods/exec")]
    [InlineData("""[{"verbs": ["*"], "apiGroups": [""], "resources": ["pods", "*/exec"]}]""", "get, list services; list, patch deployments.apps")]
    [InlineData("""[{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}, {"verbs": ["list"], "apiGroups": [""], "resources": ["services"]}]""", "get services; list, patch deployments.apps; get, create pods/exec")]
    [InlineData("""[{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["one"]}]""", "get, list pods, services; list, patch deployments.apps; get, create pods/exec")]
    public void Beyond_WhatTheClusterGrants_IsWhatLacks(string rules, string lacks)
    {
        KubeObject review = Samples.Object($$"""{"kind": "SelfSubjectRulesReview", "status": {"resourceRules": {{rules}} } }""");

        Assert.Equal(lacks, ClusterRights.Describe(ClusterRights.Beyond(ClusterRights.Granted(review), Wanted)));
    }
}
