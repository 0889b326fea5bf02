using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Server.Cache;
using Orrery.Server.Clusters;
using Orrery.Server.CustomResources;
using Orrery.Server.Registry;
using Orrery.Storage;

namespace Orrery.Server.Upkeep;

/// <summary>
/// Says of each APIService that somebody wrote whether it is available: one without a Service stands for what this server serves; one with a
/// Service never is, since requests are not passed on to other API servers. One that was deleted although its version is served comes back.
/// </summary>
internal sealed class ApiServiceStatus(CacheSet caches, Writer writer, TimeProvider time, ILogger<ApiServiceStatus> log) : UpkeepTask(caches, ApiServiceObjects.Resource, time, log)
{
    private static readonly ResourceDefinition Services = BuiltinResources.Instance.Require(ApiServiceObjects.Group, "v1", "apiservices");

    protected override async ValueTask<bool> LookAsync(string key, CachedObject? item, CancellationToken cancellationToken)
    {
        if (item is null)
        {
            return true;
        }

        if (BaseLayer.IsTombstone(item.Json.Span))
        {
            await Caches.CommitAsync(new Transaction([new Condition(key, item.Revision)], [new Write(key, null)]), cancellationToken);
            return true;
        }

        JsonObject service = StoredJson.Parse(item.Json.Span);
        JsonObject wanted = service.NodeAt("spec", "service") is null
            ? ApiServiceObjects.Condition(available: true, "Local", "Local APIServices are always available")
            : ApiServiceObjects.Condition(available: false, "AggregationNotServed", "this server passes no requests on to extension API servers");
        if (service.IsDeleting || (service.NodeAt("status", "conditions") as JsonArray ?? []).OfType<JsonObject>().Any(c => c.TextAt("type") == "Available" && c.TextAt("reason") == wanted.TextAt("reason")))
        {
            return true;
        }

        string now = Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        await writer.UpdateAsync(
            Services, item.Cluster, "", item.Name, "status", "kube-apiserver",
            json => DefinitionStatus.Set(json.ObjectAt("status"), "Available", wanted.TextAt("status")!, wanted.TextAt("reason"), wanted.TextAt("message"), now),
            cancellationToken);
        return true;
    }
}
