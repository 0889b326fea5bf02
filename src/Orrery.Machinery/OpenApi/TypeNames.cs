using Orrery.Api;
using Orrery.Machinery.Schemas;

namespace Orrery.Machinery.OpenApi;

/// <summary>Under which name a kind's schema stands in a document, and which kinds a type stands for.</summary>
internal static class TypeNames
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";
    public const string ObjectMeta = Meta + "ObjectMeta";
    public const string ListMeta = Meta + "ListMeta";
    public const string ResourceList = Meta + "APIResourceList";
    public const string DeleteOptions = Meta + "DeleteOptions";
    public const string WatchEvent = Meta + "WatchEvent";
    public const string Status = Meta + "Status";
    public const string Patch = Meta + "Patch";

    private static readonly Lazy<ILookup<string, GroupVersionKind>> ByType = new(() => BuiltinTypes.Instance.Kinds.ToLookup(k => k.Value, k => k.Key, StringComparer.Ordinal));

    /// <summary>The type's name for a built-in kind; <c>com.example.stable.v1.CronTab</c> for a custom one. Null for a built-in kind without a type (bodies that are options of a query).</summary>
    public static string? Of(GroupVersionKind kind, bool custom)
    {
        if (custom)
        {
            return $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Kind}";
        }

        return BuiltinTypes.Instance.Kinds.GetValueOrDefault(kind);
    }

    /// <summary>Kinds that a built-in type stands for within one group version's document; the general ones stand for that group version too.</summary>
    public static IEnumerable<GroupVersionKind> KindsOf(string type, string group, string version)
    {
        IEnumerable<GroupVersionKind> kinds = ByType.Value[type];
        return type is DeleteOptions or WatchEvent
            ? kinds.Append(new GroupVersionKind(group, version, type[Meta.Length..])).Distinct()
            : kinds;
    }
}
