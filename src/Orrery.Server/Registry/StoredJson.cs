using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Server.Registry;

/// <summary>Stored bytes as a mutable tree.</summary>
internal static class StoredJson
{
    /// <exception cref="FormatException">The store holds something that is no object: damage, not a client's fault.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8) => JsonBody.ParseStored(utf8) as JsonObject ?? throw new FormatException("a stored value is no object");
}
