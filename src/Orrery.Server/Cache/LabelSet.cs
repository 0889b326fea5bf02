using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Server.Cache;

/// <summary>An object's labels in a form small enough to keep with each of many objects: a handful of pairs, searched in order.</summary>
internal sealed class LabelSet : IReadOnlyDictionary<string, string>
{
    public static readonly LabelSet Empty = new([]);

    private readonly KeyValuePair<string, string>[] pairs;

    private LabelSet(KeyValuePair<string, string>[] pairs)
    {
        this.pairs = pairs;
    }

    public int Count => pairs.Length;

    public IEnumerable<string> Keys => pairs.Select(pair => pair.Key);

    public IEnumerable<string> Values => pairs.Select(pair => pair.Value);

    public string this[string key] => TryGetValue(key, out string? value) ? value : throw new KeyNotFoundException($"no label '{key}'");

    /// <param name="json">A whole object.</param>
    /// <param name="metadataAt">Offset right after <c>"metadata":{</c>.</param>
    public static LabelSet Read(byte[] json, int metadataAt)
    {
        var reader = new Utf8JsonReader(json.AsSpan(metadataAt - 1), KubeJson.ReaderOptions);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isLabels = reader.ValueTextEquals("labels"u8);
            reader.Read();
            if (isLabels && reader.TokenType == JsonTokenType.StartObject)
            {
                return ReadPairs(ref reader);
            }

            reader.Skip();
        }

        return Empty;
    }

    public bool ContainsKey(string key) => TryGetValue(key, out _);

    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        foreach (KeyValuePair<string, string> pair in pairs)
        {
            if (pair.Key == key)
            {
                value = pair.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => pairs.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static LabelSet ReadPairs(ref Utf8JsonReader reader)
    {
        var pairs = new List<KeyValuePair<string, string>>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType == JsonTokenType.String)
            {
                pairs.Add(new(key, reader.GetString()!));
            }
            else
            {
                reader.Skip();
            }
        }

        return pairs.Count == 0 ? Empty : new LabelSet([.. pairs]);
    }
}
