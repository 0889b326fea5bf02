using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Recording;

namespace Orrery.Satellite.Policy;

/// <summary>
/// The only way in which anything in the cluster is changed: what its owner's policy forbids is not sent, and what is sent stands in the owner's record
/// with how it ended.
/// </summary>
internal sealed class ClusterActions(KubeClient cluster, PolicyWatch policy, RecordKeeper record)
{
    /// <summary>Reason of what is refused here.</summary>
    public const string Denied = "DeniedByPolicy";

    public static string Explain(string denial) => OrreryNames.OwnersRefusal + denial;

    /// <summary>Whether an object may be made, changed or deleted.</summary>
    /// <returns>Why not; null when it may.</returns>
    public string? Denies(GroupVersionResource resource, string kind, string ns, string name) => IsNamespace(resource)
        ? policy.Current.Denies(new GroupKind("", "Namespace"), name)
        : policy.Current.Denies(new GroupKind(resource.Group, kind), ns);

    public string? Denies(GroupVersionResource resource, JsonObject json) => Denies(resource, json.Kind, json.Namespace, json.Name);

    /// <summary>Something was not even tried, because the policy forbids it.</summary>
    public void HeldBack(string verb, GroupVersionResource resource, KubeObject live, string cause, string denial) =>
        HeldBack(verb, resource, live.Kind, live.Namespace, live.Name, cause, denial);

    /// <inheritdoc cref="HeldBack(string, GroupVersionResource, KubeObject, string, string)"/>
    public void HeldBack(string verb, GroupVersionResource resource, string kind, string ns, string name, string cause, string denial) =>
        record.Refused(Entry(verb, resource, kind, ns, name, cause), denial);

    /// <param name="cause">What it is done for, such as the name of a Work.</param>
    public Task<KubeObject> ApplyAsync(GroupVersionResource resource, JsonObject json, bool force, string cause, CancellationToken cancellationToken) => DoAsync(
        "apply", resource, json.Kind, json.Namespace, json.Name, cause,
        () => cluster.ApplyAsync(resource, json.Namespace, json.Name, json, OrreryNames.Manager, force, cancellationToken));

    public Task<KubeObject> CreateNamespaceAsync(JsonObject json, string cause, CancellationToken cancellationToken) => DoAsync(
        "create", ClusterResources.Namespaces, "Namespace", "", json.Name, cause,
        () => cluster.CreateAsync(ClusterResources.Namespaces, "", json, cancellationToken));

    /// <summary>Merges into an object of no namespace.</summary>
    public Task<KubeObject> PatchAsync(GroupVersionResource resource, string kind, string name, JsonObject patch, string cause, CancellationToken cancellationToken) =>
        PatchAsync(resource, kind, "", name, patch, cause, cancellationToken);

    /// <summary>Merges into an object.</summary>
    public Task<KubeObject> PatchAsync(GroupVersionResource resource, string kind, string ns, string name, JsonObject patch, string cause, CancellationToken cancellationToken) => DoAsync(
        "patch", resource, kind, ns, name, cause,
        () => cluster.PatchAsync(resource, ns, name, PatchKind.Merge, patch, cancellationToken));

    /// <summary>Changes what of a pod can be changed while it runs.</summary>
    /// <param name="subresource">Empty for the pod itself, whose patch is a merge patch; those of subresources are strategic ones.</param>
    public Task<KubeObject> ChangePodAsync(KubeObject pod, string subresource, JsonObject patch, string cause, CancellationToken cancellationToken) => DoAsync(
        subresource.Length == 0 ? "patch" : subresource, ClusterResources.Pods, "Pod", pod.Namespace, pod.Name, cause,
        () => subresource.Length == 0
            ? cluster.PatchAsync(ClusterResources.Pods, pod.Namespace, pod.Name, PatchKind.Merge, patch, cancellationToken)
            : cluster.PatchAsync(ClusterResources.Pods, pod.Namespace, pod.Name, PatchKind.Strategic, patch, cancellationToken, subresource));

    public Task<KubeObject> EvictAsync(KubeObject pod, JsonObject eviction, string cause, CancellationToken cancellationToken) => DoAsync(
        "evict", ClusterResources.Pods, "Pod", pod.Namespace, pod.Name, cause,
        () => cluster.CreateAsync(ClusterResources.Pods, pod.Namespace, eviction, cancellationToken, pod.Name, "eviction"));

    public Task DeleteAsync(GroupVersionResource resource, KubeObject live, DeleteQuery query, string cause, CancellationToken cancellationToken) => DoAsync(
        "delete", resource, live.Kind.Length > 0 ? live.Kind : resource.Resource, live.Namespace, live.Name, cause,
        async () =>
        {
            await cluster.DeleteAsync(resource, live.Namespace, live.Name, query, cancellationToken).ConfigureAwait(false);
            return live;
        });

    private async Task<KubeObject> DoAsync(
        string verb, GroupVersionResource resource, string kind, string ns, string name, string cause, Func<Task<KubeObject>> act)
    {
        RecordEntry entry = Entry(verb, resource, kind, ns, name, cause);
        if (Denies(resource, kind, ns, name) is { } denial)
        {
            record.Refused(entry, denial);
            throw new StatusException(new Status { Code = 403, Reason = Denied, Message = Explain(denial) });
        }

        try
        {
            KubeObject done = await act().ConfigureAwait(false);
            record.Add(entry, "ok");
            return done;
        }
        catch (StatusException e)
        {
            record.Failed(entry, $"{e.Code} {e.Reason}");
            throw;
        }
        catch (Exception e)
        {
            // It was asked, and may have been done.
            record.Failed(entry, "no answer: " + e.Message);
            throw;
        }
    }

    private static bool IsNamespace(GroupVersionResource resource) => resource.GroupResource == ClusterResources.Namespaces.GroupResource;

    private static RecordEntry Entry(string verb, GroupVersionResource resource, string kind, string ns, string name, string cause) =>
        new(verb, resource.Group.Length == 0 ? kind : $"{kind}.{resource.Group}", ns, name, cause);
}
