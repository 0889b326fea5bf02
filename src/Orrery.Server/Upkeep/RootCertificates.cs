using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Every namespace has the authority's certificate in <c>kube-root-ca.crt</c>. As upstream it follows the namespace, within milliseconds, and is
/// no part of making one.
/// </summary>
internal sealed class RootCertificates(CacheSet caches, ObjectStore objects, Writer writer, string authorityPem, TimeProvider time, ILogger log)
    : UpkeepTask(caches, new GroupResource("", "namespaces"), time, log)
{
    private const string Manager = "kube-controller-manager";

    private static readonly ResourceDefinition ConfigMaps = BuiltinResources.Instance.Require("", "v1", "configmaps");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || IsTold(item))
        {
            return true;
        }

        if (KubeObject.Parse(item.Json.Span).IsDeleting)
        {
            return true;
        }

        try
        {
            await writer.EnsureAsync(objects, ConfigMaps, item.Cluster, item.Name, NamespaceContents.Certificate(authorityPem), Manager, cancellationToken);
            if (!IsTold(item))
            {
                // Of an authority that this one takes the place of, or somebody's own.
                await writer.UpdateAsync(
                    ConfigMaps, item.Cluster, item.Name, NamespaceContents.CertificateName, "", Manager,
                    json => json["data"] = NamespaceContents.Certificate(authorityPem)["data"]!.DeepClone(), cancellationToken);
            }
        }
        catch (StatusException refusal) when (refusal.IsNotFound || refusal.Reason == StatusReason.Forbidden)
        {
            // The namespace was deleted meanwhile, or its quota leaves no room: its next change is the next occasion.
        }

        return true;
    }

    private bool IsTold(CachedObject item) =>
        objects.Find(ConfigMaps, item.Cluster, item.Name, NamespaceContents.CertificateName) is { } present && KubeObject.Parse(present.Json.Span).TextAt("data", "ca.crt") == authorityPem;
}
