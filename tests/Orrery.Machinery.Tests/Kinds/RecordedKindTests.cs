using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>Each built-in object that a real API server was asked to make: our defaults and faults are its own.</summary>
public sealed class RecordedKindTests
{
    /// <summary>What another part of the server decides: admission, allocation, and who wrote the object.</summary>
    private static readonly string[] ByServer = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "deletionTimestamp"];

    [Fact]
    public void Create_EachRecordedObject_ComesOutAsRecorded()
    {
        var differences = new List<string>();
        int compared = 0;
        foreach (RecordedStep step in Recordings.Steps().Where(s => s.Method == "POST" && s.Status == 201))
        {
            if (Kind(step) is not { } kind || step.Answer is not { } expected || expected.Kind != kind.Kind)
            {
                continue;
            }

            compared++;
            (JsonObject o, IReadOnlyList<FieldError> errors) = Create(step, kind, expected.Uid);
            Strip(o);
            Strip(expected);
            if (errors.Count > 0)
            {
                differences.Add($"{step.Name} {kind.Kind}: refused: {string.Join("; ", errors)}");
            }
            else if (Difference(expected, o, "$") is { } difference)
            {
                differences.Add($"{step.Name} {kind.Kind}: {difference}");
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.InRange(compared, 80, int.MaxValue);
    }

    [Fact]
    public void Validate_EachRefusedObject_HasTheRecordedCauses()
    {
        var differences = new List<string>();
        int compared = 0;
        foreach (RecordedStep step in Recordings.Steps("validation-of-kinds", "metadata-rules").Where(s => s.Method == "POST" && s.Status == 422))
        {
            if (Kind(step) is not { } kind || step.Name == NodePortStep)
            {
                continue;
            }

            compared++;
            (JsonObject o, IReadOnlyList<FieldError> errors) = Create(step, kind, "00000000-0000-0000-0000-000000000001");
            string[] expected = [.. step.Answer!["details"]!["causes"]!.AsArray().Select(c => $"{c!["field"]} {c["reason"]} {c["message"]}").Order(StringComparer.Ordinal)];
            string[] found = [.. errors.Select(e => $"{e.Field} {e.CauseReason} {e.Body}").Order(StringComparer.Ordinal)];
            if (!expected.SequenceEqual(found))
            {
                differences.Add($"{step.Name} {kind.Kind}:\n  got  {string.Join("\n       ", found)}\n  want {string.Join("\n       ", expected)}");
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
        Assert.InRange(compared, 24, int.MaxValue);
    }

    /// <summary>A node port out of range is the allocator's to refuse.</summary>
    private const string NodePortStep = "validation-of-kinds/27";

    private static (JsonObject Object, IReadOnlyList<FieldError> Errors) Create(RecordedStep step, BuiltinResource resource, string uid)
    {
        JsonObject o = step.Body!;
        o["apiVersion"] = resource.GroupVersionKind.ApiVersion;
        o["kind"] = resource.Kind;
        string[] path = step.Path.Split('?')[0].Split('/');
        if (resource.Namespaced)
        {
            o.Metadata["namespace"] = path[Array.IndexOf(path, "namespaces") + 1];
        }

        GroupVersionKind kind = resource.GroupVersionKind;
        KindRules.Default(kind, o);
        ObjectMetaRules.PrepareForCreate(o, new Random(1));
        o.Metadata["uid"] = uid;
        KindRules.PrepareForCreate(kind, o);
        KindRules.Default(kind, o);
        JsonObject twice = (JsonObject)o.DeepClone();
        KindRules.Default(kind, twice);
        Assert.Equal(o.ToJsonString(), twice.ToJsonString());
        return (o, KindRules.ValidateCreate(kind, o, resource.Namespaced));
    }

    private static BuiltinResource? Kind(RecordedStep step)
    {
        string[] path = step.Path.Split('?')[0].Trim('/').Split('/');
        if (step.Body is null || path[0] is not ("api" or "apis"))
        {
            return null;
        }

        int at = path[0] == "api" ? 2 : 3;
        (string group, string version) = path[0] == "api" ? ("", path[1]) : (path[1], path[2]);
        if (path.Length > at + 2 && path[at] == "namespaces")
        {
            at += 2;
        }

        BuiltinResource? found = path.Length == at + 1 ? BuiltinTypes.Instance.FindResource(new GroupVersionResource(group, version, path[at])) : null;
        return found is { Verbs: var verbs } && verbs.Contains("get") ? found : null;
    }

    private static void Strip(JsonObject o)
    {
        foreach (string member in ByServer)
        {
            o.Metadata.Remove(member);
        }

        if (o.Metadata["generateName"] is not null)
        {
            o.Metadata.Remove("name");
        }

        switch (o.Kind)
        {
            case "Pod":
                StripPod(o["spec"]!.AsObject());
                break;
            case "Service":
                foreach (string member in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
                {
                    o["spec"]!.AsObject().Remove(member);
                }

                foreach (JsonNode? port in o["spec"]!["ports"]?.AsArray() ?? [])
                {
                    port!.AsObject().Remove("nodePort");
                }

                break;
            case "PersistentVolumeClaim" or "PersistentVolume":
                o.Metadata.Remove("finalizers");
                break;
        }
    }

    /// <summary>Drops what admission adds: the service account's token, tolerations and priority.</summary>
    private static void StripPod(JsonObject spec)
    {
        foreach (string member in new[] { "tolerations", "priority", "preemptionPolicy", "serviceAccount", "serviceAccountName" })
        {
            spec.Remove(member);
        }

        Drop(spec, "volumes", "name");
        foreach (JsonNode? container in (spec["containers"]?.AsArray() ?? []).Concat(spec["initContainers"]?.AsArray() ?? []))
        {
            Drop(container!.AsObject(), "volumeMounts", "name");
        }
    }

    private static void Drop(JsonObject owner, string list, string member)
    {
        if (owner[list] is not JsonArray items)
        {
            return;
        }

        JsonNode?[] kept = [.. items.Where(i => !((string)i![member]!).StartsWith("kube-api-access-", StringComparison.Ordinal)).Select(i => i!.DeepClone())];
        owner.Remove(list);
        if (kept.Length > 0)
        {
            owner[list] = new JsonArray(kept);
        }
    }

    private static string? Difference(JsonNode? want, JsonNode? got, string path) => (want, got) switch
    {
        (JsonObject a, JsonObject b) => a.Select(m => m.Key).Union(b.Select(m => m.Key)).Order(StringComparer.Ordinal)
            .Select(k => !b.ContainsKey(k) ? $"{path}.{k} missing, want {Text(a[k])}" : !a.ContainsKey(k) ? $"{path}.{k} unexpected {Text(b[k])}" : Difference(a[k], b[k], $"{path}.{k}"))
            .FirstOrDefault(d => d is not null),
        (JsonArray a, JsonArray b) => a.Count != b.Count ? $"{path}: {b.Count} items, want {a.Count}" : a.Zip(b).Select((p, i) => Difference(p.First, p.Second, $"{path}[{i}]")).FirstOrDefault(d => d is not null),
        _ => JsonNode.DeepEquals(want, got) ? null : $"{path}: got {Text(got)}, want {Text(want)}",
    };

    private static string Text(JsonNode? node) => node?.ToJsonString(new JsonSerializerOptions()) ?? "null";
}
