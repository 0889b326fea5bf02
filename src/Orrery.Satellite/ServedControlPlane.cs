using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Satellite.Applying;
using Orrery.Satellite.Policy;

namespace Orrery.Satellite;

/// <summary>
/// Which control plane the satellite serves, and so what in the cluster it may touch. A cluster that changed its control plane holds what the former had applied: nothing of that is the present one's
/// to change or to take away, whether or not it bears a name that it wants, unless the cluster's owner says so (<see cref="SatellitePolicy.RemoveOf"/>).
/// </summary>
internal sealed class ServedControlPlane(KubeClient controlPlane, string dataPlane, PolicyWatch policy)
{
    /// <summary>What names no control plane, in <see cref="SatellitePolicy.RemoveOf"/>.</summary>
    public const string Unmarked = "unmarked";

    private readonly SemaphoreSlim asking = new(1);
    private volatile ControlPlaneMarks marks = ControlPlaneMarks.Unknown;
    private volatile bool isConfirmed;

    /// <summary>It is known better than before whom is served.</summary>
    public event Action? Changed;

    /// <summary>By its last word, or by the copy of what it wanted while it is away.</summary>
    public ControlPlaneMarks Marks => marks;

    /// <summary>Asks the control plane which one it is, once: before anything that it wants is taken in.</summary>
    /// <exception cref="StatusException">It does not say.</exception>
    public async Task UntilKnownAsync(CancellationToken cancellationToken)
    {
        if (isConfirmed)
        {
            return;
        }

        await asking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!isConfirmed && await controlPlane.FindAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false) is { } plane)
            {
                See(plane);
            }
        }
        finally
        {
            asking.Release();
        }
    }

    /// <summary>Takes in what the DataPlane says, which was read for whatever reason.</summary>
    /// <returns>Whether it says something else than what was known.</returns>
    public bool See(KubeObject plane)
    {
        isConfirmed = true;
        return Take(ControlPlaneMarks.Of(plane));
    }

    /// <summary>Goes by what was written down while the control plane was there.</summary>
    public void Recall(ControlPlaneMarks known)
    {
        if (!isConfirmed)
        {
            Take(known);
        }
    }

    /// <summary>Of an object that carries marks of Orrery: whose it is, where it is another control plane's and not to be touched.</summary>
    /// <returns>Null for what is this one's, or given to it by the cluster's owner.</returns>
    public string? AnotherOf(KubeObject live)
    {
        string of = ControlPlaneMarks.NameOn(live);
        return IsAnothers(of) ? of : null;
    }

    public bool IsAnothers(KubeObject live) => AnotherOf(live) is not null;

    /// <param name="of">As <see cref="ControlPlaneMarks.NameOn"/> has it.</param>
    public bool IsAnothers(string of) => !marks.Has(of) && !policy.Current.RemoveOf.Contains(of, StringComparer.Ordinal);

    /// <summary>Whose a namespace of the cluster is, if this control plane's.</summary>
    /// <returns>Null for one that is not Orrery's, or another control plane's.</returns>
    public MappedNamespace? OwnerOf(KubeObject? ns) => ns is null || IsAnothers(ns) ? null : MappedNamespace.Of(ns);

    /// <summary>The tenant that has a namespace or a machine of the cluster from this control plane; null where none has.</summary>
    public string? TenantOf(KubeObject? live) => live?.Labels.GetValueOrDefault(OrreryNames.TenantLabel) is { } tenant && !IsAnothers(live) ? tenant : null;

    /// <summary>For people, whose something is that is another's.</summary>
    public static string Describe(string another) => another == Unmarked ? "another control plane, from before they named themselves" : $"another control plane ({another})";

    private bool Take(ControlPlaneMarks known)
    {
        bool isNews = known != marks;
        marks = known;
        if (isNews)
        {
            Changed?.Invoke();
        }

        return isNews;
    }
}
