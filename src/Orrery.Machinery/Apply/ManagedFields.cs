using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.Apply;

/// <summary>Who did a write, and how: entries of <c>managedFields</c> with the same identity are one.</summary>
/// <param name="Operation"><c>Apply</c> or <c>Update</c>.</param>
/// <param name="ApiVersion">Empty for appliers: a manager's applies are one entry whatever version they used.</param>
internal readonly record struct ManagerIdentity(string Manager, string Operation, string ApiVersion, string Subresource) : IComparable<ManagerIdentity>
{
    public const string Apply = "Apply";
    public const string Update = "Update";

    public bool IsApply => Operation == Apply;

    public static ManagerIdentity OfApply(string manager, string? subresource) => new(manager, Apply, "", subresource ?? "");

    public static ManagerIdentity OfUpdate(string manager, string apiVersion, string? subresource) => new(manager, Update, apiVersion, subresource ?? "");

    /// <summary>
    /// As upstream sorts them, by their JSON (<c>managedfields/internal</c>): where nothing else differs the one without a subresource comes last, as a brace comes after a comma.
    /// </summary>
    public int CompareTo(ManagerIdentity other)
    {
        int order = string.CompareOrdinal(Manager, other.Manager);
        order = order != 0 ? order : string.CompareOrdinal(Operation, other.Operation);
        order = order != 0 ? order : string.CompareOrdinal(ApiVersion, other.ApiVersion);
        order = order != 0 ? order : (Subresource.Length == 0).CompareTo(other.Subresource.Length == 0);
        return order != 0 ? order : string.CompareOrdinal(Subresource, other.Subresource);
    }
}

/// <summary>What one manager owns.</summary>
/// <param name="ApiVersion">Version in which <paramref name="Fields"/> is written.</param>
/// <param name="Time">To the second; null when never noted.</param>
internal sealed record ManagedEntry(ManagerIdentity Identity, string ApiVersion, FieldSet Fields, DateTimeOffset? Time);

/// <summary>The entries of an object's <c>metadata.managedFields</c>, decoded.</summary>
internal sealed class ManagedFields
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";
    private readonly Dictionary<ManagerIdentity, Kept> entries = [];

    public int Count => entries.Count;

    public IEnumerable<ManagedEntry> Entries => entries.Values.Select(k => k.Entry);

    /// <param name="isStored">They are in the form that <see cref="Encode"/> gives them: those that stay as they are need not be written again.</param>
    /// <exception cref="FormatException">An entry that upstream would not read.</exception>
    public static ManagedFields Decode(JsonNode? json, bool isStored = false)
    {
        var managed = new ManagedFields();
        foreach (JsonNode? item in json as JsonArray ?? [])
        {
            JsonObject written = item as JsonObject ?? throw new FormatException("a managed fields entry is no object");
            ManagedEntry entry = DecodeEntry(written, managed.Count);
            managed.entries[entry.Identity] = new Kept(entry, isStored ? written : null);
        }

        return managed;
    }

    /// <summary>See <see cref="SchemaChanges"/>.</summary>
    public ManagedFields Follow(Schema schema)
    {
        foreach (ManagedEntry entry in Entries.ToList())
        {
            FieldSet followed = SchemaChanges.Follow(entry.Fields, schema);
            if (!ReferenceEquals(followed, entry.Fields))
            {
                Set(entry with { Fields = followed });
            }
        }

        return this;
    }

    public ManagedEntry? Find(ManagerIdentity identity) => entries.GetValueOrDefault(identity).Entry;

    /// <summary>Puts an entry in, or takes it out when it owns nothing.</summary>
    public void Set(ManagedEntry entry)
    {
        if (entry.Fields.IsEmpty)
        {
            entries.Remove(entry.Identity);
        }
        else
        {
            entries[entry.Identity] = new Kept(entry, null);
        }
    }

    public void Remove(ManagerIdentity identity) => entries.Remove(identity);

    /// <summary>The wire form in upstream's order, or null when nobody owns anything.</summary>
    public JsonArray? Encode()
    {
        if (entries.Count == 0)
        {
            return null;
        }

        var json = new JsonArray();
        IEnumerable<Kept> ordered = entries.Count == 1 ? entries.Values : entries.Values
            .OrderBy(k => k.Entry.Identity.Operation, StringComparer.Ordinal)
            .ThenBy(k => k.Entry.Time?.ToUnixTimeSeconds() ?? 0)
            .ThenBy(k => k.Entry.Identity.Manager, StringComparer.Ordinal)
            .ThenBy(k => k.Entry.ApiVersion, StringComparer.Ordinal)
            .ThenBy(k => k.Entry.Identity.Subresource, StringComparer.Ordinal);
        foreach ((ManagedEntry entry, JsonObject? written) in ordered)
        {
            json.Add(written?.DeepClone() ?? EncodeEntry(entry));
        }

        return json;
    }

    private static JsonObject EncodeEntry(ManagedEntry entry)
    {
        var json = new JsonObject();
        if (entry.Identity.Manager.Length > 0)
        {
            json["manager"] = entry.Identity.Manager;
        }

        json["operation"] = entry.Identity.Operation;
        json["apiVersion"] = entry.ApiVersion;
        if (entry.Time is { } time)
        {
            json["time"] = time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        }

        json["fieldsType"] = "FieldsV1";
        json["fieldsV1"] = FieldsV1.Write(entry.Fields);
        if (entry.Identity.Subresource.Length > 0)
        {
            json["subresource"] = entry.Identity.Subresource;
        }

        return json;
    }

    private static ManagedEntry DecodeEntry(JsonObject json, int index)
    {
        string operation = Text(json, "operation");
        if (operation is not (ManagerIdentity.Apply or ManagerIdentity.Update))
        {
            throw new FormatException("operation must be `Apply` or `Update`");
        }

        string apiVersion = Text(json, "apiVersion");
        if (apiVersion.Length == 0)
        {
            throw new FormatException("apiVersion must not be empty");
        }

        string fieldsType = Text(json, "fieldsType");
        if (fieldsType != "FieldsV1")
        {
            throw new FormatException(fieldsType.Length == 0
                ? $"missing fieldsType in managed fields entry {index}"
                : $"invalid fieldsType \"{fieldsType}\" in managed fields entry {index}");
        }

        var identity = new ManagerIdentity(Text(json, "manager"), operation, operation == ManagerIdentity.Apply ? "" : apiVersion, Text(json, "subresource"));
        FieldSet fields = json["fieldsV1"] switch
        {
            null => FieldSet.Empty,
            JsonObject o => FieldsV1.Read(o),
            _ => throw new FormatException("fieldsV1 is no object"),
        };
        string time = Text(json, "time");
        return new ManagedEntry(identity, apiVersion, fields, time.Length == 0 ? null : DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal));
    }

    private static string Text(JsonObject json, string name) => json[name] switch
    {
        null => "",
        JsonValue value when value.TryGetValue(out string? text) => text,
        _ => throw new FormatException($"{name} is no string"),
    };

    /// <param name="Written">What it was read from; null once it is another one.</param>
    private readonly record struct Kept(ManagedEntry Entry, JsonObject? Written);
}
