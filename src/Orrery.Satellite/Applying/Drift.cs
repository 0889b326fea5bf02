using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Satellite.Applying;

/// <summary>Tells whether what was applied still holds. Pure.</summary>
internal static class Drift
{
    private const int MostTold = 5;

    /// <summary>
    /// Whether every field of <paramref name="applied"/> has its value in <paramref name="live"/>. What others added beside is no drift:
    /// it is theirs. An API server may write a value another way (1000m as 1), and a webhook of the cluster another value, which reads as drift here; <see cref="Fingerprint"/>
    /// tells that apart.
    /// </summary>
    public static bool Holds(JsonNode? applied, JsonElement live) => JsonComparison.Holds(applied, live);

    /// <summary>Paths of the first few fields that do not have their value, such as <c>spec.replicas</c>.</summary>
    public static IReadOnlyList<string> Differences(JsonNode? applied, JsonElement live) => [.. Differences(applied, live, "").Take(MostTold)];

    private static IEnumerable<string> Differences(JsonNode? applied, JsonElement live, string path)
    {
        if (Holds(applied, live))
        {
            return [];
        }

        string Below(string name) => path.Length == 0 ? name : $"{path}.{name}";
        return (applied, live.ValueKind) switch
        {
            (JsonObject o, JsonValueKind.Object) => o.SelectMany(m => live.TryGetProperty(m.Key, out JsonElement value) ? Differences(m.Value, value, Below(m.Key))
                : m.Value is null or JsonObject { Count: 0 } or JsonArray { Count: 0 } ? [] : (IEnumerable<string>)[Below(m.Key)]),
            (JsonArray a, JsonValueKind.Array) when a.Count == live.GetArrayLength() =>
                a.Zip(live.EnumerateArray()).SelectMany((pair, i) => Differences(pair.First, pair.Second, $"{path}[{i}]")),
            _ => [path],
        };
    }

    /// <summary>
    /// A digest of how what was applied reads in <paramref name="live"/>, which is not always as it was applied. What others added beside does not count; in a list that is longer or shorter than it was
    /// applied (a sidecar was put into a pod) all of it does, as it cannot be told which is whose.
    /// </summary>
    public static string Fingerprint(JsonNode applied, JsonElement live)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteApplied(writer, applied, live);
        }

        return Convert.ToHexString(SHA256.HashData(buffer.WrittenSpan));
    }

    private static void WriteApplied(Utf8JsonWriter writer, JsonNode? applied, JsonElement live)
    {
        switch (applied, live.ValueKind)
        {
            case (JsonObject o, JsonValueKind.Object):
                writer.WriteStartObject();
                foreach ((string name, JsonNode? value) in o)
                {
                    if (live.TryGetProperty(name, out JsonElement member))
                    {
                        writer.WritePropertyName(name);
                        WriteApplied(writer, value, member);
                    }
                }

                writer.WriteEndObject();
                break;
            case (JsonArray a, JsonValueKind.Array) when a.Count == live.GetArrayLength():
                writer.WriteStartArray();
                foreach ((JsonNode? value, JsonElement item) in a.Zip(live.EnumerateArray()))
                {
                    WriteApplied(writer, value, item);
                }

                writer.WriteEndArray();
                break;
            default:
                live.WriteTo(writer);
                break;
        }
    }

    public static string Digest(JsonObject applied) => Convert.ToHexString(SHA256.HashData(KubeJson.ToUtf8(applied)));
}
