using Orrery.Api;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Every namespace has the authority's certificate in <c>kube-root-ca.crt</c>. As upstream it follows the namespace, within milliseconds, and is
/// no part of making one.
/// </summary>
internal sealed class RootCertificates(ObjectStore objects, Writer writer, string authorityPem) : IFollowUp
{
    private const string Manager = "kube-controller-manager";

    private static readonly ResourceDefinition ConfigMaps = BuiltinResources.Instance.Require("", "v1", "configmaps");

    public bool Concerns(GroupResource resource) => resource == new GroupResource("", "namespaces");

    public async ValueTask FollowAsync(ClusterName cluster, string ns, string name, CancellationToken cancellationToken)
    {
        if (IsTold(cluster, name))
        {
            return;
        }

        try
        {
            await writer.EnsureAsync(objects, ConfigMaps, cluster, name, NamespaceContents.Certificate(authorityPem), Manager, cancellationToken);
            if (!IsTold(cluster, name))
            {
                // Of an authority that this one takes the place of, or somebody's own.
                await writer.UpdateAsync(
                    ConfigMaps, cluster, name, NamespaceContents.CertificateName, "", Manager,
                    json => json["data"] = NamespaceContents.Certificate(authorityPem)["data"]!.DeepClone(), cancellationToken);
            }
        }
        catch (StatusException refusal) when (refusal.IsNotFound || refusal.Reason == StatusReason.Forbidden)
        {
            // The namespace was deleted meanwhile, or its quota leaves no room: its next change is the next occasion.
        }
    }

    private bool IsTold(ClusterName cluster, string ns) =>
        objects.Find(ConfigMaps, cluster, ns, NamespaceContents.CertificateName) is { } present && KubeObject.Parse(present.Json.Span).TextAt("data", "ca.crt") == authorityPem;
}
