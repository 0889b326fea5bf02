using Orrery.Server.Registry;

namespace Orrery.Server.Admission.Volumes;

/// <summary>
/// A new claim or volume gets the finalizer that keeps it while it is used; <see cref="Upkeep.VolumeRelease"/> takes it away.
/// Upstream: <c>plugin/pkg/admission/storage/storageobjectinuseprotection</c>.
/// </summary>
internal sealed class VolumeProtection : IMutatingPlugin
{
    public const string ClaimFinalizer = "kubernetes.io/pvc-protection";
    public const string VolumeFinalizer = "kubernetes.io/pv-protection";

    public string Name => "StorageObjectInUseProtection";

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request is { Operation: AdmissionOperation.Create, Subresource: "", IsControlPlane: false, Object: { } json })
        {
            switch (request.GroupResource)
            {
                case { Group: "", Resource: "persistentvolumeclaims" }:
                    Finalizers.Add(json, ClaimFinalizer);
                    break;
                case { Group: "", Resource: "persistentvolumes" }:
                    Finalizers.Add(json, VolumeFinalizer);
                    break;
            }
        }

        return ValueTask.CompletedTask;
    }
}
