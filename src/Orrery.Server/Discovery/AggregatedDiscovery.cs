using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Orrery.Api;

namespace Orrery.Server.Discovery;

/// <summary>Encodes groups for apidiscovery.k8s.io. A group's bytes are made once and shared by every cluster that serves it.</summary>
internal static class AggregatedDiscovery
{
    private static readonly ConditionalWeakTable<ApiGroupSurface, byte[]> Encoded = [];

    public static byte[] Document(IEnumerable<ApiGroupSurface> groups, string version)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("kind", "APIGroupDiscoveryList");
        json.WriteString("apiVersion", $"apidiscovery.k8s.io/{version}");
        json.WriteStartObject("metadata");
        json.WriteEndObject();
        json.WriteStartArray("items");
        foreach (ApiGroupSurface group in groups)
        {
            json.WriteRawValue(Encoded.GetValue(group, Encode), skipInputValidation: true);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static byte[] Encode(ApiGroupSurface group)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteStartObject("metadata");
        if (group.Name.Length > 0)
        {
            json.WriteString("name", group.Name);
        }

        json.WriteEndObject();
        json.WriteStartArray("versions");
        foreach (ApiVersionSurface version in group.Versions)
        {
            json.WriteStartObject();
            json.WriteString("version", version.Version);
            json.WriteStartArray("resources");
            foreach (ApiResourceSurface resource in version.Resources.OrderBy(r => r.Name, StringComparer.Ordinal))
            {
                Write(json, resource, new GroupVersionKind(group.Name, version.Version, ""));
            }

            json.WriteEndArray();
            json.WriteString("freshness", "Current");
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, ApiResourceSurface resource, GroupVersionKind own)
    {
        json.WriteStartObject();
        json.WriteString("resource", resource.Name);
        WriteKind(json, own with { Kind = resource.Kind }, own);
        json.WriteString("scope", resource.Namespaced ? "Namespaced" : "Cluster");
        json.WriteString("singularResource", resource.Singular);
        Write(json, "verbs", resource.Verbs);
        Write(json, "shortNames", resource.ShortNames);
        Write(json, "categories", resource.Categories);
        if (resource.Subresources.Count > 0)
        {
            json.WriteStartArray("subresources");
            foreach (ApiSubresourceSurface sub in resource.Subresources.OrderBy(s => s.Name, StringComparer.Ordinal))
            {
                json.WriteStartObject();
                json.WriteString("subresource", sub.Name);
                WriteKind(json, sub.Kind, own);
                Write(json, "verbs", sub.Verbs);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    /// <summary>Group and version stay empty where they are those of the resource's own group version.</summary>
    private static void WriteKind(Utf8JsonWriter json, GroupVersionKind kind, GroupVersionKind own)
    {
        bool same = kind.Group == own.Group && kind.Version == own.Version;
        json.WriteStartObject("responseKind");
        json.WriteString("group", same ? "" : kind.Group);
        json.WriteString("version", same ? "" : kind.Version);
        json.WriteString("kind", kind.Kind);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (string value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
