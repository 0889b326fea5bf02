using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>Whether a data plane would take all of an attempt. Pure.</summary>
internal static class Trial
{
    /// <returns>Null while it has not answered about everything; the message says what it would refuse, or for what is waited.</returns>
    public static (bool? Accepted, string Message) Of(IReadOnlyList<KubeObject> works, string attempt)
    {
        List<KubeObject> tried = [.. works.Where(w => InstallationWorks.TrialOf(w) == attempt)];
        HashSet<string> defined = [.. tried.Concat(works).Select(InstallationWorks.ManifestOf).Where(m => m.Kind == "CustomResourceDefinition").Select(Defines)];
        var refused = new List<string>();
        int open = 0;
        foreach (KubeObject work in tried)
        {
            switch (WorkReport.Accepted(work))
            {
                case null:
                    open++;
                    break;

                // Of a kind that the release itself brings, or in a namespace that it brings: neither is there before it is in force.
                case { Status: not Conditions.True, Reason: "UnknownKind" } when defined.Contains(KindOf(InstallationWorks.ManifestOf(work))):
                case { Status: Conditions.True }:
                    break;
                case { } refusal:
                    refused.Add($"{WorkReport.Name(work)}: {refusal.Message}");
                    break;
            }
        }

        return refused.Count > 0 ? (false, WorkReport.Several(refused))
            : open > 0 ? (null, $"{open} of {tried.Count} objects are not checked yet")
            : (true, "");
    }

    private static string Defines(KubeObject definition) => $"{definition.TextAt("spec", "group")}/{definition.TextAt("spec", "names", "kind")}";

    private static string KindOf(KubeObject manifest) => $"{manifest.GroupVersionKind.Group}/{manifest.Kind}";
}
