using System.Collections.Concurrent;
using System.Text.Json;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Bundles;
using Orrery.Helm;

namespace Orrery.Controllers.Installations;

/// <summary>What data planes say of themselves: in their DataPlane, and through their satellites' tunnels.</summary>
internal sealed class ClusterFacts(Informer dataPlanes, KubeClient root, TimeProvider time) : IClusterFacts
{
    /// <summary>How long what a data plane serves is taken as known.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    /// <summary>How long a data plane may take to say what it serves, all in all. It may be a tenant's own, and whoever waits for it holds up installations elsewhere.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>For so long one that took longer is not asked again.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(30);

    /// <summary>Objects that a lookup of a list may find.</summary>
    private const int MostListed = 1000;

    private readonly ConcurrentDictionary<string, (ServedApis Apis, DateTimeOffset At)> served = new(StringComparer.Ordinal);

    private readonly ConcurrentDictionary<string, DateTimeOffset> slow = new(StringComparer.Ordinal);

    public async Task<RenderTarget> TargetAsync(InstallationPlan plan, DataPlane dataPlane, Bundle bundle, int revision, bool isUpgrade, CancellationToken cancellationToken)
    {
        string? version = dataPlanes.Get(ClusterName.Root, "", dataPlane.Name)?.TextAt("status", "kubernetesVersion");
        IReadOnlyList<string>? apis = bundle is ChartBundle ? (await ServedAsync(dataPlane.Name, cancellationToken).ConfigureAwait(false))?.Versions : null;
        return new RenderTarget(plan.Installation.Name, plan.TargetNamespace, plan.IsVendors, version, apis, revision, isUpgrade);
    }

    public async Task LookUpAsync(InstallationPlan plan, DataPlane dataPlane, LookupQuery query, LookupAnswers answers, CancellationToken cancellationToken)
    {
        ServedApis apis = await ServedAsync(dataPlane.Name, cancellationToken).ConfigureAwait(false)
            ?? throw new BundleException("DataPlaneUnreachable", $"the chart looks things up in {dataPlane.Name}, which cannot be asked now");
        string group = query.ApiVersion.Split('/') is [var g, _] ? g : "";
        if (!apis.Versions.Contains(query.ApiVersion))
        {
            answers.Refuse(query, $"unable to get apiresource from unstructured: {query.ApiVersion}, Kind={query.Kind}: the server could not find the requested resource");
            return;
        }

        if (!apis.Kinds.TryGetValue((query.ApiVersion, query.Kind), out (string Resource, bool IsNamespaced) served))
        {
            answers.Answer(query, null);
            return;
        }

        // 1. What may be told. The controllers themselves may see everything there, so this is where a tenant is held to its own.
        string resource = group.Length > 0 ? $"{served.Resource}.{group}" : served.Resource;
        if (!plan.IsVendors && !(served.IsNamespaced && query.Namespace == plan.TargetNamespace))
        {
            answers.Refuse(query, $"{resource}{(query.Name.Length > 0 ? $" \"{query.Name}\"" : "")} is forbidden: a tenant's installation looks up what is in its own namespace, here {plan.TargetNamespace}");
            return;
        }

        if (!IsSegment(query.Namespace) || !IsSegment(query.Name))
        {
            answers.Refuse(query, $"invalid resource name \"{(IsSegment(query.Name) ? query.Namespace : query.Name)}\"");
            return;
        }

        // 2. The question.
        string path = (group.Length > 0 ? "/apis/" : "/api/") + query.ApiVersion
            + (served.IsNamespaced && query.Namespace.Length > 0 ? $"/namespaces/{Uri.EscapeDataString(query.Namespace)}" : "")
            + $"/{served.Resource}{(query.Name.Length > 0 ? "/" + Uri.EscapeDataString(query.Name) : $"?limit={MostListed}")}";
        try
        {
            JsonElement found = await GetAsync(dataPlane.Name, path, cancellationToken).ConfigureAwait(false);
            if (query.Name.Length == 0 && found.TryGetProperty("metadata", out JsonElement metadata) && metadata.TryGetProperty("continue", out JsonElement more) && more.GetString() is { Length: > 0 })
            {
                answers.Refuse(query, $"there are more than {MostListed} {resource}");
                return;
            }

            answers.Answer(query, found);
        }
        catch (StatusException e) when (e.Code == 404)
        {
            answers.Answer(query, null);
        }
        catch (StatusException e) when (e.Code is >= 400 and < 500 and not 401 and not 429)
        {
            answers.Refuse(query, e.Message);
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
        {
            throw new BundleException("DataPlaneUnreachable", $"the chart looks up {query} in {dataPlane.Name}: {e.Message}", e);
        }
    }

    private static bool IsSegment(string name) => name is not ("." or "..") && !name.Contains('/', StringComparison.Ordinal) && !name.Contains('%', StringComparison.Ordinal);

    private Task<JsonElement> GetAsync(string dataPlane, string path, CancellationToken cancellationToken) =>
        root.SendJsonAsync(HttpMethod.Get, $"/apis/{OrreryResources.ApiVersion}/dataplanes/{dataPlane}/proxy{path}", null, cancellationToken);

    /// <returns>Null where the data plane cannot be asked now.</returns>
    private async Task<ServedApis?> ServedAsync(string dataPlane, CancellationToken cancellationToken)
    {
        if (served.TryGetValue(dataPlane, out (ServedApis Apis, DateTimeOffset At) known) && time.GetUtcNow() - known.At < Kept)
        {
            return known.Apis;
        }

        if (slow.TryGetValue(dataPlane, out DateTimeOffset since) && time.GetUtcNow() - since < Rest)
        {
            return null;
        }

        using var limit = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            ServedApis apis = await ServedApis.ReadAsync(path => GetAsync(dataPlane, path, both.Token)).ConfigureAwait(false);
            served[dataPlane] = (apis, time.GetUtcNow());
            slow.TryRemove(dataPlane, out _);
            return apis;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            slow[dataPlane] = time.GetUtcNow();
            return null;
        }
        catch (Exception e) when (e is StatusException or HttpRequestException or IOException or TimeoutException)
        {
            // No tunnel now: the chart sees what Helm takes for granted, as when no cluster is asked.
            return null;
        }
    }
}
