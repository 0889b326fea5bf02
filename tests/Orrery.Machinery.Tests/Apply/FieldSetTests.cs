using System.Text.Json.Nodes;
using Orrery.Machinery.Apply;

namespace Orrery.Machinery.Tests.Apply;

public sealed class FieldSetTests
{
    [Theory]
    [InlineData("""{"f:a":{}}""")]
    [InlineData("""{"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{"f:replicas":{}}}""")]
    [InlineData("""{"f:l":{"k:{\u0022containerPort\u0022:80,\u0022protocol\u0022:\u0022TCP\u0022}":{".":{},"f:x":{}},"k:{\u0022containerPort\u0022:443,\u0022protocol\u0022:\u0022TCP\u0022}":{}}}""")]
    [InlineData("""{"f:l":{"v:1":{},"v:1.5":{},"v:\u0022a\u0022":{},"v:true":{},"i:3":{}}}""")]
    public void Write_WhatWasRead_IsTheSame(string json) =>
        Assert.Equal(Json(json).ToJsonString(), FieldsV1.Write(Set(json)).ToJsonString());

    [Theory]
    [InlineData("""{"f:b":{},"f:a":{}}""", """{"f:a":{},"f:b":{}}""")]
    [InlineData("""{"f:l":{"v:\u0022x\u0022":{},"f:z":{},"k:{\u0022n\u0022:2}":{},"k:{\u0022n\u0022:1}":{}}}""", """{"f:l":{"f:z":{},"k:{\u0022n\u0022:1}":{},"k:{\u0022n\u0022:2}":{},"v:\u0022x\u0022":{}}}""")]
    [InlineData("""{"k:{\u0022b\u0022:1,\u0022a\u0022:2}":{}}""", """{"k:{\u0022a\u0022:2,\u0022b\u0022:1}":{}}""")]
    [InlineData("""{"x:future":{"f:a":{}},"f:b":{}}""", """{"f:b":{}}""")]
    public void Write_AnyOrder_IsCanonical(string json, string canonical) =>
        Assert.Equal(Json(canonical).ToJsonString(), FieldsV1.Write(Set(json)).ToJsonString());

    [Theory]
    [InlineData("""{"a":{}}""")]
    [InlineData("""{"k:nonsense":{}}""")]
    [InlineData("""{"i:x":{}}""")]
    [InlineData("""{"f:a":1}""")]
    public void Read_Malformed_Fails(string json) => Assert.Throws<FormatException>(() => Set(json));

    [Fact]
    public void Operations_OnParentAndChild_FollowUpstream()
    {
        FieldSet parent = FieldSet.OfNames("a"), child = FieldSet.OfNames("a", "b");
        Assert.Equal(parent, parent.Difference(child));
        Assert.Equal(child, child.Difference(parent));
        Assert.True(child.RecursiveDifference(parent).IsEmpty);
        Assert.True(parent.Intersection(child).IsEmpty);
        Assert.Equal(".a\n.a.b", parent.Union(child).ToString());
    }

    [Fact]
    public void Operations_RandomSets_KeepTheLawsOfSets()
    {
        var random = new Random(20261121);
        for (int round = 0; round < 500; round++)
        {
            FieldSet a = RandomSet(random, 3), b = RandomSet(random, 3);
            FieldSet union = a.Union(b), both = a.Intersection(b), onlyA = a.Difference(b), onlyB = b.Difference(a);
            HashSet<string> x = Paths(a), y = Paths(b);
            Assert.Equal(x.Union(y).Order(StringComparer.Ordinal), Paths(union).Order(StringComparer.Ordinal));
            Assert.Equal(x.Intersect(y).Order(StringComparer.Ordinal), Paths(both).Order(StringComparer.Ordinal));
            Assert.Equal(x.Except(y).Order(StringComparer.Ordinal), Paths(onlyA).Order(StringComparer.Ordinal));
            Assert.Equal(union, both.Union(onlyA).Union(onlyB));
            Assert.Equal(union, b.Union(a));
            Assert.Equal(a, FieldsV1.Read(FieldsV1.Write(a)));
            Assert.Same(a, a.Union(both));
            Assert.Same(onlyA, onlyA.Difference(b));
        }
    }

    internal static FieldSet RandomSet(Random random, int depth)
    {
        var entries = new List<FieldEntry>();
        for (int i = random.Next(4); i >= 0; i--)
        {
            PathElement element = random.Next(4) switch
            {
                0 => PathElement.OfKeys([new KeyPart("name", Scalar.From(random.Next(3))!), new KeyPart("port", Scalar.From("p" + random.Next(2))!)]),
                1 => PathElement.OfValue(Scalar.From("v" + random.Next(3))!),
                _ => PathElement.OfField("f" + random.Next(4)),
            };
            FieldSet below = depth == 0 || random.Next(2) == 0 ? FieldSet.Empty : RandomSet(random, depth - 1);
            entries.Add(new FieldEntry(element, below.IsEmpty || random.Next(2) == 0, below));
        }

        return FieldSet.From(entries);
    }

    private static HashSet<string> Paths(FieldSet set)
    {
        var paths = new HashSet<string>(StringComparer.Ordinal);
        set.ForEachPath("", path => Assert.True(paths.Add(path)));
        return paths;
    }

    private static FieldSet Set(string json) => FieldsV1.Read(Json(json));

    private static JsonObject Json(string json) => JsonNode.Parse(json)!.AsObject();
}
