using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas.Definitions;

namespace Orrery.Machinery.Tests.Schemas;

/// <summary>
/// <c>definition-faults.json</c>: definitions that were sent to the apiextensions server of Kubernetes 1.36, each with the causes
/// of its refusal, sorted; none where it was taken.
/// </summary>
public sealed class DefinitionFaultsTests
{
    /// <summary>Cases whose rules in CEL are judged otherwise here; <c>docs/cel.md</c> says why.</summary>
    private static readonly string[] RulesThatDiffer = ["xkvalid cost total"];

    [Fact]
    public void ValidateCreate_RecordedDefinitions_GivesUpstreamsCauses()
    {
        var wrong = new List<string>();
        var surprising = new List<string>();
        using Stream file = typeof(DefinitionFaultsTests).Assembly.GetManifestResourceStream("definition-faults.json")!;
        foreach (JsonNode? node in JsonNode.Parse(file)!.AsArray())
        {
            JsonObject recorded = node!.AsObject();
            string name = (string)recorded["case"]!;
            var definition = new JsonObject { ["metadata"] = new JsonObject { ["name"] = (string)recorded["name"]! }, ["spec"] = recorded["spec"]!.DeepClone() };
            DefinitionDefaults.Apply(definition);
            definition["status"] = DefinitionDefaults.InitialStatus(definition);
            string[] faults = [.. DefinitionValidation.ValidateCreate(definition).Select(e => $"{e.Field}: {e.Body}").Distinct().Order(StringComparer.Ordinal)];
            string[] wanted = [.. recorded["faults"]!.AsArray().Select(f => (string)f!).Distinct().Order(StringComparer.Ordinal)];
            bool same = faults.SequenceEqual(wanted);
            if (!same && !RulesThatDiffer.Contains(name))
            {
                wrong.Add($"{name}:\n  upstream {string.Join(" | ", wanted)}\n  here     {string.Join(" | ", faults)}");
            }
            else if (same && RulesThatDiffer.Contains(name))
            {
                surprising.Add(name);
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.Empty(surprising);
    }
}
