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

    /// <summary>Metadata that changes by itself and that no one applies.</summary>
    private static readonly string[] Volatile = ["managedFields", "resourceVersion", "generation"];

    /// <summary>
    /// Whether every field of <paramref name="applied"/> has its value in <paramref name="live"/>. What others added beside is no drift:
    /// it is theirs. An API server may write a value another way (1000m as 1), which reads as drift here; <see cref="Fingerprint"/>
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

    /// <summary>A digest of all that people or controllers may have set: everything but the status and what changes by itself.</summary>
    public static string Fingerprint(KubeObject live)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (JsonProperty member in live.Json.EnumerateObject().Where(m => m.Name is not ("status" or "metadata")).OrderBy(m => m.Name, StringComparer.Ordinal))
            {
                member.WriteTo(writer);
            }

            foreach (JsonProperty member in (live.At("metadata")?.EnumerateObject() ?? default).Where(m => !Volatile.Contains(m.Name)).OrderBy(m => m.Name, StringComparer.Ordinal))
            {
                member.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        return Convert.ToHexString(SHA256.HashData(buffer.WrittenSpan));
    }

    public static string Digest(JsonObject applied) => Convert.ToHexString(SHA256.HashData(KubeJson.ToUtf8(applied)));
}
