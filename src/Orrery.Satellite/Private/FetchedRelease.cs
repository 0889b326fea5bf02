using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Satellite.Private;

/// <summary>
/// What a fetched Release may have the tenant's controllers read in the tenant's cluster. They may read every Secret there, and show one to the repository that a
/// Release names: which Secret, and to whom, is not for the vendor alone to say. Pure.
/// </summary>
internal static class FetchedRelease
{
    /// <summary>On a Secret, written by the cluster's owner: host, with its port if it has one, that may be shown it for charts.</summary>
    public const string HostAnnotation = "orrery.dev/charts-from";

    /// <summary>The Secret that is to be shown for the chart; null when there is none.</summary>
    public static (string Namespace, string Name)? CredentialsOf(JsonObject release) =>
        release.NodeAt("spec", "bundle", "helm", "credentials") is JsonObject credentials ? (credentials.TextAt("namespace") ?? "", credentials.TextAt("name") ?? "") : null;

    /// <param name="secret">What <see cref="CredentialsOf"/> names; null where it is not there.</param>
    /// <returns>Why the release is not taken; null when it is.</returns>
    public static string? Problem(JsonObject release, KubeObject? secret)
    {
        if (release.NodeAt("spec", "bundle", "manifests", "configMaps") is JsonArray { Count: > 0 })
        {
            return "a release that takes its manifests from ConfigMaps would take them from this cluster";
        }

        if (CredentialsOf(release) is not { } named)
        {
            return null;
        }

        string address = release.TextAt("spec", "bundle", "helm", "repository") ?? release.TextAt("spec", "bundle", "helm", "oci") ?? "";
        return Uri.TryCreate(address, UriKind.Absolute, out Uri? at) && secret?.Annotations.GetValueOrDefault(HostAnnotation) == at.Authority
            ? null
            : $"its chart is to be fetched from {at?.Authority ?? address} with Secret {named.Namespace}/{named.Name} of this cluster, which does not say so: annotate it with {HostAnnotation}={at?.Authority ?? address} to allow that";
    }
}
