using Orrery.Controllers.Placement;

namespace Orrery.Controllers.Tests.Placement;

public sealed class PlacementRulesTests
{
    [Theory]
    [InlineData("""{"kind":"ConfigMap","metadata":{"name":"a","namespace":"default"}}""", true)]
    [InlineData("""{"kind":"ConfigMap","metadata":{"name":"kube-root-ca.crt","namespace":"default"}}""", false)]
    [InlineData("""{"kind":"ConfigMap","metadata":{"name":"a","namespace":"kube-system"}}""", false)]
    [InlineData("""{"kind":"Secret","metadata":{"name":"a","namespace":"x"},"type":"Opaque"}""", true)]
    [InlineData("""{"kind":"Secret","metadata":{"name":"a","namespace":"x"},"type":"helm.sh/release.v1"}""", false)]
    [InlineData("""{"kind":"Secret","metadata":{"name":"a","namespace":"x"},"type":"kubernetes.io/service-account-token"}""", false)]
    [InlineData("""{"kind":"ServiceAccount","metadata":{"name":"default","namespace":"x"}}""", false)]
    [InlineData("""{"kind":"ServiceAccount","metadata":{"name":"build","namespace":"x"}}""", true)]
    [InlineData("""{"kind":"Service","metadata":{"name":"kubernetes","namespace":"default"}}""", false)]
    [InlineData("""{"kind":"Service","metadata":{"name":"kubernetes","namespace":"shop"}}""", true)]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a","namespace":"x"}}""", true)]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a.pa2","namespace":"x","labels":{"orrery.dev/data-plane":"pa2"}}}""", false)]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a","namespace":"x","ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","controller":true}]}}""", false)]
    [InlineData("""{"kind":"ConfigMap","metadata":{"name":"a","namespace":"x","ownerReferences":[{"kind":"Job"}]}}""", true)]
    [InlineData("""{"kind":"Pod","metadata":{"name":"a","namespace":"x","deletionTimestamp":"2026-01-01T00:00:00Z"}}""", false)]
    public void IsPlaced_ByKindNameAndOwner_Decides(string json, bool expected) => Assert.Equal(expected, PlacementRules.IsPlaced(Samples.Object(json)));
}
