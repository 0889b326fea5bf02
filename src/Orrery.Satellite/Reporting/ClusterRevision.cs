using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Satellite.Reporting;

/// <summary>
/// Whether the cluster's revision has fallen: its etcd was put back to an earlier state. A list of one namespace tells it, which is read from etcd and not from a cache. Watches do
/// not: one that goes on where it was is silent until the cluster has come there again. Nor do they where another cluster stands at the address by now, which that namespace's uid tells.
/// </summary>
internal sealed class ClusterRevision(KubeClient cluster, ServerHistory history, ILogger logger)
{
    private const string One = "/api/v1/namespaces?fieldSelector=metadata.name%3Dkube-system&limit=1";

    private long seen;
    private string uid = "";

    /// <exception cref="HttpRequestException">The cluster is away.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        JsonElement page;
        try
        {
            page = await cluster.SendJsonAsync(HttpMethod.Get, One, null, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException)
        {
            // It may not be read, or not now: the next look compares with what was seen before.
            return;
        }

        // Its first namespace is a cluster's identity: it is made once, and nobody deletes it.
        string present = page.TryGetProperty("items", out JsonElement items) && items.ValueKind == JsonValueKind.Array && items.GetArrayLength() == 1 ? new KubeObject(items[0]).Uid : "";
        if (present.Length > 0)
        {
            if (uid.Length > 0 && present != uid)
            {
                Log.ClusterIsAnother(logger, uid, present);
                history.PutBack();
                seen = 0;
            }

            uid = present;
        }

        // A resourceVersion that is no number can only be told apart, not compared.
        if (new KubeObject(page).ResourceVersion is not { Length: > 0 } text || !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long now))
        {
            return;
        }

        if (now < seen)
        {
            Log.ClusterPutBack(logger, seen, now);
            history.PutBack();
        }

        seen = now;
    }
}
