namespace Orrery.Hub;

/// <summary>
/// Notices tunnels that are taken over, while they are heard, by others of the same certificate, again and again: the satellite's connection breaks all the time, or two satellites have copies
/// of one Secret, as a cluster that was cloned with its etcd has. Neither can be told from the other here, and an operator should know of both.
/// </summary>
internal sealed class TunnelContests(TimeProvider time)
{
    /// <summary>So many within <see cref="Span"/> are told of, and then each so many more.</summary>
    public const int Many = 5;

    public static readonly TimeSpan Span = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly Dictionary<string, (long Since, int Count)> seen = new(StringComparer.Ordinal);

    /// <returns>Whether it is to be told of now.</returns>
    public bool TakenOver(string dataPlane)
    {
        lock (gate)
        {
            (long since, int count) = seen.TryGetValue(dataPlane, out (long Since, int Count) known) && time.GetElapsedTime(known.Since) < Span ? known : (time.GetTimestamp(), 0);
            bool isMany = ++count >= Many;
            if (isMany)
            {
                seen.Remove(dataPlane);
            }
            else
            {
                seen[dataPlane] = (since, count);
            }

            return isMany;
        }
    }
}
