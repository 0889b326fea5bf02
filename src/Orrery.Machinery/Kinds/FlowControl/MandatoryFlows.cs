using System.Text.Json.Nodes;

namespace Orrery.Machinery.Kinds.FlowControl;

/// <summary>The two flows, with their levels, that no server does without and whose specs are fixed. Upstream: <c>pkg/apis/flowcontrol/bootstrap</c>.</summary>
internal static class MandatoryFlows
{
    public const string Exempt = "exempt";

    private const string CatchAll = "catch-all";
    private const string Everything = """ "resourceRules":[{"verbs":["*"],"apiGroups":["*"],"resources":["*"],"clusterScope":true,"namespaces":["*"]}],"nonResourceRules":[{"verbs":["*"],"nonResourceURLs":["*"]}] """;

    private static readonly JsonNode ExemptFlow = JsonNode.Parse(
        $$$"""{"priorityLevelConfiguration":{"name":"exempt"},"matchingPrecedence":1,"rules":[{"subjects":[{"kind":"Group","group":{"name":"system:masters"}}],{{{Everything}}}}]}""")!;

    private static readonly JsonNode CatchAllFlow = JsonNode.Parse(
        $$$"""
        {"priorityLevelConfiguration":{"name":"catch-all"},"matchingPrecedence":10000,"distinguisherMethod":{"type":"ByUser"},
         "rules":[{"subjects":[{"kind":"Group","group":{"name":"system:unauthenticated"}},{"kind":"Group","group":{"name":"system:authenticated"}}],{{{Everything}}}}]}
        """)!;

    private static readonly JsonNode CatchAllLevel = JsonNode.Parse("""{"type":"Limited","limited":{"nominalConcurrencyShares":5,"lendablePercent":0,"limitResponse":{"type":"Reject"}}}""")!;

    /// <summary>The spec that a FlowSchema of the name must have; null for any other name.</summary>
    public static JsonNode? SpecOf(string name) => name switch { Exempt => ExemptFlow, CatchAll => CatchAllFlow, _ => null };

    /// <summary>The spec that a PriorityLevelConfiguration of the name must have; null where the name asks for nothing, or for its type alone.</summary>
    public static JsonNode? LevelSpecOf(string name) => name == CatchAll ? CatchAllLevel : null;
}
