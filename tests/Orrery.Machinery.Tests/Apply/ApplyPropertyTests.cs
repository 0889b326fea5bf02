using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

/// <summary>Laws that hold for any configurations; the seed of a round is in the message of its failure.</summary>
public sealed class ApplyPropertyTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Schema Deployment = BuiltinTypes.Instance.Find(new GroupVersionKind("apps", "v1", "Deployment"))!;

    [Fact]
    public void Apply_Twice_ChangesNothing() => Rounds(random =>
    {
        JsonObject live = Apply(Apply(null, Any(random), "one"), Any(random), "two");
        JsonObject config = Any(random);
        JsonObject once = Apply(live, config, "three");
        Assert.Equal(once.ToJsonString(), Apply(once, config, "three", Now.AddHours(1)).ToJsonString());
    });

    [Fact]
    public void Apply_ThenNothing_GivesBackTheOriginal() => Rounds(random =>
    {
        JsonObject live = Apply(null, Any(random), "one");

        // What two adds is its own: nothing of it stands in the live object under the same name.
        JsonObject added = Any(random, "q");
        JsonObject with = Apply(live, added, "two");
        JsonObject without = Apply(with, Config(), "two");
        Assert.True(JsonNode.DeepEquals(Bare(live), Bare(without)), $"{Bare(live).ToJsonString()}\n{Bare(added).ToJsonString()}\n{Bare(without).ToJsonString()}");
    });

    [Fact]
    public void Apply_Forced_HoldsAllThatWasApplied() => Rounds(random =>
    {
        JsonObject live = Apply(Apply(null, Any(random), "one"), Any(random), "two");
        JsonObject config = Any(random);
        JsonObject result = Apply(live, config, "three");
        FieldSet want = OwnedFields.Of(config, RootSchemas.Complete(Deployment)), have = OwnedFields.Of(result, RootSchemas.Complete(Deployment));
        Assert.Equal("", want.Difference(have).ToString());
        Assert.True(Comparison.Of(config, result, RootSchemas.Complete(Deployment)).Removed.IsEmpty);
    });

    [Fact]
    public void Apply_Forced_LeavesNoFieldWithTwoValuesOwned() => Rounds(random =>
    {
        JsonObject first = Any(random), second = Any(random);
        JsonObject live = Apply(Apply(null, first, "one"), second, "two");
        FieldSet changed = Comparison.Of(first, second, RootSchemas.Complete(Deployment)).Changed;
        ManagedFields managed = ManagedFields.Decode(live.NodeAt("metadata", "managedFields"));
        FieldSet one = managed.Find(ManagerIdentity.OfApply("one", null))?.Fields ?? FieldSet.Empty;
        Assert.Equal("", one.Intersection(changed).ToString());
    });

    [Fact]
    public void Update_ToWhatIsThere_ChangesNoOwner() => Rounds(random =>
    {
        JsonObject live = Apply(Apply(null, Any(random), "one"), Any(random), "two");
        var same = (JsonObject)live.DeepClone();
        FieldManager.Update(live, same, Deployment, "curl", null, Now.AddHours(1));
        Assert.Equal(live.ToJsonString(), same.ToJsonString());
    });

    [Fact]
    public void Update_ThenBack_LeavesTheUpdaterWithWhatItTouched() => Rounds(random =>
    {
        JsonObject live = Apply(null, Any(random), "one");
        JsonObject other = Apply(null, Any(random), "x");
        other.Metadata.Remove("managedFields");
        var comparison = Comparison.Of(live, other, RootSchemas.Complete(Deployment));
        FieldManager.Update(live, other, Deployment, "curl", null, Now);
        ManagedFields managed = ManagedFields.Decode(other.NodeAt("metadata", "managedFields"));
        FieldSet curl = managed.Find(ManagerIdentity.OfUpdate("curl", "apps/v1", null))?.Fields ?? FieldSet.Empty;
        FieldSet one = managed.Find(ManagerIdentity.OfApply("one", null))?.Fields ?? FieldSet.Empty;
        Assert.Equal(comparison.Changed, curl);
        Assert.True(one.Intersection(comparison.Changed.Union(comparison.Removed)).IsEmpty);
    });

    private static void Rounds(Action<Random> law)
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            try
            {
                law(new Random(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"The law fails with seed {seed}.", e);
            }
        }
    }

    private static JsonObject Apply(JsonObject? live, JsonObject config, string manager, DateTimeOffset? now = null) =>
        FieldManager.Apply(live, config, Deployment, manager, true, null, now ?? Now);

    private static JsonObject Config() => JsonNode.Parse("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"}}""")!.AsObject();

    /// <param name="names">Prefix of every name given, so that two configurations can be kept apart.</param>
    private static JsonObject Any(Random random, string names = "n")
    {
        JsonObject config = Config();
        Some(random, config.Metadata, "labels", () => Texts(random, names));
        Some(random, config.Metadata, "finalizers", () => new JsonArray([.. Names(random, names).Select(n => (JsonNode)$"x.io/{n}")]));
        var containers = new JsonArray();
        foreach (string name in Names(random, names))
        {
            var container = new JsonObject { ["name"] = name };
            Some(random, container, "image", () => $"{names}:{random.Next(3)}");
            Some(random, container, "args", () => new JsonArray(random.Next(3).ToString(CultureInfo.InvariantCulture)));
            Some(random, container, "env", () => new JsonArray([.. Names(random, names).Select(n => new JsonObject { ["name"] = n, ["value"] = $"{random.Next(3)}" })]));
            Some(random, container, "ports", () => new JsonArray([.. Enumerable.Range(1, random.Next(1, 3)).Select(p => new JsonObject { ["containerPort"] = p, ["protocol"] = "TCP" })]));
            containers.Add((JsonNode)container);
        }

        config["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = new JsonObject { ["containers"] = containers } } };
        if (names == "n")
        {
            Some(random, (JsonObject)config["spec"]!, "replicas", () => random.Next(3));
            Some(random, (JsonObject)config["spec"]!, "selector", () => new JsonObject { ["matchLabels"] = Texts(random, names) });
        }

        return config;
    }

    private static void Some(Random random, JsonObject json, string name, Func<JsonNode> make)
    {
        if (random.Next(2) == 0)
        {
            json[name] = make();
        }
    }

    private static JsonObject Texts(Random random, string names) =>
        new(Names(random, names).Select(n => KeyValuePair.Create(n, (JsonNode?)$"{random.Next(3)}")));

    private static List<string> Names(Random random, string prefix)
    {
        List<string> names = [.. Enumerable.Range(0, 4).Where(_ => random.Next(2) == 0).Select(i => $"{prefix}{i}")];
        string[] shuffled = [.. names];
        random.Shuffle(shuffled);
        return shuffled.Length == 0 ? [$"{prefix}9"] : [.. shuffled];
    }

    private static JsonObject Bare(JsonObject json)
    {
        var copy = (JsonObject)json.DeepClone();
        copy.Metadata.Remove("managedFields");
        return copy;
    }
}
