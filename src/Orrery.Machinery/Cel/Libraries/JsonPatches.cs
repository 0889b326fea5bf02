using static Orrery.Machinery.Cel.Overload;

namespace Orrery.Machinery.Cel.Libraries;

/// <summary>What helps to write JSON patches (apiserver <c>pkg/cel/library/jsonpatch.go</c>).</summary>
internal static class JsonPatches
{
    public static IEnumerable<Overload> All =>
    [
        Of("jsonpatch.escapeKey(string) string", a => ((string)a[0]!).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)),
    ];
}
