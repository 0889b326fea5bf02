namespace Orrery.Server.Cache;

/// <summary>Where the segments of a <see cref="StoreKey"/> begin.</summary>
internal readonly record struct KeyParts(ushort Cluster, ushort Namespace, ushort Name)
{
    /// <returns>False when the key is not that of an object.</returns>
    public static bool TryParse(string key, out KeyParts parts)
    {
        Span<int> starts = stackalloc int[5];
        int found = 0;
        for (int i = 0; i < key.Length; i++)
        {
            if (key[i] != '/')
            {
                continue;
            }

            if (found == starts.Length)
            {
                parts = default;
                return false;
            }

            starts[found++] = i + 1;
        }

        bool whole = found == starts.Length && key[0] == '/' && starts[4] < key.Length && key.Length <= ushort.MaxValue;
        parts = whole ? new KeyParts((ushort)starts[2], (ushort)starts[3], (ushort)starts[4]) : default;
        return whole;
    }
}
