using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Apply;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Storage;

namespace Orrery.Server.Registry;

/// <summary>
/// The IPAddress of each cluster IP, which is written and taken away in one transaction with its Service. An IPAddress that somebody else wrote holds its address back.
/// Upstream: <c>pkg/registry/core/service/ipallocator</c>.
/// </summary>
internal sealed class AddressRecords(CacheSet caches, NameSource names, TimeProvider time)
{
    private const string FamilyLabel = "ipaddress.kubernetes.io/ip-family";
    private const string ManagedLabel = "ipaddress.kubernetes.io/managed-by";
    private const string Allocator = "ipallocator.k8s.io";

    public static readonly ResourceDefinition Definition = BuiltinResources.Instance.Require("networking.k8s.io", "v1", "ipaddresses");

    /// <summary>As a Service's cluster IP has it; without what every object gets by itself.</summary>
    /// <param name="address">In its shortest form.</param>
    public static JsonObject Make(string address, string ns, string service) => new()
    {
        ["apiVersion"] = Definition.Kind.ApiVersion,
        ["kind"] = Definition.Kind.Kind,
        ["metadata"] = new JsonObject
        {
            ["name"] = address,
            ["labels"] = new JsonObject
            {
                [FamilyLabel] = IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4",
                [ManagedLabel] = Allocator,
            },
        },
        ["spec"] = new JsonObject
        {
            ["parentRef"] = new JsonObject { ["resource"] = "services", ["namespace"] = ns, ["name"] = service },
        },
    };

    /// <summary>Whether the server wrote it for a Service, or somebody who says so.</summary>
    public static bool IsManaged(JsonObject record) => record.TextAt("metadata", "labels", ManagedLabel) == Allocator;

    /// <summary>Namespace and name of the Service that a record stands for; null for anything else.</summary>
    public static (string Namespace, string Name)? ParentOf(JsonObject record) =>
        record.NodeAt("spec", "parentRef") is JsonObject parent && parent.TextAt("resource") == "services" && parent.TextAt("group") is null or ""
            ? (parent.TextAt("namespace") ?? "", parent.TextAt("name") ?? "")
            : null;

    /// <summary>What of addresses and ports is an address.</summary>
    public static IEnumerable<string> Addresses(IEnumerable<string> held) => held.Where(h => IPAddress.TryParse(h, out _));

    /// <summary>Whether a record of somebody else has the address.</summary>
    public bool IsOthers(ClusterName cluster, string address, string ns, string service) => Stored(cluster, address) is { } record && !IsOf(record, ns, service);

    /// <summary>What a commit that gives and takes away addresses of a Service must ask and write.</summary>
    public CommitAdditions Change(ClusterName cluster, string ns, string service, IEnumerable<string> given, IEnumerable<string> released)
    {
        var conditions = new List<Condition>();
        var writes = new List<Write>();
        foreach (string address in given)
        {
            string key = Definition.KeyOf(cluster, "", address);
            CachedObject? there = caches.For(Definition.GroupResource).Current.Get(key);
            bool isGone = there is not null && BaseLayer.IsTombstone(there.Json.Span), isOurs = there is not null && !isGone && IsOf(there, ns, service);

            // One that somebody wrote since it was looked for makes the commit fail.
            conditions.Add(new Condition(key, isGone || isOurs ? there!.Revision : 0));
            if (!isOurs)
            {
                writes.Add(new Write(key, Encode(address, ns, service)));
            }
        }

        foreach (string address in released)
        {
            if (Stored(cluster, address) is { } record && IsOf(record, ns, service) && !KubeObject.Parse(record.Json.Span).Finalizers.Any())
            {
                conditions.Add(new Condition(record.Key, record.Revision));
                writes.Add(new Write(record.Key, null));
            }
        }

        return conditions.Count == 0 ? default : new CommitAdditions(conditions, writes);
    }

    /// <summary>What is stored of a new one.</summary>
    public byte[] Encode(string address, string ns, string service)
    {
        JsonObject record = Make(address, ns, service);
        FieldManager.Update(null, record, Definition.Schema, "kube-apiserver", null, time.GetUtcNow());
        record.Metadata["uid"] = names.Uid();
        record.Metadata["creationTimestamp"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return ObjectEncoding.Encode(record);
    }

    private static bool IsOf(CachedObject record, string ns, string service) => ParentOf(StoredJson.Parse(record.Json.Span)) == (ns, service);

    /// <summary>That of the Service <c>kubernetes</c> in a virtual cluster is stored nowhere.</summary>
    private CachedObject? Stored(ClusterName cluster, string address) =>
        caches.For(Definition.GroupResource).Current.Get(Definition.KeyOf(cluster, "", address)) is { } found && !BaseLayer.IsTombstone(found.Json.Span) ? found : null;
}
