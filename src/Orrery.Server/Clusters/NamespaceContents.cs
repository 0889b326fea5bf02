using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Server.Clusters;

/// <summary>
/// The namespaces that a fresh virtual cluster has, and what every namespace has from the start: its service account
/// <c>default</c> and the authority's certificate. They are all that an idle virtual cluster would store, and all the same.
/// </summary>
internal static class NamespaceContents
{
    public const string CertificateName = "kube-root-ca.crt";

    public const string AccountName = "default";

    /// <summary>The namespaces that clients take for granted.</summary>
    public static readonly IReadOnlyList<string> Namespaces = ["kube-system", "default", "kube-public", "kube-node-lease"];

    public static JsonObject Account() => new() { ["metadata"] = new JsonObject { ["name"] = AccountName } };

    public static JsonObject Certificate(string authorityPem) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = CertificateName,
            ["annotations"] = new JsonObject
            {
                ["kubernetes.io/description"] = "The certificate authority of this API server, for whoever calls it from within a pod.",
            },
        },
        ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
    };

    public static string Pem(X509Certificate2Collection authorities) => string.Join('\n', authorities.Select(ca => ca.ExportCertificatePem())) + "\n";

    public static IEnumerable<(GroupResource Resource, JsonObject Json)> Make(string authorityPem)
    {
        foreach (string ns in Namespaces)
        {
            yield return (new GroupResource("", "namespaces"), Namespace(ns));
            yield return (new GroupResource("", "serviceaccounts"), Complete("ServiceAccount", ns, Account()));
            yield return (new GroupResource("", "configmaps"), Complete("ConfigMap", ns, Certificate(authorityPem)));
        }
    }

    private static JsonObject Namespace(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["labels"] = new JsonObject { ["kubernetes.io/metadata.name"] = name },
            ["managedFields"] = new JsonArray(new JsonObject
            {
                ["manager"] = "kube-apiserver",
                ["operation"] = "Update",
                ["apiVersion"] = "v1",
                ["time"] = BaseObject.Stamp,
                ["fieldsType"] = "FieldsV1",
                ["fieldsV1"] = new JsonObject { ["f:metadata"] = new JsonObject { ["f:labels"] = new JsonObject { ["."] = new JsonObject(), ["f:kubernetes.io/metadata.name"] = new JsonObject() } } },
            }),
        },
        ["spec"] = new JsonObject { ["finalizers"] = new JsonArray("kubernetes") },
        ["status"] = new JsonObject { ["phase"] = "Active" },
    };

    private static JsonObject Complete(string kind, string ns, JsonObject json)
    {
        json.Metadata.Insert(1, "namespace", ns);
        json.Insert(0, "apiVersion", "v1");
        json.Insert(1, "kind", kind);
        return json;
    }
}

/// <summary>What a virtual cluster is known by, beside its name.</summary>
/// <param name="Uid">Of its LogicalCluster.</param>
/// <param name="Created">RFC 3339, to the second.</param>
internal readonly record struct ClusterIdentity(string Uid, string Created);

/// <summary>One object that every cluster, or every virtual one, begins with.</summary>
/// <param name="KeySuffix"><c>{namespace or -}/{name}</c>: the end of its key in any cluster.</param>
/// <param name="Value">Encoded as the store would keep it: without resourceVersion. With another uid and creation time in its place for each virtual cluster where <paramref name="UidAt"/> says where they stand.</param>
/// <param name="UidAt">Offset of the uid; zero for an object that is the same in every cluster.</param>
/// <param name="CreatedAt">Offsets of the creation time: of itself, and of what its managed fields say.</param>
internal sealed record BaseObject(string KeySuffix, byte[] Value, int UidAt = 0, IReadOnlyList<int>? CreatedAt = null)
{
    /// <summary>Stands where a creation time will; of the same length.</summary>
    public const string Stamp = "0000-00-00T00:00:00Z";

    public bool IsOfVirtualClusters => UidAt > 0;

    /// <summary>The object as a virtual cluster has it.</summary>
    public byte[] For(ClusterIdentity cluster)
    {
        var value = (byte[])Value.Clone();
        Encoding.ASCII.GetBytes(DerivedUid.Of($"{cluster.Uid}/{Encoding.ASCII.GetString(Value, UidAt, DerivedUid.Length)}"), value.AsSpan(UidAt));
        foreach (int at in CreatedAt ?? [])
        {
            Encoding.ASCII.GetBytes(cluster.Created, value.AsSpan(at));
        }

        return value;
    }
}
