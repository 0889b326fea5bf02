using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission;

/// <summary>
/// What names no class gets the one that is marked as the default: of several, the newest. Upstream:
/// <c>plugin/pkg/admission/storage/storageclass/setdefault</c> and <c>network/defaultingressclass</c>.
/// </summary>
internal sealed class DefaultClass : IMutatingPlugin
{
    private readonly ObjectStore objects;

    private DefaultClass(ObjectStore objects)
    {
        this.objects = objects;
    }

    public required string Name { get; init; }

    /// <summary>What is given a class, and by which member of its spec.</summary>
    public required (GroupResource Resource, string Member) Of { get; init; }

    /// <summary>The annotation by which the class was named before there was a member.</summary>
    public required string OldName { get; init; }

    public required GroupResource Classes { get; init; }

    /// <summary>Annotations of which one, being true, makes a class the default.</summary>
    public required string[] Marks { get; init; }

    public static DefaultClass OfClaims(ObjectStore objects) => new(objects)
    {
        Name = "DefaultStorageClass",
        Of = (new GroupResource("", "persistentvolumeclaims"), "storageClassName"),
        OldName = "volume.beta.kubernetes.io/storage-class",
        Classes = new GroupResource("storage.k8s.io", "storageclasses"),
        Marks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"],
    };

    public static DefaultClass OfIngresses(ObjectStore objects) => new(objects)
    {
        Name = "DefaultIngressClass",
        Of = (new GroupResource("networking.k8s.io", "ingresses"), "ingressClassName"),
        OldName = "kubernetes.io/ingress.class",
        Classes = new GroupResource("networking.k8s.io", "ingressclasses"),
        Marks = ["ingressclass.kubernetes.io/is-default-class"],
    };

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Subresource: "", IsControlPlane: false, Object: { } json } && request.GroupResource == Of.Resource
            && json.ObjectAt("spec") is var spec && !spec.Has(Of.Member) && json.NodeAt("metadata", "annotations", OldName) is null && Default(request.Cluster) is { } name)
        {
            spec[Of.Member] = name;
        }

        return ValueTask.CompletedTask;
    }

    private string? Default(ClusterName cluster) =>
        objects.Caches.For(Classes).Current.Range(StoreKey.Prefix(Classes, cluster))
            .Select(c => KubeObject.Parse(c.Json.Span))
            .Where(c => Marks.Any(m => c.Annotations.GetValueOrDefault(m) == "true"))
            .OrderByDescending(c => c.CreationTimestamp).ThenBy(c => c.Name, StringComparer.Ordinal)
            .FirstOrDefault()?.Name;
}
