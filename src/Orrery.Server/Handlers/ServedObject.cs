using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Bytes of an object in the version that was asked for. Stored bytes are passed on untouched wherever they already are that.</summary>
internal static class ServedObject
{
    public static ReadOnlyMemory<byte> Json(ResourceDefinition resource, ReadOnlyMemory<byte> stored) =>
        resource.Conversion is null || resource.IsStoredAsServed(stored.Span) ? stored : Convert(resource, stored);

    /// <param name="withCluster">The answer spans clusters: each object says which it is of.</param>
    public static void Write(ResourceDefinition resource, CachedObject item, bool withCluster, IBufferWriter<byte> output)
    {
        if (resource.Conversion is null || resource.IsStoredAsServed(item.Json.Span))
        {
            item.WriteTo(output, withCluster);
        }
        else
        {
            output.Write(Convert(resource, withCluster ? item.JsonWithClusterName() : item.Json).Span);
        }
    }

    /// <summary>As an item of a list: built-in kinds are written without apiVersion and kind there.</summary>
    public static void WriteItem(ResourceDefinition resource, CachedObject item, bool withCluster, IBufferWriter<byte> output)
    {
        if (resource.IsCustom)
        {
            Write(resource, item, withCluster, output);
            return;
        }

        if (!withCluster && (resource.Conversion is null || resource.IsStoredAsServed(item.Json.Span)))
        {
            item.WriteItemTo(output);
            return;
        }

        ReadOnlyMemory<byte> json = Json(resource, withCluster ? item.JsonWithClusterName() : item.Json);
        output.Write("{"u8);
        output.Write(json.Span[ObjectEncoding.MetadataOffset(json.Span)..]);
    }

    /// <summary>The value of <c>metadata</c>.</summary>
    public static ReadOnlyMemory<byte> Metadata(ReadOnlyMemory<byte> json)
    {
        var reader = new Utf8JsonReader(json.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool found = reader.ValueTextEquals("metadata"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (found)
            {
                return json[start..(int)reader.BytesConsumed];
            }
        }

        throw new FormatException("an object without metadata");
    }

    private static ReadOnlyMemory<byte> Convert(ResourceDefinition resource, ReadOnlyMemory<byte> stored)
    {
        JsonObject json = StoredJson.Parse(stored.Span);
        resource.Conversion!.FromStored(json);
        return ObjectEncoding.Write(json);
    }
}
