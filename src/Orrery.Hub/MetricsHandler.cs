using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Discovery;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// <c>metrics.k8s.io</c> of a virtual cluster: what its data planes measure of the pods and nodes that stand in it, asked through their tunnels and put
/// together. There where one of its data planes measures anything.
/// </summary>
internal sealed class MetricsHandler(TunnelHub hub) : IGroupHandler
{
    private static readonly GroupVersionResource Pods = new("", "v1", "pods");
    private static readonly GroupVersionResource Nodes = new("", "v1", "nodes");

    public ApiGroupSurface Surface => ResourceMetrics.Surface;

    public async ValueTask<bool> IsServedAsync(ClusterName cluster, CancellationToken cancellationToken)
    {
        if (cluster.IsRoot || hub.Root is not { } root
            || await root.FindAsync(OrreryResources.VirtualClusters, cluster.Namespace, cluster.Name, cancellationToken).ConfigureAwait(false) is not { } found
            || found.At("status", "placedOn") is not { ValueKind: JsonValueKind.Array } placed)
        {
            return false;
        }

        foreach (string dataPlane in placed.EnumerateArray().Select(p => p.GetString()!))
        {
            if (await root.FindAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false) is { } plane && Measures(plane))
            {
                return true;
            }
        }

        return false;
    }

    private static bool Measures(KubeObject dataPlane) => dataPlane.At("status", "metrics") is { ValueKind: JsonValueKind.True };

    public async Task HandleAsync(GroupRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        bool pods = asked.Resource == ResourceMetrics.Pods;

        // 1. What stands in the virtual cluster of what is asked for: nothing else is shown, whatever a satellite says.
        IReadOnlyList<KubeObject> standing = await StandingAsync(asked, pods ? Pods : Nodes, cancellationToken).ConfigureAwait(false);
        ILookup<string, Standing> places = standing.Select(o => Standing.Of(o, pods)).OfType<Standing>().ToLookup(o => o.DataPlane, StringComparer.Ordinal);

        // 2. Ask each data plane.
        string below = pods && asked.Namespace.Length > 0 ? $"/namespaces/{asked.Namespace}" : "";
        string path = $"{asked.Cluster.PathPrefix}/apis/{asked.Resource.ApiVersion}{below}/{asked.Resource.Resource}";
        Answer[] answers = await Task.WhenAll(places.Select(p => AskAsync(p.Key, path, Subject(asked), asked, http, cancellationToken))).ConfigureAwait(false);
        if (answers.Length > 0 && answers.All(a => a.Refusal is not null))
        {
            throw answers[0].Refusal!;
        }

        // 3. Put together what is known.
        var items = new List<JsonObject>();
        foreach (Answer answer in answers)
        {
            if (answer.Refusal is { } refusal)
            {
                Warnings.Add(http.Response, [refusal.Message]);
                continue;
            }

            items.AddRange(Known(answer, places[answer.DataPlane], pods));
        }

        items.Sort((a, b) => (a.Namespace, a.Name).CompareTo((b.Namespace, b.Name)));
        await MetricsAnswer.WriteAsync(asked, items, http, hub.Time, cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<KubeObject>> StandingAsync(GroupRequest asked, GroupVersionResource resource, CancellationToken cancellationToken)
    {
        KubeClient cluster = hub.In(asked.Cluster);
        if (asked.Name.Length > 0)
        {
            return [await cluster.FindAsync(resource, asked.Namespace, asked.Name, cancellationToken).ConfigureAwait(false) ?? throw NotFound(asked)];
        }

        var query = new ListQuery { LabelSelector = asked.LabelSelector.Length > 0 ? asked.LabelSelector : null, FieldSelector = asked.FieldSelector.Length > 0 ? asked.FieldSelector : null };
        return (await cluster.ListAsync(resource, asked.Namespace, query, cancellationToken).ConfigureAwait(false)).Items;
    }

    private async Task<Answer> AskAsync(string dataPlane, string path, string subject, GroupRequest asked, HttpContext http, CancellationToken cancellationToken)
    {
        try
        {
            return new Answer(dataPlane, await hub.FetchAsync(new TunnelRequest(dataPlane, path, subject, asked.User.Name), http, cancellationToken).ConfigureAwait(false), null);
        }
        catch (StatusException e)
        {
            return new Answer(dataPlane, null, e);
        }
    }

    /// <summary>The figures of one data plane that are about something that stands in the virtual cluster for it, with the labels that it has there.</summary>
    private static IEnumerable<JsonObject> Known(Answer answer, IEnumerable<Standing> standing, bool pods)
    {
        Dictionary<(string, string), KubeObject> byName = standing.GroupBy(o => (o.Object.Namespace, o.Name)).ToDictionary(o => o.Key, o => o.First().Object);
        if (answer.List!.At("items") is not { ValueKind: JsonValueKind.Array } measured)
        {
            yield break;
        }

        foreach (JsonElement item in measured.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object))
        {
            var found = new KubeObject(item);
            if (byName.GetValueOrDefault((found.Namespace, found.Name)) is not { } of
                && (pods || (of = byName.GetValueOrDefault(("", MirroredName.Of(found.Name, answer.DataPlane)))) is null))
            {
                continue;
            }

            JsonObject json = found.ToJsonObject();
            json["metadata"] = new JsonObject { ["name"] = of.Name, ["creationTimestamp"] = json.NodeAt("metadata", "creationTimestamp")?.DeepClone() };
            if (of.Namespace.Length > 0)
            {
                json.Metadata["namespace"] = of.Namespace;
            }

            if (of.At("metadata", "labels") is { } labels)
            {
                json.Metadata["labels"] = KubeJson.ToNode(labels);
            }

            yield return json;
        }
    }

    private static StatusException NotFound(GroupRequest asked) => ResourceMetrics.NotFound(asked.Resource, asked.Namespace, asked.Name);

    private static string Subject(GroupRequest asked) => asked switch
    {
        { Name.Length: > 0 } when asked.Resource == ResourceMetrics.Pods => $"pod \"{asked.Name}\" runs in",
        { Name.Length: > 0 } => $"node \"{asked.Name}\" is in",
        _ => "not all figures are there: some are measured by",
    };

    /// <param name="Name">What the satellite there calls it.</param>
    private sealed record Standing(string DataPlane, string Name, KubeObject Object)
    {
        /// <returns>Null for what is of no data plane.</returns>
        public static Standing? Of(KubeObject found, bool isPod) =>
            isPod ? PodPlace.Of(found) is { } place ? new(place.DataPlane, place.Name, found) : null
            : found.Labels.TryGetValue(OrreryNames.DataPlaneLabel, out string? dataPlane) ? new(dataPlane, found.Name, found) : null;
    }

    /// <summary>What a data plane said: a list, or why none.</summary>
    private sealed record Answer(string DataPlane, KubeObject? List, StatusException? Refusal);
}
