using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Applying;

/// <summary>Finds Works by the namespace of the cluster that they go into.</summary>
internal sealed class WorksByNamespace
{
    private const string ByTarget = "target";

    private readonly Informer works;

    public WorksByNamespace(Informer works)
    {
        this.works = works;
        works.AddIndex(ByTarget, w => TargetOf(w) is { Length: > 0 } ns ? [ns] : []);
    }

    public bool Any(string ns) => works.ByIndex(ByTarget, ns).Count > 0;

    /// <summary>Whether any is of that making of the namespace.</summary>
    public bool Any(string ns, Incarnation incarnation) => works.ByIndex(ByTarget, ns).Any(w => Incarnation.OfWork(w) == incarnation);

    public static string TargetOf(KubeObject work) =>
        work.TextAt("spec", "manifest", "metadata", "namespace") ?? work.TextAt("spec", "trial", "manifest", "metadata", "namespace") ?? "";
}
