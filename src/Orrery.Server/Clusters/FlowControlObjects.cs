using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Clusters;

/// <summary>
/// The FlowSchemas and PriorityLevelConfigurations of a fresh server, for clients that read them. Upstream's: mandatory and suggested
/// objects of <c>pkg/apis/flowcontrol/bootstrap</c>. They can be written, as upstream's can; how requests are shared out here, <see cref="Fairness"/> decides.
/// </summary>
internal static class FlowControlObjects
{
    public const string Group = "flowcontrol.apiserver.k8s.io";
    private const string ApiVersion = Group + "/v1";

    /// <summary>Queues of zero: requests that find no seat are refused. Null shares: exempt.</summary>
    private sealed record Level(string Name, int? Shares, int Lendable, int Queues = 0, int HandSize = 0);

    private sealed record Flow(string Name, int Precedence, string Level, string Distinguisher, params (JsonObject[] Subjects, JsonObject[] Resources, JsonObject[] Paths)[] Rules);

    private static readonly Level[] Levels =
    [
        new("exempt", null, 0),
        new("catch-all", 5, 0),
        new("system", 30, 33, 64, 6),
        new("node-high", 40, 25, 64, 6),
        new("leader-election", 10, 0, 16, 4),
        new("workload-high", 40, 50, 128, 6),
        new("workload-low", 100, 90, 128, 6),
        new("global-default", 20, 50, 128, 6),
    ];

    public static IEnumerable<(GroupResource Resource, JsonObject Json)> Make() =>
        Levels.Select(level => (new GroupResource(Group, "prioritylevelconfigurations"), Make(level)))
            .Concat(Flows().Select(flow => (new GroupResource(Group, "flowschemas"), Make(flow))));

    private static JsonObject Make(Level level)
    {
        JsonObject spec = level.Shares is { } shares
            ? new JsonObject
            {
                ["type"] = "Limited",
                ["limited"] = new JsonObject
                {
                    ["nominalConcurrencyShares"] = shares,
                    ["limitResponse"] = level.Queues == 0
                        ? new JsonObject { ["type"] = "Reject" }
                        : new JsonObject { ["type"] = "Queue", ["queuing"] = new JsonObject { ["queues"] = level.Queues, ["handSize"] = level.HandSize, ["queueLengthLimit"] = 50 } },
                    ["lendablePercent"] = level.Lendable,
                },
            }
            : new JsonObject { ["type"] = "Exempt", ["exempt"] = new JsonObject { ["nominalConcurrencyShares"] = 0, ["lendablePercent"] = 0 } };
        return Complete("PriorityLevelConfiguration", level.Name, spec);
    }

    private static JsonObject Make(Flow flow)
    {
        var spec = new JsonObject { ["priorityLevelConfiguration"] = new JsonObject { ["name"] = flow.Level }, ["matchingPrecedence"] = flow.Precedence };
        if (flow.Distinguisher.Length > 0)
        {
            spec["distinguisherMethod"] = new JsonObject { ["type"] = flow.Distinguisher };
        }

        var rules = new JsonArray();
        foreach ((JsonObject[] subjects, JsonObject[] resources, JsonObject[] paths) in flow.Rules)
        {
            var rule = new JsonObject { ["subjects"] = new JsonArray([.. subjects]) };
            if (resources.Length > 0)
            {
                rule["resourceRules"] = new JsonArray([.. resources]);
            }

            if (paths.Length > 0)
            {
                rule["nonResourceRules"] = new JsonArray([.. paths]);
            }

            rules.Add((JsonNode)rule);
        }

        spec["rules"] = rules;
        JsonObject schema = Complete("FlowSchema", flow.Name, spec);
        schema["status"] = new JsonObject { ["conditions"] = new JsonArray(Link(flow.Level, isThere: true)) };
        return schema;
    }

    /// <summary>The condition that tells whether a FlowSchema's level is there; without its time.</summary>
    public static JsonObject Link(string level, bool isThere) => new()
    {
        ["type"] = "Dangling",
        ["status"] = isThere ? "False" : "True",
        ["reason"] = isThere ? "Found" : "NotFound",
        ["message"] = $"This FlowSchema references the PriorityLevelConfiguration object named \"{level}\" {(isThere ? "and it exists" : "but there is no such object")}",
    };

