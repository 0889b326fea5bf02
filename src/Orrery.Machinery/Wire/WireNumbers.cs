using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>The field numbers of one message of Kubernetes' binary encoding.</summary>
/// <param name="Fields">Member of the JSON form by number.</param>
/// <param name="Embedded">Messages whose members stand in the parent's JSON, by number.</param>
internal sealed record WireMessage(FrozenDictionary<int, string> Fields, FrozenDictionary<int, string> Embedded)
{
    public static readonly WireMessage Empty = new(FrozenDictionary<int, string>.Empty, FrozenDictionary<int, string>.Empty);
}

/// <summary>Field numbers of the built-in types (tools/generate-wire-numbers.py), read a record at a time.</summary>
internal static class WireNumbers
{
    private static readonly ConcurrentDictionary<string, WireMessage> Read = new(StringComparer.Ordinal);

    private static readonly Lazy<(FactsFile File, FrozenDictionary<string, Range> Index)> Facts = new(() =>
    {
        FactsFile file = FactsFile.Open("wire-numbers.tsv");
        return (file, file.Records(1).ToFrozenDictionary(r => BuiltinTypes.Stem + r.Keys[0], r => r.Facts, StringComparer.Ordinal));
    });

    /// <param name="type">Such as <c>io.k8s.api.core.v1.PodSpec</c>.</param>
    /// <returns>Null when that type has no binary form.</returns>
    public static WireMessage? Find(string type)
    {
        if (Read.TryGetValue(type, out WireMessage? found))
        {
            return found;
        }

        if (!Facts.Value.Index.TryGetValue(type, out Range place))
        {
            return null;
        }

        var fields = new Dictionary<int, string>();
        var embedded = new Dictionary<int, string>();
        foreach (string part in Encoding.ASCII.GetString(Facts.Value.File.At(place).Span).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            int colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                fields[int.Parse(part.AsSpan(equals + 1), System.Globalization.CultureInfo.InvariantCulture)] = part[..equals];
            }
            else
            {
                embedded[int.Parse(part.AsSpan(equals + 1, colon - equals - 1), System.Globalization.CultureInfo.InvariantCulture)] = BuiltinTypes.Stem + part[(colon + 1)..];
            }
        }

        return Read.GetOrAdd(type, new WireMessage(fields.ToFrozenDictionary(), embedded.ToFrozenDictionary()));
    }
}
