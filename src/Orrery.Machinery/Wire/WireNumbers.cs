using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Wire;

/// <summary>Facts of Kubernetes' binary encoding of the built-in types (tools/generate-wire-numbers.py), read a record at a time.</summary>
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

        if (WellKnown.Message(type) is { } known)
        {
            return Read.GetOrAdd(type, known);
        }

        return Facts.Value.Index.TryGetValue(type, out Range place)
            ? Read.GetOrAdd(type, new WireMessage(type, WireForm.Message, Fields(type, Encoding.ASCII.GetString(Facts.Value.File.At(place).Span))))
            : null;
    }

    /// <param name="owner">The type that has them.</param>
    /// <param name="facts">As the generator's text describes them.</param>
    public static WireField[] Fields(string owner, string facts) =>
        [.. facts.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(part => Field(owner, part))];

    private static WireField Field(string owner, string part)
    {
        int equals = part.IndexOf('=', StringComparison.Ordinal);
        int at = equals + 1;
        int number = 0;
        for (; char.IsAsciiDigit(part[at]); at++)
        {
            number = (number * 10) + part[at] - '0';
        }

        char flag = part[at] is '!' or '+' or '%' ? part[at++] : ' ';
        WireKind kind = part[at] switch
        {
            's' => WireKind.Text,
            'y' => WireKind.Bytes,
            'i' => WireKind.Integer,
            'b' => WireKind.Boolean,
            'd' => WireKind.Number,
            'l' => WireKind.TextList,
            'm' => WireKind.Message,
            var other => throw new InvalidOperationException($"The embedded wire facts hold an unknown kind '{other}'."),
        };
        string? type = kind != WireKind.Message ? null
            : part[at + 2] == '.' ? string.Concat(owner.AsSpan(0, owner.LastIndexOf('.')), part.AsSpan(at + 2))
            : string.Concat(BuiltinTypes.Stem, part.AsSpan(at + 2));
        return new WireField(part[..equals], number, flag switch { '+' => WireCount.Many, '%' => WireCount.Map, _ => WireCount.One }, flag == '!', kind, type);
    }
}
