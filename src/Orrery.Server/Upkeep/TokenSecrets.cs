using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Authentication;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.Registry;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Fills Secrets of type <c>kubernetes.io/service-account-token</c> with a token that lasts as long as they and their account do, and deletes those whose account
/// is gone. Upstream: <c>pkg/controller/serviceaccount/tokens_controller.go</c>.
/// </summary>
internal sealed class TokenSecrets(CacheSet caches, IClusterObjects objects, Writer writer, AccessTokens tokens, LogicalClusters clusters, string authorityPem, TimeProvider time, ILogger<TokenSecrets> log)
    : UpkeepTask(caches, Secrets.GroupResource, time, log)
{
    private const string Manager = "kube-controller-manager";

    private static readonly ResourceDefinition Secrets = BuiltinResources.Instance.Require("", "v1", "secrets");
    private static readonly GroupResource Accounts = new("", "serviceaccounts");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null || !LegacyToken.IsTokenSecret(item) || clusters.ScopeOf(item.Cluster) is not { } scope)
        {
            return true;
        }

        KubeObject secret = KubeObject.Parse(item.Json.Span);
        if (secret.IsDeleting || LegacyToken.AccountOf(secret) is not { } wanted)
        {
            return true;
        }

        // 1. Without its account it has no meaning.
        if (objects.Find(item.Cluster, Accounts, item.Namespace, wanted.Name) is not { } account || (wanted.Uid.Length > 0 && wanted.Uid != account.Uid))
        {
            await writer.DeleteAsync(Secrets, item.Cluster, item.Namespace, item.Name, new Handlers.DeleteOptions { Uid = secret.Uid }, cancellationToken);
            return true;
        }

        // 2. What it is for.
        JsonObject data = secret.ToJsonObject()["data"] as JsonObject ?? [];
        if (wanted.Uid.Length > 0 && data.ContainsKey("token") && data.ContainsKey("namespace") && data.ContainsKey("ca.crt"))
        {
            return true;
        }

        await writer.UpdateAsync(Secrets, item.Cluster, item.Namespace, item.Name, "", Manager, json =>
        {
            JsonObject filled = json.ObjectAt("data");
            filled["ca.crt"] ??= Encode(authorityPem);
            filled["namespace"] ??= Encode(item.Namespace);
            filled["token"] ??= Encode(tokens.IssueForSecret(scope, account, item.Name));
            json.Metadata.ObjectAt("annotations")[LegacyToken.UidAnnotation] = account.Uid;
        }, cancellationToken);
        return true;
    }

    /// <summary>When an account changes, its Secrets are looked at.</summary>
    protected override async Task FollowOthersAsync(CancellationToken cancellationToken)
    {
        ResourceCache accounts = Caches.For(Accounts);
        while (true)
        {
            using CacheWatcher? watcher = accounts.Watch(StoreKey.Prefix(Accounts), accounts.Current.Revision);
            CacheWait wait = CacheWait.Expired;
            while (watcher is not null && (wait = await watcher.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken)) == CacheWait.Events)
            {
                while (watcher.TryRead(out CacheEvent change))
                {
                    LookAtSecretsOf(change.Object);
                }
            }

            if (wait == CacheWait.Closed)
            {
                return;
            }
        }
    }

    private void LookAtSecretsOf(CachedObject account)
    {
        foreach (CachedObject secret in Caches.For(Secrets.GroupResource).Current.Range(StoreKey.Prefix(Secrets.GroupResource, account.Cluster, account.Namespace)))
        {
            if (LegacyToken.IsTokenSecret(secret) && LegacyToken.AccountOf(KubeObject.Parse(secret.Json.Span))?.Name == account.Name)
            {
                LookLater(secret.Key, TimeSpan.Zero);
            }
        }
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
