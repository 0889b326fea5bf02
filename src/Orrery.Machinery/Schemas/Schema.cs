using System.Text.Json.Nodes;

namespace Orrery.Machinery.Schemas;

/// <summary>JSON type that a schema asks for.</summary>
public enum SchemaType
{
    /// <summary>Unsaid: anything goes, or the combinators decide (<c>x-kubernetes-int-or-string</c>, raw extensions).</summary>
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

/// <summary>How server-side apply sees a list: <c>x-kubernetes-list-type</c>.</summary>
public enum ListType
{
    /// <summary>One value as a whole (the default).</summary>
    Atomic,

    /// <summary>Scalars, each owned on its own.</summary>
    Set,

    /// <summary>Objects told apart by <see cref="Schema.ListMapKeys"/>.</summary>
    Map,
}

/// <summary>
/// The one model of a type's shape, whether it comes from the built-in catalogue or from a
/// CustomResourceDefinition. Immutable once published and shared by every cluster; a type that refers to
/// itself (JSONSchemaProps) is a cycle in memory, so walkers follow the data, never the schema.
/// </summary>
public sealed class Schema
{
    /// <summary>Name of a built-in type, such as <c>io.k8s.api.core.v1.PodSpec</c>; null for an inline schema. Becomes a <c>$ref</c> in OpenAPI.</summary>
    public string? Name { get; init; }

    public SchemaType Type { get; init; }

    /// <summary><c>int32</c>, <c>int64</c>, <c>date-time</c>, <c>byte</c>, <c>int-or-string</c>, … or null.</summary>
    public string? Format { get; init; }

    /// <summary>Known members of an object; empty for a map or a scalar.</summary>
    public IReadOnlyDictionary<string, Schema> Properties { get; set; } = System.Collections.Immutable.ImmutableDictionary<string, Schema>.Empty;

    /// <summary>Schema of the values of a map; null when the object is no map.</summary>
    public Schema? AdditionalProperties { get; set; }

    /// <summary>Schema of the items of an array.</summary>
    public Schema? Items { get; set; }

    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Value put in where the member is absent. Clone before placing it in a tree.</summary>
    public JsonNode? Default { get; init; }

    /// <summary>Allowed values; empty when any.</summary>
    public IReadOnlyList<JsonNode?> Enum { get; init; } = [];

    public bool Nullable { get; init; }

    public ListType ListType { get; init; }

    /// <summary>Whether <see cref="ListType"/> was stated and is not merely the usual; OpenAPI tells only what was.</summary>
    public bool HasListType { get; init; }

    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    /// <summary><c>x-kubernetes-map-type: atomic</c>: the object is owned and replaced as a whole.</summary>
    public bool AtomicMap { get; init; }

    /// <summary>Strategic merge patch: the member by which list items are matched; null when the list is replaced (or a set).</summary>
    public string? PatchMergeKey { get; init; }

    /// <summary>Strategic merge patch: any of <c>merge</c>, <c>replace</c>, <c>retainKeys</c>.</summary>
    public IReadOnlyList<string> PatchStrategies { get; init; } = [];

    /// <summary>Integer or string is accepted.</summary>
    public bool IntOrString { get; init; }

    /// <summary><c>x-kubernetes-preserve-unknown-fields</c>: members that are not in <see cref="Properties"/> are kept.</summary>
    public bool PreserveUnknownFields { get; init; }

    /// <summary><c>x-kubernetes-embedded-resource</c>: an object with apiVersion, kind and metadata of its own.</summary>
    public bool EmbeddedResource { get; init; }

    /// <summary>Bounds, patterns, combinators and rules of a CustomResourceDefinition; null where there are none (all built-in types).</summary>
    public ValueRules? Rules { get; init; }

    /// <summary>The definition as its author wrote it, for OpenAPI publishing; null for built-in types.</summary>
    public JsonObject? Source { get; init; }
}

/// <summary>Value validations of OpenAPI v3 that custom resource schemas may carry.</summary>
public sealed class ValueRules
{
    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public bool ExclusiveMinimum { get; init; }

    public bool ExclusiveMaximum { get; init; }

    public double? MultipleOf { get; init; }

    /// <summary>In Unicode code points.</summary>
    public long? MinLength { get; init; }

    /// <summary>In Unicode code points.</summary>
    public long? MaxLength { get; init; }

    /// <summary>RE2 pattern, unanchored.</summary>
    public string? Pattern { get; init; }

    public long? MinItems { get; init; }

    public long? MaxItems { get; init; }

    public bool UniqueItems { get; init; }

    public long? MinProperties { get; init; }

    public long? MaxProperties { get; init; }

    public IReadOnlyList<Schema> AllOf { get; init; } = [];

    public IReadOnlyList<Schema> AnyOf { get; init; } = [];

    public IReadOnlyList<Schema> OneOf { get; init; } = [];

    public Schema? Not { get; init; }

    /// <summary><c>x-kubernetes-validations</c>, as written.</summary>
    public IReadOnlyList<JsonObject> Validations { get; init; } = [];
}
