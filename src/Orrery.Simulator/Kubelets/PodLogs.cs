using System.Globalization;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Handlers;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Kubelets;

/// <summary>Answers <c>kubectl logs</c> for the simulated pods: of a container or of its run before, tail, since, timestamps, limit and follow (which ends with the run).</summary>
/// <param name="find">The pod as it is now, for a log that is followed; null once it is gone.</param>
internal sealed class PodLogs(SimulationOptions options, Func<ObjectKey, KubeObject?> find) : ISubresourceHandler
{
    public GroupResource Resource => Known.Pods.GroupResource;

    public string Subresource => "log";

    public async Task HandleAsync(SubresourceTarget subresource, HttpContext http, CancellationToken cancellationToken)
    {
        KubeObject target = subresource.Object;
        if (subresource.Verb != "get")
        {
            throw ApiErrors.MethodNotAllowed();
        }

        IQueryCollection query = http.Request.Query;
        var log = ContainerLog.Of(target, query["container"], options.LogInterval, query["previous"] == "true");
        DateTimeOffset now = options.Time.GetUtcNow();
        bool timestamps = query["timestamps"] == "true";
        long left = Number(query, "limitBytes") ?? long.MaxValue;
        long next = First(log, query, now);

        http.Response.ContentType = "text/plain";
        next = await WriteAsync(http, log, next, now, timestamps, left, cancellationToken).ConfigureAwait(false);
        while (query["follow"] == "true" && !log.IsFinished)
        {
            // Wait for the next line, but look now and then whether the container has ended.
            await http.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
            TimeSpan wait = log.TimeOf(next) - options.Time.GetUtcNow();
            wait = TimeSpan.FromMilliseconds(Math.Clamp(wait.TotalMilliseconds, 1, 500));
            await Task.Delay(wait, options.Time, cancellationToken).ConfigureAwait(false);
            if (find(target.Key) is not { } pod || pod.Uid != target.Uid || log.By(pod) is not { } known)
            {
                return;
            }

            log = known;
            next = await WriteAsync(http, log, next, options.Time.GetUtcNow(), timestamps, long.MaxValue, cancellationToken).ConfigureAwait(false);
        }
    }

    private static long First(ContainerLog log, IQueryCollection query, DateTimeOffset now)
    {
        long first = log.OldestKept(now);
        if (Number(query, "tailLines") is { } tail)
        {
            first = Math.Max(first, log.CountAt(now) - tail);
        }

        DateTimeOffset? since = Number(query, "sinceSeconds") is { } seconds ? now - TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParse(query["sinceTime"], CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;
        while (since is { } from && first < log.CountAt(now) && log.TimeOf(first) < from)
        {
            first++;
        }

        return first;
    }

    /// <returns>The first line not written yet.</returns>
    private static async Task<long> WriteAsync(
        HttpContext http, ContainerLog log, long next, DateTimeOffset now, bool timestamps, long left, CancellationToken cancellationToken)
    {
        for (; next < log.CountAt(now) && left > 0; next++)
        {
            string time = timestamps ? log.TimeOf(next).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff00'Z' ", CultureInfo.InvariantCulture) : "";
            string line = $"{time}{log.TextOf(next)}\n";
            line = line.Length > left ? line[..(int)left] : line;
            left -= line.Length;
            await http.Response.WriteAsync(line, cancellationToken).ConfigureAwait(false);
        }

        return next;
    }

    private static long? Number(IQueryCollection query, string name) =>
        long.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
}
