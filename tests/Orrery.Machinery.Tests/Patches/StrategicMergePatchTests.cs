using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Patches;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Tests.Apply;

namespace Orrery.Machinery.Tests.Patches;

public sealed class StrategicMergePatchTests
{
    private static readonly Schema Pod = BuiltinTypes.Instance.Find(new GroupVersionKind("", "v1", "Pod"))!;

    [Theory]
    // Lists of objects are merged by their key; the patch's items come first in their own order.
    [InlineData("""{"spec":{"containers":[{"name":"a","image":"a:1"},{"name":"b","image":"b:1"}]}}""", """{"spec":{"containers":[{"name":"b","image":"b:2"}]}}""",
        """{"spec":{"containers":[{"name":"a","image":"a:1"},{"name":"b","image":"b:2"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"}]}}""", """{"spec":{"containers":[{"name":"b"},{"name":"a","image":"i"}]}}""",
        """{"spec":{"containers":[{"name":"b"},{"name":"a","image":"i"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a","$patch":"delete"}]}}""",
        """{"spec":{"containers":[{"name":"b"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"$patch":"replace"},{"name":"c"}]}}""",
        """{"spec":{"containers":[{"name":"c"}]}}""")]
    // Lists without a strategy are replaced.
    [InlineData("""{"spec":{"containers":[{"name":"a","args":["x","y"]}]}}""", """{"spec":{"containers":[{"name":"a","args":["z"]}]}}""",
        """{"spec":{"containers":[{"name":"a","args":["z"]}]}}""")]
    // Sets of scalars.
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["c","a"]}}""", """{"metadata":{"finalizers":["c","a","b"]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b","c"]}}""", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["b","x"]}}""", """{"metadata":{"finalizers":["a","c"]}}""")]
    [InlineData("""{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"$setElementOrder/finalizers":["b","c","a"],"finalizers":["c"]}}""",
        """{"metadata":{"finalizers":["b","c","a"]}}""")]
    // Objects: nulls delete, $patch replaces or empties, $retainKeys clears.
    [InlineData("""{"metadata":{"labels":{"a":"1","b":"2"}}}""", """{"metadata":{"labels":{"a":null,"c":"3"}}}""", """{"metadata":{"labels":{"b":"2","c":"3"}}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1"}}}""", """{"metadata":{"labels":{"$patch":"replace","b":"2"}}}""", """{"metadata":{"labels":{"b":"2"}}}""")]
    [InlineData("""{"metadata":{"labels":{"a":"1"}}}""", """{"metadata":{"labels":{"$patch":"delete"}}}""", """{"metadata":{"labels":{}}}""")]
    [InlineData("""{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}""", """{"spec":{"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"c"}}]}}""",
        """{"spec":{"volumes":[{"name":"v","configMap":{"name":"c"}}]}}""")]
    // Order alone.
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}}""", """{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"a"}]}}""",
        """{"spec":{"containers":[{"name":"b"},{"name":"c"},{"name":"a"}]}}""")]
    // What is new to the object holds no nulls, and nothing of what says $patch; other directives are members that the kind does not know.
    [InlineData("{}", """{"spec":{"nodeName":null,"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a","image":null},{"name":"z","$patch":"delete"}]}}""",
        """{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"a"}]}}""")]
    [InlineData("""{"metadata":{}}""", """{"metadata":{"labels":{"$patch":"replace","b":"2"}}}""", """{"metadata":{}}""")]
    [InlineData("""{"metadata":{}}""", """{"metadata":{"labels":{"$retainKeys":["a"],"a":"1"}}}""", """{"metadata":{"labels":{"$retainKeys":["a"],"a":"1"}}}""")]
    [InlineData("""{"spec":{}}""", """{"spec":{"securityContext":{"$patch":"delete"},"volumes":[{"name":"v","emptyDir":{"$patch":"delete"}},{"name":"w","$patch":"replace"}]}}""",
        """{"spec":{"volumes":[{"name":"v"}]}}""")]
    [InlineData("""{"spec":{"nodeName":"n"}}""", """{"spec":{"nodeName":{"$patch":"delete"}}}""", """{"spec":{}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a"}]}}""", """{"spec":{"$setElementOrder/volumes":[{"name":"v"}],"volumes":[{"name":"v","emptyDir":{"$patch":"delete"},"x":null}]}}""",
        """{"spec":{"containers":[{"name":"a"}],"volumes":[{"name":"v"}]}}""")]
    // An item that is added to a list, and a list that is replaced, is taken as it is.
    [InlineData("""{"spec":{"containers":[{"name":"a"}]}}""", """{"spec":{"containers":[{"name":"b","env":[{"name":"E","$patch":"delete"}],"ports":null}]}}""",
        """{"spec":{"containers":[{"name":"b","env":[{"name":"E","$patch":"delete"}],"ports":null},{"name":"a"}]}}""")]
    [InlineData("""{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"b","$patch":"delete"},{"key":"c","value":null}]}}""",
        """{"spec":{"tolerations":[{"key":"b","$patch":"delete"},{"key":"c","value":null}]}}""")]
    [InlineData("""{"spec":{"volumes":[{"name":"v"}]}}""", """{"spec":{"volumes":[{"$patch":"replace"},{"name":"w","emptyDir":{"$patch":"delete"}}]}}""",
        """{"spec":{"volumes":[{"name":"w","emptyDir":{"$patch":"delete"}}]}}""")]
    public void Apply_Patch_GivesResult(string live, string patch, string result) =>
        Assert.Equal(result, StrategicMergePatch.Apply(Json(live), Json(patch), Pod).ToJsonString());

    [Theory]
    [InlineData("""{"spec":{"containers":[{"image":"noname:1"}]}}""", 500, "map: map[image:noname:1] does not contain declared merge key: name")]
    [InlineData("""{"spec":{"$retainKeys":["containers"],"nodeName":"n"}}""", 400, "invalid patch format of retainKeys")]
    [InlineData("""{"metadata":{"$deleteFromPrimitiveList":["a"]}}""", 400, "invalid patch format of primitive list")]
    [InlineData("""{"spec":{"$setElementOrder":[]}}""", 400, "invalid patch format of setElementOrder list")]
    [InlineData("""{"spec":{"$patch":"bogus","x":1}}""", 500, "unknown patch type: bogus in map: map[$patch:bogus x:1]")]
    [InlineData("""{"spec":{"containers":[{"name":"a"},["x"]]}}""", 422, "the server rejected our request due to an error in our request")]
    [InlineData("""{"spec":{"$setElementOrder/containers":[{"name":"a"}],"containers":[{"name":"q"}]}}""", 500,
        "The order in patch list:\n[map[name:q]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n")]
    public void Apply_BadPatch_FailsAsUpstream(string patch, int code, string message)
    {
        var e = Assert.Throws<StatusException>(() => StrategicMergePatch.Apply(Json("""{"metadata":{"finalizers":["a"]},"spec":{"containers":[{"name":"a"}]}}"""), Json(patch), Pod));
        Assert.Equal((code, message), (e.Code, e.Message));
    }

    /// <summary>Recorded answers hold defaults too, so what the patch gives must be contained in them, lists in full and in order.</summary>
    [Fact]
    public void Apply_AsRecorded_GivesWhatTheServerAnswered()
    {
        JsonObject? live = null;
        int done = 0;
        foreach (RecordedStep step in Recorded.Scenario("objects", "strategic-merge-patch"))
        {
            if (step.Answer is not { Kind: "Deployment" } answer)
            {
                continue;
            }

            if (step.Method == "PATCH" && live is not null)
            {
                JsonObject patched = StrategicMergePatch.Apply(
                    (JsonObject)live["spec"]!.DeepClone(), (JsonObject?)step.Body!["spec"] ?? [], BuiltinTypes.Instance.FindByName("io.k8s.api.apps.v1.DeploymentSpec")!);
                Assert.True(Contains(answer["spec"], patched, out string where), $"{step} at {where}: {patched.ToJsonString()}");
                done++;
            }

            live = answer;
        }

        Assert.InRange(done, 12, 20);
    }

    private static bool Contains(JsonNode? whole, JsonNode? part, out string where)
    {
        where = "";
        switch (whole, part)
        {
            case (JsonObject a, JsonObject b):
                foreach ((string name, JsonNode? value) in b)
                {
                    if (!a.ContainsKey(name) || !Contains(a[name], value, out where))
                    {
                        where = $".{name}{where}";
                        return false;
                    }
                }

                return true;
            case (JsonArray a, JsonArray b):
                for (int i = 0; i < b.Count; i++)
                {
                    if (a.Count != b.Count || !Contains(a[i], b[i], out where))
                    {
                        where = $"[{i}]{where}";
                        return false;
                    }
                }

                return a.Count == b.Count;
            default:
                return JsonNode.DeepEquals(whole, part);
        }
    }

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();

    [Theory]
    [InlineData("""{"metadata":{"finalizers":[{items}]}}""", "\"a.b/{i}\"")]
    [InlineData("""{"metadata":{"$deleteFromPrimitiveList/finalizers":[{items}]}}""", "\"a.b/{i}\"")]
    [InlineData("""{"spec":{"containers":[{items}]}}""", "{\"name\":\"c{i}\"}")]
    [InlineData("""{"spec":{"$setElementOrder/containers":[{items}],"containers":[{items}]}}""", "{\"name\":\"c{i}\"}")]
    [InlineData("""{"spec":{"containers":[{items}]}}""", "{\"name\":\"c{i}\",\"$patch\":\"delete\"}")]
    public void Apply_ListsAsLongAsABodyAllows_AreMergedInOneGo(string patch, string item)
    {
        const int Count = 60_000;
        string Items(string one, int from) => string.Join(",", Enumerable.Range(from, Count).Select(i => one.Replace("{i}", i.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)));
        JsonObject live = JsonNode.Parse($$"""{"metadata":{"finalizers":[{{Items("\"a.b/{i}\"", 30_000)}}]},"spec":{"containers":[{{Items("{\"name\":\"c{i}\",\"image\":\"x\"}", 30_000)}}]} }""")!.AsObject();
        bool deletes = (patch + item).Contains("delete", StringComparison.OrdinalIgnoreCase);

        JsonObject merged = StrategicMergePatch.Apply(live, JsonNode.Parse(patch.Replace("{items}", Items(item, 0), StringComparison.Ordinal))!.AsObject(), Pod);

        JsonArray list = patch.Contains("finalizers", StringComparison.Ordinal) ? merged["metadata"]!["finalizers"]!.AsArray() : merged["spec"]!["containers"]!.AsArray();
        Assert.Equal(deletes ? 30_000 : 90_000, list.Count);
    }
}
