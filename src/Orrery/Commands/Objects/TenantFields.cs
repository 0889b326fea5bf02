using System.Text.Json.Nodes;

namespace Orrery.Commands.Objects;

/// <summary>What the command line says of tenants and their classes.</summary>
internal static class TenantFields
{
    private static readonly string[] Kinds = ["User", "Group", "ServiceAccount"];
    private static readonly string[] Roles = ["admin", "developer", "viewer"];

    public static IReadOnlyList<ObjectField> Tenant { get; } =
    [
        ObjectField.Text("--class", "spec.class", "TenantClass: the size it gets.", names: ObjectKind.TenantClass),
        ObjectField.Elements(
            "--member", new KeyedList("spec.members", "kind", "name", "namespace"),
            "A member and its role: admin, developer or viewer. Group/NAME is a group, ServiceAccount/[NAMESPACE/]NAME a service account, anything else a user; without a role the member goes.",
            "NAME=ROLE", Member),
        ObjectField.Flag("--suspended", "spec.suspended", "Run nothing of it and refuse its API, until this is unset."),
        ObjectField.Flag("--own-machines", "spec.isolation.machine.enabled", "Take the machine pools of its class for it alone."),
        ObjectField.Texts("--allowed-namespaces", "spec.isolation.network.allowedNamespaces", "Namespaces of data planes whose pods may reach the tenant's and be reached, such as that of an ingress controller."),
        ObjectField.Text("--pod-security", "spec.isolation.podSecurity", "Pod Security standard that its namespaces enforce; baseline when unset.", oneOf: ["privileged", "baseline", "restricted"]),
        ObjectField.Pairs("--data-plane-labels", "spec.dataPlanes.matchLabels", "Labels of the data planes on which it may run."),
        WindowField.Of("what is installed for it"),
    ];

    public static IReadOnlyList<ObjectField> TenantClass { get; } =
    [
        ObjectField.Number("--request-weight", "spec.requestWeight", "How many times a plain one's share of the API server each of its virtual clusters has, where there is too little for all, 1 to 100; 1 when unset."),
        ObjectField.Pairs("--quota", "spec.quota", "What a tenant may use in all data planes together: pods=20,requests.cpu=4."),
        ObjectField.Pairs("--limits", "spec.limits", "The most that one container may have: cpu=2,memory=4Gi."),
        ObjectField.Pairs("--defaults", "spec.defaults", "What a container is taken to ask for that does not say."),
        WindowField.Of("what is installed for its tenants"),
    ];

    private static JsonObject Member(string said)
    {
        int at = said.LastIndexOf('=');
        (string who, string role) = at > 0 ? (said[..at], said[(at + 1)..]) : throw new CommandFailedException($"--member: '{said}' is no NAME=ROLE");
        if (role.Length > 0 && !Roles.Contains(role))
        {
            throw new CommandFailedException($"--member: '{role}' is no role; there are {string.Join(", ", Roles)}");
        }

        string kind = Kinds.FirstOrDefault(k => who.StartsWith(k + "/", StringComparison.Ordinal)) ?? "";
        string name = kind.Length > 0 ? who[(kind.Length + 1)..] : who;
        var member = new JsonObject { ["kind"] = kind.Length > 0 ? kind : Kinds[0], ["name"] = name };
        if (kind == "ServiceAccount" && name.Split('/') is [var ns, var account])
        {
            member["name"] = account;
            member["namespace"] = ns;
        }

        if (role.Length > 0)
        {
            member["role"] = role;
        }

        return member;
    }
}
