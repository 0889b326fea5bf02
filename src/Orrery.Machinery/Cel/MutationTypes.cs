namespace Orrery.Machinery.Cel;

/// <summary>Which functions and types an expression may use.</summary>
public enum CelDialect
{
    /// <summary>Rules of schemas, conditions and validations.</summary>
    Rules,

    /// <summary>Mutations: the types of patches and what helps to write them as well.</summary>
    Mutations,

    /// <summary>The language itself, without what Kubernetes asks of an expression beyond it: lists of one type, and arguments that can be read.</summary>
    Plain,
}

/// <summary>The types that mutations make values of (apiserver <c>pkg/cel/mutation</c>).</summary>
internal static class MutationTypes
{
    public static readonly CelType Object = CelType.Open("Object");

    public static readonly CelType JsonPatch = CelType.Object("JSONPatch", new Dictionary<string, CelField>
    {
        ["op"] = new("op", CelType.String),
        ["path"] = new("path", CelType.String),
        ["from"] = new("from", CelType.String),
        ["value"] = new("value", CelType.Dyn),
    });

    /// <summary>What a mutation of this patch type comes to.</summary>
    public static CelType ResultOf(string patchType) => patchType == "JSONPatch" ? CelType.List(JsonPatch) : Object;

    /// <summary><c>Object.spec.template</c> is the type of that member of the object.</summary>
    public static CelType? Find(string name) => name switch
    {
        "Object" => Object,
        "JSONPatch" => JsonPatch,
        _ => name.StartsWith("Object.", StringComparison.Ordinal) ? CelType.Open(name) : null,
    };
}
