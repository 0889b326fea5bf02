namespace Orrery.Machinery.Apply;

/// <summary>Keeps objects that many clients update from growing without end.</summary>
internal static class UpdateCap
{
    public const int MaxUpdaters = 10;
    public const string OldUpdates = "ancient-changes";

    /// <summary>Unites the oldest Update entries of each version until at most <see cref="MaxUpdaters"/> are left.</summary>
    public static void Enforce(ManagedFields managed)
    {
        if (managed.Count <= MaxUpdaters)
        {
            return;
        }

        List<ManagedEntry> updaters = [.. managed.Entries.Where(e => !e.Identity.IsApply)];
        if (updaters.Count <= MaxUpdaters)
        {
            return;
        }

        int left = updaters.Count;
        var first = new Dictionary<string, ManagedEntry>(StringComparer.Ordinal);
        foreach (ManagedEntry entry in updaters.OrderBy(e => e.Time?.ToUnixTimeSeconds() ?? 0).ThenBy(e => e.Identity))
        {
            if (left <= MaxUpdaters)
            {
                return;
            }

            // A lone entry of a version stays as it is; from the second on they share a bucket.
            if (first.TryAdd(entry.ApiVersion, entry))
            {
                continue;
            }

            ManagerIdentity bucket = ManagerIdentity.OfUpdate(OldUpdates, entry.ApiVersion, null);
            if (managed.Find(bucket) is not { } oldest)
            {
                oldest = first[entry.ApiVersion];
                managed.Remove(oldest.Identity);
            }

            managed.Remove(entry.Identity);
            managed.Set(new ManagedEntry(bucket, entry.ApiVersion, entry.Fields.Union(oldest.Fields), entry.Time));
            left--;
        }
    }
}