    private static JsonObject Complete(string kind, string name, JsonObject spec) => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["generation"] = 1,
            ["annotations"] = new JsonObject { ["apf.kubernetes.io/autoupdate-spec"] = "true" },
        },
        ["spec"] = spec,
        ["status"] = new JsonObject(),
    };

    private static Flow[] Flows()
    {
        string[] change = ["get", "create", "update"];
        return
        [
            new("exempt", 1, "exempt", "", ([OfGroup("system:masters")], [Everything()], [AnyPath()])),
            new("probes", 2, "exempt", "", ([OfGroup("system:unauthenticated"), OfGroup("system:authenticated")], [], [Paths(["get"], "/healthz", "/readyz", "/livez")])),
            new("system-leader-election", 100, "leader-election", "ByUser",
                ([OfUser("system:kube-controller-manager"), OfUser("system:kube-scheduler"), OfAccount("kube-system", "*")], [Resources("coordination.k8s.io", change, true, "leases")], [])),
            new("endpoint-controller", 150, "workload-high", "ByUser",
                ([OfUser("system:kube-controller-manager"), OfAccount("kube-system", "endpoint-controller"), OfAccount("kube-system", "endpointslicemirroring-controller")], [Resources("", change, true, "endpoints")], [])),
            new("workload-leader-election", 200, "leader-election", "ByUser", ([OfAccount("kube-system", "*")], [Resources("coordination.k8s.io", change, true, "leases")], [])),
            new("system-node-high", 400, "node-high", "ByUser",
                ([OfGroup("system:nodes")], [Resources("", ["*"], false, "nodes", "nodes/status"), Resources("coordination.k8s.io", ["*"], true, "leases")], [])),
            new("system-nodes", 500, "system", "ByUser", ([OfGroup("system:nodes")], [Everything()], [AnyPath()])),
            new("kube-controller-manager", 800, "workload-high", "ByNamespace", ([OfUser("system:kube-controller-manager")], [Everything()], [AnyPath()])),
            new("kube-scheduler", 800, "workload-high", "ByNamespace", ([OfUser("system:kube-scheduler")], [Everything()], [AnyPath()])),
            new("kube-system-service-accounts", 900, "workload-high", "ByNamespace", ([OfAccount("kube-system", "*")], [Everything()], [AnyPath()])),
            new("service-accounts", 9_000, "workload-low", "ByUser", ([OfGroup("system:serviceaccounts")], [Everything()], [AnyPath()])),
            new("global-default", 9_900, "global-default", "ByUser", ([OfGroup("system:unauthenticated"), OfGroup("system:authenticated")], [Everything()], [AnyPath()])),
            new("catch-all", 10_000, "catch-all", "ByUser", ([OfGroup("system:unauthenticated"), OfGroup("system:authenticated")], [Everything()], [AnyPath()])),
        ];
    }

    private static JsonObject OfGroup(string name) => new() { ["kind"] = "Group", ["group"] = new JsonObject { ["name"] = name } };

    private static JsonObject OfUser(string name) => new() { ["kind"] = "User", ["user"] = new JsonObject { ["name"] = name } };

    private static JsonObject OfAccount(string ns, string name) =>
        new() { ["kind"] = "ServiceAccount", ["serviceAccount"] = new JsonObject { ["namespace"] = ns, ["name"] = name } };

    private static JsonObject Everything()
    {
        JsonObject all = Resources("*", ["*"], true, "*");
        all["clusterScope"] = true;
        return all;
    }

    private static JsonObject Resources(string group, string[] verbs, bool namespaced, params string[] resources)
    {
        var rule = new JsonObject { ["verbs"] = Texts(verbs), ["apiGroups"] = Texts([group]), ["resources"] = Texts(resources) };
        if (namespaced)
        {
            rule["namespaces"] = Texts(["*"]);
        }
        else
        {
            rule["clusterScope"] = true;
        }

        return rule;
    }

    private static JsonObject AnyPath() => Paths(["*"], "*");

    private static JsonObject Paths(string[] verbs, params string[] paths) => new() { ["verbs"] = Texts(verbs), ["nonResourceURLs"] = Texts(paths) };

    private static JsonArray Texts(string[] values) => new([.. values.Select(v => (JsonNode)v)]);
}
