using System.Reflection;
using System.Text;

namespace Orrery.Machinery.Schemas;

/// <summary>
/// One embedded file of facts (tools/generate-types.py): a record a line, fields split by tabs. The bytes are
/// never turned into strings as a whole: seven processes may start at once on a small machine, and each needs
/// only a few of the records.
/// </summary>
internal sealed class FactsFile
{
    private readonly byte[] bytes;

    private FactsFile(byte[] bytes)
    {
        this.bytes = bytes;
    }

    public static FactsFile Open(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly holds no resource '{name}'.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new FactsFile(bytes);
    }

    /// <summary>The first <paramref name="keys"/> fields of each record, with the place of the rest of the line.</summary>
    public IEnumerable<(string[] Keys, Range Facts)> Records(int keys)
    {
        int at = 0;
        while (at < bytes.Length)
        {
            int end = at + bytes.AsSpan(at).IndexOf((byte)'\n');
            string[] fields = new string[keys];
            for (int i = 0; i < keys; i++)
            {
                int tab = bytes.AsSpan(at, end - at).IndexOf((byte)'\t');
                int stop = tab < 0 ? end : at + tab;
                fields[i] = Encoding.ASCII.GetString(bytes, at, stop - at);
                at = Math.Min(stop + 1, end);
            }

            yield return (fields, at..end);
            at = end + 1;
        }
    }

    public ReadOnlyMemory<byte> At(Range place) => bytes.AsMemory(place);
}
