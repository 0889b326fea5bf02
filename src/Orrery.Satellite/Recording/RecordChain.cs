using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orrery.Satellite.Recording;

/// <summary>
/// How the lines of the owner's record hang together: each carries its number and the SHA-256 of the line before, so that none can be changed, taken out or
/// put in between without all that follow being written anew. Pure.
/// </summary>
internal static class RecordChain
{
    /// <summary>What the very first line carries.</summary>
    public static readonly string Beginning = new('0', 64);

    /// <param name="rest">The other members, as they stand between braces.</param>
    public static string Line(long number, string before, string rest) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"seq\":{number},\"prev\":\"{before}\",{rest}}}");

    /// <summary>Of a line without its end, in lower-case hex digits.</summary>
    public static string HashOf(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));

    public static string[] Lines(string content) => content.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Number of a line and the hash that it carries; null for what is no line of a record.</summary>
    public static (long Number, string Before)? Read(string line)
    {
        try
        {
            return JsonNode.Parse(line) is JsonObject json
                && json["seq"] is JsonValue seq && seq.TryGetValue(out long number)
                && json["prev"] is JsonValue prev && prev.TryGetValue(out string? before) ? (number, before) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
