using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery;

namespace Orrery.Server.Encryption;

/// <summary>
/// Which resources are stored encrypted, and by which keys: Kubernetes' EncryptionConfiguration
/// (<c>apiserver.config.k8s.io/v1</c>), of whose providers <c>aesgcm</c>, <c>secretbox</c> and <c>identity</c> are built.
/// </summary>
public sealed class EncryptionConfiguration
{
    internal static readonly EncryptionConfiguration None = new([]);

    private EncryptionConfiguration(IReadOnlyList<EncryptionRule> rules)
    {
        Rules = rules;
    }

    /// <summary>In order: the first that names a resource counts.</summary>
    internal IReadOnlyList<EncryptionRule> Rules { get; }

    /// <param name="yaml">YAML or JSON. Secrets of it never stand in an error.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static EncryptionConfiguration Parse(string yaml)
    {
        JsonObject? json;
        try
        {
            json = YamlJson.Parse(yaml) as JsonObject;
        }
        catch (FormatException)
        {
            // The parser's message may quote the text.
            throw new FormatException("no YAML");
        }

        if (json is null || json.Kind != "EncryptionConfiguration" || json.ApiVersion != "apiserver.config.k8s.io/v1")
        {
            throw new FormatException("want kind EncryptionConfiguration of apiserver.config.k8s.io/v1");
        }

        RequireOnly(json, "", "apiVersion", "kind", "resources");
        return new EncryptionConfiguration([.. List(json["resources"], "resources").Select((entry, i) => Rule(entry, $"resources[{i}]"))]);
    }

    private static EncryptionRule Rule(JsonObject entry, string at)
    {
        RequireOnly(entry, at, "resources", "providers");
        string[] resources = entry["resources"] is JsonArray { Count: > 0 } names && names.All(n => n is JsonValue v && v.TryGetValue(out string? text) && text.Length > 0)
            ? [.. names.Select(n => n!.GetValue<string>())]
            : throw new FormatException($"{at}.resources: want names such as secrets, deployments.apps, *.apps or *.*");
        var keys = new List<EncryptionKey>();
        bool plainFirst = false, allowsPlain = false;
        int number = 0;
        foreach (JsonObject provider in List(entry["providers"], $"{at}.providers"))
        {
            string where = $"{at}.providers[{number}]";
            if (provider.Count != 1)
            {
                throw new FormatException($"{where}: want exactly one of aesgcm, secretbox and identity");
            }

            string kind = provider.First().Key;
            switch (kind)
            {
                case "identity":
                    allowsPlain = true;
                    plainFirst |= keys.Count == 0;
                    break;
                case AesGcmKey.Provider or SecretBoxKey.Provider:
                    keys.AddRange(List(provider[kind]?["keys"], $"{where}.{kind}.keys").Select((key, i) => Key(kind, key, $"{where}.{kind}.keys[{i}]")));
                    break;
                default:
                    throw new FormatException($"{where}: \"{kind}\" is not built; there are aesgcm, secretbox and identity");
            }

            number++;
        }

        return keys.GroupBy(k => (k.Kind, k.Name)).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new FormatException($"{at}: two keys are named \"{twice.Key.Name}\"")
            : new EncryptionRule(resources, keys, plainFirst, allowsPlain);
    }

    private static EncryptionKey Key(string kind, JsonObject key, string at)
    {
        RequireOnly(key, at, "name", "secret");
        string name = key.TextAt("name") ?? "";
        if (name.Length is 0 or > 64 || name.AsSpan().ContainsAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."))
        {
            throw new FormatException($"{at}.name: want 1 to 64 letters, digits, '-', '_' or '.'");
        }

        Span<byte> secret = stackalloc byte[33];
        int length = Convert.TryFromBase64String(key.TextAt("secret") ?? "", secret, out int read) ? read : 0;
        return kind == SecretBoxKey.Provider
            ? length == SecretBoxKey.SecretLength
                ? new SecretBoxKey(name, secret[..length].ToArray())
                : throw new FormatException($"{at}.secret: want 32 random bytes in base64")
            : length is 16 or 24 or 32
                ? new AesGcmKey(name, secret[..length].ToArray())
                : throw new FormatException($"{at}.secret: want 16, 24 or 32 random bytes in base64");
    }

    private static IReadOnlyList<JsonObject> List(JsonNode? node, string at) =>
        node is JsonArray { Count: > 0 } list && list.All(n => n is JsonObject) ? [.. list.Cast<JsonObject>()] : throw new FormatException($"{at}: want a list that is not empty");

    private static void RequireOnly(JsonObject json, string at, params string[] known)
    {
        if (json.FirstOrDefault(m => !known.Contains(m.Key)) is { Key: { } unknown })
        {
            throw new FormatException($"{(at.Length == 0 ? "" : at + ".")}{unknown}: no such field");
        }
    }
}

/// <summary>How some resources are stored.</summary>
/// <param name="Resources">As written: <c>secrets</c>, <c>deployments.apps</c>, <c>*.apps</c>, <c>*.</c> (core), <c>*.*</c>.</param>
/// <param name="Keys">The first encrypts, all decrypt.</param>
/// <param name="WritesPlain">Encrypted values are read, and plain ones written.</param>
/// <param name="ReadsPlain">Plain values are read too.</param>
internal sealed record EncryptionRule(IReadOnlyList<string> Resources, IReadOnlyList<EncryptionKey> Keys, bool WritesPlain, bool ReadsPlain)
{
    public bool Concerns(GroupResource resource)
    {
        foreach (string pattern in Resources)
        {
            if (pattern == "*.*"
                || (pattern.StartsWith("*.", StringComparison.Ordinal) ? pattern.AsSpan(2).SequenceEqual(resource.Group)
                    : resource.Group.Length == 0 ? pattern == resource.Resource
                    : pattern.Length == resource.Resource.Length + 1 + resource.Group.Length && pattern.StartsWith(resource.Resource, StringComparison.Ordinal)
                        && pattern[resource.Resource.Length] == '.' && pattern.EndsWith(resource.Group, StringComparison.Ordinal)))
            {
                return true;
            }
        }

        return false;
    }
}
