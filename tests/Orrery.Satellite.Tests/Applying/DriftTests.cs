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

    [Fact]
    public void Fingerprint_StatusAndVersionsAlone_ChangeNothing() => Assert.Equal(
        Drift.Fingerprint(Samples.Object("""{"kind": "X", "metadata": {"name": "a", "resourceVersion": "1", "generation": 1, "managedFields": []}, "spec": {"a": 1}, "status": {"b": 1}}""")),
        Drift.Fingerprint(Samples.Object("""{"kind": "X", "spec": {"a": 1}, "metadata": {"name": "a", "resourceVersion": "2"}, "status": {"b": 2}}""")));

    [Theory]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 2}}""")]
    [InlineData("""{"kind": "X", "metadata": {"name": "a", "labels": {"b": "c"}}, "spec": {"a": 1}}""")]
    [InlineData("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1}, "data": {}}""")]
    public void Fingerprint_AnythingElse_ChangesIt(string changed) =>
        Assert.NotEqual(Drift.Fingerprint(Samples.Object("""{"kind": "X", "metadata": {"name": "a"}, "spec": {"a": 1}}""")), Drift.Fingerprint(Samples.Object(changed)));
}
