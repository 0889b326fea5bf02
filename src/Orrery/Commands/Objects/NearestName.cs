namespace Orrery.Commands.Objects;

/// <summary>Of names that there are, the one that was probably meant.</summary>
internal static class NearestName
{
    /// <returns>Null when none is near: at most one slip in three signs.</returns>
    public static string? Of(string said, IEnumerable<string> names) => names
        .Select(n => (Name: n, Slips: Slips(said, n)))
        .Where(n => n.Slips > 0 && n.Slips <= Math.Max(1, Math.Min(said.Length, n.Name.Length) / 3))
        .OrderBy(n => n.Slips).ThenBy(n => n.Name, StringComparer.Ordinal)
        .Select(n => n.Name).FirstOrDefault();

    /// <summary>Signs left out, put in, taken for another, or swapped with their neighbour (optimal string alignment).</summary>
    private static int Slips(string a, string b)
    {
        int[,] cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    cost[i, j] = i + j;
                    continue;
                }

                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
