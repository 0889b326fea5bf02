using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tests.Applying;

public sealed class ApplyConflictsTests
{
    [Fact]
    public void HeldByAppliers_TellsWhoAppliesFromWhoOnlyChanged()
    {
        KubeObject live = KubeObject.From(JsonNode.Parse("""
            {"metadata": {"managedFields": [
              {"manager": "orrery", "operation": "Apply"}, {"manager": "flux", "operation": "Apply"}, {"manager": "a \"b\"", "operation": "Apply"},
              {"manager": "kubectl-edit", "operation": "Update"}, {"manager": "flux", "operation": "Update"}]}}
            """)!);
        Status refusal = ApiErrors.ApplyConflict("Apply failed with 5 conflicts", [
            new StatusCause("FieldManagerConflict", "conflict with \"flux\"", ".spec.replicas"),
            new StatusCause("FieldManagerConflict", "conflict with \"flux\" using apps/v1", ".spec.paused"),
            new StatusCause("FieldManagerConflict", "conflict with \"kubectl-edit\" using apps/v1 at 2026-01-02T03:04:05Z", ".spec.strategy"),
            new StatusCause("FieldManagerConflict", "conflict with \"kube-controller-manager\" with subresource \"scale\" using apps/v1", ".spec.replicas"),
            new StatusCause("FieldManagerConflict", "conflict with \"a \\\"b\\\"\"", ".data"),
        ]).Status;

        Assert.Equal([".spec.replicas (flux)", ".data (a \"b\")"], ApplyConflicts.HeldByAppliers(refusal, live));
    }

    [Fact]
    public void IsVerdict_WhatPassesByItself_IsNone()
    {
        var pods = new GroupResource("", "pods");

        Assert.True(ApplyConflicts.IsVerdict(ApiErrors.Forbidden(pods, "a", "no")));
        Assert.True(ApplyConflicts.IsVerdict(ApiErrors.AlreadyExists(pods, "a")));
        Assert.True(ApplyConflicts.IsVerdict(ApiErrors.ApplyConflict("Apply failed with 1 conflict", [new StatusCause("FieldManagerConflict", "conflict with \"flux\"", ".spec.replicas")])));
        Assert.True(ApplyConflicts.IsVerdict(new StatusException(new Status { Code = 500, Message = "failed to create typed patch object (a/b; /v1, Kind=Service): .spec.ports[0].port: expected numeric (int or float), got string" })));
        Assert.False(ApplyConflicts.IsVerdict(ApiErrors.InternalError("the disk is full")));
        Assert.False(ApplyConflicts.IsVerdict(ApiErrors.Conflict(pods, "a")));
        Assert.False(ApplyConflicts.IsVerdict(ApiErrors.Unauthorized()));
        Assert.False(ApplyConflicts.IsVerdict(ApiErrors.TooManyRequests("later", 1)));
        Assert.False(ApplyConflicts.IsVerdict(ApiErrors.ServiceUnavailable("later")));
    }
}
