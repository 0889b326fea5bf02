using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Discovery;
using Orrery.Server.Registry;

namespace Orrery.Server.Clusters;

/// <summary>
/// The APIServices of what a cluster serves by itself: one a version, computed from what discovery tells and stored nowhere, so that they are in
/// step with it and an idle cluster pays nothing for them. Upstream registers them in its aggregator (<c>pkg/controlplane/apiserver/aggregator.go</c>).
/// </summary>
internal sealed class ApiServiceObjects(IApiSurface surface, Func<JsonObject, BaseObject> encode)
{
    public const string Group = "apiregistration.k8s.io";
    private const string Managed = "kube-aggregator.kubernetes.io/automanaged";

    /// <summary>Higher ones come first in discovery. Upstream's figures; each version's own priority follows from its order.</summary>
    private static readonly Dictionary<string, int> GroupPriority = new(StringComparer.Ordinal)
    {
        [""] = 18_000,
        ["apps"] = 17_800,
        ["events.k8s.io"] = 17_750,
        ["authentication.k8s.io"] = 17_700,
        ["authorization.k8s.io"] = 17_600,
        ["autoscaling"] = 17_500,
        ["batch"] = 17_400,
        ["certificates.k8s.io"] = 17_300,
        ["networking.k8s.io"] = 17_200,
        ["policy"] = 17_100,
        ["rbac.authorization.k8s.io"] = 17_000,
        ["storage.k8s.io"] = 16_800,
        ["apiextensions.k8s.io"] = 16_700,
        ["admissionregistration.k8s.io"] = 16_700,
        ["scheduling.k8s.io"] = 16_600,
        ["coordination.k8s.io"] = 16_500,
        ["node.k8s.io"] = 16_300,
        ["discovery.k8s.io"] = 16_200,
        ["flowcontrol.apiserver.k8s.io"] = 16_100,
        ["resource.k8s.io"] = 15_900,
    };

    private readonly ConditionalWeakTable<ApiSurface, BaseObject[]> made = [];

    public static readonly GroupResource Resource = new(Group, "apiservices");

    /// <summary>In key order.</summary>
    public BaseObject[] Of(ClusterName cluster) => made.GetValue(surface.For(cluster), Make);

    /// <summary>Of custom resources; null for a version that every cluster has.</summary>
    public BaseObject? Of(string group, string version) => BuiltinResources.Instance.HasVersion(group, version) ? null : encode(Make(group, version, 1));

    private BaseObject[] Make(ApiSurface served) =>
    [
        // The aggregator does not register itself.
        .. served.Groups.Where(g => g.Name != Group)
            .SelectMany(g => g.Versions.Select((v, place) => encode(Make(g.Name, v.Version, g.Versions.Count - place))))
            .OrderBy(o => o.KeySuffix, StringComparer.Ordinal),
    ];

    /// <param name="rank">One for the last version of the group.</param>
    private static JsonObject Make(string group, string version, int rank)
    {
        bool builtin = GroupPriority.TryGetValue(group, out int priority) && BuiltinResources.Instance.HasVersion(group, version);
        return new JsonObject
        {
            ["apiVersion"] = Group + "/v1",
            ["kind"] = "APIService",
            ["metadata"] = new JsonObject { ["name"] = $"{version}.{group}", ["labels"] = new JsonObject { [Managed] = builtin ? "onstart" : "true" } },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["version"] = version,
                ["groupPriorityMinimum"] = builtin ? priority : 1000,
                ["versionPriority"] = builtin ? group.Length == 0 ? 1 : 15 * rank : 100,
            },
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(Condition(available: true, "Local", "Local APIServices are always available")) },
        };
    }

    /// <summary>The condition that tells whether requests to the group reach anybody; without a time.</summary>
    public static JsonObject Condition(bool available, string reason, string message) => new()
    {
        ["type"] = "Available",
        ["status"] = available ? "True" : "False",
        ["reason"] = reason,
        ["message"] = message,
    };
}
