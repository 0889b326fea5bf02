namespace Orrery.Satellite.Recording;

/// <summary>Whether the owner's record is as the satellite wrote it, as far as the record itself can tell. Pure.</summary>
/// <param name="First">Number of the first line that is kept; zero where there is none.</param>
/// <param name="Head">Where it ends; null where nothing is recorded yet.</param>
/// <param name="Break">Where it is not whole, and what is wrong there; null when it is whole.</param>
public sealed record RecordVerdict(long First, RecordHead? Head, string? Break)
{
    /// <param name="known">Where the record ended once: it must still lead through there. Null asks for nothing of the kind.</param>
    public static RecordVerdict Of(IEnumerable<RecordPart> parts, RecordHead? known = null)
    {
        List<RecordPart> all = [.. parts.OrderBy(p => p.Number)];
        if (all.Count == 0)
        {
            return new RecordVerdict(0, null, known is null ? null : $"nothing is recorded, and line {known.Number} was");
        }

        // 1. The oldest go, and no others.
        string? fault = all[0].Number > Math.Max(1, all[^1].Number - RecordPart.Kept + 1) ? $"the ConfigMaps before number {all[0].Number} are gone before their time" : null;
        for (int i = 1; i < all.Count && fault is null; i++)
        {
            fault = all[i].Number == all[i - 1].Number + 1 ? null : $"ConfigMaps between number {all[i - 1].Number} and {all[i].Number} are missing";
        }

        // 2. Each line follows from the one before.
        (long first, RecordHead? head, string? broken) = Follow(all, known);
        return new RecordVerdict(first, head, fault ?? broken);
    }

    private static (long First, RecordHead? Head, string? Break) Follow(IReadOnlyList<RecordPart> parts, RecordHead? known)
    {
        long first = 0;
        RecordHead? head = parts[0].Number == 1 ? new RecordHead(0, RecordChain.Beginning) : null;
        bool met = known is null;
        foreach (string line in parts.SelectMany(p => RecordChain.Lines(p.Content)))
        {
            if (RecordChain.Read(line) is not { } read)
            {
                return (first, head, head is null ? "the first line is none of the record" : $"what follows line {head.Number} is no line of the record");
            }

            if (head is not null && read.Number != head.Number + 1)
            {
                return (first, head, $"line {head.Number} is followed by line {read.Number}");
            }

            if (head is not null && read.Before != head.Hash)
            {
                return (first, head, $"line {read.Number} was written after another line {head.Number} than there is now");
            }

            first = first == 0 ? read.Number : first;
            head = new RecordHead(read.Number, RecordChain.HashOf(line));
            if (known is not null && head.Number == known.Number)
            {
                met = true;
                if (head.Hash != known.Hash)
                {
                    return (first, head, $"line {known.Number} is another than it was");
                }
            }
        }

        head = head is { Number: 0 } ? null : head;
        return (first, head, met ? null : head is null || known!.Number > head.Number ? $"the record ends before line {known!.Number}, which was there" : $"line {known.Number} is kept no longer: the record begins with line {first}");
    }
}
