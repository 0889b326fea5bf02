using System.Text.Json.Nodes;
using System.Web;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Apply;

/// <summary>
/// Every write that was recorded from a real API server is done again by the field manager, on the
/// object as it was before, and must give the managed fields, or the error, that were recorded.
/// </summary>
public sealed class RecordedOwnershipTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 1, 8, 6, TimeSpan.Zero);

    /// <summary>Written by the kind's strategy or by admission, after ownership is settled: unless it was sent or was there before.</summary>
    private static readonly Dictionary<string, string[]> SetLater = new(StringComparer.Ordinal)
    {
        ["ConfigMap"] = ["metadata.deletionTimestamp", "metadata.deletionGracePeriodSeconds"],
        ["Job"] = ["metadata.labels", "spec.selector", "spec.template.metadata"],
        ["Namespace"] = ["spec.finalizers"],
        ["PersistentVolumeClaim"] = ["metadata.finalizers"],
        ["Pod"] = ["spec.serviceAccount", "spec.serviceAccountName", "spec.tolerations", "spec.priority", "spec.preemptionPolicy", "spec.nodeName", "spec.volumes"],
        ["Service"] = ["spec.clusterIP", "spec.clusterIPs", "spec.ipFamilies", "spec.ipFamilyPolicy"],
        ["TokenRequest"] = ["spec.audiences", "spec.boundObjectRef"],
    };

    [Theory]
    [InlineData("objects", "configmap-crud")]
    [InlineData("objects", "metadata-rules")]
    [InlineData("objects", "finalizers-and-deletion")]
    [InlineData("objects", "garbage-collection")]
    [InlineData("objects", "lists")]
    [InlineData("objects", "tables")]
    [InlineData("objects", "json-patch")]
    [InlineData("objects", "strategic-merge-patch")]
    [InlineData("objects", "apply-ownership")]
    [InlineData("objects", "apply-lists")]
    [InlineData("types", "defaults-of-kinds")]
    [InlineData("types", "validation-of-kinds")]
    [InlineData("types", "namespace-lifecycle")]
    [InlineData("types", "access")]
    [InlineData("types", "subresources")]
    [InlineData("types", "custom-resources")]
    [InlineData("types", "cluster-scoped-and-versions")]
    public void Write_AsRecorded_OwnsTheSameFields(string file, string scenario)
    {
        var objects = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var custom = new Dictionary<GroupVersionKind, Schema>();
        var faults = new List<string>();
        int done = 0;
        foreach (RecordedStep step in Recorded.Scenario(file, scenario))
        {
            string path = step.Path.Split('?')[0];
            JsonObject? answer = step.Answer;
            if (answer is null || step.Method == "DELETE" || (step.Status >= 300 && step.ContentType != "application/apply-patch+yaml"))
            {
                continue;
            }

            GroupVersionKind kind = answer.Kind == "Status" ? (step.Body as JsonObject ?? []).GroupVersionKind : answer.GroupVersionKind;
            Schema? schema = BuiltinTypes.Instance.Find(kind) ?? custom.GetValueOrDefault(kind);
            if (schema is null || answer.Kind.EndsWith("List", StringComparison.Ordinal) || path.EndsWith("/scale", StringComparison.Ordinal))
            {
                continue;
            }

            string? subresource = ((string[])["status", "finalize", "token"]).FirstOrDefault(s => path.EndsWith("/" + s, StringComparison.Ordinal));
            string key = step.Method == "POST" ? $"{path}/{answer.Name}" : subresource is null ? path : path[..^(subresource.Length + 1)];
            JsonObject? live = objects.GetValueOrDefault(key);
            if (step.Method is "POST" or "PUT" or "PATCH" && (answer.Kind != "Status" || step.Status >= 300))
            {
                string? fault = step.ContentType == "application/apply-patch+yaml" ? Apply(step, live, schema, subresource) : Update(step, live, schema, subresource);
                done++;
                if (fault is not null)
                {
                    faults.Add($"{step}\n   {fault}");
                }
            }

            if (step.Status < 300 && !step.Path.Contains("dryRun", StringComparison.Ordinal))
            {
                objects[key] = answer;
                AddDefined(answer, custom);
            }
        }

        Assert.True(faults.Count == 0, string.Join("\n", faults));
        Assert.True(done > 0, "Nothing was checked.");
    }

    /// <summary>A scale request is a write to <c>spec.replicas</c> of the object; recorded are only its answer and the object afterwards.</summary>
    [Fact]
    public void Update_Scale_OwnsReplicasWithoutATime()
    {
        IReadOnlyList<RecordedStep> steps = Recorded.Scenario("objects", "apply-lists");
        JsonObject live = steps[6].Answer!, recorded = steps[12].Answer!;
        var updated = (JsonObject)live.DeepClone();
        updated["spec"]!["replicas"] = 7;
        FieldManager.Update(live, updated, BuiltinTypes.Instance.Find(live.GroupVersionKind)!, "unknown", "scale", Now);
        Assert.Null(Differs(recorded, updated));
    }

    private static string? Update(RecordedStep step, JsonObject? live, Schema schema, string? subresource)
    {
        var updated = (JsonObject)step.Answer!.DeepClone();
        updated.Metadata.Remove("managedFields");
        foreach (string path in SetLater.GetValueOrDefault(updated.Kind) ?? [])
        {
            string[] names = path.Split('.');
            if (live?.NodeAt(names) is null && (step.Body as JsonObject)?.NodeAt(names) is null)
            {
                (updated.NodeAt(names[..^1]) as JsonObject)?.Remove(names[^1]);
            }
        }

        if (live is null && updated.Kind == "Pod")
        {
            foreach (string list in (string[])["containers", "initContainers"])
            {
                (updated.NodeAt("spec", list) as JsonArray)?.Cast<JsonObject>().ToList().ForEach(c => c.Remove("volumeMounts"));
            }
        }

        FieldManager.Update(live, updated, schema, Manager(step), subresource, Now, Reset(subresource));
        return Differs(step.Answer!, updated);
    }

    private static string? Apply(RecordedStep step, JsonObject? live, Schema schema, string? subresource)
    {
        if (step.Body is not JsonObject applied || Manager(step) == "unknown" || (live is not null && applied.Name.Length > 0 && applied.Name != live.Name))
        {
            return null;
        }

        bool force = HttpUtility.ParseQueryString(step.Path[(step.Path.IndexOf('?', StringComparison.Ordinal) + 1)..])["force"] is not null;
        try
        {
            JsonObject result = FieldManager.Apply(live, applied, schema, Manager(step), force, subresource, Now, Reset(subresource));
            return step.Status < 300 ? Differs(step.Answer!, result) : step.Status == 422 ? null : $"succeeded, want {step.Answer!.ToJsonString()}";
        }
        catch (StatusException e)
        {
            return JsonNode.DeepEquals(e.Status.ToJson(), step.Answer) ? null : $"got {e.Status.ToJson().ToJsonString()}\n   want {step.Answer!.ToJsonString()}";
        }
    }

    private static string[] Reset(string? subresource) => subresource == "status" ? ["spec"] : ["status"];

    private static void AddDefined(JsonObject answer, Dictionary<GroupVersionKind, Schema> custom)
    {
        if (answer.Kind != "CustomResourceDefinition")
        {
            return;
        }

        foreach (JsonObject version in answer.NodeAt("spec", "versions")!.AsArray().Cast<JsonObject>())
        {
            var kind = new GroupVersionKind(answer.TextAt("spec", "group")!, version.TextAt("name")!, answer.TextAt("spec", "names", "kind")!);
            custom[kind] = CustomSchema.Parse((JsonObject)version.NodeAt("schema", "openAPIV3Schema")!);
        }
    }

    private static string Manager(RecordedStep step)
    {
        string query = step.Path.Contains('?', StringComparison.Ordinal) ? step.Path[(step.Path.IndexOf('?', StringComparison.Ordinal) + 1)..] : "";
        return HttpUtility.ParseQueryString(query)["fieldManager"] ?? (step.UserAgent.Length > 0 ? step.UserAgent.Split('/')[0] : "unknown");
    }

    private static string? Differs(JsonObject want, JsonObject got)
    {
        JsonNode? a = Timeless(want), b = Timeless(got);
        return JsonNode.DeepEquals(a, b) ? null : $"got  {b?.ToJsonString()}\n   want {a?.ToJsonString()}";
    }

    /// <summary>The times of a recording pass a second now and then, and with it the order of entries.</summary>
    private static JsonNode? Timeless(JsonObject json)
    {
        if (json.NodeAt("metadata", "managedFields")?.DeepClone() is not JsonArray entries)
        {
            return null;
        }

        foreach (JsonObject entry in entries.Cast<JsonObject>())
        {
            if (entry.ContainsKey("time"))
            {
                entry["time"] = "noted";
            }
        }

        return new JsonArray([.. entries.Select(e => e!.DeepClone()).OrderBy(e => $"{e["manager"]} {e["operation"]} {e["subresource"]} {e["apiVersion"]}", StringComparer.Ordinal)]);
    }
}
