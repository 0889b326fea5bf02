using System.Collections.Frozen;
using Orrery.Api;

namespace Orrery.Server.Registry;

/// <summary>
/// Where upstream keeps an object in etcd. Nothing is kept there here; the path stands in texts that clients are answered
/// (upstream: the storage factory's <c>specialDefaultResourcePrefixes</c>, and each registry's ResourcePrefix).
/// </summary>
internal static class RegistryPath
{
    private static readonly FrozenDictionary<string, string> Special = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["replicationcontrollers"] = "controllers",
        ["endpoints"] = "services/endpoints",
        ["services"] = "services/specs",
        ["nodes"] = "minions",
        ["ingresses"] = "ingress",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static string Of(WriteScope scope)
    {
        GroupResource stored = scope.Resource.StoredAs;
        string folder = scope.Resource.IsCustom || stored.Group == "apiextensions.k8s.io" ? $"{stored.Group}/{stored.Resource}" : Special.GetValueOrDefault(stored.Resource, stored.Resource);
        return scope.Namespace.Length == 0 ? $"/registry/{folder}/{scope.Name}" : $"/registry/{folder}/{scope.Namespace}/{scope.Name}";
    }
}
