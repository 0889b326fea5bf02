using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Server.Cache;
using Orrery.Server.CustomResources;
using Orrery.Server.Requests;
using Orrery.Storage;

namespace Orrery.Server.Handlers;

/// <summary>
/// <c>/healthz</c>, <c>/livez</c> and <c>/readyz</c>, whole or one check of them, with <c>?verbose</c> and <c>?exclude=</c>.
/// Texts of apiserver <c>pkg/server/healthz</c>.
/// </summary>
internal sealed class HealthEndpoint(CacheSet caches, AwaitedResources awaited, TimeProvider time, CancellationToken stopping)
{
    /// <summary>How long the store gets to answer, as upstream's default.</summary>
    private static readonly TimeSpan StorePatience = TimeSpan.FromSeconds(2);

    /// <summary>Each endpoint and each of its checks.</summary>
    public IEnumerable<string> Paths => ((string[])["healthz", "livez", "readyz"]).SelectMany(of => Checks(of).Select(c => $"/{of}/{c.Name}").Prepend("/" + of));

    /// <summary>Answers a health request; false, and nothing written, when the path is none.</summary>
    public async ValueTask<bool> TryServeAsync(HttpContext http, RequestInfo info, CancellationToken cancellationToken)
    {
        string[] path = info.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (path.Length is 0 or > 2 || path[0] is not ("healthz" or "livez" or "readyz"))
        {
            return false;
        }

        IReadOnlyList<HealthCheck> checks = Checks(path[0]);
        if (path.Length == 2)
        {
            if (checks.FirstOrDefault(c => c.Name == path[1]) is not { } one)
            {
                return false;
            }

            bool healthy = await one.Run(cancellationToken);
            await PathDispatch.WriteTextAsync(http, healthy ? 200 : 500, healthy ? "ok" : $"internal server error: {one.Name} failed: reason withheld\n", cancellationToken);
            return true;
        }

        await WriteAllAsync(http, path[0], checks, info.Query, cancellationToken);
        return true;
    }

    private static async ValueTask WriteAllAsync(
        HttpContext http, string name, IReadOnlyList<HealthCheck> checks, RequestQuery query, CancellationToken cancellationToken)
    {
        HashSet<string> excluded = [.. query.All("exclude")];
        var report = new StringBuilder();
        bool healthy = true;
        foreach (HealthCheck check in checks)
        {
            bool passed = excluded.Remove(check.Name) || await check.Run(cancellationToken);
            healthy &= passed;
            report.Append(passed ? "[+]" : "[-]").Append(check.Name).Append(passed ? " ok\n" : " failed: reason withheld\n");
        }

        if (excluded.Count > 0)
        {
            report.Append($"warn: some health checks cannot be excluded: no matches for {string.Join(", ", excluded.Order(StringComparer.Ordinal).Select(e => $"\"{e}\""))}\n");
        }

        report.Append(name).Append(healthy ? " check passed\n" : " check failed\n");
        bool isVerbose = query.Has("verbose") || !healthy;
        await PathDispatch.WriteTextAsync(http, healthy ? 200 : 500, isVerbose ? report.ToString() : "ok", cancellationToken);
    }

    /// <summary>A process is not to be killed because the store is away: its life does not depend on it.</summary>
    private IReadOnlyList<HealthCheck> Checks(string of)
    {
        var ping = new HealthCheck("ping", _ => ValueTask.FromResult(true));
        var etcd = new HealthCheck("etcd", token => AnswersAsync(async patient => await caches.Store.ReadRevisionAsync(patient) >= 0, token));
        return of switch
        {
            "livez" => [ping],
            "healthz" => [ping, etcd],
            _ =>
            [
                ping, etcd,
                new HealthCheck("informer-sync", async token => caches.Revision > 0 && await AnswersAsync(caches.FollowsAsync, token)),
                .. awaited.IsEmpty ? (ReadOnlySpan<HealthCheck>)[] : [new HealthCheck("own-resources", _ => ValueTask.FromResult(awaited.AreServed()))],
                new HealthCheck("shutdown", _ => ValueTask.FromResult(!stopping.IsCancellationRequested)),
            ],
        };
    }

    private async ValueTask<bool> AnswersAsync(Func<CancellationToken, ValueTask<bool>> ask, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(StorePatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await ask(either.Token);
        }
        catch (StoreException)
        {
            return false;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
    }

    private sealed record HealthCheck(string Name, Func<CancellationToken, ValueTask<bool>> Run);
}
