using System.Collections.Frozen;
using Orrery.Machinery.Cel.Libraries;

namespace Orrery.Machinery.Cel;

/// <summary>All functions of the dialect by name.</summary>
internal static class CelLibrary
{
    private static readonly FrozenDictionary<string, Overload[]> Functions =
        ((IEnumerable<Overload>)[.. Operators.All, .. Conversions.All, .. Strings.All, .. Lists.All, .. Quantities.All, .. Urls.All, .. Networks.All, .. Formatting.All, .. Authorizers.All, .. Semvers.All, .. NamedFormats.All, .. ListExtensions.All]).GroupBy(o => o.Function).ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    public static readonly FrozenDictionary<string, CelType> Types = new Dictionary<string, CelType>
    {
        ["bool"] = CelType.Bool, ["int"] = CelType.Int, ["uint"] = CelType.Uint, ["double"] = CelType.Double, ["string"] = CelType.String, ["bytes"] = CelType.Bytes,
        ["list"] = CelType.List(CelType.Dyn), ["map"] = CelType.Map(CelType.Dyn, CelType.Dyn), ["null_type"] = CelType.Null, ["type"] = CelType.TypeOf(CelType.Dyn),
        ["google.protobuf.Timestamp"] = CelType.Timestamp, ["google.protobuf.Duration"] = CelType.Duration, ["optional_type"] = CelType.Optional(CelType.Dyn),
        ["net.IP"] = CelType.Opaque("net.IP"), ["net.CIDR"] = CelType.Opaque("net.CIDR"), ["kubernetes.URL"] = CelType.Opaque("kubernetes.URL"), ["kubernetes.Quantity"] = CelType.Opaque("kubernetes.Quantity"),
        ["kubernetes.Semver"] = Semvers.SemverType, ["kubernetes.NamedFormat"] = NamedFormats.NamedFormatType,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What only mutations may call.</summary>
    private static readonly FrozenDictionary<string, Overload[]> Mutations =
        ((IEnumerable<Overload>)[.. Libraries.JsonPatches.All]).GroupBy(o => o.Function).ToFrozenDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    public static IReadOnlyList<Overload> Find(string name, CelDialect dialect = CelDialect.Rules) =>
        Functions.GetValueOrDefault(name) ?? (dialect == CelDialect.Mutations ? Mutations.GetValueOrDefault(name, []) : []);

    public static object? Call(string name, object?[] values) => Invoke(Find(name), values, false);

    public static object? Invoke(IReadOnlyList<Overload> overloads, object?[] values, bool isMember)
    {
        foreach (Overload overload in overloads)
        {
            if (overload.IsMember == isMember && overload.Parameters.Length == values.Length && overload.Accepts(values))
            {
                return overload.Invoke(values);
            }
        }

        return CelError.NoOverload;
    }
}
