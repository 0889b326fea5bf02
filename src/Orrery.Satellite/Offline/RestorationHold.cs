using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Offline;

/// <summary>
/// Whether the control plane may be one that was restored from a backup, and so does not know of all that it wanted. What it does not want is kept then, until an
/// operator says that the backup holds, and takes <see cref="OrreryNames.RestoredAnnotation"/> from the DataPlane.
/// <para>
/// Asked when something is to be removed, and once for all that was listed together: a restored control plane goes on far beyond the revisions of the former, so that
/// nothing is followed into it without a list.
/// </para>
/// </summary>
/// <param name="see">Is told what the DataPlane says, and answers whether that is something else than what was known.</param>
internal sealed class RestorationHold(KubeClient controlPlane, string dataPlane, IReadOnlyList<Informer> wanted, TimeProvider time, Func<KubeObject, bool>? see = null)
{
    /// <summary>While it holds, whether it still does is asked so often at most.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private volatile Answer last = new(-1, true, 0);

    /// <summary>When the backup was taken that does not hold yet, as the DataPlane says; null when there is none, or when that was never asked.</summary>
    public string? Restored => last.Restored;

    /// <returns>True also while it cannot be told, as the control plane is away.</returns>
    public async Task<bool> HoldsAsync(CancellationToken cancellationToken)
    {
        if (wanted.Any(w => !w.HasListed))
        {
            return true;
        }

        int lists = wanted.Sum(w => w.Lists);
        Answer known = last;
        if (known.Lists == lists && (!known.Holds || time.GetElapsedTime(known.At) < Look))
        {
            return known.Holds;
        }

        try
        {
            KubeObject? plane = await controlPlane.FindAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
            string? restored = plane?.Annotations.GetValueOrDefault(OrreryNames.RestoredAnnotation);

            // What was to go may be another's, by what is known now.
            bool isAnother = plane is not null && see?.Invoke(plane) == true;
            last = new Answer(lists, plane is null || isAnother || restored is not null, time.GetTimestamp()) { Restored = restored };
            return last.Holds;
        }
        catch (Exception e) when (Retry.IsAway(e) && !cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <param name="Lists">How many lists of what is wanted had been taken in when it was asked.</param>
    private sealed record Answer(int Lists, bool Holds, long At)
    {
        public string? Restored { get; init; }
    }
}
