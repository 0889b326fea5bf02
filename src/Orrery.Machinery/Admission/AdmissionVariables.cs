using Orrery.Machinery.Cel;
using Orrery.Machinery.Cel.Libraries;

namespace Orrery.Machinery.Admission;

/// <summary>Names that expressions of admission may use, and their types (apiserver <c>pkg/admission/plugin/cel/compile.go</c>).</summary>
internal static class AdmissionVariables
{
    private static readonly CelType Texts = CelType.Map(CelType.String, CelType.String);
    private static readonly CelType TextLists = CelType.Map(CelType.String, CelType.List(CelType.String));

    private static readonly CelType GroupVersionKind = Object("kubernetes.GroupVersionKind", ("group", CelType.String), ("version", CelType.String), ("kind", CelType.String));
    private static readonly CelType GroupVersionResource = Object("kubernetes.GroupVersionResource", ("group", CelType.String), ("version", CelType.String), ("resource", CelType.String));

    private static readonly CelType User = Object(
        "kubernetes.UserInfo", ("username", CelType.String), ("uid", CelType.String), ("groups", CelType.List(CelType.String)), ("extra", TextLists));

    private static readonly CelType Request = Object(
        "kubernetes.AdmissionRequest",
        ("kind", GroupVersionKind), ("resource", GroupVersionResource), ("subResource", CelType.String),
        ("requestKind", GroupVersionKind), ("requestResource", GroupVersionResource), ("requestSubResource", CelType.String),
        ("name", CelType.String), ("namespace", CelType.String), ("operation", CelType.String), ("userInfo", User), ("dryRun", CelType.Bool), ("options", CelType.Dyn));

    private static readonly CelType Namespace = Object(
        "kubernetes.Namespace",
        ("metadata", Object(
            "kubernetes.NamespaceMetadata",
            ("name", CelType.String), ("generateName", CelType.String), ("namespace", CelType.String), ("labels", Texts), ("annotations", Texts), ("UID", CelType.String),
            ("creationTimestamp", CelType.Timestamp), ("deletionGracePeriodSeconds", CelType.Int), ("deletionTimestamp", CelType.Timestamp), ("generation", CelType.Int),
            ("resourceVersion", CelType.String), ("finalizers", CelType.List(CelType.String)))),
        ("spec", Object("kubernetes.NamespaceSpec", ("finalizers", CelType.List(CelType.String)))),
        ("status", Object("kubernetes.NamespaceStatus", ("phase", CelType.String))));

    /// <param name="hasParams">The policy names a paramKind.</param>
    /// <param name="self">Type of object and oldObject.</param>
    /// <param name="parameters">Type of params.</param>
    public static Dictionary<string, CelType> Types(bool hasParams, CelType? self = null, CelType? parameters = null)
    {
        var types = new Dictionary<string, CelType>(StringComparer.Ordinal)
        {
            ["object"] = self ?? CelType.Dyn,
            ["oldObject"] = self ?? CelType.Dyn,
            ["request"] = Request,
            ["namespaceObject"] = Namespace,
            ["authorizer"] = Authorizers.AuthorizerType,
            ["authorizer.requestResource"] = Authorizers.ResourceCheckType,
        };
        if (hasParams)
        {
            types["params"] = parameters ?? CelType.Dyn;
        }

        return types;
    }

    /// <summary>The values of these names.</summary>
    public static Dictionary<string, object?> Values(AdmissionInput input) => new(StringComparer.Ordinal)
    {
        ["object"] = CelValues.FromJson(input.Object, CelType.Dyn),
        ["oldObject"] = CelValues.FromJson(input.Old, CelType.Dyn),
        ["request"] = CelValues.FromJson(input.Request, Request),
        ["namespaceObject"] = CelValues.FromJson(input.Namespace, Namespace),
        ["params"] = CelValues.FromJson(input.Params, CelType.Dyn),
        ["authorizer"] = new CelQuestion(Authorizers.AuthorizerType, input.Authorizer, new CelAccess()),
        ["authorizer.requestResource"] = new CelQuestion(Authorizers.ResourceCheckType, input.Authorizer, input.RequestResource),
    };

    private static CelType Object(string name, params ReadOnlySpan<(string Name, CelType Type)> fields)
    {
        var known = new Dictionary<string, CelField>(StringComparer.Ordinal);
        foreach ((string field, CelType type) in fields)
        {
            known[field] = new CelField(field == "UID" ? "uid" : field, type);
        }

        return CelType.Object(name, known);
    }
}
