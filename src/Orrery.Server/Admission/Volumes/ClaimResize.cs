using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Quotas;
using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Volumes;

/// <summary>A claim grows only when it is bound, and where its StorageClass allows that. Upstream: <c>plugin/pkg/admission/storage/persistentvolume/resize</c>.</summary>
internal sealed class ClaimResize(ObjectStore objects) : IValidatingPlugin
{
    private static readonly ResourceDefinition Classes = BuiltinResources.Instance.Require("storage.k8s.io", "v1", "storageclasses");

    public string Name => "PersistentVolumeClaimResize";

    public ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Update, Subresource: "", IsControlPlane: false, Object: { } json, Old: { } old }
            && request.GroupResource is { Group: "", Resource: "persistentvolumeclaims" } && Storage(json) > Storage(old))
        {
            if (old.TextAt("status", "phase") != "Bound")
            {
                throw ApiErrors.Forbidden(request.GroupResource, request.Name, "Only bound persistent volume claims can be expanded");
            }

            if (!MayGrow(request.Cluster, json, old))
            {
                throw ApiErrors.Forbidden(
                    request.GroupResource, request.Name, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
            }
        }

        return ValueTask.CompletedTask;
    }

    private bool MayGrow(ClusterName cluster, JsonObject json, JsonObject old)
    {
        string name = ClassOf(json);
        return name.Length > 0 && name == ClassOf(old) && objects.Find(Classes, cluster, "", name) is { } found && StoredJson.Parse(found.Json.Span).Flag("allowVolumeExpansion");
    }

    private static string ClassOf(JsonObject claim) =>
        claim.TextAt("metadata", "annotations", "volume.beta.kubernetes.io/storage-class") ?? claim.ObjectAt("spec").Text("storageClassName");

    private static Quantity Storage(JsonObject claim) => ResourceList.Read(claim.NodeAt("spec", "resources", "requests")).GetValueOrDefault("storage");
}
