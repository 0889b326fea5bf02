using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Admission;

/// <summary>
/// A taint of a device says since when it is there: where its driver does not say so, when it was written. Upstream fills it in as a default
/// (<c>pkg/apis/resource/v1/defaults.go</c>); taints of nodes say so only where who sets them does.
/// </summary>
internal sealed class DeviceTaintTimes(TimeProvider time) : IMutatingPlugin
{
    private static readonly GroupResource Slices = new("resource.k8s.io", "resourceslices");

    public ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (request.GroupResource == Slices && request.Operation is AdmissionOperation.Create or AdmissionOperation.Update && request.Object is { } slice)
        {
            string now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            foreach (JsonObject device in Objects(slice.NodeAt("spec", "devices")))
            {
                foreach (JsonObject taint in Objects(device["taints"]))
                {
                    taint["timeAdded"] ??= now;
                }
            }
        }

        return ValueTask.CompletedTask;
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => (list as JsonArray ?? []).OfType<JsonObject>();
}
