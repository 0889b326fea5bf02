using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Controllers.Joining;

/// <summary>
/// Keeps <c>kube-public/cluster-info</c>, where anybody reads the address of root and its authorities: who knows the hash of an authority's key
/// can begin to trust the server with nothing else at hand (kubeadm's convention). What somebody else keeps there is left alone.
/// </summary>
internal sealed class ClusterInfoReconciler(KubeClient root, ControllersOptions options) : IReconciler<string>
{
    private const string Access = "orrery:cluster-info";

    public async Task<ReconcileResult> ReconcileAsync(string key, CancellationToken cancellationToken)
    {
        string authorities = Authorities();
        if (authorities.Length == 0)
        {
            return ReconcileResult.Done;
        }

        string text = KubeConfig.Render(new KubeConfigEntry("", options.PublicUrl ?? options.Api.Server, authorities));
        KubeObject? present = await root.FindAsync(CoreResources.ConfigMaps, JoinNames.PublicNamespace, key, cancellationToken).ConfigureAwait(false);
        if (present is not null && (present.TextAt("data", "kubeconfig") == text || present.Labels.GetValueOrDefault(OrreryNames.ManagedByLabel) != OrreryNames.Manager))
        {
            return ReconcileResult.Done;
        }

        await ApplyAsync(CoreResources.ConfigMaps, "ConfigMap", "v1", key, ("data", new JsonObject { ["kubeconfig"] = text }), cancellationToken).ConfigureAwait(false);
        await ApplyAsync(CoreResources.Roles, "Role", "rbac.authorization.k8s.io/v1", Access, ("rules", new JsonArray(new JsonObject
        {
            ["apiGroups"] = OwnKinds.List([""]), ["resources"] = OwnKinds.List(["configmaps"]), ["resourceNames"] = OwnKinds.List([key]), ["verbs"] = OwnKinds.List(["get"]),
        })), cancellationToken).ConfigureAwait(false);
        JsonObject bound = Make("RoleBinding", "rbac.authorization.k8s.io/v1", Access);
        bound["roleRef"] = new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Role", ["name"] = Access };
        bound["subjects"] = new JsonArray(new JsonObject { ["apiGroup"] = "rbac.authorization.k8s.io", ["kind"] = "Group", ["name"] = "system:unauthenticated" });
        await root.ApplyAsync(CoreResources.RoleBindings, JoinNames.PublicNamespace, Access, bound, OrreryNames.Manager, force: true, cancellationToken).ConfigureAwait(false);
        return ReconcileResult.Done;
    }

    private string Authorities() => options.Api.Now.Ca is { } ca ? string.Concat(ca.Select(c => c.ExportCertificatePem() + "\n")) : "";

    private Task ApplyAsync(
        GroupVersionResource resource, string kind, string apiVersion, string name, (string Name, JsonNode Value) part, CancellationToken cancellationToken)
    {
        JsonObject json = Make(kind, apiVersion, name);
        json[part.Name] = part.Value;
        return root.ApplyAsync(resource, JoinNames.PublicNamespace, name, json, OrreryNames.Manager, force: true, cancellationToken);
    }

    private static JsonObject Make(string kind, string apiVersion, string name) => new()
    {
        ["apiVersion"] = apiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = JoinNames.PublicNamespace,
            ["labels"] = new JsonObject { [OrreryNames.ManagedByLabel] = OrreryNames.Manager },
        },
    };
}
