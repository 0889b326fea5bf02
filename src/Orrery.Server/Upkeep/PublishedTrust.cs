using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Tells extension API servers of root, in <c>kube-system/extension-apiserver-authentication</c>, by whom users and the front proxy are known here, so that they can know them too. What other
/// servers of the same store have said is added to, and authorities that have ended are left out. Upstream: <c>pkg/controlplane/controller/clusterauthenticationtrust</c>.
/// </summary>
/// <param name="clients">Authorities of users' certificates. None where such a certificate says itself on which cluster it is good: an extension server does not know of that, and would take a tenant for its namesake of root.</param>
/// <param name="proxy">Null for none.</param>
internal sealed class PublishedTrust(CacheSet caches, ObjectStore objects, Writer writer, X509Certificate2Collection clients, FrontProxyOptions? proxy, TimeProvider time, ILogger<PublishedTrust> log)
    : UpkeepTask(caches, ConfigMaps.GroupResource, time, log, isOfRoot: true)
{
    public const string Namespace = "kube-system";
    public const string Name = "extension-apiserver-authentication";

    private const string Manager = "kube-apiserver";

    /// <summary>For how long an authority that has ended stays: clocks differ.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);

    /// <summary>Authorities end without anything being written.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private static readonly ResourceDefinition ConfigMaps = BuiltinResources.Instance.Require("", "v1", "configmaps");
    private static readonly string Key = ConfigMaps.KeyOf(ClusterName.Root, Namespace, Name);

    protected override bool Concerns(string key) => key == Key;

    protected override async Task FollowOthersAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, Time);
        do
        {
            LookLater(Key, TimeSpan.Zero);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            var made = new JsonObject { ["metadata"] = new JsonObject { ["name"] = Name } };
            Complete(made);
            await writer.EnsureAsync(objects, ConfigMaps, ClusterName.Root, Namespace, made, Manager, cancellationToken);
        }
        else
        {
            await writer.UpdateAsync(ConfigMaps, ClusterName.Root, Namespace, Name, "", Manager, Complete, cancellationToken);
        }

        return true;
    }

    private void Complete(JsonObject json)
    {
        JsonObject said = json["data"] as JsonObject ?? [];
        var data = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (Authorities(said, "client-ca-file", clients) is { Length: > 0 } users)
        {
            data["client-ca-file"] = users;
        }

        if (Authorities(said, "requestheader-client-ca-file", proxy?.Authorities ?? []) is { Length: > 0 } proxies)
        {
            data["requestheader-client-ca-file"] = proxies;
            foreach ((string member, IReadOnlyList<string>? more) in ((string, IReadOnlyList<string>?)[])
                [("username-headers", proxy?.UsernameHeaders), ("uid-headers", proxy?.UidHeaders), ("group-headers", proxy?.GroupHeaders), ("extra-headers-prefix", proxy?.ExtraPrefixes), ("allowed-names", proxy?.AllowedNames)])
            {
                data["requestheader-" + member] = JsonSerializer.Serialize(Listed(said, "requestheader-" + member).Concat(more ?? []).Distinct());
            }
        }

        if (data.Count == 0)
        {
            json.Remove("data");
        }
        else
        {
            json["data"] = new JsonObject(data.Select(d => KeyValuePair.Create(d.Key, (JsonNode?)d.Value)));
        }
    }

    private static string[] Listed(JsonObject said, string name) => said.TextAt(name) is { Length: > 0 } list ? JsonSerializer.Deserialize<string[]>(list) ?? [] : [];

    /// <summary>As PEM, those that were said first, each once.</summary>
    private string Authorities(JsonObject said, string name, X509Certificate2Collection own)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(said.TextAt(name) ?? "");
        all.AddRange(own);
        DateTimeOffset ended = Time.GetUtcNow() - Slack;
        return string.Concat(all.Where(c => c.NotAfter > ended.LocalDateTime).Select(c => c.ExportCertificatePem() + "\n").Distinct());
    }
}
