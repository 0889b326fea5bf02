using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Handlers;

/// <summary>Bytes of an object in the version that was asked for. Stored bytes are passed on untouched wherever they already are that.</summary>
internal static class ServedObject
{
    /// <param name="complete">The bytes come from the store and may lack defaults; what was just written lacks none.</param>
    public static ReadOnlyMemory<byte> Json(ResourceDefinition resource, ReadOnlyMemory<byte> stored, bool complete = false) =>
        (resource.Conversion is null || resource.IsStoredAsServed(stored.Span)) && !(complete && resource.ChangesOnRead) ? stored : Convert(resource, stored);

    /// <summary>One object for a reader: a custom one with the defaults that its schema gained since it was stored.</summary>
    public static ReadOnlyMemory<byte> Complete(ResourceDefinition resource, StoredObject found) =>
        resource.Remote is not null && !resource.IsStoredAsServed(found.Json.Span) ? found.Json
        : found.Cached is { } cached && IsAsStored(resource, cached) ? found.Json : Json(resource, found.Json, complete: true);

    /// <param name="withCluster">The answer spans clusters: each object says which it is of.</param>
    public static void Write(ResourceDefinition resource, CachedObject item, bool withCluster, IBufferWriter<byte> output)
    {
        if (IsAsStored(resource, item))
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
        var reader = new Utf8JsonReader(json.Span, KubeJson.ReaderOptions);
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

    /// <summary>Whether the stored bytes are the answer. Looked at once an object and schema.</summary>
    private static bool IsAsStored(ResourceDefinition resource, CachedObject item)
    {
        if (resource.Conversion is not null && !resource.IsStoredAsServed(item.Json.Span))
        {
            return false;
        }

        if (!resource.ChangesOnRead || ReferenceEquals(item.CompleteBy, resource.Schema))
        {
            return true;
        }

        JsonObject stored = StoredJson.Parse(item.Json.Span);
        var complete = (JsonObject)stored.DeepClone();
        resource.Complete(complete);
        if (!JsonNode.DeepEquals(stored, complete))
        {
            return false;
        }

        item.CompleteBy = resource.Schema;
        return true;
    }

    private static ReadOnlyMemory<byte> Convert(ResourceDefinition resource, ReadOnlyMemory<byte> stored)
    {
        JsonObject json = StoredJson.Parse(stored.Span);

        // Answers over all clusters carry it; no schema knows it.
        JsonNode? cluster = json.Metadata["clusterName"]?.DeepClone();
        resource.Conversion?.FromStored(json);
        resource.Complete(json);
        if (cluster is not null)
        {
            json.Metadata["clusterName"] = cluster;
        }

        return ObjectEncoding.Write(json);
    }
}
