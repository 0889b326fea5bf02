using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Satellite.Applying;

namespace Orrery.Satellite.Tenancies;

/// <summary>Why a tenant is not held apart as it must be.</summary>
/// <param name="Reason">CamelCase.</param>
/// <param name="Message">For people.</param>
internal sealed record GuardRefusal(string Reason, string Message);

/// <summary>
/// Brings about what holds tenants apart. What the cluster refuses or fails at is tried ever less, as a Work is (<see cref="RefusalPace"/>), and what somebody takes away or changes again and again
/// is put back at long intervals (<see cref="DriftPace"/>); neither holds up the rest.
/// </summary>
internal sealed class GuardPace(SatelliteContext context, NamespaceGuards guards, ILogger logger)
{
    private readonly RefusalPace refusals = new(context.Time);
    private readonly DriftPace drifts = new(context.Time);

    /// <summary>What was done last about each object, by its namespace: to do the same once more is to put it back.</summary>
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, string>> done = new(StringComparer.Ordinal);

    /// <summary>Whatever waits may be tried now.</summary>
    public void Release() => refusals.Release();

    /// <summary>The namespace has gone.</summary>
    public void Forget(string ns)
    {
        if (done.TryRemove(ns, out ConcurrentDictionary<string, string>? objects))
        {
            foreach (string of in objects.Keys)
            {
                drifts.Forget(of);
            }
        }
    }

    /// <param name="tenancy">Null: nothing is wanted any more.</param>
    /// <returns>What there is to say, and when to come again; a time alone where the cluster has failed for a moment only.</returns>
    /// <exception cref="HttpRequestException">The cluster gives no answer, which is told of once for all.</exception>
    public async Task<(GuardRefusal? Refusal, TimeSpan? Again)> BringAboutAsync(string tenant, Tenancy? tenancy, CancellationToken cancellationToken)
    {
        // 1. What there is to do, without what is fought over.
        List<GuardStep> steps = [.. guards.Steps(tenant, tenancy)], fought = [.. steps.Where(s => IsPutBack(s) && drifts.MustWait(s.Of))];
        steps.RemoveAll(fought.Contains);
        string asked = Asked(steps);
        if (refusals.Held(tenant, asked) is { } held)
        {
            return (held.Outcome is { } said ? new GuardRefusal("Refused", said.Message) : null, held.Left);
        }

        // 2. All of it, whatever is refused among it.
        List<GuardStep> refused = [];
        StatusException? first = null;
        foreach (GuardStep step in steps)
        {
            try
            {
                await step.Do(cancellationToken).ConfigureAwait(false);
                if (IsPutBack(step))
                {
                    drifts.PutBack(step.Of);
                }

                done.GetOrAdd(NamespaceOf(step), _ => new(StringComparer.Ordinal))[step.Of] = step.What;
            }
            catch (StatusException e) when (e.Code is 400 or 403 or 422)
            {
                first ??= e;
                refused.Add(step);
                Log.GuardRefused(logger, tenant, e.Reason, e.Message);
            }
            catch (Exception e) when (RefusalPace.IsFault(e) && refusals.Fails(tenant, asked) && e is StatusException)
            {
                // For longer than a hiccup: it is what there is to say.
                Log.GuardRefused(logger, tenant, ((StatusException)e).Reason, e.Message);
                return (new GuardRefusal("Refused", e.Message), refusals.Refused(tenant, asked, ApplyOutcome.RefusedThere(((StatusException)e).Reason, e.Message), null));
            }
        }

        // 3. What is left.
        if (first is not null)
        {
            return (new GuardRefusal("Refused", first.Message), refusals.Refused(tenant, Asked(refused), ApplyOutcome.RefusedThere(first.Reason, first.Message), null));
        }

        refusals.Forget(tenant);
        return fought.Count == 0 ? (null, null) : (new GuardRefusal(
            "Contested", $"somebody takes away or changes what holds its namespaces apart, again and again: {string.Join(", ", fought.Select(s => s.Of))}; it is put back every {DriftPace.Interval.TotalSeconds:0} s only"),
            DriftPace.Interval);
    }

    private bool IsPutBack(GuardStep step) => done.TryGetValue(NamespaceOf(step), out ConcurrentDictionary<string, string>? objects) && objects.GetValueOrDefault(step.Of) == step.What;

    private static string NamespaceOf(GuardStep step) => step.Namespace.Length > 0 ? step.Namespace : step.Name;

    private static string Asked(IEnumerable<GuardStep> steps) => string.Join('\n', steps.Select(s => s.What));
}
