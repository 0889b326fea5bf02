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

    /// <summary>Sorted by name.</summary>
    public IEnumerable<KubeObject> Of(string ns) => works.ByIndex(ByTarget, ns).OrderBy(w => w.Name, StringComparer.Ordinal);

    /// <summary>Sorted.</summary>
    public IEnumerable<string> Names(string ns) => Of(ns).Select(w => w.Name);

    /// <summary>Whether any is of that making of the namespace.</summary>
    public bool Any(string ns, Incarnation incarnation) => works.ByIndex(ByTarget, ns).Any(w => Incarnation.OfWork(w) == incarnation);

    /// <summary>The namespace that a Work needs: the one that it goes into, or the one that it is.</summary>
    public static string TargetOf(KubeObject work) =>
        (work.At("spec", "manifest") ?? work.At("spec", "trial", "manifest")) is { } found && new KubeObject(found) is var manifest
            ? manifest is { Kind: "Namespace", ApiVersion: "v1" } ? manifest.Name : manifest.Namespace
            : "";
}
