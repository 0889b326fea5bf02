using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Controllers.Fleet;

namespace Orrery.Controllers.Installations;

/// <summary>
/// Names of an installation's Works in one data plane, for one look. The hash in the usual name is short, for people: where a Work of another object has that name already, perhaps another
/// tenant's and on purpose, the longer one is taken, and kept.
/// </summary>
internal sealed class WorkNames(WorkDirectory works, KubeObject installation, string dataPlaneNamespace)
{
    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);

    /// <param name="hook">Tells Works of hooks apart from each other and from what stays; empty for what stays.</param>
    public string Of(JsonObject manifest, string hook = "")
    {
        string usual = InstallationWorks.NameOf(installation, manifest, hook), longer = InstallationWorks.NameOf(installation, manifest, hook, isTaken: true);
        string subject = $"{Subject(KubeObject.From(manifest))}|{hook}";
        if ((Find(longer) is { } kept && IsOwn(kept)) || !IsFree(usual, manifest))
        {
            return longer;
        }

        return given.TryAdd(usual, subject) || given[usual] == subject ? usual : longer;
    }

    private bool IsFree(string name, JsonObject manifest) =>
        Find(name) is not { } holder || (IsOwn(holder) && Subject(InstallationWorks.ManifestOf(holder)) == Subject(KubeObject.From(manifest)));

    private bool IsOwn(KubeObject work) => SourceReference.Of(work)?.Identity == InstallationWorks.Identity(installation);

    private KubeObject? Find(string name) => works.Informer.Get(ClusterName.Root, dataPlaneNamespace, name);

    /// <summary>What an object is, whichever version it is written in.</summary>
    private static string Subject(KubeObject manifest) => manifest.Json.ValueKind == System.Text.Json.JsonValueKind.Object
        ? $"{GroupVersionKind.From(manifest.ApiVersion, manifest.Kind).GroupKind}|{manifest.Namespace}|{manifest.Name}" : "";
}
