using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Server.Handlers;

namespace Orrery.Hub;

/// <summary>
/// Keeps a data plane to one satellite: while the process that has its tunnel lives, another that shows the same Secret is refused. Whether it lives is asked through its tunnel when another comes, so that one that stands still,
/// or whose connection only seems to be there, holds up nobody for longer than that takes. Who comes back as the process that he was is never asked about.
/// </summary>
internal sealed class SecondSatellites(TunnelHub hub, TimeProvider time, ILogger logger)
{
    /// <summary>How long the first has to answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>How often one is told of in the log and by an Event: it goes on asking for as long as it runs.</summary>
    private static readonly TimeSpan TellPace = TimeSpan.FromMinutes(5);

    /// <summary>Who is being asked: many who come meanwhile share the answer.</summary>
    private readonly ConcurrentDictionary<object, Lazy<Task<string?>>> asked = new();

    private readonly ConcurrentDictionary<string, Refusal> untold = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> told = new(StringComparer.Ordinal);

    /// <summary>Ends, at once but where another has the tunnel, when the newcomer may have it.</summary>
    /// <param name="dataPlane">As it is now.</param>
    /// <exception cref="StatusException">409: another satellite of this data plane is connected, and answers.</exception>
    public async Task AdmitAsync(KubeObject dataPlane, TunnelCredential newcomer, HttpContext http, CancellationToken cancellationToken)
    {
        // 1. Another process has it, as far as is known.
        if (FirstOf(dataPlane, newcomer) is not { } first)
        {
            return;
        }

        // 2. It lives. By what it says it may be the newcomer itself, which the record does not know yet.
        string? instance = await AnswerOfAsync(first, dataPlane.Name, http).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (instance is null || (instance.Length > 0 && instance == newcomer.Instance))
        {
            return;
        }

        // 3. Refused, and told.
        string address = TunnelHandler.AddressOf(http);
        untold[dataPlane.Name] = new Refusal(newcomer.Instance, address);
        AuditAnnotation.Add(http, OrreryNames.InstanceAnnotation, newcomer.Instance);
        string? message = null;
        if (IsToBeTold(dataPlane.Name))
        {
            Log.SecondRefused(logger, dataPlane.Name, address, first.Where);
            message = $"Another satellite with its Secret, from {address}, is refused, as one is connected {first.Where}. {SecondSatellite.Remedy(dataPlane.Name)}";
        }

        hub.Refused(dataPlane, message);
        throw ApiErrors.Conflict(OrreryResources.DataPlanes.GroupResource, dataPlane.Name, $"another satellite of this data plane is connected {first.Where}. {SecondSatellite.Remedy(dataPlane.Name)}");
    }

    /// <returns>The last one that was refused and is not noted in the record yet; null where there is none.</returns>
    public Refusal? Untold(string dataPlane) => untold.GetValueOrDefault(dataPlane);

    /// <summary>It is noted.</summary>
    public void Told(string dataPlane, Refusal refusal) => untold.TryRemove(new KeyValuePair<string, Refusal>(dataPlane, refusal));

    /// <summary>A process has the tunnel, and is refused no more.</summary>
    public void LetIn(string dataPlane, string instance)
    {
        if (Untold(dataPlane) is { } refusal && refusal.Instance == instance)
        {
            Told(dataPlane, refusal);
        }
    }

    private First? FirstOf(KubeObject dataPlane, TunnelCredential newcomer) =>
        hub.Find(dataPlane.Name) is { } tunnel
            ? tunnel.Credential.Instance != newcomer.Instance && tunnel.Credential.IsGood(dataPlane, time.GetUtcNow())
                ? new First(tunnel, tunnel, $"from {tunnel.Remote} since {Conditions.Time(tunnel.OpenedAt)}") : null
            : hub.Elsewhere(dataPlane.Name, newcomer.Instance) is var (route, holder) ? new First((dataPlane.Name, holder.Server), route, $"to another server of the control plane since {holder.Since}")
            : null;

    /// <returns>Which process it says that it is, empty where it does not; null where it does not answer.</returns>
    private Task<string?> AnswerOfAsync(First first, string dataPlane, HttpContext http)
    {
        return asked.GetOrAdd(first.Key, _ => new Lazy<Task<string?>>(AskAsync)).Value;

        async Task<string?> AskAsync()
        {
            using var limit = new CancellationTokenSource(Patience, time);
            try
            {
                using HttpResponseMessage answer = await first.Route.SendAsync(new TunnelRequest(dataPlane, TunnelRequest.Ready, "this asks", OrreryNames.ServerUser), http, limit.Token).ConfigureAwait(false);
                return !answer.IsSuccessStatusCode ? null : answer.Headers.TryGetValues(OrreryNames.InstanceHeader, out IEnumerable<string>? said) ? said.First() : "";
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or StatusException)
            {
                return null;
            }
            finally
            {
                asked.TryRemove(first.Key, out _);
            }
        }
    }

    private bool IsToBeTold(string dataPlane)
    {
        bool isDue = false;
        told.AddOrUpdate(dataPlane, _ => Now(), (_, last) => time.GetElapsedTime(last) < TellPace ? last : Now());
        return isDue;

        long Now()
        {
            isDue = true;
            return time.GetTimestamp();
        }
    }

    /// <summary>One that was refused.</summary>
    /// <param name="Instance">Which process, as it says; empty where it does not.</param>
    /// <param name="Address">That it dialled from.</param>
    internal sealed record Refusal(string Instance, string Address);

    /// <summary>Who has the tunnel.</summary>
    /// <param name="Key">By which those who ask him share the answer.</param>
    /// <param name="Where">From where he is connected, or to whom, and since when.</param>
    private sealed record First(object Key, ITunnelRoute Route, string Where);
}
