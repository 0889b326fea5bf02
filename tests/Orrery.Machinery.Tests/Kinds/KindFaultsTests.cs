using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;

namespace Orrery.Machinery.Tests.Kinds;

/// <summary>
/// What is wrong with several hundred objects, kind by kind, as upstream's validation has it: read out of its rules, where nothing was recorded. An
/// object without faults stands there too: a rule that refuses what upstream takes is as wrong as one that lets something pass.
/// </summary>
public sealed class KindFaultsTests
{
    private static readonly JsonArray Cases = Read();

    public static TheoryData<string> Kinds => [.. Cases.Select(c => (string)c!["kind"]!).Distinct()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ValidateCreate_OfEachObject_HasUpstreamsFaults(string kind)
    {
        var differences = new List<string>();
        foreach (JsonObject sample in Cases.Select(c => c!.AsObject()).Where(c => (string)c["kind"]! == kind))
        {
            GroupVersionKind type = GroupVersionKind.From((string)sample["apiVersion"]!, kind);
            var o = (JsonObject)sample["object"]!.DeepClone();
            o["apiVersion"] = type.ApiVersion;
            o["kind"] = kind;
            o.Metadata["uid"] = "u";
            if ((bool)sample["namespaced"]!)
            {
                o.Metadata["namespace"] = "default";
            }

            KindRules.Default(type, o);
            KindRules.PrepareForCreate(type, o);
            KindRules.Default(type, o);

            string[] got = [.. KindRules.ValidateCreate(type, o, (bool)sample["namespaced"]!).Select(f => $"{f.Field}: {f.CauseReason}: {f.Body}")];
            string[] want = [.. sample["faults"]!.AsArray().Select(f => (string)f!)];
            if (!got.SequenceEqual(want))
            {
                differences.Add($"{sample["object"]!.ToJsonString()}\n  got  {string.Join("\n       ", got)}\n  want {string.Join("\n       ", want)}");
            }
        }

        Assert.True(differences.Count == 0, string.Join("\n", differences));
    }

    private static JsonArray Read()
    {
        using Stream stream = typeof(KindFaultsTests).Assembly.GetManifestResourceStream("kind-faults.json")!;
        return JsonNode.Parse(stream)!.AsArray();
    }
}
