using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>What ConfigMap and Secret share: keys that become file names, a bound on the size, and immutability on request.</summary>
internal static class ConfigData
{
    private const int LargestSize = 1024 * 1024;
    private const string Frozen = "field is immutable when `immutable` is set";

    /// <returns>Bytes of all values.</returns>
    public static long ValidateKeys(JsonObject o, string member, bool encoded, Faults faults)
    {
        long size = 0;
        foreach ((string key, string value) in o.TextPairs(member))
        {
            if (Names.CheckConfigKey(key) is { Count: > 0 } why)
            {
                faults.All($"{member}[{key}]", key, why);
            }

            size += encoded ? value.Length / 4 * 3 : Encoding.UTF8.GetByteCount(value);
        }

        return size;
    }

    public static void ValidateSize(long size, string path, Faults faults)
    {
        if (size > LargestSize)
        {
            faults.Add(FieldError.TooLong(path, LargestSize));
        }
    }

    public static void ValidateFrozen(JsonObject o, JsonObject old, Faults faults)
    {
        if (!old.Flag("immutable"))
        {
            return;
        }

        if (!o.Flag("immutable"))
        {
            faults.Forbidden("immutable", Frozen);
        }

        foreach (string member in new[] { "data", "binaryData" })
        {
            if (!JsonFields.Same(o[member], old[member]))
            {
                faults.Forbidden(member, Frozen);
            }
        }
    }
}

internal sealed class ConfigMapRule : KindRule
{
    public override void Validate(JsonObject o, Faults faults)
    {
        long size = ConfigData.ValidateKeys(o, "data", false, faults);
        JsonObject? binary = o.Child("binaryData");
        foreach ((string key, _) in binary is null ? [] : o.TextPairs("data").Where(pair => binary.ContainsKey(pair.Key)))
        {
            faults.Invalid($"data[{key}]", key, "duplicate of key present in binaryData");
        }

        size += ConfigData.ValidateKeys(o, "binaryData", true, faults);
        // Upstream names no field here, and its empty path prints as brackets.
        ConfigData.ValidateSize(size, "[]", faults);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        ConfigData.ValidateFrozen(o, old, faults);
        Validate(o, faults);
    }
}

internal sealed class SecretRule : KindRule
{
    public override IReadOnlyList<SelectableField>? Fields { get; } = SelectableField.Of("type");

    public override void Default(JsonObject o)
    {
        o.FillText("type", "Opaque");

        // stringData is write-only: it is never stored and wins over data.
        foreach ((string key, string value) in o.TextMap("stringData"))
        {
            o.ObjectAt("data")[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
        }

        o.Remove("stringData");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        ConfigData.ValidateSize(ConfigData.ValidateKeys(o, "data", true, faults), "data", faults);
        switch (o.Text("type"))
        {
            case "kubernetes.io/service-account-token" when o.Metadata.TextMap("annotations").GetValueOrDefault("kubernetes.io/service-account.name", "").Length == 0:
                faults.Required("metadata.annotations[kubernetes.io/service-account.name]");
                break;
            case "kubernetes.io/dockercfg":
                RequireJson(o, ".dockercfg", faults);
                break;
            case "kubernetes.io/dockerconfigjson":
                RequireJson(o, ".dockerconfigjson", faults);
                break;
            case "kubernetes.io/basic-auth" when !o.TextMap("data").ContainsKey("username") && !o.TextMap("data").ContainsKey("password"):
                faults.Required("data[username]");
                faults.Required("data[password]");
                break;
            case "kubernetes.io/ssh-auth" when o.TextMap("data").GetValueOrDefault("ssh-privatekey", "").Length == 0:
                faults.Required("data[ssh-privatekey]");
                break;
            case "kubernetes.io/tls":
                Require(o, "tls.crt", faults);
                Require(o, "tls.key", faults);
                break;
        }
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        faults.MayNotChange("type", o["type"], old["type"]);
        ConfigData.ValidateFrozen(o, old, faults);
        Validate(o, faults);
    }

    private static void Require(JsonObject o, string key, Faults faults)
    {
        if (!o.TextMap("data").ContainsKey(key))
        {
            faults.Required($"data[{key}]");
        }
    }

    private static void RequireJson(JsonObject o, string key, Faults faults)
    {
        if (!o.TextMap("data").TryGetValue(key, out string? encoded))
        {
            faults.Required($"data[{key}]");
            return;
        }

        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(Convert.FromBase64String(encoded));
        }
        catch (System.Text.Json.JsonException e)
        {
            faults.Invalid($"data[{key}]", "<secret contents redacted>", e.Message);
        }
    }
}

internal sealed class ServiceAccountRule : KindRule
{
    public override void PrepareForCreate(JsonObject o) => NameSecretsOnly(o);

    public override void PrepareForUpdate(JsonObject o, JsonObject old) => NameSecretsOnly(o);

    /// <summary>Of the secrets that an account may use, only the names are kept.</summary>
    private static void NameSecretsOnly(JsonObject o)
    {
        foreach (JsonObject secret in o.Items("secrets"))
        {
            foreach (string member in secret.Select(m => m.Key).Where(m => m != "name").ToArray())
            {
                secret.Remove(member);
            }
        }
    }
}
