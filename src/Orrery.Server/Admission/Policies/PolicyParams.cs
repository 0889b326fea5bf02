using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Policies;

/// <summary>Which objects a binding hands to its policy: one by name, or all that a selector chooses.</summary>
internal sealed class ParamRef(JsonObject json)
{
    /// <summary>Empty where a selector chooses.</summary>
    public string Name { get; } = json.TextAt("name") ?? "";

    /// <summary>Empty: that of the request's object.</summary>
    public string Namespace { get; } = json.TextAt("namespace") ?? "";

    public LabelSelector Selector { get; } = json["selector"] is JsonObject selector ? LabelSelector.FromJson(selector) : LabelSelector.Everything;

    /// <summary>Without an object the binding counts for nothing; otherwise it is a fault of the configuration.</summary>
    public bool AllowsNone { get; } = json.TextAt("parameterNotFoundAction") == "Allow";
}

/// <summary>A policy or binding that cannot be put to use as it is written: its failure policy decides.</summary>
internal sealed class PolicyConfigurationException(string message) : Exception(message);

/// <summary>Finds the parameters of policies (apiserver <c>pkg/admission/plugin/policy/generic/policy_dispatcher.go</c>, CollectParams).</summary>
internal sealed class PolicyParams(ObjectStore objects, ResourceCatalog resources)
{
    /// <summary>What a policy's paramKind names; null where it takes no parameters.</summary>
    /// <exception cref="PolicyConfigurationException">It is not served.</exception>
    public ResourceDefinition? Resource(AdmissionRequest request, GroupVersionKind? kind) => kind is not { } wanted ? null
        : resources.Find(request.Cluster, wanted)
        ?? throw new PolicyConfigurationException($"failed to find resource referenced by paramKind: '{wanted.Group}/{wanted.Version}, Kind={wanted.Kind}'");

    /// <param name="resource">Of the policy's paramKind.</param>
    /// <param name="reference">The binding's paramRef.</param>
    /// <returns>One null where the policy has no parameters; empty where the binding allows that there are none.</returns>
    /// <exception cref="PolicyConfigurationException">No object is found, or the reference fits neither kind nor request.</exception>
    public IReadOnlyList<JsonObject?> Collect(AdmissionRequest request, ResourceDefinition? resource, ParamRef? reference)
    {
        if (resource is null || reference is null)
        {
            return [null];
        }

        string ns = reference.Namespace;
        if (!resource.Namespaced)
        {
            ns = ns.Length == 0 ? ns : throw new PolicyConfigurationException("paramRef.namespace must not be provided for a cluster-scoped `paramKind`");
        }
        else if (ns.Length == 0)
        {
            ns = request.RequestNamespace.Length > 0
                ? request.RequestNamespace
                : throw new PolicyConfigurationException("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources");
        }

        IReadOnlyList<JsonObject?> found = reference.Name.Length > 0 ? One(request.Cluster, resource, ns, reference.Name) : Chosen(request.Cluster, resource, ns, reference.Selector);
        return found.Count > 0 || reference.AllowsNone
            ? found
            : throw new PolicyConfigurationException("no params found for policy binding with `Deny` parameterNotFoundAction");
    }

    private IReadOnlyList<JsonObject?> One(ClusterName cluster, ResourceDefinition resource, string ns, string name) =>
        objects.Find(resource, cluster, ns, name) is { } found ? [ObjectStore.Decode(resource, found)] : [];

    private List<JsonObject?> Chosen(ClusterName cluster, ResourceDefinition resource, string ns, LabelSelector selector)
    {
        var chosen = new List<JsonObject?>();
        foreach (CachedObject item in ObjectStore.Range(objects.Current(resource), cluster, StoreKey.Prefix(resource.StoredAs, cluster, ns)))
        {
            if (selector.Matches(KubeObject.Parse(item.Json.Span).Labels))
            {
                chosen.Add(ObjectStore.Decode(resource, new StoredObject(item.Json, item.Revision, item.Revision)));
            }
        }

        return chosen;
    }
}
