using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>How a pod that waits behind a scheduling gate may be bound to nodes: only more narrowly (KEP-3838).</summary>
internal static class GatedPods
{
    private const string Required = "requiredDuringSchedulingIgnoredDuringExecution";
    private const string Path = "spec.affinity.nodeAffinity";

    public static void Validate(JsonObject spec, JsonObject old, Faults faults)
    {
        IReadOnlyDictionary<string, string> selector = spec.TextMap("nodeSelector");
        if (old.TextMap("nodeSelector").Any(was => selector.GetValueOrDefault(was.Key) != was.Value))
        {
            faults.Invalid("spec.nodeSelector", spec["nodeSelector"], "only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        }

        JsonObject? now = NodeAffinity(spec), before = NodeAffinity(old);
        if (before?.Child(Required) is not { } was || was.Count("nodeSelectorTerms") == 0)
        {
            return;
        }

        string at = $"{Path}.{Required}.nodeSelectorTerms";
        JsonObject[] oldTerms = [.. was.Items("nodeSelectorTerms")], terms = [.. now?.Child(Required)?.Items("nodeSelectorTerms") ?? []];
        if (terms.Length != oldTerms.Length)
        {
            faults.Invalid(at, now?.Child(Required)?["nodeSelectorTerms"], "no additions/deletions to non-empty NodeSelectorTerms list are allowed");
            return;
        }

        for (int i = 0; i < terms.Length; i++)
        {
            foreach (string member in new[] { "matchExpressions", "matchFields" })
            {
                if (!IsNarrower(terms[i], oldTerms[i], member))
                {
                    faults.Invalid($"{at}[{i}]", terms[i], $"only additions are allowed (no mutations or deletions)");
                    break;
                }
            }
        }
    }

    public static void PutBackNodeAffinity(JsonObject spec, JsonObject old)
    {
        if (NodeAffinity(old) is { } was)
        {
            spec.ObjectAt("affinity")["nodeAffinity"] = was.DeepClone();
        }
        else
        {
            spec.Child("affinity")?.Remove("nodeAffinity");
        }
    }

    private static JsonObject? NodeAffinity(JsonObject spec) => spec.Child("affinity")?.Child("nodeAffinity");

    /// <summary>Empty matches nothing, so that anything added to it would match more.</summary>
    private static bool IsNarrower(JsonObject term, JsonObject old, string member)
    {
        JsonObject[] now = [.. term.Items(member)], before = [.. old.Items(member)];
        bool wasEmpty = old.Count("matchExpressions") + old.Count("matchFields") == 0;
        return wasEmpty ? now.Length == 0 : now.Length >= before.Length && before.Zip(now).All(pair => JsonFields.Same(pair.First, pair.Second));
    }
}
