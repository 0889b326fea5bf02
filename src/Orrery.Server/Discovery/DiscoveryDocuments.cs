using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Orrery.Machinery;
using Orrery.Server.Handlers;

namespace Orrery.Server.Discovery;

/// <summary>A document with the tag by which a client can ask whether it changed.</summary>
internal sealed class DiscoveryDocument(byte[] body, string etag)
{
    /// <summary>In Kubernetes' binary encoding, made when it is first asked for.</summary>
    private byte[]? protobuf;

    public string ETag => etag;

    public ReadOnlyMemory<byte> As(DiscoveryEncoding encoding) => encoding switch
    {
        DiscoveryEncoding.Yaml => YamlText.From(body),
        DiscoveryEncoding.Protobuf => protobuf ??= ProtobufForm.Encode(JsonNode.Parse(body)!.AsObject()).ToArray(),
        _ => body,
    };

    public static DiscoveryDocument Of(byte[] body) => new(body, $"\"{Convert.ToHexString(SHA512.HashData(body))}\"");
}

/// <summary>The documents of one surface, each made when it is first asked for.</summary>
internal sealed class DiscoveryDocuments(ApiSurface surface)
{
    private readonly ConcurrentDictionary<string, DiscoveryDocument?> made = new(StringComparer.Ordinal);

    public DiscoveryDocument Core(DiscoveryFormat format, string serverAddress) => format == DiscoveryFormat.Legacy
        ? Make($"versions {serverAddress}", () => LegacyDiscovery.Versions(surface, serverAddress))!
        : Make($"core {format}", () => AggregatedDiscovery.Document(surface.Groups.Where(g => g.Name.Length == 0), Version(format)))!;

    public DiscoveryDocument Groups(DiscoveryFormat format) => format == DiscoveryFormat.Legacy
        ? Make("groups", () => LegacyDiscovery.Groups(surface))!
        : Make($"groups {format}", () => AggregatedDiscovery.Document(surface.Groups.Where(g => g.Name.Length > 0), Version(format)))!;

    /// <summary>Null when the group is not served.</summary>
    public DiscoveryDocument? Group(string group) =>
        surface.Find(group) is { } found ? Make($"group {group}", () => LegacyDiscovery.Group(found)) : null;

    /// <summary>Null when the group version is not served.</summary>
    public DiscoveryDocument? Resources(string group, string version) =>
        surface.Find(group) is { } found && found.Versions.FirstOrDefault(v => v.Version == version) is { } served
            ? Make($"resources {group}/{version}", () => LegacyDiscovery.Resources(found, served))
            : null;

    private DiscoveryDocument? Make(string name, Func<byte[]> encode) => made.GetOrAdd(name, _ => DiscoveryDocument.Of(encode()));

    private static string Version(DiscoveryFormat format) => format == DiscoveryFormat.AggregatedV2 ? "v2" : "v2beta1";
}
