using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tests.Applying;

public sealed class DriftTests
{
    [Theory]
    [InlineData("""{"spec": {"replicas": 2}}""", """{"spec": {"replicas": 2, "paused": false}}""", true)]
    [InlineData("""{"spec": {"replicas": 2}}""", """{"spec": {"replicas": 3}}""", false)]
    [InlineData("""{"spec": {"replicas": 2}}""", """{"spec": {}}""", false)]
    [InlineData("""{"a": {}}""", """{}""", true)]
    [InlineData("""{"a": []}""", """{}""", true)]
    [InlineData("""{"a": [{"n": 1}]}""", """{"a": [{"n": 1, "default": true}]}""", true)]
    [InlineData("""{"a": [{"n": 1}]}""", """{"a": [{"n": 1}, {"n": 2}]}""", false)]
    [InlineData("""{"a": "1"}""", """{"a": 1}""", false)]
    [InlineData("""{"a": 1}""", """{"a": 1.0}""", true)]
    public void Holds_EveryAppliedField_MustHaveItsValue(string applied, string live, bool expected) =>
        Assert.Equal(expected, Drift.Holds(Samples.Json(applied), Samples.Object(live).Json));

    [Theory]
    [InlineData("""{"kind": "X", "spec": {"a": 1}, "metadata": {"name": "a", "resourceVersion": "2", "labels": {"b": "c"}}, "status": {"b": 2}}""")]
    [InlineData("""{"kind": "X", "spec": {"a": 1, "default": true}, "metadata": {"name": "a", "annotations": {"revision": "1"}, "finalizers": ["x"]}}""")]
    public void Fingerprint_WhatOthersAddBeside_ChangesNothing(string changed) => Assert.Equal(Fingerprint("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1}}"""), Fingerprint(changed));

    [Theory]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 2}}""")]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {}}""")]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1, "list": [{"n": 2}]}}""")]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1, "list": [{"n": 1}, {"n": 3}]}}""")]
    public void Fingerprint_WhatWasApplied_ChangesIt(string changed) =>
        Assert.NotEqual(Fingerprint("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1, "list": [{"n": 1, "more": true}]}}"""), Fingerprint(changed));

    private static string Fingerprint(string live) =>
        Drift.Fingerprint(Samples.Json("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 3, "list": [{"n": 1}]}}"""), Samples.Object(live).Json);
}
