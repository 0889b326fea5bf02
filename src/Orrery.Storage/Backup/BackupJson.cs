using System.Text.Json.Serialization;

namespace Orrery.Storage.Backup;

/// <summary>Any line of a backup: which members it has tells which it is.</summary>
internal sealed record Line
{
    public string? Format { get; init; }

    public int Version { get; init; }

    public long? Revision { get; init; }

    public DateTimeOffset? Taken { get; init; }

    public string? Keys { get; init; }

    public string? Key { get; init; }

    public long? Created { get; init; }

    public long? Modified { get; init; }

    public byte[]? Value { get; init; }

    public long? Objects { get; init; }

    public string? Sha256 { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Line))]
internal sealed partial class BackupJson : JsonSerializerContext;
