using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Schemas;
using Orrery.Machinery.Tables;
using Orrery.Machinery.Wire;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;

namespace Orrery.Server.Registry;

/// <summary>One served resource in one version: all that the handlers need to know of it. Immutable; built-in ones are shared by every cluster.</summary>
internal sealed class ResourceDefinition
{
    private readonly Lazy<Schema> schema;
    private byte[]? prefix;
    private byte[]? storedPrefix;
    private bool? hasDefaults;

    public ResourceDefinition(Func<Schema> schema)
    {
        this.schema = new Lazy<Schema>(schema);
    }

    public required GroupVersionResource Resource { get; init; }

    public required GroupVersionKind Kind { get; init; }

    public required string ListKind { get; init; }

    public required string Singular { get; init; }

    public required bool Namespaced { get; init; }

    public required IReadOnlySet<string> Verbs { get; init; }

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public IReadOnlyDictionary<string, SubresourceDefinition> Subresources { get; init; } = new Dictionary<string, SubresourceDefinition>();

    public required IResourceStrategy Strategy { get; init; }

    /// <summary>True for a custom resource: items of its lists carry apiVersion and kind, and lists a <c>continue</c> even when empty.</summary>
    public bool IsCustom { get; init; }

    /// <summary>Where objects are kept: another group for events.k8s.io/events, which are core events.</summary>
    public GroupResource StoredAs { get => field.Resource is null ? Resource.GroupResource : field; init; }

    /// <summary>Kind of what is stored; differs where several versions of one resource are served.</summary>
    public GroupVersionKind StoredKind { get => field.Kind is null ? Kind : field; init; }

    /// <summary>Where the definition of a custom resource lists this version.</summary>
    public int Place { get; init; }

    /// <summary>Turns a stored object into this version and back; null when they are one.</summary>
    public IVersionConversion? Conversion { get; init; }

    /// <summary>What every request for this version is warned of; null while it is not deprecated.</summary>
    public string? Deprecation { get; init; }

    /// <summary>The webhook that converts between versions; null where <see cref="Conversion"/> does.</summary>
    public WebhookConversion? Remote { get; init; }

    /// <summary>Where a custom resource keeps what its scale shows; null without a scale subresource, and for built-in kinds.</summary>
    public ScalePaths? Scale { get; init; }

    /// <summary>Reads additionalPrinterColumns of a custom resource; null where it has none.</summary>
    public Func<JsonArray?>? PrinterColumns { get; init; }

    /// <summary>Its kind in Kubernetes' binary encoding; null for a custom resource, which has no such form.</summary>
    public ProtobufKind? Protobuf => IsCustom ? null : ProtobufKind.Find(Kind);

    /// <summary>Makes the rows of tables; made on first use.</summary>
    public TablePrinter Printer => field ??= IsCustom ? CustomColumns.Printer(PrinterColumns?.Invoke()) : TablePrinter.For(Kind);

    public Schema Schema => schema.Value;

    /// <summary>Objects may have been stored before their schema had all its defaults: readers are shown them all the same.</summary>
    public bool HasDefaults => hasDefaults ??= IsCustom && CustomSchema.HasDefaults(Schema);

    /// <summary>The schema is not the first of its definition: objects may hold what it does not specify any more, which no reader is shown.</summary>
    public bool HasChanged { get; init; }

    /// <summary>Stored bytes of this very version may differ from what is answered.</summary>
    public bool ChangesOnRead => HasChanged || HasDefaults;

    /// <summary>Brings a stored object of this version to what its schema says by now.</summary>
    public void Complete(JsonObject json)
    {
        if (HasChanged)
        {
            Pruning.Apply(json, Schema);
        }

        if (HasDefaults)
        {
            Strategy.Default(json);
        }
    }

    public GroupResource GroupResource => Resource.GroupResource;

    /// <summary>How stored bytes of this very version begin, up to the quote before <c>metadata</c>.</summary>
    public ReadOnlySpan<byte> Prefix => prefix ??= PrefixOf(Kind);

    /// <summary>True when the stored bytes can be answered as they are.</summary>
    public bool IsStoredAsServed(ReadOnlySpan<byte> json) => json.StartsWith(Prefix);

    /// <summary>False for an object of a definition that stored another version when it was last written: to write it again is to bring it to the one of today.</summary>
    public bool IsInStoredVersion(ReadOnlySpan<byte> json) => !IsCustom || json.StartsWith(storedPrefix ??= PrefixOf(StoredKind));

    private static byte[] PrefixOf(GroupVersionKind kind) => Encoding.UTF8.GetBytes($"{{\"apiVersion\":\"{kind.ApiVersion}\",\"kind\":\"{kind.Kind}\",");

    public string KeyOf(ClusterName cluster, string ns, string name) => StoreKey.Of(StoredAs, cluster, Namespaced ? ns : "", name);
}

/// <summary>A subresource such as <c>status</c> or <c>scale</c>.</summary>
/// <param name="Kind">Kind of what it answers.</param>
internal sealed record SubresourceDefinition(string Name, GroupVersionKind Kind, IReadOnlySet<string> Verbs);

/// <summary>Between the version that is stored and another that is served. Both directions edit in place.</summary>
internal interface IVersionConversion
{
    void FromStored(JsonObject json);

    void ToStored(JsonObject json);
}
